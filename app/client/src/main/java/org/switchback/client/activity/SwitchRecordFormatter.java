package org.switchback.client.activity;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperException;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.KebabCase;
import org.switchback.protocol.JobEvent;

/** Puts an attempt into words. */
public final class SwitchRecordFormatter {
    private final Messages messages;
    private final ZoneId zone;
    private final SwitchRecord switchRecord;
    private final Machine machineBefore;
    /** Read when it is first asked for: a list of attempts needs none of them. */
    private @Nullable Optional<MemoryMap> parsedMapAfter;

    /** @param zone of the times */
    public SwitchRecordFormatter(Messages messages, ZoneId zone, SwitchRecord switchRecord) {
        this.messages = messages;
        this.zone = zone;
        this.switchRecord = switchRecord;
        this.machineBefore = switchRecord.machineBefore();
    }

    /** How an attempt ended, in one word. */
    public enum RecordStatus {
        /** The GPU went where it should. */
        DONE,
        /** Nothing was changed, or what was changed was put back. */
        UNCHANGED,
        /** Neither the one nor the other. */
        PARTIALLY_SWITCHED,
        /** Nobody heard the end. */
        UNKNOWN;

        /** As part of a name: {@code unchanged}. */
        public String styleClass() {
            return KebabCase.of(this);
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
    public record RecordedStep(int number, String text, String state, String time, String note) {}

    /** Name of the GPU. */
    public String gpuName() {
        return machineBefore.gpu(switchRecord.gpu()).map(gpu -> gpu.graphics().name()).orElse(switchRecord.gpu().toShortString());
    }

    /** Which GPU should go where. */
    public String title() {
        return messages.text("activity.title", gpuName(), messages.formatTarget(switchRecord.target()));
    }

    /** When it was asked for. */
    public String time() {
        return DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM)
                .withLocale(messages.locale())
                .format(switchRecord.startedAt().atZone(zone));
    }

    /** When, by whom and on which kernel. */
    public String context() {
        String by = messages.text(switchRecord.initiator() == SwitchRecord.SwitchInitiator.WINDOW ? "activity.by.window" : "activity.by.command-line");
        String kernel = machineBefore.kernelVersion().release();
        return switchRecord.isOnThisMachine()
                ? messages.text("activity.circumstances", time(), by, kernel)
                : messages.text("activity.circumstances.elsewhere", time(), by, kernel, switchRecord.machineName());
    }

    public RecordStatus status() {
        Optional<JobEvent> end = switchRecord.finalEvent();
        if (end.isEmpty()) {
            return RecordStatus.UNKNOWN;
        }
        return switch (end.get().detail) {
            case "done" -> RecordStatus.DONE;
            case "mixed", "stuck", "kernel-died" -> RecordStatus.PARTIALLY_SWITCHED;
            case "helper-lost", "error" -> RecordStatus.UNKNOWN;
            default -> RecordStatus.UNCHANGED;
        };
    }

    /** What came of it, a sentence or two. */
    public String result() {
        Optional<JobEvent> end = switchRecord.finalEvent();
        if (end.isEmpty()) {
            return messages.text("activity.open");
        }
        if (end.get().type.equals(SwitchRecord.EXCEPTION)) {
            return messages.formatHelperFailure(HelperException.FailureKind.valueOf(end.get().detail));
        }
        return messages.formatResult(end.get(), switchRecord.target(), gpuName());
    }

    /** From authorisation to the end; empty when nothing was done. */
    public String duration() {
        return switchRecord.finalEvent().map(end -> end.elapsedMicros).filter(micros -> micros > 0).map(messages::formatDuration).orElse("");
    }

