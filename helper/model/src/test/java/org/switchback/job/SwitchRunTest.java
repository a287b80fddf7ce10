package org.switchback.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.SwitchRun.Result;
import org.switchback.job.SwitchRun.StepState;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Target;

class SwitchRunTest {
    private static final Gpu HOST = gpu("q35-6.1-0380-native");
    private static final Gpu VM_BLOCKED = gpu("q35-6.1-0380-vfio-blocked");
    private static final Gpu VM = gpu("q35-6.1-0380-vfio");

    private static Gpu gpu(String snapshot) {
        return TestSnapshots.parseMachine(snapshot).gpus().stream()
                .filter(gpu -> gpu.address().toString().equals("0000:01:00.0"))
                .findFirst()
                .orElseThrow();
    }

    private static Duration millis(long millis) {
        return Duration.ofMillis(millis);
    }

    private static SwitchRun ended(Target target, Outcome outcome) {
        return SwitchRun.begin(target, 1).after(new JobEvent.Finished(outcome, millis(10)));
    }

    @Test
    void snapshotsHaveTheExpectedModes() {
        assertThat(HOST.mode()).isEqualTo(Gpu.GpuMode.HOST);
        assertThat(VM_BLOCKED.mode()).isEqualTo(Gpu.GpuMode.VM);
        assertThat(VM_BLOCKED.conflicts()).isNotEmpty();
        assertThat(VM.mode()).isEqualTo(Gpu.GpuMode.VM);
        assertThat(VM.conflicts()).isEmpty();
    }

    @Test
    void eventsAreFoldedIntoStepsWithDurations() {
        SwitchRun run = SwitchRun.of(
                Target.VM,
                3,
                List.of(
                        new JobEvent.Authorizing(),
                        new JobEvent.Authorized(),
                        JobEvent.StepChanged.of(0, StepPhase.STARTED, millis(1)),
                        JobEvent.StepChanged.of(0, StepPhase.DONE, millis(21)),
                        JobEvent.StepChanged.of(1, StepPhase.SKIPPED, millis(22)),
                        JobEvent.StepChanged.of(2, StepPhase.STARTED, millis(23)),
                        JobEvent.StepChanged.waiting(2, millis(1023), Duration.ofSeconds(1))));

        assertThat(run.started()).isTrue();
        assertThat(run.steps())
                .extracting(SwitchRun.StepProgress::state)
                .containsExactly(StepState.DONE, StepState.SKIPPED, StepState.RUNNING);
        assertThat(run.steps().get(0).duration()).contains(millis(20));
        assertThat(run.steps().get(2).waited()).isEqualTo(Duration.ofSeconds(1));
        assertThat(run.progress()).isEqualTo(2.0 / 3);
        assertThat(run.end()).isEmpty();
    }

    @Test
    void failureIsKeptWhileOtherStepsAreUndone() {
        StepFailure failure = new StepFailure("EBUSY", List.of());
        SwitchRun run = SwitchRun.of(
                Target.VM,
                2,
                List.of(
                        JobEvent.StepChanged.of(0, StepPhase.STARTED, millis(1)),
                        JobEvent.StepChanged.of(0, StepPhase.DONE, millis(2)),
                        JobEvent.StepChanged.of(1, StepPhase.STARTED, millis(2)),
                        JobEvent.StepChanged.failed(1, StepPhase.FAILED, millis(5), failure),
                        JobEvent.StepChanged.of(0, StepPhase.UNDOING, millis(6)),
                        JobEvent.StepChanged.of(0, StepPhase.UNDONE, millis(9)),
                        new JobEvent.Finished(Outcome.ROLLED_BACK, millis(10))));

        assertThat(run.steps().get(1).failure()).contains(failure);
        assertThat(run.steps().get(1).duration()).contains(millis(3));
        assertThat(run.steps().get(0).state()).isEqualTo(StepState.UNDONE);
        assertThat(run.steps().get(0).duration())
                .as("without the time of undoing it")
                .contains(millis(1));
    }

    @Test
    void stepRunningAtTheEndBecomesUnknown() {
        SwitchRun run = SwitchRun.begin(Target.VM, 1)
                .after(JobEvent.StepChanged.of(0, StepPhase.STARTED, millis(1)))
                .after(new JobEvent.Finished(Outcome.HELPER_LOST, Duration.ZERO));
        assertThat(run.steps().getFirst().state()).isEqualTo(StepState.UNKNOWN);
    }

    @Test
    void stepsOfAnUnknownPlanAreIgnored() {
        SwitchRun run = SwitchRun.begin(Target.HOST, 0)
                .after(JobEvent.StepChanged.of(4, StepPhase.UNDONE, millis(1)))
                .after(JobEvent.StepChanged.of(-1, StepPhase.DONE, millis(1)));
        assertThat(run.steps()).isEmpty();
    }

    @Test
    void refusalsAreCollected() {
        RefusalSummary refusal = new RefusalSummary(RefusalCode.IN_USE, List.of("04:00.0"));
        assertThat(SwitchRun.begin(Target.VM, 0)
                        .after(new JobEvent.Refused(refusal, millis(1)))
                        .refusals())
                .containsExactly(refusal);
    }

    @Test
    void successRequiresOutcomeAndGpuState() {
        assertThat(ended(Target.VM, Outcome.DONE).evaluate(HOST, Optional.of(VM)))
                .isEqualTo(Result.SUCCEEDED);
        assertThat(ended(Target.HOST, Outcome.DONE).evaluate(VM, Optional.of(HOST)))
                .isEqualTo(Result.SUCCEEDED);
        assertThat(ended(Target.VM, Outcome.DONE).evaluate(HOST, Optional.of(HOST)))
                .isEqualTo(Result.FALSELY_REPORTED);
    }

    @Test
    void remainingConflictInVmModeIsPartiallySwitched() {
        assertThat(ended(Target.VM, Outcome.DONE).evaluate(HOST, Optional.of(VM_BLOCKED)))
                .isEqualTo(Result.PARTIALLY_SWITCHED);
    }

    @Test
    void rollbackOfVmSwitchCountsAsSwitchToHost() {
        assertThat(ended(Target.HOST, Outcome.ROLLED_BACK).evaluate(VM, Optional.of(HOST)))
                .isEqualTo(Result.SUCCEEDED);
    }

    @ParameterizedTest
    @EnumSource(value = Outcome.class, names = "DONE", mode = EnumSource.Mode.EXCLUDE)
    void otherOutcomesAreUnchangedUnlessIncomplete(Outcome outcome) {
        assertThat(ended(Target.VM, outcome).evaluate(HOST, Optional.of(HOST)))
                .isEqualTo(outcome.isIncomplete() ? Result.PARTIALLY_SWITCHED : Result.UNCHANGED);
    }

    @Test
    void resultIsUnknownWithoutMachineOrEnd() {
        assertThat(ended(Target.VM, Outcome.DONE).evaluate(HOST, Optional.empty()))
                .isEqualTo(Result.UNKNOWN);
        assertThat(SwitchRun.begin(Target.VM, 1).evaluate(HOST, Optional.of(HOST)))
                .as("before the end")
                .isEqualTo(Result.UNKNOWN);
    }
}
