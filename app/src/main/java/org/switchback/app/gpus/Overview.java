package org.switchback.app.gpus;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.activity.Attempt;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.switching.Direction;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlannedRefusal;

/**
 * A machine, and for each GPU what speaks against a switch to VM mode as long as the machine stays as it is.
 *
 * @param machine    as the helper sees it now
 * @param refusals   by the address of the GPU; not those of programs that use it, which come and go
 * @param unreserved by the address of the GPU, the BAR that the kernel could not reserve when it was last to be switched
 */
public record Overview(
        Machine machine,
        Map<PciAddress, List<PlannedRefusal>> refusals,
        Map<PciAddress, Attempt.Unreserved> unreserved) {
    public Overview {
        refusals = Map.copyOf(refusals);
        unreserved = Map.copyOf(unreserved);
    }

    /** Asks the helper; blocks. A plan it does not give refuses nothing. */
    public static Overview of(HelperConnection connection, ActivityLog log) throws HelperProblem {
        Machine machine = MachineReader.read(connection.inspect(false));
        Map<PciAddress, List<PlannedRefusal>> refusals = new HashMap<>();
        if (!(connection.source() instanceof Source.LookOnly)) {
            for (Gpu gpu : machine.gpus()) {
                if (!drawsDesktop(gpu) && needsPlan(gpu)) {
                    refusals.put(gpu.address(), lasting(connection, gpu));
                }
            }
        }
        return new Overview(machine, refusals, log.unreserved(connection.source(), machine));
    }

    private static boolean needsPlan(Gpu gpu) {
        return gpu.mode() != Gpu.Mode.VM || !gpu.conflicts().isEmpty();
    }

    private static List<PlannedRefusal> lasting(HelperConnection connection, Gpu gpu) {
        try {
            return connection.plan(gpu.address(), Direction.TO_VM.word(), List.of(), false).refusals.stream()
                    .filter(refusal -> !refusal.code.equals("in-use"))
                    .toList();
        } catch (HelperProblem problem) {
            return List.of();
        }
    }

    List<PlannedRefusal> refusals(PciAddress gpu) {
        return refusals.getOrDefault(gpu, List.of());
    }

    /** Whether people are looking at its picture right now: it stays with the host. */
    public static boolean drawsDesktop(Gpu gpu) {
        return gpu.mode() == Gpu.Mode.HOST && !gpu.graphics().displays().isEmpty();
    }

    /** Whether there is a GPU that could be switched. */
    public boolean switchable() {
        return machine.gpus().stream().anyMatch(gpu -> !drawsDesktop(gpu));
    }
}
