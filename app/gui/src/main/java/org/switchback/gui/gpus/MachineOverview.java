package org.switchback.gui.gpus;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.RefusalCode;

/**
 * A machine, and what prevents VM mode of each of its GPUs.
 *
 * @param machine as the helper reads it now
 * @param refusals by GPU address; without refusals because of programs that use the GPU, which come and go
 * @param unreservedBars by GPU address, the BAR that the kernel could not reserve in the last switch
 */
public record MachineOverview(
        Machine machine,
        Map<PciAddress, List<RefusalSummary>> refusals,
        Map<PciAddress, SwitchRecord.UnreservedBar> unreservedBars) {
    public MachineOverview {
        refusals = Map.copyOf(refusals);
        unreservedBars = Map.copyOf(unreservedBars);
    }

    /** Reads the machine and its plans; blocks. A plan that fails counts as one without refusals. */
    public static MachineOverview load(HelperConnection connection, ActivityLog log) throws HelperException {
        Machine machine = SnapshotParser.parse(connection.inspect(false));
        Map<PciAddress, List<RefusalSummary>> refusals = new HashMap<>();
        if (!(connection.source() instanceof MachineSource.ReadOnlyMachine)) {
            for (Gpu gpu : machine.gpus()) {
                if (!gpu.isDesktopGpu() && needsPlan(gpu)) {
                    refusals.put(
                            gpu.address(),
                            connection.planRefusals(gpu.address()).stream()
                                    .filter(refusal -> refusal.code() != RefusalCode.IN_USE)
                                    .toList());
                }
            }
        }
        return new MachineOverview(machine, refusals, log.findUnreservedBars(connection.source(), machine));
    }

    private static boolean needsPlan(Gpu gpu) {
        return gpu.mode() != Gpu.GpuMode.VM || !gpu.conflicts().isEmpty();
    }

    List<RefusalSummary> refusals(PciAddress gpu) {
        return refusals.getOrDefault(gpu, List.of());
    }

    /** Whether the machine has a GPU besides the desktop's. */
    public boolean hasSwitchableGpu() {
        return machine.gpus().stream().anyMatch(gpu -> !gpu.isDesktopGpu());
    }
}
