package org.switchback.app.switching;

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
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.PciAddress;

class SwitchViewModelTest {
    private static final int FIRST_UNBIND = 5;

    private final Words words = Words.in(Locale.ENGLISH);
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private boolean left;
    private Familiarity familiarity = Familiarity.NEW;

    // The plan.

    @Test
    void thePlanListsEveryStepAndDeviceBeforeAnythingIsAsked() {
        SwitchViewModel model = toVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 to VM mode");
        assertThat(model.steps())
                .extracting(StepRow::text)
                .containsExactly(
                        "Check that no program uses 04:00.0 and 04:00.1",
                        "Load vfio-pci",
                        "Keep 04:00.1 awake",
                        "Reserve 04:00.0 for vfio-pci",
                        "Reserve 04:00.1 for vfio-pci",
                        "Take 04:00.1 from snd_hda_intel",
                        "Take 04:00.0 from nvidia",
                        "Release efifb c0000000-c086ffff",
                        "Give 04:00.0 to vfio-pci",
                        "Give 04:00.1 to vfio-pci",
                        "Check that a virtual machine gets every BAR");
        assertThat(model.steps()).extracting(StepRow::undo).doesNotContain("").contains("reversible", "stays loaded");
        assertThat(model.steps()).extracting(StepRow::state).containsOnly(StepRow.State.AHEAD);
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (nvidia)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (snd_hda_intel)");
        assertThat(helper.calls()).containsExactly("inspect", "plan 0000:04:00.0 vm");
    }

    @Test
    void thePlanSaysWhereTheDesktopStaysAndWhatTheHostGoesWithout() {
        assertThat(toVm().notes())
                .contains(
                        "The desktop stays on AMD/ATI Radeon HD 8570 / R7 240/340 OEM.",
                        "Until it is switched back: no CUDA or OpenGL on this GPU, no sound on its HDMI port.")
                .anyMatch(note -> note.contains("password"));
    }

    @Test
    void aSampleMachineDoesNotTalkOfPasswords() {
        ScriptedHelper sample = new ScriptedHelper(
                new Source.Sample(SampleMachines.DEFAULT),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        SwitchViewModel model = model(sample, Direction.TO_VM);
        assertThat(model.notes()).isNotEmpty().noneMatch(note -> note.contains("password"));
        press(model, "switch-apply");
        assertThat(model.statusProperty().get()).isEqualTo("Starting");
    }

    @Test
    void theCommandsAreThePlanAsAPersonWouldTypeIt() {
        assertThat(toVm().commands().lines())
                .contains(
                        "sudo modprobe vfio-pci",
                        "echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind")
                .hasSize(9);
    }

    @Test
    void aPlanIsLeftWithoutAnythingHavingHappened() {
        SwitchViewModel model = toVm();
        press(model, "switch-cancel");
        assertThat(left).isTrue();
        assertThat(helper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void aPlanThatComesAfterThePaneWasLeftIsNotShown() {
        Queue<Runnable> screen = new ArrayDeque<>();
        SwitchViewModel model = new SwitchViewModel(
                helper,
                new Background(Runnable::run, screen::add),
                words,
                ScriptedHelper.GTX_1080,
                Direction.TO_VM,
                (target, plan) -> familiarity,
                () -> left = true);
        model.leave();
        screen.remove().run();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNING);
        assertThat(model.steps()).isEmpty();
    }

    @Test
    void aPlanThatSucceededLastTimeIsCarriedOutWithoutBeingShown() {
        familiarity = Familiarity.SAME;
        SwitchViewModel model = toVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.AUTHORISING);
        assertThat(model.steps()).isNotEmpty();
        assertThat(helper.calls()).anyMatch(call -> call.startsWith("apply"));
    }

    @Test
    void aPlanThatDiffersFromTheOneThatSucceededIsShownAndSaysSo() {
        familiarity = Familiarity.CHANGED;
        SwitchViewModel model = toVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.notes()).first().isEqualTo("It differs from the plan that succeeded last time.");
    }

