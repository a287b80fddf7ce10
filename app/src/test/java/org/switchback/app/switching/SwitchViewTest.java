package org.switchback.app.switching;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javafx.collections.ListChangeListener;
import javafx.collections.ObservableList;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import javafx.stage.Window;
import org.junit.jupiter.api.Test;
import org.switchback.app.Screen;
import org.switchback.app.WindowTestCase;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.testfx.api.FxRobot;

class SwitchViewTest extends WindowTestCase {
    private static final String CARD_BUTTON = "switch-0000-04-00-0";

    @Test
    void theWholeSwitchThereAndBackByKeyboardAlone(FxRobot robot) {
        screen.node(CARD_BUTTON);
        tabTo(robot, CARD_BUTTON);
        press(robot, KeyCode.ENTER);
        screen.untilFocused("switch-apply");
        ObservableList<Window> windows = Window.getWindows();
        List<Window> popped = new CopyOnWriteArrayList<>();
        ListChangeListener<Window> watch = change -> popped.addAll(change.getList());
        robot.interact(() -> windows.addListener(watch));
        press(robot, KeyCode.ENTER);
        screen.node("switch-stop");
        screen.untilFocused("switch");
        untilTheHelperBegins();
        here.says("authorizing", -1, 0, "");
        here.says("authorized", -1, 0, "");
        here.doesSteps(0, 10);
        here.isInVmMode();
        here.says("finished", -1, 1, "done");
        screen.untilFocused("switch-done");
        assertThat(screen.text("result-title")).isEqualTo("GeForce GTX 1080 is in VM mode.");

        robot.press(KeyCode.SHIFT).press(KeyCode.TAB).release(KeyCode.TAB).release(KeyCode.SHIFT);
        screen.untilFocused("switch-back");
        press(robot, KeyCode.SPACE);
        screen.untilFocused("switch-apply");
        press(robot, KeyCode.ENTER);
        untilTheHelperBegins();
        here.says("authorized", -1, 0, "");
        here.binds(ScriptedHelper.GTX_1080, "nvidia");
        here.binds(ScriptedHelper.ITS_SOUND, "snd_hda_intel");
        here.says("finished", -1, 1, "done");
        screen.untilFocused("switch-done");
        assertThat(screen.text("result-title")).isEqualTo("GeForce GTX 1080 is back in host mode.");
        press(robot, KeyCode.ENTER);
        screen.untilFocused(CARD_BUTTON);
        robot.interact(() -> windows.removeListener(watch));
        assertThat(popped).as("no box pops up").isEmpty();
    }

    @Test
    void escapeLeavesThePlanAndTheKeyboardIsBackOnTheCard(FxRobot robot) {
        openPlan(robot);
        press(robot, KeyCode.ESCAPE);
        screen.untilFocused(CARD_BUTTON);
        assertThat(here.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void escapeLeavesAResultFromTheHeaderToo(FxRobot robot) {
        run(robot);
        here.says("finished", -1, 1, "put-back");
        screen.untilFocused("switch-done");
        Node refresh = screen.node("refresh");
        robot.interact(refresh::requestFocus);
        press(robot, KeyCode.ESCAPE);
        screen.untilFocused(CARD_BUTTON);
    }

    @Test
    void enterOnCancelCancelsAndDoesNotSwitch(FxRobot robot) {
        openPlan(robot);
        robot.press(KeyCode.SHIFT).press(KeyCode.TAB).release(KeyCode.TAB).release(KeyCode.SHIFT);
        screen.untilFocused("switch-cancel");
        press(robot, KeyCode.ENTER);
        screen.untilFocused(CARD_BUTTON);
        assertThat(here.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void escapeDuringTheSwitchAsksToStop(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 3);
        press(robot, KeyCode.ESCAPE);
        Screen.until("the helper is asked", () -> here.calls().contains("cancel"));
        screen.untilText("switch-stop", "Stopping after this step");
        assertThat(screen.has("switch")).isTrue();
    }

    @Test
    void enterOnceTooOftenDoesNotCancelAndTabReachesCancel(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 3);
        press(robot, KeyCode.ENTER);
        Screen.settle();
        assertThat(here.calls()).doesNotContain("cancel");
        tabTo(robot, "switch-stop");
        press(robot, KeyCode.ENTER);
        Screen.until("the helper is asked", () -> here.calls().contains("cancel"));
        here.says("finished", -1, 1, "cancelled");
        screen.untilFocused("switch-done");
    }

    @Test
    void everyStepOfThePlanIsInViewWithWhetherItCanBeUndone(FxRobot robot) {
        openPlan(robot);
        for (int number = 1; number <= 11; number++) {
            assertThat(screen.node("step-" + number).getAccessibleText()).startsWith("Step " + number + ": ");
            assertThat(screen.text("step-undo-" + number)).isNotEmpty();
        }
        screen.assertNothingIsCutOff();
    }

    @Test
    void theCommandsAreShownOnRequestAndCanBeCopied(FxRobot robot) {
        openPlan(robot);
        assertThat(screen.has("switch-commands")).isFalse();
        screen.fire("switch-commands-show");
        assertThat(screen.node("switch-commands", TextInputControl.class).getText())
                .contains("sudo modprobe vfio-pci");
        screen.fire("switch-commands-copy");
        assertThat(Screen.onScreen(() -> Clipboard.getSystemClipboard().getString()))
                .contains("sudo modprobe vfio-pci");
    }

    @Test
    void theGpusOwnDriverIsAllowedByKeyboardAndThePlanIsMadeAnewWithIt(FxRobot robot) {
        connections.here(new ScriptedHelper(
                new Source.ThisMachine(),
                SampleMachines.load("strix-halo-32g")
                        .orElseThrow()
                        .with(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty()))));
        robot.interact(() -> screen.model().openThisMachine());
        screen.fire("other-0000-c3-00-0");
        CheckBox allow = screen.node("switch-native-driver", CheckBox.class);
        assertThat(allow.getText())
                .isEqualTo("Allow the GPU's own driver for a moment, so that no kernel module is needed");
        assertThat(allow.isSelected()).isFalse();
        assertThat(screen.has("switch-apply")).isFalse();
        screen.assertNothingIsCutOff();
        robot.interact(allow::requestFocus);
        press(robot, KeyCode.SPACE);
        screen.untilFocused("switch-apply");
        assertThat(allow.isSelected()).isTrue();
        screen.untilText("note-2", "As you allow it, the GPU's own driver");
        screen.assertNothingIsCutOff();
        robot.interact(allow::requestFocus);
        press(robot, KeyCode.SPACE);
        Screen.until("it is refused again", () -> !screen.has("switch-apply"));
        assertThat(allow.isSelected()).isFalse();
    }

    @Test
    void theGpusOwnDriverIsNotOfferedWhereItSparesNothing(FxRobot robot) {
        openPlan(robot);
        assertThat(screen.has("switch-native-driver")).isFalse();
    }

    @Test
    void programsThatUseTheGpuLeaveOnlyCheckAgain(FxRobot robot) {
        here.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        screen.fire(CARD_BUTTON);
        screen.untilFocused("check-again");
        assertThat(screen.text("refusal-1")).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
        assertThat(screen.has("switch-apply")).isFalse();
        screen.assertNothingIsCutOff();
        here.isLetGoBy(4121);
        press(robot, KeyCode.ENTER);
        screen.untilFocused("switch-apply");
    }

    @Test
    void aSlowStepSaysSoAndTheRestOfTheWindowAnswers(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 6);
        here.says("started", 7, 1, "");
        for (int second = 1; second <= 12; second++) {
            here.says("waiting", 7, 1000, "");
        }
        screen.untilText("step-note-8", "Slow is not stuck");
        screen.untilText("switch-stop", "Stop after this step");
        assertThat(screen.text("step-time-8")).isEqualTo("12.0 s…");
        assertThat(screen.node("switch-stop").isDisabled()).isFalse();
        screen.assertNothingIsCutOff();
    }

