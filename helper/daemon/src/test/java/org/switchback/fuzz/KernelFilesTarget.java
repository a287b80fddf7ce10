package org.switchback.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.PlannedStep;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;

/**
 * The contents of kernel files: the input, split at zero bytes, replaces the files of a real machine one after the
 * other. Everything is parsed, and both switches are planned.
 */
public final class KernelFilesTarget {
    private static final MachineSnapshot MACHINE = TestSnapshots.load("q35-6.1-0380");
    private static final String GPU = "/sys/bus/pci/devices/0000:01:00.0/";
    private static final List<String> TEXT_FILES = List.of(
            GPU + "class",
            GPU + "resource",
            GPU + "vendor",
            GPU + "device",
            GPU + "driver_override",
            GPU + "reset_method",
            GPU + "resource1_resize",
            GPU + "current_link_speed",
            GPU + "current_link_width",
            GPU + "max_link_speed",
            GPU + "max_link_width",
            GPU + "boot_vga",
            GPU + "power/control",
            GPU + "power/runtime_status",
            GPU + "power_state",
            "/proc/iomem",
            "/proc/cmdline",
            "/proc/cpuinfo",
            "/proc/sys/kernel/osrelease",
            "/proc/sys/kernel/tainted",
            "/sys/kernel/security/lockdown",
            "/sys/module/module/parameters/sig_enforce",
            "/etc/os-release",
            "/usr/share/misc/pci.ids",
            "/proc/1/cgroup",
            "/proc/1/comm",
            "/proc/1/owner",
            "/sys/class/graphics/fb0/dev");
    private static final List<String> LINKS = List.of(
            GPU + "driver", GPU + "iommu_group", GPU + "physfn", "/proc/1/fd/3", "/sys/bus/pci/devices/0000:01:00.1");

    private KernelFilesTarget() {}

    public static void fuzzerTestOneInput(byte[] data) {
        String[] values = new String(data, StandardCharsets.UTF_8).split("\0", -1);
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        for (int i = 0; i < values.length; i++) {
            String value = values[i];
            if (value.isEmpty()) {
                continue;
            }
            if (i < TEXT_FILES.size()) {
                changes.put(TEXT_FILES.get(i), Optional.of(new MachineSnapshot.TextEntry(value)));
            } else if (i < TEXT_FILES.size() + LINKS.size()) {
                changes.put(LINKS.get(i - TEXT_FILES.size()), Optional.of(new MachineSnapshot.LinkEntry(value)));
            }
        }
        Machine machine = SnapshotParser.parse(MACHINE.withChanges(changes));
        for (Gpu gpu : machine.gpus()) {
            for (Target target : Target.values()) {
                if (Planner.plan(machine, new SwitchRequest(gpu.address(), target, List.of()), Optional.empty())
                        instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan)) {
                    PlannedStep.listOf(plan);
                    plan.undoWrites();
                }
            }
        }
    }
}
