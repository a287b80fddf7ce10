package org.switchback.client.activity;

import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.SwitchRun;

/** Formats a switch record for people. */
public final class SwitchRecordFormatter {
    private final Messages messages;
    private final ZoneId zone;
    private final SwitchRecord switchRecord;
    private final Machine machineBefore;
    /** Parsed lazily: a list of records does not need it. */
    private @Nullable Optional<MemoryMap> parsedMapAfter;

    /** @param zone time zone for all times */
    public SwitchRecordFormatter(Messages messages, ZoneId zone, SwitchRecord switchRecord) {
        this.messages = messages;
        this.zone = zone;
        this.switchRecord = switchRecord;
        this.machineBefore = switchRecord.machineBefore();
    }

    /**
     * A step and its final state.
     *
     * @param number counted from 1
     * @param text what the step does
     * @param state final state, a word or two
     * @param time how long the step took; empty when it never ran
     * @param note why the step failed; empty when it did not
     */
    public record RecordedStep(int number, String text, String state, String time, String note) {}

    /** Name of the GPU. */
    public String gpuName() {
        return machineBefore
                .gpu(switchRecord.gpu())
                .map(gpu -> gpu.graphics().name())
                .orElse(switchRecord.gpu().toShortString());
    }

    /** The GPU and the requested mode. */
    public String title() {
        return messages.text("activity.title", gpuName(), messages.formatTarget(switchRecord.target()));
    }

    /** When the switch was requested. */
    public String time() {
        return DateTimeFormatter.ofLocalizedDateTime(FormatStyle.MEDIUM)
                .withLocale(messages.locale())
                .format(switchRecord.startedAt().atZone(zone));
    }

    /** Time, program, kernel version and, for a simulated machine, its name. */
    public String context() {
        String initiator = messages.text(
                switchRecord.initiator() == SwitchRecord.SwitchInitiator.WINDOW
                        ? "activity.by.window"
                        : "activity.by.command-line");
        String kernel = machineBefore.kernelVersion().release();
        return switchRecord.isOnThisMachine()
                ? messages.text("activity.circumstances", time(), initiator, kernel)
                : messages.text(
                        "activity.circumstances.elsewhere", time(), initiator, kernel, switchRecord.machineName());
    }

    /** The evaluated result. */
    public SwitchRun.Result status() {
        return switchRecord.result();
    }

    /** The result in one or two sentences. */
    public String result() {
        return switchRecord
                .startFailure()
                .map(messages::formatHelperFailure)
                .or(() -> switchRecord
                        .end()
                        .map(end -> messages.formatOutcome(end.outcome(), switchRecord.target(), gpuName())))
                .orElseGet(() -> messages.text("activity.open"));
    }

    /** Time from the authorization to the end; empty when nothing was done. */
    public String duration() {
        return switchRecord
                .end()
                .map(JobEvent::elapsed)
                .filter(Duration::isPositive)
                .map(messages::formatDuration)
                .orElse("");
    }

    /** All planned steps with their final states. */
    public List<RecordedStep> steps() {
        List<SwitchRun.StepProgress> progress = switchRecord.run().steps();
        List<RecordedStep> steps = new ArrayList<>();
        for (int i = 0; i < progress.size(); i++) {
            SwitchRun.StepProgress step = progress.get(i);
            steps.add(new RecordedStep(
                    i + 1,
                    messages.formatStep(switchRecord.steps().get(i), machineBefore),
                    messages.text("activity.step." + stateKey(step.state())),
                    step.duration().map(messages::formatDuration).orElse(""),
                    step.failure().map(messages::formatStepFailure).orElse("")));
        }
        return steps;
    }

    private static String stateKey(SwitchRun.StepState state) {
        return switch (state) {
            case PENDING -> "none";
            case RUNNING, UNDOING, UNKNOWN -> "begun";
            case DONE, SKIPPED, FAILED, UNDONE, UNDO_FAILED, STUCK -> KebabCase.of(state);
        };
    }

    /** Why the helper refused the whole switch, as sentences. */
    public List<String> failures() {
        return switchRecord.run().refusals().stream()
                .map(messages::formatRefusal)
                .toList();
    }

    /** The memory map around the GPU before the switch; empty when it is not known. */
    public String memoryMapBefore() {
        return machineBefore.memoryMap().toText();
    }

    /** The memory map around the GPU after the switch; empty when it is not known. */
    public String memoryMapAfter() {
        return parseMapAfter().map(MemoryMap::toText).orElse("");
    }

    /** The changes of the memory map in one sentence; empty when they are not known. */
    public String memoryMapChanges() {
        return parseMapAfter()
                .filter(map -> !map.isEmpty() && !machineBefore.memoryMap().isEmpty())
                .map(map -> new MemoryMapMessages(messages)
                        .formatDiff(MemoryMapDiff.between(machineBefore.memoryMap(), map)))
                .orElse("");
    }

    private Optional<MemoryMap> parseMapAfter() {
        if (parsedMapAfter == null) {
            parsedMapAfter = switchRecord.snapshotAfter().map(snapshot -> SnapshotParser.parse(snapshot)
                    .memoryMap());
        }
        return parsedMapAfter;
    }

    /** The whole record as plain text for a mail or a bug report. */
    public String toPlainText() {
        StringBuilder text = new StringBuilder();
        text.append(title()).append('\n').append(context()).append('\n');
        text.append(result());
        if (!duration().isEmpty()) {
            text.append(" (").append(duration()).append(')');
        }
        text.append('\n');
        failures().forEach(failure -> text.append(failure).append('\n'));
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
            switchRecord.shellCommands().forEach(command -> text.append(command).append('\n'));
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
