package org.switchback.gui.activity;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.geometry.Orientation;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollBar;
import javafx.scene.control.TextArea;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.switchback.gui.TestWindow;
import org.switchback.gui.WindowTestCase;
import org.testfx.api.FxRobot;

class ActivityViewTest extends WindowTestCase {
    @Test
    void emptyPageExplainsItself() {
        window.fire("page-button-activity");
        assertThat(window.text("activity-empty")).startsWith("No GPU has been switched yet.");
        window.assertNoTextIsCutOff();
    }

    @Test
    void switchIsListedWithStepsCommandsAndMemoryMaps() {
        switchToVm();
        window.fire("page-button-activity");
        window.waitForText("record-result", "NVIDIA GeForce GTX 1080 is in VM mode.");
        assertThat(window.text("record-step-7")).isEqualTo("Unbind 04:00.0 from nvidia");
        assertThat(window.text("record-changes")).contains("efifb (8.4 MiB)");
        assertThat(window.node("record-writes", TextArea.class).getText()).contains("nvidia/unbind");
        assertThat(window.node("record-before", TextArea.class).getText()).contains("efifb");
        ListView<?> records = window.node("records", ListView.class);
        assertThat(TestWindow.callOnFxThread(() -> records.lookupAll(".scroll-bar").stream()
                        .map(ScrollBar.class::cast)
                        .filter(bar -> bar.getOrientation() == Orientation.HORIZONTAL && bar.isVisible())
                        .toList()))
                .as("the list is never wider than its place")
                .isEmpty();
        window.assertNoTextIsCutOff();
    }

    @Test
    void recordIsSelectedByKeyboardAndCopiedAsText(FxRobot robot) {
        switchToVm();
        window.fire("page-button-activity");
        ListView<?> list = window.node("records", ListView.class);
        window.node("record-result");
        robot.interact(list::requestFocus);
        robot.press(KeyCode.HOME).release(KeyCode.HOME);
        window.fire("activity-copy");
        TestWindow.waitForFxEvents();
        assertThat(TestWindow.callOnFxThread(
                        () -> Clipboard.getSystemClipboard().getString()))
                .startsWith("Switch NVIDIA GeForce GTX 1080 to VM mode\n")
                .contains("Kernel writes\n");
    }

    @Test
    void reportsExcludeNamesByDefault() {
        window.fire("page-button-activity");
        assertThat(window.node("activity-names", CheckBox.class).isSelected()).isFalse();
        Node save = window.node("activity-save");
        TestWindow.waitUntil("the machine is open", () -> !save.isDisabled());
    }

    private void switchToVm() {
        window.fire("switch-0000-04-00-0");
        window.waitForFocus("switch-apply");
        window.fire("switch-apply");
        TestWindow.waitUntil("the helper has begun", thisMachineHelper::isSwitchRequested);
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        window.waitForFocus("switch-done");
    }
}
