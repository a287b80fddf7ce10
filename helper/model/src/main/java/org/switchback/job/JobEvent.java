package org.switchback.job;

import java.time.Duration;
import java.util.Optional;

/** One event of a job, in the order in which they happen. */
public sealed interface JobEvent {
    /** Time since the authorization; zero before it. */
    Duration elapsed();

    /** The user is asked. */
    record Authorizing() implements JobEvent {
        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    }

    /** The user may switch, and the switch begins. */
    record Authorized() implements JobEvent {
        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    }

    /**
     * Something happened to a step.
     *
     * @param step its index in the plan, counted from 0
     * @param failure why, for {@link StepPhase#FAILED} and {@link StepPhase#UNDO_FAILED}; empty otherwise
     * @param waited how long the write has lasted, for {@link StepPhase#WAITING}; zero otherwise
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

        /** The same event with another time base. */
        public StepChanged withElapsed(Duration newElapsed) {
            return new StepChanged(step, phase, newElapsed, failure, waited);
        }
    }

    /** A reason why the whole switch is not carried out; {@link Outcome#REFUSED} follows. */
    record Refused(PlannedRefusal refusal, Duration elapsed) implements JobEvent {}

    /** The last event of every job. */
    record Finished(Outcome outcome, Duration elapsed) implements JobEvent {}
}
