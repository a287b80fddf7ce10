package org.switchback.gui.switching;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.PciAddress;
import org.switchback.job.SwitchRun;
import org.switchback.job.SwitchRun.StepState;
import org.switchback.plan.Target;

class SwitchViewModelTest {
    private static final int FIRST_UNBIND = 5;

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private boolean paneLeft;
    private PlanComparison planComparison = PlanComparison.NEW;

    // The plan.

    @Test
    void planListsEveryStepAndDevice() {
        SwitchViewModel model = planToVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 to VM mode");
        assertThat(model.steps())
                .extracting(StepRow::text)
                .containsExactly(
                        "Check that no program uses 04:00.0 and 04:00.1",
                        "Load vfio-pci",
                        "Keep 04:00.1 awake",
                        "Set the driver override of 04:00.0 to vfio-pci",
                        "Set the driver override of 04:00.1 to vfio-pci",
                        "Unbind 04:00.1 from snd_hda_intel",
                        "Unbind 04:00.0 from nvidia",
                        "Release efifb c0000000-c086ffff",
                        "Bind 04:00.0 to vfio-pci",
                        "Bind 04:00.1 to vfio-pci",
                        "Check that a virtual machine can use every BAR");
        assertThat(model.steps())
                .extracting(StepRow::reversibility)
                .doesNotContain("")
                .contains("reversible", "stays loaded");
        assertThat(model.steps()).extracting(StepRow::state).containsOnly(StepState.PENDING);
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (nvidia)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (snd_hda_intel)");
        assertThat(helper.calls()).containsExactly("inspect", "plan 0000:04:00.0 vm");
    }

    @Test
    void planNotesNameTheDesktopGpuAndHostLimitations() {
        assertThat(planToVm().notes())
                .contains(
                        "The desktop stays on AMD/ATI Radeon HD 8570 / R7 240/340 OEM.",
                        "Until switched back: no graphics, no computing and no sound on this GPU.")
                .anyMatch(note -> note.contains("password"));
    }

    @Test
    void sampleMachineMentionsNoPassword() {
        ScriptedHelper sample = new ScriptedHelper(
                new MachineSource.SampleMachine(SampleMachines.DEFAULT),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        SwitchViewModel model = model(sample, Target.VM);
        assertThat(model.notes()).isNotEmpty().noneMatch(note -> note.contains("password"));
        press(model, "switch-apply");
        assertThat(model.statusProperty().get()).isEqualTo("Starting");
    }

    @Test
    void commandsAreTheShellCommandsOfThePlan() {
        assertThat(planToVm().commands().lines())
                .contains(
                        "sudo modprobe vfio-pci",
                        "echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind")
                .hasSize(9);
    }

    @Test
    void leavingThePlanChangesNothing() {
        SwitchViewModel model = planToVm();
        press(model, "switch-cancel");
        assertThat(paneLeft).isTrue();
        assertThat(helper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void planArrivingAfterLeavingIsIgnored() {
        Queue<Runnable> screen = new ArrayDeque<>();
        SwitchViewModel model = new SwitchViewModel(
                helper,
                new BackgroundTasks(Runnable::run, screen::add),
                messages,
                ScriptedHelper.GTX_1080,
                Target.VM,
                (target, plan) -> planComparison,
                () -> paneLeft = true);
        model.leave();
        screen.remove().run();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNING);
        assertThat(model.steps()).isEmpty();
    }

    @Test
    void samePlanAsLastSuccessIsAppliedAtOnce() {
        planComparison = PlanComparison.SAME;
        SwitchViewModel model = planToVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.AUTHORIZING);
        assertThat(model.steps()).isNotEmpty();
        assertThat(helper.calls()).anyMatch(call -> call.startsWith("apply"));
    }

    @Test
    void changedPlanIsShownWithANote() {
        planComparison = PlanComparison.CHANGED;
        SwitchViewModel model = planToVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.notes()).first().isEqualTo("This plan differs from the last one that succeeded.");
    }

