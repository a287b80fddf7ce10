package org.switchback.app.activity;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.geometry.Orientation;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollBar;
import javafx.scene.control.TextArea;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.switchback.app.Screen;
import org.switchback.app.WindowTestCase;
import org.testfx.api.FxRobot;

class ActivityViewTest extends WindowTestCase {
    @Test
    void beforeTheFirstSwitchThePageSaysWhatWillBeHere() {
        screen.fire("page-button-activity");
        assertThat(screen.text("activity-empty")).startsWith("No GPU has been switched yet.");
        screen.assertNothingIsCutOff();
    }

    @Test
    void aSwitchFromTheCardsIsListedWithStepsWritesAndMaps() {
        switchToVm();
        screen.fire("page-button-activity");
        screen.untilText("attempt-result", "NVIDIA GeForce GTX 1080 is in VM mode.");
        assertThat(screen.text("attempt-step-7")).isEqualTo("Take 04:00.0 from nvidia");
        assertThat(screen.text("attempt-changes")).contains("efifb (8.4 MiB)");
        assertThat(screen.node("attempt-writes", TextArea.class).getText()).contains("nvidia/unbind");
        assertThat(screen.node("attempt-before", TextArea.class).getText()).contains("efifb");
        ListView<?> attempts = screen.node("attempts", ListView.class);
        assertThat(Screen.onScreen(() -> attempts.lookupAll(".scroll-bar").stream()
                        .map(ScrollBar.class::cast)
                        .filter(bar -> bar.getOrientation() == Orientation.HORIZONTAL && bar.isVisible())
                        .toList()))
                .as("the list is never wider than its place")
                .isEmpty();
        screen.assertNothingIsCutOff();
    }

    @Test
    void anAttemptIsChosenByKeyboardAndCopiedAsText(FxRobot robot) {
        switchToVm();
        screen.fire("page-button-activity");
        ListView<?> list = screen.node("attempts", ListView.class);
        screen.node("attempt-result");
        robot.interact(list::requestFocus);
        robot.press(KeyCode.HOME).release(KeyCode.HOME);
        screen.fire("activity-copy");
        Screen.settle();
        assertThat(Screen.onScreen(() -> Clipboard.getSystemClipboard().getString()))
                .startsWith("NVIDIA GeForce GTX 1080 to VM mode\n")
                .contains("Written to the kernel\n");
    }

    @Test
    void namesAreLeftOutOfAReportUnlessAskedFor() {
        screen.fire("page-button-activity");
        assertThat(screen.node("activity-names", CheckBox.class).isSelected()).isFalse();
        assertThat(screen.node("activity-save").isDisabled()).isFalse();
    }

    private void switchToVm() {
        screen.fire("switch-0000-04-00-0");
        screen.untilFocused("switch-apply");
        screen.fire("switch-apply");
        Screen.until("the helper has begun", here::begun);
        here.says("authorized", -1, 0, "");
        here.doesSteps(0, 10);
        here.isInVmMode();
        here.says("finished", -1, 1, "done");
        screen.untilFocused("switch-done");
    }
}
