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
 * An attempt to switch a GPU.
 *
 * @param id told from every other
 * @param startedAt when it was asked for
 * @param initiator who asked
 * @param machineName name of the sample machine or of the report that it was made on; empty for this computer
 * @param gpu address of the graphics function
 * @param target where the GPU should go
 * @param steps as they were planned; empty where an earlier switch was put back, whose plan is not known here
 * @param events what happened, in order, without the waiting; the last one is {@link JobEvent.Finished} unless the end
 *     was not reported
 * @param startFailure why the switch never began; empty when it did
 * @param snapshotBefore what of the machine concerns the GPU, as it was when the plan was made
 * @param snapshotAfter the same at the end; empty when it could not be looked at
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

    /** Who asked for a switch. */
    public enum SwitchInitiator {
        WINDOW,
        COMMAND_LINE
    }

    public SwitchRecord {
        steps = List.copyOf(steps);
        events = List.copyOf(events);
    }

    /** Whether it was made on this computer. */
    public boolean isOnThisMachine() {
        return machineName.isEmpty();
    }

    /** The switch as far as its events tell. */
    public SwitchRun run() {
        return SwitchRun.of(target, steps.size(), events);
    }

    /** What it came to, by its events and the machine before and afterwards. */
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
     * A BAR that no virtual machine would have got.
     *
     * @param function its address without the domain
     * @param bar as the kernel calls it: {@code BAR 1}
     * @param range of it
     */
    public record UnreservedBar(String function, String bar, String range) {}

    /** The BAR that the kernel could not reserve; empty unless that is what it failed by. */
    public Optional<UnreservedBar> unreservedBar() {
        return isReportedDone()
                ? Optional.empty()
                : events.stream()
                        .flatMap(event ->
                                event instanceof JobEvent.StepChanged step ? step.failure().stream() : Stream.empty())
                        .filter(failure -> failure.reason().equals("not-reserved")
                                && failure.values().size() == 3)
                        .reduce((earlier, later) -> later)
                        .map(failure -> new UnreservedBar(
                                failure.values().get(0),
                                failure.values().get(1),
                                failure.values().get(2)));
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
        for (JobEvent event : events) {
            if (event instanceof JobEvent.StepChanged changed && changed.step() >= 0 && changed.step() < steps.size()) {
                PlannedStep step = steps.get(changed.step());
                String write =
                        switch (changed.phase()) {
                            case DONE, FAILED, STUCK -> step.shellCommand();
                            case UNDONE, UNDO_FAILED -> step.undoCommand();
                            case STARTED, WAITING, SKIPPED, UNDOING -> "";
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
        for (Map.Entry<String, MachineSnapshot.SnapshotEntry> entry :
                machine.entries().entrySet()) {
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
