package org.switchback.protocol;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepFailure;
import org.switchback.job.StepPhase;

/** A {@link JobEvent} on the bus. */
public final class JobEventStruct extends Struct {
    private static final String AUTHORIZING = "authorizing";
    private static final String AUTHORIZED = "authorized";
    private static final String REFUSED = "refused";
    private static final String FINISHED = "finished";

    /** {@code authorizing}, {@code authorized}, a {@link StepPhase#wireName}, {@code refused} or {@code finished}. */
    @Position(0)
    public final String type;

    /** Index of the step, counted from 0; -1 for an event of the whole job. */
    @Position(1)
    public final int step;

    /** Time since the authorization, in microseconds; 0 before it. */
    @Position(2)
    public final long elapsedMicros;

    /**
     * {@link StepFailure#reason} of a failed step, code of a refusal, or {@link Outcome#wireName} of a finished job;
     * empty for other events.
     */
    @Position(3)
    public final String detail;

    /**
     * Values of a failure or details of a refusal; for {@code waiting} the time since the write began, in seconds;
     * empty for other events.
     */
    @Position(4)
    public final List<String> values;

    public JobEventStruct(String type, int step, long elapsedMicros, String detail, List<String> values) {
        this.type = type;
        this.step = step;
        this.elapsedMicros = elapsedMicros;
        this.detail = detail;
        this.values = values;
    }

    public static JobEventStruct encode(JobEvent event) {
        long micros = event.elapsed().truncatedTo(ChronoUnit.MICROS).toNanos() / 1000;
        return switch (event) {
            case JobEvent.Authorizing authorizing -> new JobEventStruct(AUTHORIZING, -1, micros, "", List.of());
            case JobEvent.Authorized authorized -> new JobEventStruct(AUTHORIZED, -1, micros, "", List.of());
            case JobEvent.StepChanged(
                    int step,
                    StepPhase phase,
                    Duration elapsed,
                    Optional<StepFailure> failure,
                    Duration waited) ->
                new JobEventStruct(
                        phase.wireName(),
                        step,
                        micros,
                        failure.map(StepFailure::reason).orElse(""),
                        phase == StepPhase.WAITING
                                ? List.of(Long.toString(waited.toSeconds()))
                                : failure.map(StepFailure::values).orElse(List.of()));
            case JobEvent.Refused(RefusalSummary refusal, Duration elapsed) ->
                new JobEventStruct(REFUSED, -1, micros, refusal.code().wireName(), refusal.details());
            case JobEvent.Finished(Outcome outcome, Duration elapsed) ->
                new JobEventStruct(FINISHED, -1, micros, outcome.wireName(), List.of());
        };
    }

    /** @return empty for an event that is unknown in this protocol version */
    public Optional<JobEvent> decode() {
        Duration elapsed = Duration.of(elapsedMicros, ChronoUnit.MICROS);
        return switch (type) {
            case AUTHORIZING -> Optional.of(new JobEvent.Authorizing());
            case AUTHORIZED -> Optional.of(new JobEvent.Authorized());
            case REFUSED -> Optional.of(new JobEvent.Refused(RefusalStruct.decode(detail, values), elapsed));
            case FINISHED ->
                Optional.of(new JobEvent.Finished(Outcome.parse(detail).orElse(Outcome.ERROR), elapsed));
            default -> StepPhase.parse(type).map(phase -> decodeStep(phase, elapsed));
        };
    }

    private JobEvent decodeStep(StepPhase phase, Duration elapsed) {
        if (phase == StepPhase.WAITING) {
            return JobEvent.StepChanged.waiting(step, elapsed, waited());
        }
        return detail.isEmpty()
                ? JobEvent.StepChanged.of(step, phase, elapsed)
                : JobEvent.StepChanged.failed(step, phase, elapsed, new StepFailure(detail, values));
    }

    private Duration waited() {
        try {
            return values.isEmpty() ? Duration.ZERO : Duration.ofSeconds(Long.parseLong(values.getFirst()));
        } catch (NumberFormatException ignored) {
            // The time is only shown to the user.
            return Duration.ZERO;
        }
    }

    public boolean isFinished() {
        return type.equals(FINISHED);
    }

    /**
     * Returns a copy without the names of programs and users, which only the job's owner may read, in the job's log.
     */
    public JobEventStruct redacted() {
        return new JobEventStruct(type, step, elapsedMicros, detail, canContainNames() ? List.of() : values);
    }

    /** Whether {@link #redacted} may have removed values from this event. */
    public boolean isRedacted() {
        return canContainNames() && values.isEmpty();
    }

    private boolean canContainNames() {
        return !detail.isEmpty() && !isFinished();
    }
}
