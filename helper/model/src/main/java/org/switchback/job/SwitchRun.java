package org.switchback.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciDevice;
import org.switchback.plan.Target;

/**
 * A switch as far as its events tell: {@link #begin}, then {@link #after} for each event. {@link #evaluate} compares
 * the end with the machine.
 *
 * @param target where the GPU goes
 * @param steps one for each planned step
 * @param refusals why the whole switch was not carried out
 * @param started whether it was authorized
 * @param end the last event; empty while the switch lasts
 */
public record SwitchRun(
        Target target,
        List<StepProgress> steps,
        List<PlannedRefusal> refusals,
        boolean started,
        Optional<JobEvent.Finished> end) {
    public SwitchRun {
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
    }

    /** How far a step is. */
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
        /** The switch ended while the step was running, for instance because the helper was lost. */
        UNKNOWN
    }

    /**
     * A step so far.
     *
     * @param startedAt when it was started or its undoing was, since the authorization; empty before
     * @param duration how long the step itself took; empty until it has ended, and for skipped steps
     * @param waited how long its write has lasted without returning; zero when it does not wait
     * @param failure why it, or undoing it, failed last; empty when it did not
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

        /** Whether the step, or its undoing, has begun and not ended. */
        public boolean isRunning() {
            return state == StepState.RUNNING || state == StepState.UNDOING;
        }
    }

    /** Before the first event. */
    public static SwitchRun begin(Target target, int stepCount) {
        return new SwitchRun(
                target, Collections.nCopies(stepCount, StepProgress.PENDING), List.of(), false, Optional.empty());
    }

    /** All events at once. */
    public static SwitchRun of(Target target, int stepCount, List<JobEvent> events) {
        SwitchRun run = begin(target, stepCount);
        for (JobEvent event : events) {
            run = run.after(event);
        }
        return run;
    }

    /** With one more event. Events of steps that the plan does not have are ignored: their plan is not known here. */
    public SwitchRun after(JobEvent event) {
        return switch (event) {
            case JobEvent.Authorizing authorizing -> this;
            case JobEvent.Authorized authorized -> new SwitchRun(target, steps, refusals, true, end);
            case JobEvent.StepChanged changed ->
                changed.step() < 0 || changed.step() >= steps.size() ? this : withStep(changed);
            case JobEvent.Refused(PlannedRefusal refusal, Duration elapsed) -> {
                List<PlannedRefusal> more = new ArrayList<>(refusals);
                more.add(refusal);
                yield new SwitchRun(target, steps, more, started, end);
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
        List<StepProgress> changed = new ArrayList<>(steps);
        changed.set(event.step(), steps.get(event.step()).after(event));
        return new SwitchRun(target, changed, refusals, true, end);
    }

    /** The part of the steps that are done or skipped, from 0 to 1. */
    public double progress() {
        long ended = steps.stream()
                .filter(step -> step.state() == StepState.DONE || step.state() == StepState.SKIPPED)
                .count();
        return steps.isEmpty() ? 0 : (double) ended / steps.size();
    }

    /** What a switch came to. */
    public enum Result {
        /** The GPU is in the target mode, and nothing is left over. */
        SUCCEEDED,
        /** It is as it was before. */
        UNCHANGED,
        /** The helper reported success, but the GPU is as it was before. */
        FALSELY_REPORTED,
        /** It is neither as it was before nor in the target mode, or something was left over. */
        PARTIALLY_SWITCHED,
        /** The end was not reported, or the machine could not be read afterwards. */
        UNKNOWN
    }

    /**
     * Whether the switch succeeded: the helper's report and the machine as it is now have to agree.
     *
     * @param before the GPU when the plan was made
     * @param now the GPU after the end; empty when it could not be read
     */
    public Result evaluate(Gpu before, Optional<Gpu> now) {
        if (end.isEmpty() || now.isEmpty()) {
            return Result.UNKNOWN;
        }
        Gpu gpu = now.get();
        Outcome outcome = end.get().outcome();
        boolean reached = isReached(gpu);
        boolean wasElsewhere = !target.isReached(before);
        if (reached && (outcome == Outcome.DONE || (wasElsewhere && !outcome.isIncomplete()))) {
            return Result.SUCCEEDED;
        }
        boolean sameDrivers = drivers(gpu).equals(drivers(before));
        if (outcome == Outcome.DONE) {
            return sameDrivers ? Result.FALSELY_REPORTED : Result.PARTIALLY_SWITCHED;
        }
        return sameDrivers && !outcome.isIncomplete() ? Result.UNCHANGED : Result.PARTIALLY_SWITCHED;
    }

    /** Whether the GPU is in the target mode; in VM mode nothing may be left that vfio-pci can't live with. */
    private boolean isReached(Gpu gpu) {
        return target.isReached(gpu)
                && (target == Target.HOST || gpu.conflicts().isEmpty());
    }

    private static List<Optional<String>> drivers(Gpu gpu) {
        return gpu.functions().stream().map(PciDevice::driver).toList();
    }
}
