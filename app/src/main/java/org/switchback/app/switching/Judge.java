package org.switchback.app.switching;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.JobEntry;

/** Says what a switch came to. The helper's last word gives the reason; what is true is read from the kernel again. */
final class Judge {
    /** Ends after which something may be left over that the drivers do not show. */
    private static final Set<String> LEFT_OPEN = Set.of("mixed", "stuck", "kernel-died");

    private final Words words;
    private final Direction direction;
    private final Gpu before;

    Judge(Words words, Direction direction, Gpu before) {
        this.words = words;
        this.direction = direction;
        this.before = before;
    }

    /**
     * @param end        the last entry
     * @param objections what spoke against it from the start, sentences
     * @param rows       the steps as they ended
     * @param now        the GPU as it is afterwards; empty when it could not be looked at
     * @param desktop    where the desktop is, a sentence; empty when no other GPU shows one
     */
    Outcome outcome(
            JobEntry end, List<String> objections, List<StepRow> rows, Optional<Gpu> now, Optional<String> desktop) {
        List<String> lines = new ArrayList<>(objections);
        String why = end.detail.equals("done") ? "" : words.finished(end, direction.word(), name());
        if (now.isEmpty()) {
            add(lines, why);
            lines.add(words.text("window.result.unknown.advice"));
            return new Outcome(Outcome.Kind.UNKNOWN, words.text("window.result.unknown", name()), lines);
        }
        Gpu gpu = now.get();
        boolean claimedDone = end.detail.equals("done");
        boolean reached = direction.reached(gpu) && (direction == Direction.TO_HOST || gpu.conflicts().isEmpty());
        if (reached && (claimedDone || (!direction.reached(before) && !LEFT_OPEN.contains(end.detail)))) {
            add(lines, why);
            lines.add(standing(gpu));
            if (direction == Direction.TO_VM) {
                lines.add(words.text("window.result.next", addresses(gpu)));
                lines.add(meanwhile(words, gpu));
            }
            return new Outcome(
                    Outcome.Kind.REACHED,
                    words.text("finished.done." + direction.word(), name()),
                    lines);
        }
        if (claimedDone) {
            lines.add(standing(gpu));
            return new Outcome(
                    sameDrivers(gpu) ? Outcome.Kind.UNCHANGED : Outcome.Kind.HALF, untrue(gpu), lines);
        }
        lines.addAll(failures(rows));
        if (sameDrivers(gpu) && !LEFT_OPEN.contains(end.detail)) {
            boolean touched = rows.stream().anyMatch(row -> row.state() == StepRow.State.UNDONE);
            lines.add(words.text(touched ? "window.result.putback" : "window.result.untouched", drivers(gpu)));
            return new Outcome(Outcome.Kind.UNCHANGED, why, lines);
        }
        boolean half = gpu.mode() == Gpu.Mode.MIXED;
        if (half && !end.detail.equals("mixed")) {
            add(lines, why);
        }
        lines.add(standing(gpu));
        desktop.ifPresent(lines::add);
        if (end.detail.equals("mixed")) {
            why = words.text("window.result.half");
            lines.add(words.text(
                    direction == Direction.TO_VM ? "window.result.half.vm" : "window.result.half.host",
                    words.text("window.action.putback"),
                    words.text("window.action.finish")));
        }
        return new Outcome(Outcome.Kind.HALF, half ? words.text("state.mixed", words.halves(gpu)) : why, lines);
    }

    /** What the host has to do without while the GPU is in VM mode. */
    static String meanwhile(Words words, Gpu gpu) {
        boolean sound = gpu.companions().stream().anyMatch(c -> c.kind().base() == 0x04);
        return words.text(sound ? "window.switch.meanwhile.sound" : "window.switch.meanwhile");
    }

    private String name() {
        return before.graphics().ids().deviceName();
    }

    private static void add(List<String> lines, String text) {
        if (!text.isEmpty()) {
            lines.add(text);
        }
    }

    /** What failed first stands first: putting back comes after it, and to steps before it. */
    private List<String> failures(List<StepRow> rows) {
        return Stream.of(StepRow.State.FAILED, StepRow.State.STUCK, StepRow.State.UNDO_FAILED)
                .flatMap(state -> rows.stream().filter(row -> row.state() == state && !row.note().isEmpty()))
                .map(row -> words.text(
                        row.state() == StepRow.State.UNDO_FAILED ? "window.result.step.undo" : "window.result.step",
                        Integer.toString(row.number()),
                        row.text(),
                        row.note()))
                .toList();
    }

    private String untrue(Gpu gpu) {
        for (PciDevice function : gpu.functions()) {
            boolean right = direction == Direction.TO_VM
                    ? function.onVfio() || (function.driver().isEmpty() && !function.equals(gpu.graphics()))
                    : !function.onVfio();
            if (!right) {
                return words.text(
                        function.driver().isPresent() ? "window.result.untrue" : "window.result.untrue.driverless",
                        function.address().brief(),
                        words.driver(function));
            }
        }
        return gpu.conflicts().stream()
                .findFirst()
                .map(conflict -> words.text(
                        "window.result.untrue.claim", conflict.region().name()))
                .orElseGet(() -> words.text("window.result.untrue.missing"));
    }

    /** A sentence with the driver that each function has now. */
    private String standing(Gpu gpu) {
        return words.text("window.result.standing", drivers(gpu));
    }

    private String addresses(Gpu gpu) {
        return words.list(gpu.functions().stream()
                .map(function -> function.address().brief())
                .toList());
    }

    private String drivers(Gpu gpu) {
        return words.list(gpu.functions().stream()
                .map(function -> words.text(
                        function.driver().isPresent() ? "window.result.function" : "window.result.function.none",
                        function.address().brief(),
                        words.driver(function)))
                .toList());
    }

    private boolean sameDrivers(Gpu gpu) {
        return gpu.functions().stream().map(PciDevice::driver).toList()
                .equals(before.functions().stream().map(PciDevice::driver).toList());
    }
}
