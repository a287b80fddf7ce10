package org.switchback.gui.switching;

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
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.TestWindow;
import org.switchback.gui.WindowTestCase;
import org.testfx.api.FxRobot;

class SwitchViewTest extends WindowTestCase {
    private static final String CARD_BUTTON_ID = "switch-0000-04-00-0";

    @Test
    void switchToVmAndBackByKeyboard(FxRobot robot) {
        window.node(CARD_BUTTON_ID);
        pressTabUntilFocused(robot, CARD_BUTTON_ID);
        press(robot, KeyCode.ENTER);
        window.waitForFocus("switch-apply");
        ObservableList<Window> windows = Window.getWindows();
        List<Window> popped = new CopyOnWriteArrayList<>();
        ListChangeListener<Window> watch = change -> popped.addAll(change.getList());
        robot.interact(() -> windows.addListener(watch));
        press(robot, KeyCode.ENTER);
        window.node("switch-stop");
        window.waitForFocus("switch");
        awaitHelperStart();
        thisMachineHelper.emitEvent("authorizing", -1, 0, "");
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        window.waitForFocus("switch-done");
        assertThat(window.text("result-title")).isEqualTo("GeForce GTX 1080 is in VM mode.");

        robot.press(KeyCode.SHIFT).press(KeyCode.TAB).release(KeyCode.TAB).release(KeyCode.SHIFT);
        window.waitForFocus("switch-back");
        press(robot, KeyCode.SPACE);
        window.waitForFocus("switch-apply");
        press(robot, KeyCode.ENTER);
        awaitHelperStart();
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        thisMachineHelper.bind(ScriptedHelper.GTX_1080, "nvidia");
        thisMachineHelper.bind(ScriptedHelper.GTX_1080_AUDIO, "snd_hda_intel");
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        window.waitForFocus("switch-done");
        assertThat(window.text("result-title")).isEqualTo("GeForce GTX 1080 is back in host mode.");
        press(robot, KeyCode.ENTER);
        window.waitForFocus(CARD_BUTTON_ID);
        robot.interact(() -> windows.removeListener(watch));
        assertThat(popped).as("no box pops up").isEmpty();
    }

    @Test
    void escapeLeavesThePlanAndFocusReturnsToTheCard(FxRobot robot) {
        openPlan(robot);
        press(robot, KeyCode.ESCAPE);
        window.waitForFocus(CARD_BUTTON_ID);
        assertThat(thisMachineHelper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void escapeInTheHeaderLeavesTheResult(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.emitEvent("finished", -1, 1, "rolled-back");
        window.waitForFocus("switch-done");
        Node refresh = window.node("refresh");
        robot.interact(refresh::requestFocus);
        press(robot, KeyCode.ESCAPE);
        window.waitForFocus(CARD_BUTTON_ID);
    }

    @Test
    void enterOnCancelLeavesThePlan(FxRobot robot) {
        openPlan(robot);
        robot.press(KeyCode.SHIFT).press(KeyCode.TAB).release(KeyCode.TAB).release(KeyCode.SHIFT);
        window.waitForFocus("switch-cancel");
        press(robot, KeyCode.ENTER);
        window.waitForFocus(CARD_BUTTON_ID);
        assertThat(thisMachineHelper.calls()).noneMatch(call -> call.startsWith("apply"));
    }

    @Test
    void escapeDuringTheSwitchRequestsCancel(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 3);
        press(robot, KeyCode.ESCAPE);
        TestWindow.waitUntil(
                "the helper is asked", () -> thisMachineHelper.calls().contains("cancel"));
        window.waitForText("switch-stop", "Stopping after this step");
        assertThat(window.containsNode("switch")).isTrue();
    }

    @Test
    void repeatedEnterDoesNotCancelAndTabReachesCancel(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 3);
        press(robot, KeyCode.ENTER);
        TestWindow.waitForFxEvents();
        assertThat(thisMachineHelper.calls()).doesNotContain("cancel");
        pressTabUntilFocused(robot, "switch-stop");
        press(robot, KeyCode.ENTER);
        TestWindow.waitUntil(
                "the helper is asked", () -> thisMachineHelper.calls().contains("cancel"));
        thisMachineHelper.emitEvent("finished", -1, 1, "cancelled");
        window.waitForFocus("switch-done");
    }

    @Test
    void everyStepShowsItsReversibility(FxRobot robot) {
        openPlan(robot);
        for (int number = 1; number <= 11; number++) {
            assertThat(window.node("step-" + number).getAccessibleText()).startsWith("Step " + number + ": ");
            assertThat(window.text("step-undo-" + number)).isNotEmpty();
        }
        window.assertNoTextIsCutOff();
    }

    @Test
    void commandsAreShownOnRequestAndCopied(FxRobot robot) {
        openPlan(robot);
        assertThat(window.containsNode("switch-commands")).isFalse();
        window.fire("switch-commands-show");
        assertThat(window.node("switch-commands", TextInputControl.class).getText())
                .contains("sudo modprobe vfio-pci");
        window.fire("switch-commands-copy");
        assertThat(TestWindow.callOnFxThread(
                        () -> Clipboard.getSystemClipboard().getString()))
                .contains("sudo modprobe vfio-pci");
    }

