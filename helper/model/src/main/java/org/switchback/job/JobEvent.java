package org.switchback.job;

import java.time.Duration;
import java.util.Optional;

/** An event of a job. */
public sealed interface JobEvent {
    /** Time from the authorization to the event; zero before the authorization. */
    Duration elapsed();

    /** The authorization was requested; the user may see a password prompt. */
    record Authorizing() implements JobEvent {
        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    }

    /** The authorization was granted, and the switch begins. */
    record Authorized() implements JobEvent {
        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    }

    /**
     * The phase of a step changed, or a wait continues.
     *
     * @param step index of the step in the plan, counted from 0
     * @param failure reason, for {@link StepPhase#FAILED} and {@link StepPhase#UNDO_FAILED}; empty otherwise
     * @param waited time since the write began, for {@link StepPhase#WAITING}; zero otherwise
     */
    record StepChanged(int step, StepPhase phase, Duration elapsed, Optional<StepFailure> failure, Duration waited)
            implements JobEvent {
        public static StepChanged of(int step, StepPhase phase, Duration elapsed) {
            return new StepChanged(step, phase, elapsed, Optional.empty(), Duration.ZERO);
        }

        public static StepChanged failed(int step, StepPhase phase, Duration elapsed, StepFailure failure) {
            return new StepChanged(step, phase, elapsed, Optional.of(failure), Duration.ZERO);
        }

        public static StepChanged waiting(int step, Duration elapsed, Duration waited) {
            return new StepChanged(step, StepPhase.WAITING, elapsed, Optional.empty(), waited);
        }

        /** Returns the same event with another elapsed time. */
        public StepChanged withElapsed(Duration newElapsed) {
            return new StepChanged(step, phase, newElapsed, failure, waited);
        }
    }

    /** A reason why the switch is not executed; the job ends with {@link Outcome#REFUSED}. */
    record Refused(RefusalSummary refusal, Duration elapsed) implements JobEvent {}

    /** The last event of every job. */
    record Finished(Outcome outcome, Duration elapsed) implements JobEvent {}
}
