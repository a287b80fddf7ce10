package org.switchback.app.activity;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.words.MapWords;
import org.switchback.app.words.Words;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.JobEntry;

/** Puts an attempt into words. */
public final class AttemptText {
    private final Words words;
    private final ZoneId zone;
    private final Attempt attempt;
    private final Machine before;
    /** Read when it is first asked for: a list of attempts needs none of them. */
    private @Nullable Optional<MemoryMap> after;

    /** @param zone of the times */
    public AttemptText(Words words, ZoneId zone, Attempt attempt) {
        this.words = words;
        this.zone = zone;
        this.attempt = attempt;
        this.before = attempt.machine();
    }

    /** How an attempt ended, in one word. */
    public enum Kind {
        /** The GPU went where it should. */
        DONE,
        /** Nothing was changed, or what was changed was put back. */
        UNCHANGED,
        /** Neither the one nor the other. */
        HALF,
        /** Nobody heard the end. */
        OPEN;

        /** As part of a name: {@code unchanged}. */
        public String id() {
            return Spelling.of(this);
        }
    }

    /**
     * A step as it came out.
     *
     * @param number counted from 1
     * @param text   what it did
     * @param state  what became of it, a word or two
     * @param time   how long it took; empty when it never ran
     * @param note   why it failed; mostly empty
     */
    public record StepLine(int number, String text, String state, String time, String note) {}

    /** Name of the GPU. */
    public String gpu() {
        return before.gpu(attempt.gpu()).map(gpu -> gpu.graphics().name()).orElse(attempt.gpu().brief());
    }

    /** Which GPU should go where. */
    public String title() {
        return words.text("activity.title", gpu(), words.target(attempt.target()));
    }

    /** When it was asked for. */
    public String time() {
        return DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM)
                .withLocale(words.locale())
                .format(attempt.began().atZone(zone));
    }

    /** When, by whom and on which kernel. */
    public String circumstances() {
        String by = words.text(attempt.by() == Attempt.By.WINDOW ? "activity.by.window" : "activity.by.command-line");
        String kernel = before.kernel().release();
        return attempt.real()
                ? words.text("activity.circumstances", time(), by, kernel)
                : words.text("activity.circumstances.elsewhere", time(), by, kernel, attempt.where());
    }

    public Kind kind() {
        Optional<JobEntry> end = attempt.end();
        if (end.isEmpty()) {
            return Kind.OPEN;
        }
        return switch (end.get().detail) {
            case "done" -> Kind.DONE;
            case "mixed", "stuck", "kernel-died" -> Kind.HALF;
            case "helper-lost", "error" -> Kind.OPEN;
            default -> Kind.UNCHANGED;
        };
    }

    /** What came of it, a sentence or two. */
    public String result() {
        Optional<JobEntry> end = attempt.end();
        if (end.isEmpty()) {
            return words.text("activity.open");
        }
        if (end.get().what.equals(Attempt.PROBLEM)) {
            return words.problem(HelperProblem.Kind.valueOf(end.get().detail));
        }
        return words.finished(end.get(), attempt.target(), gpu());
    }

    /** From authorisation to the end; empty when nothing was done. */
    public String took() {
        return attempt.end().map(end -> end.micros).filter(micros -> micros > 0).map(words::duration).orElse("");
    }

    /** The steps as they came out. */
    public List<StepLine> steps() {
        Map<Integer, JobEntry> last = new HashMap<>();
        Map<Integer, Long> began = new HashMap<>();
        Map<Integer, Long> took = new HashMap<>();
        Map<Integer, String> notes = new HashMap<>();
        for (JobEntry entry : attempt.log()) {
            if (entry.step < 0) {
                continue;
            }
            last.put(entry.step, entry);
            switch (entry.what) {
                case "started" -> began.put(entry.step, entry.micros);
                case "done", "failed" ->
                    took.put(entry.step, entry.micros - began.getOrDefault(entry.step, entry.micros));
                default -> {
                    // Putting back takes time too, but the step's own time is what people compare.
                }
            }
            if (entry.what.equals("failed") || entry.what.equals("undo-failed")) {
                notes.put(entry.step, words.failure(entry));
            }
        }
        List<StepLine> lines = new ArrayList<>();
        for (int step = 0; step < attempt.steps().size(); step++) {
            JobEntry entry = last.get(step);
            lines.add(new StepLine(
                    step + 1,
                    words.step(attempt.steps().get(step), before),
                    words.text(entry == null ? "activity.step.none" : "activity.step." + state(entry.what)),
                    took.containsKey(step) ? words.duration(took.get(step)) : "",
                    notes.getOrDefault(step, "")));
        }
        return lines;
    }

    private static String state(String what) {
        return switch (what) {
            case "done", "skipped", "failed", "undone", "undo-failed", "stuck" -> what;
            default -> "begun";
        };
    }

    /** What spoke against the whole of it, sentences. */
    public List<String> objections() {
        return attempt.log().stream()
                .filter(entry -> entry.what.equals("failed") && entry.step < 0)
                .map(words::failure)
                .toList();
    }

    /** The memory map around the GPU as it was; empty when it is not known. */
    public String mapBefore() {
        return before.memory().toText();
    }

    /** The same afterwards. */
    public String mapAfter() {
        return after().map(MemoryMap::toText).orElse("");
    }

    /** What changed in the memory map, a sentence; empty when that is not known. */
    public String changes() {
        return after().filter(map -> !map.isEmpty() && !before.memory().isEmpty())
                .map(map -> new MapWords(words).changes(MapChanges.between(before.memory(), map)))
                .orElse("");
    }

    private Optional<MemoryMap> after() {
        if (after == null) {
            after = attempt.after().map(capture -> MachineReader.read(capture).memory());
        }
        return after;
    }

    /** All of it as a text for a mail or a bug report. */
    public String plain() {
        StringBuilder text = new StringBuilder();
        text.append(title()).append('\n').append(circumstances()).append('\n');
        text.append(result());
        if (!took().isEmpty()) {
            text.append(" (").append(took()).append(')');
        }
        text.append('\n');
        objections().forEach(objection -> text.append(objection).append('\n'));
        if (!attempt.steps().isEmpty()) {
            section(text, "activity.steps");
        }
        for (StepLine step : steps()) {
            text.append(String.format("%3d  ", step.number()))
                    .append(step.text())
                    .append(": ")
                    .append(step.state());
            if (!step.time().isEmpty()) {
                text.append(", ").append(step.time());
            }
            if (!step.note().isEmpty()) {
                text.append(". ").append(step.note());
            }
            text.append('\n');
        }
        if (!attempt.writes().isEmpty()) {
            section(text, "activity.writes");
            attempt.writes().forEach(write -> text.append(write).append('\n'));
        }
        String changes = changes();
        if (!changes.isEmpty()) {
            section(text, "activity.map");
            text.append(changes).append('\n');
        }
        map(text, "activity.map.before", mapBefore());
        map(text, "activity.map.after", mapAfter());
        return text.toString();
    }

    private void map(StringBuilder text, String key, String map) {
        if (!map.isEmpty()) {
            section(text, key);
            text.append(map);
        }
    }

    private void section(StringBuilder text, String key) {
        text.append('\n').append(words.text(key)).append('\n');
    }
}
