package org.switchback.app.activity;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.app.helper.Source;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedStep;

/**
 * An attempt to switch a GPU.
 *
 * @param id     told from every other
 * @param began  when it was asked for
 * @param by     who asked
 * @param where  name of the sample machine or of the report that it was made on; empty for this computer
 * @param gpu    address of the graphics function
 * @param target {@code vm} or {@code host}
 * @param steps  as they were planned; empty where an earlier switch was put back, whose plan is not known here
 * @param log    what happened, in order, without the waiting; the last entry is {@code finished}, or {@code problem} with
 *     the kind of the problem as its detail where it never began; any other when nobody heard the end
 * @param before what of the machine concerns the GPU, as it was when the plan was made
 * @param after  the same at the end; empty when it could not be looked at
 */
public record Attempt(
        String id,
        Instant began,
        By by,
        String where,
        PciAddress gpu,
        String target,
        List<PlannedStep> steps,
        List<JobEntry> log,
        Capture before,
        Optional<Capture> after) {

    /** Who asked for a switch. */
    public enum By {
        WINDOW,
        COMMAND_LINE
    }

    static final String PROBLEM = "problem";

    private static final String FINISHED = "finished";

    public Attempt {
        steps = List.copyOf(steps);
        log = List.copyOf(log);
    }

    /** Whether it was made on this computer. */
    public boolean real() {
        return where.isEmpty();
    }

    /** The entry that says what came of it; empty when nobody heard the end. */
    public Optional<JobEntry> end() {
        return log.isEmpty() || !(log.getLast().what.equals(FINISHED) || log.getLast().what.equals(PROBLEM))
                ? Optional.empty()
                : Optional.of(log.getLast());
    }

    /** Whether the GPU went where it should go. */
    public boolean succeeded() {
        return end().filter(entry -> entry.what.equals(FINISHED) && entry.detail.equals("done")).isPresent();
    }

    /**
     * A BAR that no virtual machine would have got.
     *
     * @param function its address without the domain
     * @param bar      as the kernel calls it: {@code BAR 1}
     * @param range    of it
     */
    public record Unreserved(String function, String bar, String range) {}

    /** The BAR that the kernel could not reserve; empty unless that is what it failed by. */
    public Optional<Unreserved> unreserved() {
        return succeeded()
                ? Optional.empty()
                : log.stream()
                        .filter(entry -> entry.what.equals("failed")
                                && entry.detail.equals("not-reserved")
                                && entry.values.size() == 3)
                        .reduce((earlier, later) -> later)
                        .map(entry -> new Unreserved(
                                entry.values.get(0), entry.values.get(1), entry.values.get(2)));
    }

    /** How a machine is named in attempts that were made on it. */
    static String where(Source source) {
        return switch (source) {
            case Source.Sample(String name) -> name;
            case Source.SavedReport(String file) -> file;
            case Source.ThisMachine here -> "";
            case Source.LookOnly look -> "";
        };
    }

    /** Whether a plan has the steps that this one was planned with. */
    public boolean planned(List<PlannedStep> other) {
        return sameSteps(steps, other);
    }

    /**
     * Whether two plans do the same: that a module is there already since the last time, or a device awake, is no
     * difference to anybody.
     */
    public static boolean sameSteps(List<PlannedStep> some, List<PlannedStep> others) {
        return facts(some).equals(facts(others));
    }

    /** What sets a step apart; its commands and its words follow from that. */
    private static List<List<String>> facts(List<PlannedStep> steps) {
        return steps.stream()
                .filter(step -> !step.undo.equals("stays") && !step.kind.equals("power"))
                .map(step -> List.of(step.kind, step.subject, step.before, step.after, step.undo, step.rung))
                .toList();
    }

    /** The machine before it, as far as it was kept. */
    public Machine machine() {
        return MachineReader.read(before);
    }

    /** The GPU before it; empty when it was not there. */
    public Optional<Gpu> card() {
        return machine().gpu(gpu);
    }

    /** What was written to the kernel, in order, as commands a person could type; also what put it back. */
    public List<String> writes() {
        List<String> writes = new ArrayList<>();
        for (JobEntry entry : log) {
            if (entry.step >= 0 && entry.step < steps.size()) {
                PlannedStep step = steps.get(entry.step);
                String write =
                        switch (entry.what) {
                            case "done", "failed", "stuck" -> step.shell;
                            case "undone", "undo-failed" -> step.inverse;
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
    static Capture concerning(Capture machine, Collection<PciAddress> functions) {
        TreeMap<String, Capture.Entry> kept = new TreeMap<>();
        for (Map.Entry<String, Capture.Entry> entry : machine.entries().entrySet()) {
            String path = entry.getKey();
            boolean ofAFunction = functions.stream()
                    .map(function -> MachineReader.PCI_DEVICES + function)
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
        return new Capture(kept);
    }
}
