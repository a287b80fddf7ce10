package org.switchback.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.Gpu;
import org.switchback.plan.Target;

/**
 * The state of a switch, computed from its events: {@link #begin}, then {@link #after} for each event.
 * {@link #evaluate} combines the outcome with the resulting state of the GPU.
 *
 * @param target mode that the GPU is switched to
 * @param steps progress of each planned step
 * @param refusals why the switch was not executed
 * @param started whether the switch was authorized
 * @param end last event; empty until the switch ends
 */
public record SwitchRun(
        Target target,
        List<StepProgress> steps,
        List<RefusalSummary> refusals,
        boolean started,
        Optional<JobEvent.Finished> end) {
    public SwitchRun {
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
    }

    /** State of a step. */
    public enum StepState {
        PENDING,
        RUNNING,
        DONE,
        SKIPPED,
        FAILED,
        UNDOING,
        UNDONE,
        UNDO_FAILED,
        STUCK,
        /** The switch ended while the step was running, for example because the connection to the helper was lost. */
        UNKNOWN
    }

    /**
     * Progress of a step.
     *
     * @param startedAt start of the step, or of undoing it, as time since the authorization; empty before the start
     * @param duration duration of the step, without undoing it; empty until it ends, and for skipped steps
     * @param waited time since a write that has not returned began; zero if there is none
     * @param failure why the step, or undoing it, last failed; empty if it did not fail
     */
    public record StepProgress(
            StepState state,
            Optional<Duration> startedAt,
            Optional<Duration> duration,
            Duration waited,
            Optional<StepFailure> failure) {
        static final StepProgress PENDING = new StepProgress(
                StepState.PENDING, Optional.empty(), Optional.empty(), Duration.ZERO, Optional.empty());

        private StepProgress after(JobEvent.StepChanged event) {
            return switch (event.phase()) {
                case STARTED -> restarted(StepState.RUNNING, event);
                case UNDOING -> restarted(StepState.UNDOING, event);
                case WAITING ->
                    new StepProgress(
                            state,
                            startedAt,
                            duration,
                            startedAt.map(event.elapsed()::minus).orElse(event.waited()),
                            failure);
                case DONE -> ended(StepState.DONE, event);
                case FAILED -> ended(StepState.FAILED, event);
                case SKIPPED -> with(StepState.SKIPPED, failure);
                case UNDONE -> with(StepState.UNDONE, failure);
                case UNDO_FAILED -> with(StepState.UNDO_FAILED, event.failure());
                case STUCK -> with(StepState.STUCK, failure);
            };
        }

        private StepProgress restarted(StepState newState, JobEvent.StepChanged event) {
            return new StepProgress(newState, Optional.of(event.elapsed()), duration, Duration.ZERO, failure);
        }

        private StepProgress ended(StepState newState, JobEvent.StepChanged event) {
            return new StepProgress(
                    newState, startedAt, startedAt.map(event.elapsed()::minus), Duration.ZERO, event.failure());
        }

        private StepProgress with(StepState newState, Optional<StepFailure> newFailure) {
            return new StepProgress(newState, startedAt, duration, Duration.ZERO, newFailure);
        }

        /** Whether the step is running or being undone. */
        public boolean isRunning() {
            return state == StepState.RUNNING || state == StepState.UNDOING;
        }
    }

    /** Returns the state before the first event. */
    public static SwitchRun begin(Target target, int stepCount) {
        return new SwitchRun(
                target, Collections.nCopies(stepCount, StepProgress.PENDING), List.of(), false, Optional.empty());
    }

    /** Returns the state after all of the events. */
    public static SwitchRun of(Target target, int stepCount, List<JobEvent> events) {
        SwitchRun run = begin(target, stepCount);
        for (JobEvent event : events) {
            run = run.after(event);
        }
        return run;
    }

    /** Returns the state after one more event. Ignores events of steps that the plan does not contain. */
    public SwitchRun after(JobEvent event) {
        return switch (event) {
            case JobEvent.Authorizing authorizing -> this;
            case JobEvent.Authorized authorized -> new SwitchRun(target, steps, refusals, true, end);
            case JobEvent.StepChanged changed ->
                changed.step() < 0 || changed.step() >= steps.size() ? this : withStep(changed);
            case JobEvent.Refused(RefusalSummary refusal, Duration elapsed) -> {
                List<RefusalSummary> newRefusals = new ArrayList<>(refusals);
                newRefusals.add(refusal);
                yield new SwitchRun(target, steps, newRefusals, started, end);
            }
            case JobEvent.Finished finished ->
                new SwitchRun(
                        target,
                        steps.stream()
                                .map(step -> step.isRunning() ? step.with(StepState.UNKNOWN, step.failure()) : step)
                                .toList(),
                        refusals,
                        started,
                        Optional.of(finished));
        };
    }

    private SwitchRun withStep(JobEvent.StepChanged event) {
        List<StepProgress> newSteps = new ArrayList<>(steps);
        newSteps.set(event.step(), steps.get(event.step()).after(event));
        return new SwitchRun(target, newSteps, refusals, true, end);
    }

    /** Returns the fraction of steps that are done or skipped, from 0 to 1; 0 without steps. */
    public double progress() {
        long ended = steps.stream()
                .filter(step -> step.state() == StepState.DONE || step.state() == StepState.SKIPPED)
                .count();
        return steps.isEmpty() ? 0 : (double) ended / steps.size();
    }

    /** Result of a switch, determined from its outcome and the state of the GPU. */
    public enum Result {
        /** The GPU is in the target mode, and the switch is complete. */
        SUCCEEDED,
        /** The GPU is in the same state as before. */
        UNCHANGED,
        /** The helper reported success, but the GPU is in the same state as before. */
        FALSELY_REPORTED,
        /** The GPU is neither in the earlier state nor in the target mode, or the switch is incomplete. */
        PARTIALLY_SWITCHED,
        /** The end was not reported, or the machine could not be read afterwards. */
        UNKNOWN
    }

    /**
     * Determines the result. The switch succeeded only if both the helper's outcome and the state of the GPU confirm
     * that.
     *
     * @param before GPU when the plan was created
     * @param now GPU after the end; empty if it could not be read
     */
    public Result evaluate(Gpu before, Optional<Gpu> now) {
        if (end.isEmpty() || now.isEmpty()) {
            return Result.UNKNOWN;
        }
        Gpu gpu = now.get();
        Outcome outcome = end.get().outcome();
        boolean reached = isReached(gpu);
        boolean hadOtherMode = !target.isReached(before);
        if (reached && (outcome == Outcome.DONE || (hadOtherMode && !outcome.isIncomplete()))) {
            return Result.SUCCEEDED;
        }
        boolean sameDrivers = gpu.drivers().equals(before.drivers());
        if (outcome == Outcome.DONE) {
            return sameDrivers ? Result.FALSELY_REPORTED : Result.PARTIALLY_SWITCHED;
        }
        return sameDrivers && !outcome.isIncomplete() ? Result.UNCHANGED : Result.PARTIALLY_SWITCHED;
    }

    /** Whether the GPU is in the target mode, and in VM mode also without conflicts, which would block vfio-pci. */
    private boolean isReached(Gpu gpu) {
        return target.isReached(gpu)
                && (target == Target.HOST || gpu.conflicts().isEmpty());
    }
}