    /** The steps as they came out. */
    public List<RecordedStep> steps() {
        Map<Integer, JobEvent> last = new HashMap<>();
        Map<Integer, Long> began = new HashMap<>();
        Map<Integer, Long> took = new HashMap<>();
        Map<Integer, String> notes = new HashMap<>();
        for (JobEvent entry : switchRecord.events()) {
            if (entry.step < 0) {
                continue;
            }
            last.put(entry.step, entry);
            switch (entry.type) {
                case "started" -> began.put(entry.step, entry.elapsedMicros);
                case "done", "failed" ->
                    took.put(entry.step, entry.elapsedMicros - began.getOrDefault(entry.step, entry.elapsedMicros));
                default -> {
                    // Putting back takes time too, but the step's own time is what people compare.
                }
            }
            if (entry.type.equals("failed") || entry.type.equals("undo-failed")) {
                notes.put(entry.step, messages.formatStepFailure(entry));
            }
        }
        List<RecordedStep> lines = new ArrayList<>();
        for (int step = 0; step < switchRecord.steps().size(); step++) {
            JobEvent entry = last.get(step);
            lines.add(new RecordedStep(
                    step + 1,
                    messages.formatStep(switchRecord.steps().get(step), machineBefore),
                    messages.text(entry == null ? "activity.step.none" : "activity.step." + stateKey(entry.type)),
                    took.containsKey(step) ? messages.formatDuration(took.get(step)) : "",
                    notes.getOrDefault(step, "")));
        }
        return lines;
    }

    private static String stateKey(String what) {
        return switch (what) {
            case "done", "skipped", "failed", "undone", "undo-failed", "stuck" -> what;
            default -> "begun";
        };
    }

    /** What spoke against the whole of it, sentences. */
    public List<String> failures() {
        return switchRecord.events().stream()
                .filter(entry -> entry.type.equals("failed") && entry.step < 0)
                .map(messages::formatStepFailure)
                .toList();
    }

    /** The memory map around the GPU as it was; empty when it is not known. */
    public String memoryMapBefore() {
        return machineBefore.memoryMap().toText();
    }

    /** The same afterwards. */
    public String memoryMapAfter() {
        return parseMapAfter().map(MemoryMap::toText).orElse("");
    }

    /** What changed in the memory map, a sentence; empty when that is not known. */
    public String memoryMapChanges() {
        return parseMapAfter().filter(map -> !map.isEmpty() && !machineBefore.memoryMap().isEmpty())
                .map(map -> new MemoryMapMessages(messages).formatDiff(MemoryMapDiff.between(machineBefore.memoryMap(), map)))
                .orElse("");
    }

    private Optional<MemoryMap> parseMapAfter() {
        if (parsedMapAfter == null) {
            parsedMapAfter = switchRecord.snapshotAfter().map(capture -> SnapshotParser.parse(capture).memoryMap());
        }
        return parsedMapAfter;
    }

    /** All of it as a text for a mail or a bug report. */
    public String toPlainText() {
        StringBuilder text = new StringBuilder();
        text.append(title()).append('\n').append(context()).append('\n');
        text.append(result());
        if (!duration().isEmpty()) {
            text.append(" (").append(duration()).append(')');
        }
        text.append('\n');
        failures().forEach(objection -> text.append(objection).append('\n'));
        if (!switchRecord.steps().isEmpty()) {
            appendHeading(text, "activity.steps");
        }
        for (RecordedStep step : steps()) {
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
        if (!switchRecord.shellCommands().isEmpty()) {
            appendHeading(text, "activity.writes");
            switchRecord.shellCommands().forEach(write -> text.append(write).append('\n'));
        }
        String changes = memoryMapChanges();
        if (!changes.isEmpty()) {
            appendHeading(text, "activity.map");
            text.append(changes).append('\n');
        }
        appendMap(text, "activity.map.before", memoryMapBefore());
        appendMap(text, "activity.map.after", memoryMapAfter());
        return text.toString();
    }

    private void appendMap(StringBuilder text, String key, String map) {
        if (!map.isEmpty()) {
            appendHeading(text, key);
            text.append(map);
        }
    }

    private void appendHeading(StringBuilder text, String key) {
        text.append('\n').append(messages.text(key)).append('\n');
    }
}
