package org.switchback.cli;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.switchback.client.messages.Messages;
import org.switchback.job.JobEvent;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.SwitchRun;

/** Prints a running switch, one line a step. The line is completed when the step ends. */
final class ProgressPrinter {
    /** When the first message about a waiting step is printed, in seconds. */
    private static final long FIRST_WAIT_MESSAGE_SECONDS = 5;

    /** How often the message is repeated, in seconds. */
    private static final long WAIT_MESSAGE_INTERVAL_SECONDS = 30;

    private static final int TITLE_WIDTH = 56;

    private final Terminal terminal;
    private final Messages messages;
    private final AbstractPlanningCommand.PlannedSwitch plannedSwitch;
    private final Consumer<JsonObject> jsonConsumer;
    private SwitchRun run;
    private boolean lineOpen;

    /** @param jsonConsumer receives every event as JSON from {@link #emitJson} */
    ProgressPrinter(
            Terminal terminal,
            Messages messages,
            AbstractPlanningCommand.PlannedSwitch plannedSwitch,
            Consumer<JsonObject> jsonConsumer) {
        this.terminal = terminal;
        this.messages = messages;
        this.plannedSwitch = plannedSwitch;
        this.jsonConsumer = jsonConsumer;
        this.run = SwitchRun.begin(
                plannedSwitch.target(), plannedSwitch.plan().steps().size());
    }

    /** Passes an event to the JSON consumer. */
    void emitJson(JobEvent event) {
        run = run.after(event);
        jsonConsumer.accept(JsonFormatter.formatEvent(event, stepDuration(event)));
    }

    /** Prints an event for people. */
    void print(JobEvent event) {
        run = run.after(event);
        switch (event) {
            case JobEvent.Authorizing authorizing -> {
                if (plannedSwitch.switchesThisMachine()) {
                    printLine(messages.text("job.authorizing"));
                }
            }
            case JobEvent.Authorized authorized -> endOpenLine();
            case JobEvent.StepChanged step -> printStep(step);
            case JobEvent.Refused(RefusalSummary refusal, Duration elapsed) ->
                printIndented(messages.formatRefusal(refusal));
            case JobEvent.Finished finished -> endOpenLine();
        }
        terminal.out().flush();
    }

    private void printStep(JobEvent.StepChanged event) {
        switch (event.phase()) {
            case STARTED -> startLine(stepNumber(event) + "  " + stepTitle(event));
            case WAITING -> printWaiting(event);
            case DONE -> finishLine(terminal.success(terminal.symbol("\u2714", "done")), stepDuration(event));
            case SKIPPED ->
                printLine(stepNumber(event) + "  " + TextColumns.padRight(stepTitle(event), TITLE_WIDTH) + "  "
                        + terminal.faint(messages.text("cli.step.skipped")));
            case FAILED -> {
                finishFailedLine(event);
                event.failure().ifPresent(failure -> printIndented(messages.formatStepFailure(failure)));
            }
            case UNDOING ->
                startLine(terminal.symbol("\u21a9", "<-") + "   " + messages.text("job.undoing", stepTitle(event)));
            case UNDONE -> finishLine(terminal.success(terminal.symbol("\u2714", "done")), stepDuration(event));
            case UNDO_FAILED -> {
                finishFailedLine(event);
                event.failure()
                        .ifPresent(failure -> printIndented(messages.text(
                                "job.undo-failed", stepTitle(event), messages.formatStepFailure(failure))));
            }
            case STUCK -> {
                endOpenLine();
                printLine(messages.text("job.stuck", stepTitle(event)));
            }
        }
    }

    private void finishFailedLine(JobEvent.StepChanged event) {
        if (lineOpen) {
            finishLine(terminal.error(terminal.symbol("\u2718", "failed")), stepDuration(event));
        }
    }

    private void printIndented(String text) {
        printLine("      " + TextColumns.hangingIndent(text, 8));
    }

    private static String stepNumber(JobEvent.StepChanged event) {
        return TextColumns.padLeft(Integer.toString(event.step() + 1), 2);
    }

    private String stepTitle(JobEvent.StepChanged event) {
        List<PlannedStep> steps = plannedSwitch.plan().steps();
        return event.step() < 0 || event.step() >= steps.size()
                ? messages.text("cli.step", event.step() + 1)
                : messages.formatStep(steps.get(event.step()), plannedSwitch.machine());
    }

    private void printWaiting(JobEvent.StepChanged event) {
        long seconds = event.waited().toSeconds();
        if (seconds == FIRST_WAIT_MESSAGE_SECONDS || (seconds > 0 && seconds % WAIT_MESSAGE_INTERVAL_SECONDS == 0)) {
            printIndented(messages.text("job.waiting", stepTitle(event), seconds));
        }
    }

    /** Seconds since the start of the step or of its undo; empty unless the event ends it. */
    private Optional<Double> stepDuration(JobEvent event) {
        if (!(event instanceof JobEvent.StepChanged step)
                || step.step() < 0
                || step.step() >= run.steps().size()) {
            return Optional.empty();
        }
        return switch (step.phase()) {
            case DONE, FAILED, UNDONE, UNDO_FAILED, STUCK ->
                run.steps()
                        .get(step.step())
                        .startedAt()
                        .map(start -> step.elapsed().minus(start).toNanos() / 1e9);
            case STARTED, WAITING, SKIPPED, UNDOING -> Optional.empty();
        };
    }

    private void startLine(String text) {
        endOpenLine();
        terminal.out().print("  " + TextColumns.padRight(text, TITLE_WIDTH));
        lineOpen = true;
    }

    private void finishLine(String symbol, Optional<Double> seconds) {
        terminal.out()
                .println("  " + symbol
                        + seconds.map(value -> "  " + formatDuration(value)).orElse(""));
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
                        ? messages.text("cli.time.ms", Math.round(seconds * 1000))
                        : messages.text("cli.time.s", String.format(messages.locale(), "%.1f", seconds));
    }
}