    @Test
    void nativeDriverIsAllowedByKeyboard(FxRobot robot) {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ThisMachine(),
                SampleMachines.load("strix-halo-32g")
                        .orElseThrow()
                        .withChanges(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty()))));
        robot.interact(() -> window.model().openThisMachine());
        window.fire("other-0000-c3-00-0");
        CheckBox allow = window.node("switch-native-driver", CheckBox.class);
        assertThat(allow.getText()).isEqualTo("Bind the GPU's own driver briefly, so that no kernel module is needed");
        assertThat(allow.isSelected()).isFalse();
        assertThat(window.containsNode("switch-apply")).isFalse();
        window.assertNoTextIsCutOff();
        robot.interact(allow::requestFocus);
        press(robot, KeyCode.SPACE);
        window.waitForFocus("switch-apply");
        assertThat(allow.isSelected()).isTrue();
        window.waitForText("note-2", "Switchback binds the GPU's own driver");
        window.assertNoTextIsCutOff();
        robot.interact(allow::requestFocus);
        press(robot, KeyCode.SPACE);
        TestWindow.waitUntil("it is refused again", () -> !window.containsNode("switch-apply"));
        assertThat(allow.isSelected()).isFalse();
    }

    @Test
    void nativeDriverIsNotOfferedWhenUseless(FxRobot robot) {
        openPlan(robot);
        assertThat(window.containsNode("switch-native-driver")).isFalse();
    }

    @Test
    void programsUsingTheGpuLeaveOnlyCheckAgain(FxRobot robot) {
        thisMachineHelper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        window.fire(CARD_BUTTON_ID);
        window.waitForFocus("check-again");
        assertThat(window.text("refusal-1")).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
        assertThat(window.containsNode("switch-apply")).isFalse();
        window.assertNoTextIsCutOff();
        thisMachineHelper.closeDeviceNode(4121);
        press(robot, KeyCode.ENTER);
        window.waitForFocus("switch-apply");
    }

    @Test
    void slowStepShowsANoteAndTheWindowResponds(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 6);
        thisMachineHelper.emitEvent("started", 7, 1, "");
        for (int second = 1; second <= 12; second++) {
            thisMachineHelper.emitEvent("waiting", 7, 1000, "");
        }
        window.waitForText("step-note-8", "Slow, but not stuck");
        window.waitForText("switch-stop", "Stop after this step");
        assertThat(window.text("step-time-8")).isEqualTo("12.0 s so far");
        assertThat(window.node("switch-stop").isDisabled()).isFalse();
        window.assertNoTextIsCutOff();
    }

    @Test
    void runningStepIsScrolledIntoView(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 9);
        thisMachineHelper.emitEvent("started", 10, 1, "");
        Node row = window.node("step-11");
        Node pane = window.node("switch").lookup(".viewport");
        TestWindow.waitUntil("the last step is in view", () -> {
            return pane.localToScene(pane.getBoundsInLocal()).contains(row.localToScene(row.getBoundsInLocal()));
        });
    }

    @Test
    void failureShowsTheRollback(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 3);
        thisMachineHelper.emitEvent("started", 4, 1, "");
        thisMachineHelper.emitEvent("failed", 4, 1, "EBUSY");
        thisMachineHelper.emitEvent("undoing", 3, 1, "");
        thisMachineHelper.emitEvent("undone", 3, 1, "");
        thisMachineHelper.emitEvent("finished", -1, 1, "rolled-back");
        assertThat(window.text("result-title")).isEqualTo("A step failed. All changes were rolled back.");
        assertThat(window.node("step-4").getAccessibleText()).endsWith("rolled back");
        assertThat(window.node("step-5").getAccessibleText()).endsWith("failed");
        assertThat(window.node("step-6").getAccessibleText()).endsWith("not started");
        window.assertNoTextIsCutOff();
    }

    @Test
    void falseSuccessIsDetected(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        assertThat(window.text("result-title"))
                .isEqualTo("The helper reported success, but 04:00.0 is still bound to nvidia.");
    }

    @Test
    void partiallySwitchedGpuOffersRollback(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        thisMachineHelper.emitEvent("finished", -1, 1, "rollback-failed");
        window.waitForFocus("switch-restore");
        assertThat(window.text("result-title")).startsWith("Partially switched:");
        assertThat(window.node("switch-finish", Button.class).isDisabled()).isFalse();
        window.assertNoTextIsCutOff();
    }

    @Test
    void lostHelperIsReported(FxRobot robot) {
        startSwitch(robot);
        thisMachineHelper.completeSteps(0, 4);
        thisMachineHelper.failAllCalls(HelperException.FailureKind.LOST);
        thisMachineHelper.emitEvent("finished", -1, 1, "helper-lost");
        assertThat(window.text("result-title")).isEqualTo("The state of GeForce GTX 1080 is unknown.");
    }

    private void openPlan(FxRobot robot) {
        window.fire(CARD_BUTTON_ID);
        window.waitForFocus("switch-apply");
    }

    private void startSwitch(FxRobot robot) {
        openPlan(robot);
        press(robot, KeyCode.ENTER);
        window.node("switch-stop");
        window.waitForFocus("switch");
        awaitHelperStart();
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
    }

    /** Only then is there somebody to tell what happens. */
    private void awaitHelperStart() {
        TestWindow.waitUntil("the helper has begun", () -> thisMachineHelper.isSwitchRequested());
    }

    private static void press(FxRobot robot, KeyCode key) {
        robot.press(key).release(key);
    }

    private void pressTabUntilFocused(FxRobot robot, String id) {
        for (int i = 0; i < 30; i++) {
            var owner = window.stage().getScene().getFocusOwner();
            if (owner != null && id.equals(owner.getId())) {
                return;
            }
            press(robot, KeyCode.TAB);
        }
        window.waitForFocus(id);
    }
}
