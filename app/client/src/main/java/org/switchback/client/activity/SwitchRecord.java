package org.switchback.client.activity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.client.MachineSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlannedStep;

/**
 * An attempt to switch a GPU.
 *
 * @param id     told from every other
 * @param startedAt  when it was asked for
 * @param initiator     who asked
 * @param machineName  name of the sample machine or of the report that it was made on; empty for this computer
 * @param gpu    address of the graphics function
 * @param target {@code vm} or {@code host}
 * @param steps  as they were planned; empty where an earlier switch was put back, whose plan is not known here
 * @param events    what happened, in order, without the waiting; the last entry is {@code finished}, or {@code problem} with
 *     the kind of the problem as its detail where it never began; any other when nobody heard the end
 * @param snapshotBefore what of the machine concerns the GPU, as it was when the plan was made
 * @param snapshotAfter  the same at the end; empty when it could not be looked at
 */
public record SwitchRecord(
        String id,
        Instant startedAt,
        SwitchInitiator initiator,
        String machineName,
        PciAddress gpu,
        String target,
        List<PlannedStep> steps,
        List<JobEvent> events,
        MachineSnapshot snapshotBefore,
        Optional<MachineSnapshot> snapshotAfter) {

    /** Who asked for a switch. */
    public enum SwitchInitiator {
        WINDOW,
        COMMAND_LINE
    }

    static final String EXCEPTION = "problem";

    private static final String FINISHED = "finished";

    public SwitchRecord {
        steps = List.copyOf(steps);
        events = List.copyOf(events);
    }

    /** Whether it was made on this computer. */
    public boolean isOnThisMachine() {
        return machineName.isEmpty();
    }

    /** The entry that says what came of it; empty when nobody heard the end. */
    public Optional<JobEvent> finalEvent() {
        return events.isEmpty() || !(events.getLast().type.equals(FINISHED) || events.getLast().type.equals(EXCEPTION))
                ? Optional.empty()
                : Optional.of(events.getLast());
    }

    /** Whether the GPU went where it should go. */
    public boolean isSuccessful() {
        return finalEvent().filter(entry -> entry.type.equals(FINISHED) && entry.detail.equals("done")).isPresent();
    }

    /**
     * A BAR that no virtual machine would have got.
     *
     * @param function its address without the domain
     * @param bar      as the kernel calls it: {@code BAR 1}
     * @param range    of it
     */
    public record UnreservedBar(String function, String bar, String range) {}

    /** The BAR that the kernel could not reserve; empty unless that is what it failed by. */
    public Optional<UnreservedBar> unreservedBar() {
        return isSuccessful()
                ? Optional.empty()
                : events.stream()
                        .filter(entry -> entry.type.equals("failed")
                                && entry.detail.equals("not-reserved")
                                && entry.values.size() == 3)
                        .reduce((earlier, later) -> later)
                        .map(entry -> new UnreservedBar(
                                entry.values.get(0), entry.values.get(1), entry.values.get(2)));
    }

    /** How a machine is named in attempts that were made on it. */
    static String machineName(MachineSource source) {
        return switch (source) {
            case MachineSource.SampleMachine(String name) -> name;
            case MachineSource.SavedReport(String file) -> file;
            case MachineSource.ThisMachine here -> "";
            case MachineSource.ReadOnlyMachine look -> "";
        };
    }

    /** Whether a plan has the steps that this one was planned with. */
    public boolean hasSameSteps(List<PlannedStep> other) {
        return isSamePlan(steps, other);
    }

    /**
     * Whether two plans do the same: that a module is there already since the last time, or a device awake, is no
     * difference to anybody.
     */
    public static boolean isSamePlan(List<PlannedStep> some, List<PlannedStep> others) {
        return comparableFields(some).equals(comparableFields(others));
    }

    /** What sets a step apart; its commands and its words follow from that. */
    private static List<List<String>> comparableFields(List<PlannedStep> steps) {
        return steps.stream()
                .filter(step -> !step.undoPolicy.equals("stays") && !step.kind.equals("power"))
                .map(step -> List.of(step.kind, step.subject, step.before, step.after, step.undoPolicy, step.releaseMethod))
                .toList();
    }

    /** The machine before it, as far as it was kept. */
    public Machine machineBefore() {
        return SnapshotParser.parse(snapshotBefore);
    }

    /** The GPU before it; empty when it was not there. */
    public Optional<Gpu> gpuBefore() {
        return machineBefore().gpu(gpu);
    }

    /** What was written to the kernel, in order, as commands a person could type; also what put it back. */
    public List<String> shellCommands() {
        List<String> writes = new ArrayList<>();
        for (JobEvent entry : events) {
            if (entry.step >= 0 && entry.step < steps.size()) {
                PlannedStep step = steps.get(entry.step);
                String write =
                        switch (entry.type) {
                            case "done", "failed", "stuck" -> step.shellCommand;
                            case "undone", "undo-failed" -> step.undoCommand;
                            default -> "";
                        };
                if (!write.isEmpty()) {
                    writes.add(write);
                }
            }
        }
        return writes;
    }

    /**
     * What of a machine concerns a switch: its functions, what lies around their memory, the firmware's framebuffers.
     * Programs, users and the rest of the machine are nobody's business later.
     */
    static MachineSnapshot filterSnapshot(MachineSnapshot machine, Collection<PciAddress> functions) {
        TreeMap<String, MachineSnapshot.SnapshotEntry> kept = new TreeMap<>();
        for (Map.Entry<String, MachineSnapshot.SnapshotEntry> entry : machine.entries().entrySet()) {
            String path = entry.getKey();
            boolean ofAFunction = functions.stream()
                    .map(function -> SnapshotParser.PCI_DEVICES + function)
                    .anyMatch(folder -> path.equals(folder) || path.startsWith(folder + "/"));
            if (ofAFunction
                    || path.equals("/proc/iomem")
                    || path.equals("/proc/sys/kernel/osrelease")
                    || path.equals("/proc/sys/kernel/tainted")
                    || path.equals("/usr/share/misc/pci.ids")
                    || path.startsWith("/sys/bus/platform/devices/")) {
                kept.put(path, entry.getValue());
            }
        }
        return new MachineSnapshot(kept);
    }
}
