package org.switchback.client.activity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.SwitchRun;
import org.switchback.plan.Target;

/**
 * The record of one switch of a GPU, successful or not.
 *
 * @param id unique identifier
 * @param startedAt when the switch was requested
 * @param initiator which program requested the switch
 * @param machineName name of the sample machine or of the report file; empty for this computer
 * @param gpu address of the graphics function
 * @param target requested mode
 * @param steps planned steps; empty where an earlier switch was rolled back whose plan is not recorded
 * @param events all events in order, without waiting events; the last one is {@link JobEvent.Finished} unless the end
 *     was not reported
 * @param startFailure why the switch did not start; empty when it started
 * @param snapshotBefore the part of the machine around the GPU when the plan was made
 * @param snapshotAfter the same part after the switch; empty when it could not be read
 */
public record SwitchRecord(
        String id,
        Instant startedAt,
        SwitchInitiator initiator,
        String machineName,
        PciAddress gpu,
        Target target,
        List<PlannedStep> steps,
        List<JobEvent> events,
        Optional<HelperException.FailureKind> startFailure,
        MachineSnapshot snapshotBefore,
        Optional<MachineSnapshot> snapshotAfter) {

    /** The program that requested a switch. */
    public enum SwitchInitiator {
        WINDOW,
        COMMAND_LINE
    }

    public SwitchRecord {
        steps = List.copyOf(steps);
        events = List.copyOf(events);
    }

    /** Whether the switch ran on this computer and not on a simulated machine. */
    public boolean isOnThisMachine() {
        return machineName.isEmpty();
    }

    /** The switch as a fold of its events. */
    public SwitchRun run() {
        return SwitchRun.of(target, steps.size(), events);
    }

    /** The result, evaluated from the events and from the machine before and after the switch. */
    public SwitchRun.Result result() {
        if (startFailure.isPresent()) {
            return SwitchRun.Result.UNCHANGED;
        }
        return gpuBefore()
                .map(before -> run().evaluate(
                                before, snapshotAfter.map(SnapshotParser::parse).flatMap(machine -> machine.gpu(gpu))))
                .orElse(SwitchRun.Result.UNKNOWN);
    }

    /** The last event; empty when the end was not reported. */
    public Optional<JobEvent.Finished> end() {
        return !events.isEmpty() && events.getLast() instanceof JobEvent.Finished finished
                ? Optional.of(finished)
                : Optional.empty();
    }

    /** Whether the helper reported success. Cheaper than {@link #result}, which reads both snapshots. */
    public boolean isReportedDone() {
        return end().filter(event -> event.outcome() == Outcome.DONE).isPresent();
    }

    /**
     * A BAR that the kernel could not reserve, so no virtual machine could use it.
     *
     * @param function address of its PCI function, without the domain
     * @param bar name in kernel messages: {@code BAR 1}
     * @param range address range of the BAR
     */
    public record UnreservedBar(String function, String bar, String range) {}

    /** The BAR that the kernel could not reserve; empty unless the switch failed for that reason. */
    public Optional<UnreservedBar> unreservedBar() {
        return isReportedDone()
                ? Optional.empty()
                : events.stream()
                        .flatMap(event ->
                                event instanceof JobEvent.StepChanged step ? step.failure().stream() : Stream.empty())
                        .filter(failure -> failure.reason().equals("not-reserved")
                                && failure.values().size() == 3)
                        .reduce((first, second) -> second)
                        .map(failure -> new UnreservedBar(
                                failure.values().get(0),
                                failure.values().get(1),
                                failure.values().get(2)));
    }

    /** {@link SwitchRecord#machineName} of records of a machine; empty for this computer. */
    static String machineName(MachineSource source) {
        return switch (source) {
            case MachineSource.SampleMachine(String name) -> name;
            case MachineSource.SavedReport(String file) -> file;
            case MachineSource.ThisMachine thisMachine -> "";
            case MachineSource.ReadOnlyMachine readOnly -> "";
        };
    }

    /** The recorded part of the machine before the switch. */
    public Machine machineBefore() {
        return SnapshotParser.parse(snapshotBefore);
    }

    /** The GPU before the switch; empty when it was not present. */
    public Optional<Gpu> gpuBefore() {
        return machineBefore().gpu(gpu);
    }

    /** All writes to the kernel, rollback included, in order, as equivalent shell commands. */
    public List<String> shellCommands() {
        List<String> commands = new ArrayList<>();
        for (JobEvent event : events) {
            if (event instanceof JobEvent.StepChanged changed && changed.step() >= 0 && changed.step() < steps.size()) {
                PlannedStep step = steps.get(changed.step());
                String command =
                        switch (changed.phase()) {
                            case DONE, FAILED, STUCK -> step.shellCommand();
                            case UNDONE, UNDO_FAILED -> step.undoCommand();
                            case STARTED, WAITING, SKIPPED, UNDOING -> "";
                        };
                if (!command.isEmpty()) {
                    commands.add(command);
                }
            }
        }
        return commands;
    }

    /**
     * Keeps the part of a machine that concerns a switch: its functions, the memory map around them, the firmware
     * framebuffers. For privacy it drops programs, users and the rest of the machine.
     */
    static MachineSnapshot filterSnapshot(MachineSnapshot snapshot, Collection<PciAddress> functions) {
        TreeMap<String, MachineSnapshot.SnapshotEntry> kept = new TreeMap<>();
        for (Map.Entry<String, MachineSnapshot.SnapshotEntry> entry :
                snapshot.entries().entrySet()) {
            String path = entry.getKey();
            boolean belongsToFunction = functions.stream()
                    .anyMatch(function -> (path + "/").startsWith(SnapshotParser.PCI_DEVICES + function + "/"));
            if (belongsToFunction
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