    @Test
    void whoeverHadToCheckAgainSeesThePlanFirst() {
        familiarity = Familiarity.SAME;
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = toVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.REFUSED);
        helper.isLetGoBy(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(helper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    // The GPU's own driver.

    @Test
    void theOwnDriverIsOfferedOnlyWhereItSparesTheModule() {
        assertThat(toVm().nativeOfferedProperty().get()).isFalse();
    }

    @Test
    void theOwnDriverIsOfferedWhereNothingElseWouldDoAndThePlanIsMadeAnewWithIt() {
        ScriptedHelper apu = new ScriptedHelper(
                new Source.ThisMachine(),
                SampleMachines.load("strix-halo-32g")
                        .orElseThrow()
                        .with(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty())));
        SwitchViewModel model = model(apu, PciAddress.of("0000:c3:00.0"), Direction.TO_VM);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.REFUSED);
        assertThat(model.nativeOfferedProperty().get()).isTrue();
        model.allowNativeDriver(true);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.notes()).anyMatch(note -> note.startsWith("As you allow it, the GPU's own driver"));
        model.allowNativeDriver(false);
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.REFUSED);
    }

    // What blocks.

    @Test
    void programsThatUseTheGpuBlockAreNamedAndAllThatCanBeDoneIsToCheckAgain() {
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = toVm();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.REFUSED);
        assertThat(model.refusals())
                .containsExactly("Xorg (PID 4121, user ann) uses 04:00.0 through /dev/dri/card7."
                        + " End that program or session, then check again.");
        assertThat(ids(model)).containsExactly("switch-done", "check-again");
        assertThat(model.steps()).isNotEmpty();
    }

    @Test
    void checkingAgainAfterTheProgramHasEndedGivesAPlan() {
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        SwitchViewModel model = toVm();
        helper.isLetGoBy(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.refusals()).isEmpty();
        assertThat(ids(model)).containsExactly("switch-cancel", "switch-apply");
    }

    @ParameterizedTest
    @EnumSource(
            value = HelperProblem.Kind.class,
            names = {"INCOMPLETE"},
            mode = EnumSource.Mode.EXCLUDE)
    void everyProblemWithAPlanHasItsSentenceAndCheckAgain(HelperProblem.Kind kind) {
        helper.plansFailWith(kind);
        SwitchViewModel model = toVm();
        assertThat(model.refusals()).containsExactly(words.problem(kind));
        assertThat(ids(model)).containsExactly("switch-done", "check-again");
    }

    @Test
    void aHelperThatDoesNotAnswerAtAllIsToldToo() {
        helper.failsWith(HelperProblem.Kind.LOST);
        SwitchViewModel model = toVm();
        assertThat(model.refusals()).containsExactly(words.problem(HelperProblem.Kind.LOST));
        helper.works();
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
    }

    @Test
    void whatAnEarlierSwitchLeftHalfDoneCanBePutBack() {
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.plansFailWith(HelperProblem.Kind.INCOMPLETE);
        SwitchViewModel model = toVm();
        press(model, "switch-restore");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.says("authorized", -1, 0, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.says("finished", -1, 9, "done");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.REACHED);
        assertThat(outcome(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void onTheWayBackWhatWasLeftHalfDoneIsPutBackAtOnce() {
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.switchesFailOnceWith(HelperProblem.Kind.INCOMPLETE);
        SwitchViewModel model = model(helper, Direction.TO_HOST);
        press(model, "switch-apply");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.says("authorized", -1, 0, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.says("finished", -1, 9, "put-back");
        assertThat(outcome(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void toFinishAHalfSwitchIsToPutItBackAndToSwitchFromThere() {
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.switchesFailOnceWith(HelperProblem.Kind.INCOMPLETE);
        SwitchViewModel model = toVm();
        press(model, "switch-apply");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.says("authorized", -1, 0, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.says("finished", -1, 9, "put-back");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 to VM mode");
        press(model, "switch-apply");
        assertThat(helper.calls()).last().asString().startsWith("apply");
    }

    @Test
    void whatSpeaksAgainstPuttingBackIsTold() {
        helper.plansFailWith(HelperProblem.Kind.INCOMPLETE);
        SwitchViewModel model = toVm();
        press(model, "switch-restore");
        helper.says("authorized", -1, 0, "");
        helper.says("failed", -1, 0, "in-use", "04:00.0", "qemu", "77", "ann", "/dev/vfio/27");
        helper.says("finished", -1, 0, "refused");
        assertThat(outcome(model).title()).isEqualTo("Stopped before anything was changed.");
        assertThat(outcome(model).lines()).first().asString().startsWith("A virtual machine (qemu, PID 77) uses 04:00.0.");
    }

    @ParameterizedTest
    @EnumSource(
            value = HelperProblem.Kind.class,
            names = {"BUSY", "STALE", "UNKNOWN_PLAN", "READ_ONLY", "LIMIT"})
    void aPlanThatIsNotTakenSaysWhy(HelperProblem.Kind kind) {
        helper.switchesFailWith(kind);
        SwitchViewModel model = toVm();
        press(model, "switch-apply");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PROBLEM);
        assertThat(model.refusals()).containsExactly(words.problem(kind));
        assertThat(ids(model)).containsExactly("switch-done", "check-again");
    }

    // Progress.

    @Test
    void beforeTheFirstStepItWaitsForAuthentication() {
        SwitchViewModel model = begun();
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.AUTHORISING);
        assertThat(model.statusProperty().get()).isEqualTo("Waiting for authentication");
        assertThat(model.canLeaveProperty().get()).isFalse();
        assertThat(ids(model)).containsExactly("switch-stop");
    }

    @Test
    void everyStepShowsThatItRunsThatItIsDoneAndHowLongItTook() {
        SwitchViewModel model = running();
        helper.says("started", 0, 1, "");
        assertThat(model.steps().getFirst().state()).isEqualTo(StepRow.State.RUNNING);
        assertThat(model.statusProperty().get())
                .isEqualTo("Step 1 of 11: Check that no program uses 04:00.0 and 04:00.1");
        helper.says("done", 0, 1234, "");
        assertThat(model.steps().getFirst().state()).isEqualTo(StepRow.State.DONE);
        assertThat(model.steps().getFirst().time()).isEqualTo("1.2 s");
        assertThat(model.progressProperty().get()).isEqualTo(1.0 / 11);
    }

    @Test
    void aStepUnderTenSecondsHasNoSlowTextAndOneOverTenSecondsHas() {
        SwitchViewModel model = running();
        helper.says("started", FIRST_UNBIND, 1, "");
        helper.says("waiting", FIRST_UNBIND, 9_900, "");
        assertThat(model.steps().get(FIRST_UNBIND).time()).isEqualTo("9.9 s…");
        assertThat(model.steps().get(FIRST_UNBIND).note()).isEmpty();
        helper.says("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.steps().get(FIRST_UNBIND).note()).startsWith("Slow is not stuck");
        helper.says("done", FIRST_UNBIND, 100, "");
        assertThat(model.steps().get(FIRST_UNBIND).note()).isEmpty();
        assertThat(model.steps().get(FIRST_UNBIND).time()).isEqualTo("11.0 s");
    }

    @Test
    void insideAKernelWaitItCanBeStoppedAfterTheStep() {
        SwitchViewModel model = running();
        helper.says("started", FIRST_UNBIND, 1, "");
        helper.says("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.actions()).singleElement().satisfies(action -> {
            assertThat(action.enabled()).isTrue();
            assertThat(action.label()).isEqualTo("Stop after this step");
        });
        helper.says("done", FIRST_UNBIND, 1, "");
        helper.says("started", FIRST_UNBIND + 1, 1, "");
        assertThat(model.actions()).singleElement().matches(Action::enabled);
    }

    @Test
    void cancellingStopsAfterTheStepAndIsAskedForOnce() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 2);
        press(model, "switch-stop");
        assertThat(helper.calls()).last().isEqualTo("cancel");
        helper.says("started", 3, 1, "");
        assertThat(model.actions()).singleElement().satisfies(action -> {
            assertThat(action.enabled()).isFalse();
            assertThat(action.label()).isEqualTo("Stopping after this step");
        });
        helper.says("done", 3, 1, "");
        for (int step = 3; step > 1; step--) {
            helper.says("undoing", step, 1, "");
            helper.says("undone", step, 1, "");
        }
        helper.says("finished", -1, 1, "cancelled");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNCHANGED);
        assertThat(outcome(model).title()).isEqualTo("Cancelled. What had been changed was put back.");
        assertThat(helper.calls().stream().filter("cancel"::equals)).hasSize(1);
    }

    // Results.

    @Test
    void successIsWhatTheKernelSaysAfterwards() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.isInVmMode();
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.REACHED);
        assertThat(outcome(model).title()).isEqualTo("GeForce GTX 1080 is in VM mode.");
        assertThat(outcome(model).lines())
                .containsExactly(
                        "Read from the kernel just now: 04:00.0 is on vfio-pci and 04:00.1 is on vfio-pci.",
                        "To use it, add 04:00.0 and 04:00.1 to a virtual machine as PCI host devices. VM mode lasts until"
                                + " it is switched back or this computer is restarted.",
                        "Until it is switched back: no CUDA or OpenGL on this GPU, no sound on its HDMI port.");
        assertThat(helper.calls()).last().isEqualTo("inspect");
        assertThat(ids(model)).containsExactly("switch-back", "switch-done");
        assertThat(model.canLeaveProperty().get()).isTrue();
    }

    @Test
    void aHelperThatIsSlowAfterTheSwitchIsAskedAgain() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.isInVmMode();
        helper.misses(2);
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).title()).isEqualTo("GeForce GTX 1080 is in VM mode.");
    }

    @Test
    void aHelperThatStaysSilentAfterTheSwitchIsNotAskedForEver() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.misses(Integer.MAX_VALUE);
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNKNOWN);
        assertThat(ids(model)).containsExactly("switch-done", "check-again");
    }

    @Test
    void aSuccessThatIsNotTrueIsFoundOut() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNCHANGED);
        assertThat(outcome(model).title()).isEqualTo("The helper reported success, but 04:00.0 is still on nvidia.");
    }

    @Test
    void aSuccessWithTheFramebufferStillInTheGpusMemoryIsNotTrueEither() {
        SwitchViewModel model = running();
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.binds(ScriptedHelper.ITS_SOUND, "vfio-pci");
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.HALF);
        assertThat(outcome(model).title()).startsWith("The helper reported success, but ").contains("memory");
    }

    @Test
    void aFailureNamesTheStepAndWhatWasPutBack() {
        SwitchViewModel model = running();
        helper.doesSteps(0, FIRST_UNBIND);
        helper.says("started", FIRST_UNBIND + 1, 1, "");
        helper.says("failed", FIRST_UNBIND + 1, 40, "EBUSY");
        for (int step = FIRST_UNBIND; step > 1; step--) {
            helper.says("undoing", step, 1, "");
            helper.says("undone", step, 1, "");
        }
        helper.says("finished", -1, 1, "put-back");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNCHANGED);
        assertThat(outcome(model).title()).isEqualTo("Stopped. What had been changed was put back.");
        assertThat(outcome(model).lines())
                .containsExactly(
                        "Step 7, Take 04:00.0 from nvidia: The kernel says that the device is busy (EBUSY).",
                        "Put back, as the kernel says: 04:00.0 is on nvidia and 04:00.1 is on snd_hda_intel.");
        assertThat(model.steps().get(FIRST_UNBIND + 1).state()).isEqualTo(StepRow.State.FAILED);
        assertThat(model.steps().get(FIRST_UNBIND).state()).isEqualTo(StepRow.State.UNDONE);
        assertThat(model.steps().get(FIRST_UNBIND + 2).state()).isEqualTo(StepRow.State.AHEAD);
        assertThat(ids(model)).containsExactly("switch-again", "switch-done");
    }

    @Test
    void whatIsSaidToBePutBackAndIsNotIsHalfSwitched() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 8);
        helper.says("started", 9, 1, "");
        helper.says("failed", 9, 1, "EBUSY");
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.says("finished", -1, 1, "put-back");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.HALF);
    }

    @Test
    void aHalfSwitchedGpuSaysWhichPartIsWhereAndCanBeFinishedOrPutBack() {
        SwitchViewModel model = halfSwitched();
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.HALF);
        assertThat(outcome(model).title()).isEqualTo("Half switched: graphics in VM mode and sound in host mode.");
        assertThat(outcome(model).lines())
                .startsWith(
                        "Step 10, Give 04:00.1 to vfio-pci: The kernel says that the device is busy (EBUSY).",
                        "Putting back step 9, Give 04:00.0 to vfio-pci: The kernel says that the device is busy (EBUSY).")
                .contains("The desktop stays on AMD/ATI Radeon HD 8570 / R7 240/340 OEM.")
                .last()
                .isEqualTo("\"Put back\" tries once more to give it to the host; \"Finish\" does that too and then begins"
                        + " again. A restart of this computer gives it to the host as well.");
        assertThat(ids(model)).containsExactly("switch-done", "switch-finish", "switch-restore");
        press(model, "switch-restore");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.says("authorized", -1, 1, "");
        helper.says("undoing", 8, 2, "");
        assertThat(model.steps().get(8).state()).isEqualTo(StepRow.State.UNDOING);
        helper.says("undone", 8, 3, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.says("finished", -1, 4, "put-back");
        assertThat(model.steps().get(8).state()).isEqualTo(StepRow.State.UNDONE);
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNCHANGED);
        assertThat(outcome(model).title()).isEqualTo("Stopped. What had been changed was put back.");
    }

    @Test
    void whatCouldNotBePutBackIsNotBegunAgainByACheck() {
        SwitchViewModel model = halfSwitched();
        helper.switchesFailOnceWith(HelperProblem.Kind.BUSY);
        press(model, "switch-finish");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PROBLEM);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
    }

    @Test
    void whatIsRefusedOnceItIsPutBackIsNotBegunByACheck() {
        SwitchViewModel model = halfSwitched();
        press(model, "switch-finish");
        helper.says("authorized", -1, 1, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        helper.says("finished", -1, 4, "put-back");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.REFUSED);
        helper.isLetGoBy(4121);
        press(model, "check-again");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
    }

    @Test
    void aStepThatLastsLeavesTheButtonThatStopsItAlone() {
        SwitchViewModel model = running();
        helper.says("started", FIRST_UNBIND, 1, "");
        helper.says("waiting", FIRST_UNBIND, 1_000, "");
        List<Action> first = List.copyOf(model.actions());
        helper.says("waiting", FIRST_UNBIND, 1_000, "");
        assertThat(model.actions()).isEqualTo(first);
    }

    /** The last step has failed, and putting back the one before it too. */
    private SwitchViewModel halfSwitched() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 8);
        helper.says("started", 9, 1, "");
        helper.says("failed", 9, 1, "EBUSY");
        helper.says("undoing", 8, 1, "");
        helper.says("undo-failed", 8, 1, "EBUSY");
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        helper.says("finished", -1, 1, "mixed");
        return model;
    }

    @Test
    void toFinishAHalfSwitchIsToPutItBackAndToDoTheSameAgain() {
        SwitchViewModel model = halfSwitched();
        press(model, "switch-finish");
        assertThat(helper.calls()).last().isEqualTo("restore 0000:04:00.0");
        helper.says("authorized", -1, 1, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.says("finished", -1, 4, "put-back");
        assertThat(helper.calls()).last().asString().startsWith("apply");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.AUTHORISING);
    }

    @Test
    void aGpuThatNobodyHasIsHalfSwitchedTooAndOneWayIsLeftOnTheWayBack() {
        helper.isInVmMode();
        SwitchViewModel model = model(helper, Direction.TO_HOST);
        press(model, "switch-apply");
        helper.says("authorized", -1, 1, "");
        helper.binds(ScriptedHelper.GTX_1080, "");
        helper.binds(ScriptedHelper.ITS_SOUND, "");
        helper.says("finished", -1, 1, "mixed");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.HALF);
        assertThat(outcome(model).title()).isEqualTo("Half switched: a step failed, and so did putting back.");
        assertThat(outcome(model).lines())
                .last()
                .isEqualTo("\"Finish\" tries once more to give it to the host."
                        + " A restart of this computer gives it to the host as well.");
    }

    @Test
    void theDevicesOfAResultHaveTheDriversOfNow() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.isInVmMode();
        helper.says("finished", -1, 1, "done");
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (vfio-pci)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (vfio-pci)");
    }

    @Test
    void theDevicesOfAResultThatNobodyKnowsHaveTheDriversOfBefore() {
        SwitchViewModel model = running();
        helper.failsWith(HelperProblem.Kind.LOST);
        helper.says("finished", -1, 1, "helper-lost");
        assertThat(model.devices())
                .containsExactly(
                        "04:00.0 NVIDIA GeForce GTX 1080 (before: nvidia)",
                        "04:00.1 NVIDIA GP104 High Definition Audio Controller (before: snd_hda_intel)");
    }

    @Test
    void aHelperLostDuringAStepIsJudgedByTheKernelWhenItCanBeAsked() {
        SwitchViewModel model = running();
        helper.isInVmMode();
        helper.says("finished", -1, 1, "helper-lost");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.REACHED);
        assertThat(outcome(model).lines()).first().asString().startsWith("The helper was lost");
    }

    @Test
    void aStepThatTheHelperWasLostInDoesNotGoOnForEver() {
        SwitchViewModel model = running();
        helper.says("started", 0, 0, "");
        helper.says("done", 0, 1, "");
        helper.says("started", 1, 2, "");
        helper.says("finished", -1, 3, "helper-lost");
        assertThat(model.steps())
                .extracting(StepRow::state)
                .startsWith(StepRow.State.DONE, StepRow.State.UNKNOWN, StepRow.State.AHEAD);
    }

    @Test
    void aHelperLostDuringAStepLeavesItOpenWhenNobodyCanBeAsked() {
        SwitchViewModel model = running();
        helper.failsWith(HelperProblem.Kind.LOST);
        helper.says("finished", -1, 1, "helper-lost");
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNKNOWN);
        assertThat(outcome(model).title()).isEqualTo("Nobody can tell where GeForce GTX 1080 is now.");
        assertThat(ids(model)).contains("check-again");
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '|', value = {
        "authentication-cancelled, Cancelled. Nothing was changed.",
        "denied, Denied. Nothing was changed.",
        "no-agent, Nobody could be asked for a password: no authentication agent runs in this session. Nothing was changed.",
        "journal-unwritable, The journal can't be written. Nothing was changed."
    })
    void whatEndsBeforeTheFirstStepSaysThatNothingWasChanged(String detail, String sentence) {
        SwitchViewModel model = begun();
        helper.says("finished", -1, 0, detail);
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.UNCHANGED);
        assertThat(outcome(model).title()).isEqualTo(sentence);
        assertThat(outcome(model).lines())
                .containsExactly("As before, as the kernel says: 04:00.0 is on nvidia and 04:00.1 is on snd_hda_intel.");
    }

    @ParameterizedTest
    @CsvSource({"stuck", "kernel-died"})
    void afterAnEndThatLeftSomethingBehindNobodySaysThatAllIsAsBefore(String detail) {
        SwitchViewModel model = running();
        helper.says("started", 6, 1, "");
        helper.says("stuck", 6, 200_000, "");
        helper.says("finished", -1, 1, detail);
        assertThat(outcome(model).kind()).isEqualTo(Outcome.Kind.HALF);
        assertThat(outcome(model).lines()).noneMatch(line -> line.startsWith("As before"));
    }

    @Test
    void fromTheResultItGoesStraightBack() {
        SwitchViewModel model = running();
        helper.doesSteps(0, 10);
        helper.isInVmMode();
        helper.says("finished", -1, 1, "done");
        press(model, "switch-back");
        assertThat(model.titleProperty().get()).isEqualTo("Switch GeForce GTX 1080 back to host mode");
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        assertThat(model.outcomeProperty().get()).isNull();
        press(model, "switch-apply");
        helper.says("authorized", -1, 0, "");
        helper.binds(ScriptedHelper.GTX_1080, "nvidia");
        helper.binds(ScriptedHelper.ITS_SOUND, "snd_hda_intel");
        helper.says("finished", -1, 1, "done");
        assertThat(outcome(model).title()).isEqualTo("GeForce GTX 1080 is back in host mode.");
        press(model, "switch-done");
        assertThat(left).isTrue();
    }

    @Test
    void whileItRunsThePaneCannotBeLeft() {
        SwitchViewModel model = running();
        model.leave();
        assertThat(left).isFalse();
    }

    private SwitchViewModel toVm() {
        return model(helper, Direction.TO_VM);
    }

    private SwitchViewModel model(HelperConnection of, Direction direction) {
        return model(of, ScriptedHelper.GTX_1080, direction);
    }

    private SwitchViewModel model(HelperConnection of, PciAddress gpu, Direction direction) {
        return new SwitchViewModel(
                of,
                new Background(Runnable::run, Runnable::run),
                words,
                gpu,
                direction,
                (target, plan) -> familiarity,
                () -> left = true);
    }

    private SwitchViewModel begun() {
        SwitchViewModel model = toVm();
        press(model, "switch-apply");
        helper.says("authorizing", -1, 0, "");
        return model;
    }

    private SwitchViewModel running() {
        SwitchViewModel model = begun();
        helper.says("authorized", -1, 0, "");
        return model;
    }

    private static Outcome outcome(SwitchViewModel model) {
        assertThat(model.phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.ENDED);
        return Objects.requireNonNull(model.outcomeProperty().get());
    }

    private static List<String> ids(SwitchViewModel model) {
        return model.actions().stream().map(Action::id).toList();
    }

    private static void press(SwitchViewModel model, String id) {
        Action action = model.actions().stream()
                .filter(a -> a.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no button " + id + " among " + ids(model)));
        assertThat(action.enabled()).isTrue();
        action.run().run();
    }
}
