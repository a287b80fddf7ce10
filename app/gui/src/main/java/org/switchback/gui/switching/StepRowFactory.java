package org.switchback.gui.switching;

import java.time.Duration;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Machine;
import org.switchback.job.PlannedStep;
import org.switchback.job.SwitchRun.StepProgress;
import org.switchback.job.SwitchRun.StepState;

/** Words the steps of a switch. */
final class StepRowFactory {
    /** From here on a running step says that slow is not stuck. */
    private static final Duration SLOW_STEP = Duration.ofSeconds(10);

    private final Messages messages;

    StepRowFactory(Messages messages) {
        this.messages = messages;
    }

    /**
     * @param number counted from 1
     * @param machine the one that the plan is for
     * @param progress how far the step is
     */
    StepRow create(int number, PlannedStep step, Machine machine, StepProgress progress) {
        return new StepRow(
                number,
                messages.formatStep(step, machine),
                messages.formatReversibility(step),
                step.shellCommand(),
                progress.state(),
                duration(progress),
                note(progress));
    }

    private String duration(StepProgress progress) {
        return progress.waited().isZero()
                ? progress.duration().map(messages::formatDuration).orElse("")
                : messages.text("window.step.lasting", messages.formatDuration(progress.waited()));
    }

    private String note(StepProgress progress) {
        if (progress.state() == StepState.STUCK) {
            return messages.text("window.step.stuck");
        }
        if (progress.isRunning()) {
            return progress.waited().compareTo(SLOW_STEP) >= 0 ? messages.text("window.step.slow") : "";
        }
        return progress.state() == StepState.FAILED || progress.state() == StepState.UNDO_FAILED
                ? progress.failure().map(messages::formatStepFailure).orElse("")
                : "";
    }
}