    @Test
    void theStepUnderWayIsScrolledIntoView(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 9);
        here.says("started", 10, 1, "");
        Node row = screen.node("step-11");
        Node pane = screen.node("switch").lookup(".viewport");
        Screen.until("the last step is in view", () -> {
            return pane.localToScene(pane.getBoundsInLocal())
                    .contains(row.localToScene(row.getBoundsInLocal()));
        });
    }

    @Test
    void aFailureIsToldWithWhatWasPutBack(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 3);
        here.says("started", 4, 1, "");
        here.says("failed", 4, 1, "EBUSY");
        here.says("undoing", 3, 1, "");
        here.says("undone", 3, 1, "");
        here.says("finished", -1, 1, "put-back");
        assertThat(screen.text("result-title")).isEqualTo("Stopped. What had been changed was put back.");
        assertThat(screen.node("step-4").getAccessibleText()).endsWith("put back");
        assertThat(screen.node("step-5").getAccessibleText()).endsWith("failed");
        assertThat(screen.node("step-6").getAccessibleText()).endsWith("not begun");
        screen.assertNothingIsCutOff();
    }

    @Test
    void aFalseSuccessIsDetected(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 10);
        here.says("finished", -1, 1, "done");
        assertThat(screen.text("result-title"))
                .isEqualTo("The helper reported success, but 04:00.0 is still on nvidia.");
    }

    @Test
    void aHalfSwitchedGpuIsFinishedOrPutBack(FxRobot robot) {
        run(robot);
        here.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        here.says("finished", -1, 1, "mixed");
        screen.untilFocused("switch-restore");
        assertThat(screen.text("result-title")).startsWith("Half switched:");
        assertThat(screen.node("switch-finish", Button.class).isDisabled()).isFalse();
        screen.assertNothingIsCutOff();
    }

    @Test
    void aHelperLostDuringAStepIsTold(FxRobot robot) {
        run(robot);
        here.doesSteps(0, 4);
        here.failsWith(HelperProblem.Kind.LOST);
        here.says("finished", -1, 1, "helper-lost");
        assertThat(screen.text("result-title")).isEqualTo("Nobody can tell where GeForce GTX 1080 is now.");
    }

    private void openPlan(FxRobot robot) {
        screen.fire(CARD_BUTTON);
        screen.untilFocused("switch-apply");
    }

    private void run(FxRobot robot) {
        openPlan(robot);
        press(robot, KeyCode.ENTER);
        screen.node("switch-stop");
        screen.untilFocused("switch");
        untilTheHelperBegins();
        here.says("authorized", -1, 0, "");
    }

    /** Only then is there somebody to tell what happens. */
    private void untilTheHelperBegins() {
        Screen.until("the helper has begun", () -> here.begun());
    }

    private static void press(FxRobot robot, KeyCode key) {
        robot.press(key).release(key);
    }

    private void tabTo(FxRobot robot, String id) {
        for (int i = 0; i < 30; i++) {
            var owner = screen.stage().getScene().getFocusOwner();
            if (owner != null && id.equals(owner.getId())) {
                return;
            }
            press(robot, KeyCode.TAB);
        }
        screen.untilFocused(id);
    }
}
