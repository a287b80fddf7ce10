package org.switchback.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepFailure;
import org.switchback.job.StepKind;
import org.switchback.job.StepPhase;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.ReleaseStage.ReleaseMethod;
import org.switchback.plan.ReleaseStage.ReleaseReason;
import org.switchback.plan.Step;

/** Tests that encoding and decoding the D-Bus structs preserves the model's types. */
class StructsTest {
    private static final Duration ELAPSED = Duration.ofNanos(1_234_000);

    static Stream<JobEvent> events() {
        return Stream.of(
                        Stream.of(new JobEvent.Authorizing(), new JobEvent.Authorized()),
                        Stream.of(StepPhase.values())
                                .filter(phase -> phase != StepPhase.WAITING)
                                .map(phase -> JobEvent.StepChanged.of(3, phase, ELAPSED)),
                        Stream.of(
                                JobEvent.StepChanged.waiting(3, ELAPSED, Duration.ofSeconds(7)),
                                JobEvent.StepChanged.failed(
                                        3,
                                        StepPhase.FAILED,
                                        ELAPSED,
                                        new StepFailure("in-use", List.of("Xorg", "812"))),
                                new JobEvent.Refused(
                                        new RefusalSummary(RefusalCode.IN_USE, List.of("04:00.0")), ELAPSED)),
                        Stream.of(Outcome.values()).map(outcome -> new JobEvent.Finished(outcome, ELAPSED)))
                .flatMap(stream -> stream);
    }

    @ParameterizedTest
    @MethodSource("events")
    void eventsRoundTrip(JobEvent event) {
        assertThat(JobEventStruct.encode(event).decode()).contains(event);
    }

    @Test
    void unknownEventIsEmptyAndUnknownOutcomeIsAnError() {
        assertThat(new JobEventStruct("unheard-of", 0, 0, "", List.of()).decode())
                .isEmpty();
        assertThat(new JobEventStruct("finished", -1, 0, "unheard-of", List.of()).decode())
                .contains(new JobEvent.Finished(Outcome.ERROR, Duration.ZERO));
    }

    @ParameterizedTest
    @MethodSource("events")
    void redactionRemovesValuesThatMayContainNames(JobEvent event) {
        JobEventStruct struct = JobEventStruct.encode(event);
        boolean canContainNames = event instanceof JobEvent.Refused
                || (event instanceof JobEvent.StepChanged step && step.failure().isPresent());
        assertThat(struct.redacted().isRedacted()).isEqualTo(canContainNames);
        assertThat(struct.redacted().values).isEqualTo(canContainNames ? List.of() : struct.values);
    }

    @ParameterizedTest
    @EnumSource(StepKind.class)
    void stepsRoundTrip(StepKind kind) {
        for (Step.UndoPolicy policy : Step.UndoPolicy.values()) {
            PlannedStep step = new PlannedStep(
                    kind, "0000:04:00.0", "nvidia", "", policy, "do", "undo", Optional.empty(), Optional.empty());
            assertThat(PlannedStepStruct.encode(step).decode()).isEqualTo(step);
        }
        for (ReleaseMethod method : ReleaseMethod.values()) {
            for (ReleaseReason reason : ReleaseReason.values()) {
                PlannedStep releaseStep = new PlannedStep(
                        kind,
                        "0000:04:00.0",
                        "",
                        "",
                        Step.UndoPolicy.KEPT,
                        "",
                        "",
                        Optional.of(method),
                        Optional.of(reason));
                assertThat(PlannedStepStruct.encode(releaseStep).decode()).isEqualTo(releaseStep);
            }
        }
    }

    @Test
    void unknownNamesInAStepAreRejected() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PlannedStepStruct("unheard-of", "", "", "", "kept", "", "", "", "").decode());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PlannedStepStruct("driver", "", "", "", "never", "", "", "", "").decode());
    }

    @ParameterizedTest
    @EnumSource(RefusalCode.class)
    void refusalsRoundTrip(RefusalCode code) {
        RefusalSummary refusal = new RefusalSummary(code, List.of("04:00.0", "nvidia"));
        assertThat(RefusalStruct.encode(refusal).decode()).isEqualTo(refusal);
    }

    @Test
    void unknownRefusalKeepsItsName() {
        assertThat(new RefusalStruct("unheard-of", List.of("04:00.0")).decode())
                .isEqualTo(new RefusalSummary(RefusalCode.UNKNOWN, List.of("unheard-of", "04:00.0")));
    }
}
