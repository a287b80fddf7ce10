package org.switchback.cli;

import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.switchback.client.messages.Messages;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlannedStep;

/** A switch under way: a line a step, finished when the step is. */
final class ProgressPrinter {
    /** A quick step needs no word about waiting, seconds. */
    private static final long FIRST_WAIT_MESSAGE_SECONDS = 5;

    /** How often the word is said again, seconds. */
    private static final long WAIT_MESSAGE_INTERVAL_SECONDS = 30;

    private static final int TITLE_WIDTH = 56;

    private final Terminal terminal;
    private final Messages messages;
    private final PlanningCommand.PlannedSwitch plannedSwitch;
    private final Consumer<JsonObject> jsonConsumer;
    private final Map<Integer, Long> startTimes = new HashMap<>();
    private boolean lineOpen;

    /** @param jsonConsumer told every entry as JSON by {@link #emitJson} */
    ProgressPrinter(Terminal terminal, Messages messages, PlanningCommand.PlannedSwitch plannedSwitch, Consumer<JsonObject> jsonConsumer) {
        this.terminal = terminal;
        this.messages = messages;
        this.plannedSwitch = plannedSwitch;
        this.jsonConsumer = jsonConsumer;
    }

    /** For programs. */
    void emitJson(JobEvent entry) {
        jsonConsumer.accept(JsonFormatter.formatEvent(entry, elapsedSeconds(entry)));
    }

    /** For people. */
    void print(JobEvent entry) {
        Optional<Double> seconds = elapsedSeconds(entry);
        switch (entry.type) {
            case "authorizing" -> {
                if (plannedSwitch.switchesThisMachine()) {
                    printLine(messages.text("job.authorizing"));
                }
            }
            case "authorized", "finished" -> endOpenLine();
            case "started" -> startLine(
                    TextColumns.padLeft(Integer.toString(entry.step + 1), 2) + "  " + stepTitle(entry));
            case "waiting" -> printWaiting(entry);
            case "done" -> finishLine(terminal.success(terminal.symbol("\u2714", "done")), seconds);
            case "skipped" -> printLine(TextColumns.padLeft(Integer.toString(entry.step + 1), 2) + "  "
                    + TextColumns.padRight(stepTitle(entry), TITLE_WIDTH) + "  " + terminal.faint(messages.text("cli.step.skipped")));
            case "failed" -> {
                if (lineOpen) {
                    finishLine(terminal.error(terminal.symbol("\u2718", "failed")), seconds);
                }
                printLine("      " + TextColumns.hangingIndent(messages.formatStepFailure(entry), 8));
            }
            case "undoing" -> startLine(terminal.symbol("\u21a9", "<-") + "   " + messages.text("job.undoing", stepTitle(entry)));
            case "undone" -> finishLine(terminal.success(terminal.symbol("\u2714", "done")), seconds);
            case "undo-failed" -> {
                if (lineOpen) {
                    finishLine(terminal.error(terminal.symbol("\u2718", "failed")), seconds);
                }
                printLine("      " + TextColumns.hangingIndent(messages.text("job.undo-failed", stepTitle(entry), messages.formatStepFailure(entry)), 8));
            }
            case "stuck" -> {
                endOpenLine();
                printLine(messages.text("job.stuck", stepTitle(entry)));
            }
            default -> printLine(entry.type);
        }
        terminal.out().flush();
    }

    private String stepTitle(JobEvent entry) {
        if (entry.step < 0 || entry.step >= plannedSwitch.plan().steps.size()) {
            return messages.text("cli.step", Integer.toString(entry.step + 1));
        }
        PlannedStep step = plannedSwitch.plan().steps.get(entry.step);
        return messages.formatStep(step, plannedSwitch.machine());
    }

    private void printWaiting(JobEvent entry) {
        long seconds = entry.values.isEmpty() ? 0 : Long.parseLong(entry.values.getFirst());
        if (seconds == FIRST_WAIT_MESSAGE_SECONDS || (seconds > 0 && seconds % WAIT_MESSAGE_INTERVAL_SECONDS == 0)) {
            printLine("      " + TextColumns.hangingIndent(messages.text("job.waiting", stepTitle(entry), Long.toString(seconds)), 8));
        }
    }

    /** Time since the step began, when this entry ends it. */
    private Optional<Double> elapsedSeconds(JobEvent entry) {
        switch (entry.type) {
            case "started", "undoing" -> startTimes.put(entry.step, entry.elapsedMicros);
            case "done", "failed", "undone", "undo-failed", "stuck" -> {
                return Optional.ofNullable(startTimes.get(entry.step)).map(start -> (entry.elapsedMicros - start) / 1e6);
            }
            default -> {
                // Nothing begins or ends.
            }
        }
        return Optional.empty();
    }

    private void startLine(String text) {
        endOpenLine();
        terminal.out().print("  " + TextColumns.padRight(text, TITLE_WIDTH));
        lineOpen = true;
    }

    private void finishLine(String sign, Optional<Double> seconds) {
        terminal.out().println("  " + sign + seconds.map(s -> "  " + formatDuration(s)).orElse(""));
        lineOpen = false;
    }

    private void endOpenLine() {
        if (lineOpen) {
            terminal.out().println();
            lineOpen = false;
        }
    }

    private void printLine(String text) {
        endOpenLine();
        terminal.out().println("  " + text);
    }

    private String formatDuration(double seconds) {
        return seconds < 0.001
                ? messages.text("cli.time.short")
                : seconds < 1
                        ? messages.text("cli.time.ms", Long.toString(Math.round(seconds * 1000)))
                        : messages.text("cli.time.s", String.format(messages.locale(), "%.1f", seconds));
    }
}