    @Test
    void planIsShownAfterCheckAgain() {
        planComparison = PlanComparison.SAME;
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = planToVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.REFUSED);
        helper.closeDeviceNode(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(helper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    // The GPU's own driver.

    @Test
    void nativeDriverIsOfferedOnlyInsteadOfTheModule() {
        assertThat(planToVm().nativeDriverOfferedProperty().get()).isFalse();
    }

    @Test
    void allowingTheNativeDriverMakesANewPlan() {
        ScriptedHelper apu = new ScriptedHelper(
                new MachineSource.ThisMachine(),
                SampleMachines.load("strix-halo-32g")
                        .orElseThrow()
                        .withChanges(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty())));
        SwitchViewModel model = model(apu, PciAddress.of("0000:c3:00.0"), Target.VM);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.REFUSED);
        assertThat(model.nativeDriverOfferedProperty().get()).isTrue();
        model.allowNativeDriver(true);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.notes()).anyMatch(note -> note.startsWith("Switchback binds the GPU's own driver"));
        model.allowNativeDriver(false);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.REFUSED);
    }

    // What blocks.

    @Test
    void programsUsingTheGpuLeaveOnlyCheckAgain() {
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = planToVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.REFUSED);
        assertThat(model.refusals())
                .containsExactly("Xorg (PID 4121, user ann) uses 04:00.0 through /dev/dri/card7."
                        + " Close that program or session, then check again.");
        assertThat(actionIds(model)).containsExactly("switch-done", "check-again");
        assertThat(model.steps()).isNotEmpty();
    }

    @Test
    void checkAgainAfterTheProgramEndedGivesAPlan() {
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = planToVm();
        helper.closeDeviceNode(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.refusals()).isEmpty();
        assertThat(actionIds(model)).containsExactly("switch-cancel", "switch-apply");
    }

    @ParameterizedTest
    @EnumSource(
            value = HelperException.FailureKind.class,
            names = {"INCOMPLETE"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyPlanProblemHasAMessageAndCheckAgain(HelperException.FailureKind kind) {
        helper.failPlans(kind);
        SwitchViewModel model = planToVm();
        assertThat(model.refusals()).containsExactly(messages.formatHelperFailure(kind));
        assertThat(actionIds(model)).containsExactly("switch-done", "check-again");
    }

    @Test
    void unresponsiveHelperIsReported() {
        helper.failAllCalls(HelperException.FailureKind.LOST);
        SwitchViewModel model = planToVm();
        assertThat(model.refusals()).containsExactly(messages.formatHelperFailure(HelperException.FailureKind.LOST));
        helper.clearFailure();
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
    }

    @Test
    void incompleteEarlierSwitchCanBeRolledBack() {
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.failPlans(HelperException.FailureKind.INCOMPLETE);
        SwitchViewModel model = planToVm();
        press(model, "switch-restore");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.emitEvent("authorized", -1, 0, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.emitEvent("finished", -1, 9, "done");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.SUCCEEDED);
        assertThat(result(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void switchToHostRollsBackAnIncompleteSwitchAtOnce() {
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.failNextSwitch(HelperException.FailureKind.INCOMPLETE);
        SwitchViewModel model = model(helper, Target.HOST);
        press(model, "switch-apply");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.emitEvent("authorized", -1, 0, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.emitEvent("finished", -1, 9, "rolled-back");
        assertThat(result(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void switchToVmRollsBackAnIncompleteSwitchAndPlansAgain() {
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.failNextSwitch(HelperException.FailureKind.INCOMPLETE);
        SwitchViewModel model = planToVm();
        press(model, "switch-apply");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.emitEvent("authorized", -1, 0, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.emitEvent("finished", -1, 9, "rolled-back");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 to VM mode");
        press(model, "switch-apply");
        assertThat(helper.calls()).last().asString().startsWith("apply");
    }

    @Test
    void refusedRollbackIsExplained() {
        helper.failPlans(HelperException.FailureKind.INCOMPLETE);
        SwitchViewModel model = planToVm();
        press(model, "switch-restore");
        helper.emitEvent("authorized", -1, 0, "");
        helper.emitEvent("refused", -1, 0, "in-use", "04:00.0", "qemu", "77", "ann", "/dev/vfio/27");
        helper.emitEvent("finished", -1, 0, "refused");
        assertThat(result(model).title()).isEqualTo("Stopped before anything was changed.");
        assertThat(result(model).lines())
                .first()
                .asString()
                .startsWith("A virtual machine (qemu, PID 77) uses 04:00.0.");
    }

    @ParameterizedTest
    @EnumSource(
            value = HelperException.FailureKind.class,
            names = {"BUSY", "STALE", "UNKNOWN_PLAN", "READ_ONLY", "LIMIT"})
    void rejectedPlanIsExplained(HelperException.FailureKind kind) {
        helper.failSwitches(kind);
        SwitchViewModel model = planToVm();
        press(model, "switch-apply");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PROBLEM);
        assertThat(model.refusals()).containsExactly(messages.formatHelperFailure(kind));
        assertThat(actionIds(model)).containsExactly("switch-done", "check-again");
    }

    // Progress.

    @Test
    void waitsForAuthenticationBeforeTheFirstStep() {
        SwitchViewModel model = startedSwitch();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.AUTHORIZING);
        assertThat(model.statusProperty().get()).isEqualTo("Waiting for authentication");
        assertThat(model.canLeaveProperty().get()).isFalse();
        assertThat(actionIds(model)).containsExactly("switch-stop");
    }

    @Test
    void stepShowsItsStateAndDuration() {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", 0, 1, "");
        assertThat(model.steps().getFirst().state()).isEqualTo(StepState.RUNNING);
        assertThat(model.statusProperty().get())
                .isEqualTo("Step 1 of 11: Check that no program uses 04:00.0 and 04:00.1");
        helper.emitEvent("done", 0, 1234, "");
        assertThat(model.steps().getFirst().state()).isEqualTo(StepState.DONE);
        assertThat(model.steps().getFirst().duration()).isEqualTo("1.2 s");
        assertThat(model.progressProperty().get()).isEqualTo(1.0 / 11);
    }

    @Test
    void slowStepNoteAppearsAfterTenSeconds() {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", FIRST_UNBIND, 1, "");
        helper.emitEvent("waiting", FIRST_UNBIND, 9_900, "");
        assertThat(model.steps().get(FIRST_UNBIND).duration()).isEqualTo("9.9 s so far");
        assertThat(model.steps().get(FIRST_UNBIND).note()).isEmpty();
        helper.emitEvent("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.steps().get(FIRST_UNBIND).note()).startsWith("Slow, but not stuck");
        helper.emitEvent("done", FIRST_UNBIND, 100, "");
        assertThat(model.steps().get(FIRST_UNBIND).note()).isEmpty();
        assertThat(model.steps().get(FIRST_UNBIND).duration()).isEqualTo("11.0 s");
    }

    @Test
    void waitingStepOffersStopAfterThisStep() {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", FIRST_UNBIND, 1, "");
        helper.emitEvent("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.actions()).singleElement().satisfies(action -> {
            assertThat(action.enabled()).isTrue();
            assertThat(action.label()).isEqualTo("Stop after this step");
        });
        helper.emitEvent("done", FIRST_UNBIND, 1, "");
        helper.emitEvent("started", FIRST_UNBIND + 1, 1, "");
        assertThat(model.actions()).singleElement().matches(PaneAction::enabled);
    }

    @Test
    void cancelIsSentOnceAndStopsAfterTheStep() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 2);
        press(model, "switch-stop");
        assertThat(helper.calls()).last().isEqualTo("cancel");
        helper.emitEvent("started", 3, 1, "");
        assertThat(model.actions()).singleElement().satisfies(action -> {
            assertThat(action.enabled()).isFalse();
            assertThat(action.label()).isEqualTo("Stopping after this step");
        });
        helper.emitEvent("done", 3, 1, "");
        for (int step = 3; step > 1; step--) {
            helper.emitEvent("undoing", step, 1, "");
            helper.emitEvent("undone", step, 1, "");
        }
        helper.emitEvent("finished", -1, 1, "cancelled");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNCHANGED);
        assertThat(result(model).title()).isEqualTo("Cancelled. All changes were rolled back.");
        assertThat(helper.calls().stream().filter("cancel"::equals)).hasSize(1);
    }

    // Results.

    @Test
    void successIsVerifiedWithTheKernel() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.setVmMode();
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.SUCCEEDED);
        assertThat(result(model).title()).isEqualTo("GeForce GTX 1080 is in VM mode.");
        assertThat(result(model).lines())
                .containsExactly(
                        "Read from the kernel just now: 04:00.0 is bound to vfio-pci"
                                + " and 04:00.1 is bound to vfio-pci.",
                        "To use it, add 04:00.0 and 04:00.1 to a virtual machine as PCI host devices. VM mode "
                                + "lasts until"
                                + " you switch back or restart this computer.",
                        "Until switched back: no graphics, no computing and no sound on this GPU.");
        assertThat(helper.calls()).last().isEqualTo("inspect");
        assertThat(actionIds(model)).containsExactly("switch-back", "switch-done");
        assertThat(model.canLeaveProperty().get()).isTrue();
    }

    @Test
    void inspectionAfterTheSwitchIsRetried() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.setVmMode();
        helper.timeOutNextCalls(2);
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).title()).isEqualTo("GeForce GTX 1080 is in VM mode.");
    }

    @Test
    void inspectionRetriesAreLimited() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.timeOutNextCalls(Integer.MAX_VALUE);
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNKNOWN);
        assertThat(actionIds(model)).containsExactly("switch-done", "check-again");
    }

    @Test
    void falseSuccessIsDetected() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.FALSELY_REPORTED);
        assertThat(result(model).title())
                .isEqualTo("The helper reported success, but 04:00.0 is still bound to nvidia.");
    }

    @Test
    void successWithRemainingFramebufferIsFalse() {
        SwitchViewModel model = authorizedSwitch();
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "vfio-pci");
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.PARTIALLY_SWITCHED);
        assertThat(result(model).title())
                .startsWith("The helper reported success, but ")
                .contains("memory");
    }

    @Test
    void failureNamesTheStepAndTheRollback() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, FIRST_UNBIND);
        helper.emitEvent("started", FIRST_UNBIND + 1, 1, "");
        helper.emitEvent("failed", FIRST_UNBIND + 1, 40, "EBUSY");
        for (int step = FIRST_UNBIND; step > 1; step--) {
            helper.emitEvent("undoing", step, 1, "");
            helper.emitEvent("undone", step, 1, "");
        }
        helper.emitEvent("finished", -1, 1, "rolled-back");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNCHANGED);
        assertThat(result(model).title()).isEqualTo("A step failed. All changes were rolled back.");
        assertThat(result(model).lines())
                .containsExactly(
                        "Step 7, Unbind 04:00.0 from nvidia: The kernel reports that the device is busy (EBUSY).",
                        "Rolled back, according to the kernel: 04:00.0 is bound to nvidia"
                                + " and 04:00.1 is bound to snd_hda_intel.");
        assertThat(model.steps().get(FIRST_UNBIND + 1).state()).isEqualTo(StepState.FAILED);
        assertThat(model.steps().get(FIRST_UNBIND).state()).isEqualTo(StepState.UNDONE);
        assertThat(model.steps().get(FIRST_UNBIND + 2).state()).isEqualTo(StepState.PENDING);
        assertThat(actionIds(model)).containsExactly("switch-again", "switch-done");
    }

    @Test
    void falseRollbackIsPartiallySwitched() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 8);
        helper.emitEvent("started", 9, 1, "");
        helper.emitEvent("failed", 9, 1, "EBUSY");
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.emitEvent("finished", -1, 1, "rolled-back");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.PARTIALLY_SWITCHED);
    }

    @Test
    void partiallySwitchedGpuListsItsFunctionsAndCanBeRolledBack() {
        SwitchViewModel model = partiallySwitched();
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.PARTIALLY_SWITCHED);
        assertThat(result(model).title()).isEqualTo("Partially switched: graphics in VM mode and sound in host mode.");
        assertThat(result(model).lines())
                .startsWith(
                        "Step 10, Bind 04:00.1 to vfio-pci: The kernel reports that the device is busy (EBUSY).",
                        "Rolling back step 9, Bind 04:00.0 to vfio-pci: The kernel reports that the device is busy"
                                + " (EBUSY).")
                .contains("The desktop stays on AMD/ATI Radeon HD 8570 / R7 240/340 OEM.")
                .last()
                .isEqualTo("\"Roll back\" tries once more to bind the host drivers. \"Roll back and try again\" does"
                        + " the same and then starts the switch again. Restarting this computer also returns the GPU"
                        + " to the host.");
        assertThat(actionIds(model)).containsExactly("switch-done", "switch-finish", "switch-restore");
        press(model, "switch-restore");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.emitEvent("authorized", -1, 1, "");
        helper.emitEvent("undoing", 8, 2, "");
        assertThat(model.steps().get(8).state()).isEqualTo(StepState.UNDOING);
        helper.emitEvent("undone", 8, 3, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.emitEvent("finished", -1, 4, "rolled-back");
        assertThat(model.steps().get(8).state()).isEqualTo(StepState.UNDONE);
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNCHANGED);
        assertThat(result(model).title()).isEqualTo("A step failed. All changes were rolled back.");
    }

    @Test
    void failedRollbackIsNotRetriedByCheckAgain() {
        SwitchViewModel model = partiallySwitched();
        helper.failNextSwitch(HelperException.FailureKind.BUSY);
        press(model, "switch-finish");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PROBLEM);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
    }

    @Test
    void planRefusedAfterRollbackIsNotAppliedByCheckAgain() {
        SwitchViewModel model = partiallySwitched();
        press(model, "switch-finish");
        helper.emitEvent("authorized", -1, 1, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        helper.emitEvent("finished", -1, 4, "rolled-back");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.REFUSED);
        helper.closeDeviceNode(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
    }

    @Test
    void stopButtonIsKeptWhileTheStepWaits() {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", FIRST_UNBIND, 1, "");
        helper.emitEvent("waiting", FIRST_UNBIND, 1_000, "");
        List<PaneAction> first = List.copyOf(model.actions());
        helper.emitEvent("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.actions()).isEqualTo(first);
    }

    /** The last step has failed, and putting back the one before it too. */
    private SwitchViewModel partiallySwitched() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 8);
        helper.emitEvent("started", 9, 1, "");
        helper.emitEvent("failed", 9, 1, "EBUSY");
        helper.emitEvent("undoing", 8, 1, "");
        helper.emitEvent("undo-failed", 8, 1, "EBUSY");
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.emitEvent("finished", -1, 1, "rollback-failed");
        return model;
    }

    @Test
    void rollBackAndTryAgainAppliesTheSamePlan() {
        SwitchViewModel model = partiallySwitched();
        press(model, "switch-finish");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.emitEvent("authorized", -1, 1, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.emitEvent("finished", -1, 4, "rolled-back");
        assertThat(helper.calls()).last().asString().startsWith("apply");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.AUTHORIZING);
    }

    @Test
    void unboundGpuIsPartiallySwitchedWithOneAction() {
        helper.setVmMode();
        SwitchViewModel model = model(helper, Target.HOST);
        press(model, "switch-apply");
        helper.emitEvent("authorized", -1, 1, "");
        helper.bind(ScriptedHelper.GTX_1080, "");
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "");
        helper.emitEvent("finished", -1, 1, "rollback-failed");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.PARTIALLY_SWITCHED);
        assertThat(result(model).title()).isEqualTo("Partially switched: a step failed, and so did rolling back.");
        assertThat(result(model).lines())
                .last()
                .isEqualTo("\"Roll back and try again\" tries once more to bind the host drivers."
                        + " Restarting this computer also returns the GPU to the host.");
    }

    @Test
    void resultListsDevicesWithCurrentDrivers() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.setVmMode();
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (vfio-pci)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (vfio-pci)");
    }

    @Test
    void unknownResultListsDevicesWithPreviousDrivers() {
        SwitchViewModel model = authorizedSwitch();
        helper.failAllCalls(HelperException.FailureKind.LOST);
        helper.emitEvent("finished", -1, 1, "helper-lost");
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (before: nvidia)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (before: snd_hda_intel)");
    }

    @Test
    void lostHelperResultIsReadFromTheKernel() {
        SwitchViewModel model = authorizedSwitch();
        helper.setVmMode();
        helper.emitEvent("finished", -1, 1, "helper-lost");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.SUCCEEDED);
        assertThat(result(model).lines()).first().asString().startsWith("The helper stopped");
    }

    @Test
    void stepOfALostHelperBecomesUnknown() {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", 0, 0, "");
        helper.emitEvent("done", 0, 1, "");
        helper.emitEvent("started", 1, 2, "");
        helper.emitEvent("finished", -1, 3, "helper-lost");
        assertThat(model.steps())
                .extracting(StepRow::state)
                .startsWith(StepState.DONE, StepState.UNKNOWN, StepState.PENDING);
    }

    @Test
    void lostHelperWithoutInspectionIsUnknown() {
        SwitchViewModel model = authorizedSwitch();
        helper.failAllCalls(HelperException.FailureKind.LOST);
        helper.emitEvent("finished", -1, 1, "helper-lost");
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNKNOWN);
        assertThat(result(model).title()).isEqualTo("The state of GeForce GTX 1080 is unknown.");
        assertThat(actionIds(model)).contains("check-again");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '|',
            value = {
                "authentication-cancelled, Cancelled. Nothing was changed.",
                "denied, Denied. Nothing was changed.",
                "no-agent, No authentication agent is running in this session. Nothing was changed.",
                "journal-unwritable, The journal can't be written. Nothing was changed."
            })
    void endBeforeTheFirstStepReportsNoChange(String detail, String sentence) {
        SwitchViewModel model = startedSwitch();
        helper.emitEvent("finished", -1, 0, detail);
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.UNCHANGED);
        assertThat(result(model).title()).isEqualTo(sentence);
        assertThat(result(model).lines())
                .containsExactly("Unchanged, according to the kernel: 04:00.0 is bound to nvidia"
                        + " and 04:00.1 is bound to snd_hda_intel.");
    }

    @ParameterizedTest
    @CsvSource({"stuck", "kernel-oops"})
    void inconclusiveEndIsNotReportedAsUnchanged(String detail) {
        SwitchViewModel model = authorizedSwitch();
        helper.emitEvent("started", 6, 1, "");
        helper.emitEvent("stuck", 6, 200_000, "");
        helper.emitEvent("finished", -1, 1, detail);
        assertThat(result(model).kind()).isEqualTo(SwitchRun.Result.PARTIALLY_SWITCHED);
        assertThat(result(model).lines()).noneMatch(line -> line.startsWith("Unchanged"));
    }

    @Test
    void resultOffersSwitchingBack() {
        SwitchViewModel model = authorizedSwitch();
        helper.completeSteps(0, 10);
        helper.setVmMode();
        helper.emitEvent("finished", -1, 1, "done");
        press(model, "switch-back");
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 back to host mode");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        assertThat(model.switchResultProperty().get()).isNull();
        press(model, "switch-apply");
        helper.emitEvent("authorized", -1, 0, "");
        helper.bind(ScriptedHelper.GTX_1080, "nvidia");
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "snd_hda_intel");
        helper.emitEvent("finished", -1, 1, "done");
        assertThat(result(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
        press(model, "switch-done");
        assertThat(paneLeft).isTrue();
    }

    @Test
    void runningSwitchCannotBeLeft() {
        SwitchViewModel model = authorizedSwitch();
        model.leave();
        assertThat(paneLeft).isFalse();
    }

    private SwitchViewModel planToVm() {
        return model(helper, Target.VM);
    }

    private SwitchViewModel model(HelperConnection of, Target direction) {
        return model(of, ScriptedHelper.GTX_1080, direction);
    }

    private SwitchViewModel model(HelperConnection of, PciAddress gpu, Target direction) {
        return new SwitchViewModel(
                of,
                new BackgroundTasks(Runnable::run, Runnable::run),
                messages,
                gpu,
                direction,
                (target, plan) -> planComparison,
                () -> paneLeft = true);
    }

    private SwitchViewModel startedSwitch() {
        SwitchViewModel model = planToVm();
        press(model, "switch-apply");
        helper.emitEvent("authorizing", -1, 0, "");
        return model;
    }

    private SwitchViewModel authorizedSwitch() {
        SwitchViewModel model = startedSwitch();
        helper.emitEvent("authorized", -1, 0, "");
        return model;
    }

    private static SwitchResult result(SwitchViewModel model) {
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.FINISHED);
        return Objects.requireNonNull(model.switchResultProperty().get());
    }

    private static List<String> actionIds(SwitchViewModel model) {
        return model.actions().stream().map(PaneAction::id).toList();
    }

    private static void press(SwitchViewModel model, String id) {
        PaneAction action = model.actions().stream()
                .filter(a -> a.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no button " + id + " among " + actionIds(model)));
        assertThat(action.enabled()).isTrue();
        action.handler().run();
    }
}
