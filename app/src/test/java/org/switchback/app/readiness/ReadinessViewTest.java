package org.switchback.app.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.switchback.app.Screen;
import org.switchback.app.WindowTestCase;
import org.switchback.app.samples.SampleMachines;
import org.testfx.api.FxRobot;

class ReadinessViewTest extends WindowTestCase {
    @Test
    void thePageHasARowACheckWithItsResultForThoseWhoCannotSeeIt() {
        screen.fire("page-button-readiness");
        screen.untilText("readiness-summary", "Ready: nothing keeps NVIDIA GeForce GTX 1080 from VM mode.");
        for (Check check : Check.values()) {
            assertThat(screen.node("check-" + check.id()).getAccessibleText())
                    .matches("(?s).+, (ready|to do|blocks|could not be measured)\\. .+");
        }
        assertThat(screen.node("check-reset").getAccessibleText()).contains("could not be measured");
        FontIcon sign = (FontIcon) screen.node("check-reset").lookup(".check-sign .ikonli-font-icon");
        assertThat(sign.getIconCode()).as("a question mark").isEqualTo(Material2AL.HELP_OUTLINE);
    }

    @Test
    void aProgramThatOpensTheGpuShowsWithoutAsking() {
        screen.fire("page-button-readiness");
        screen.untilText("readiness-summary", "Ready");
        here.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        here.changes();
        screen.untilText("readiness-summary", "One thing keeps");
        assertThat(screen.text("check-text-users")).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
    }

    @Test
    void theOtherGpuIsChosenByKeyboard(FxRobot robot) {
        screen.fire("page-button-readiness");
        robot.interact(screen.node("readiness-0000-08-00-0")::requestFocus);
        robot.press(KeyCode.ENTER).release(KeyCode.ENTER);
        screen.untilText("check-text-desktop", "This GPU draws the desktop");
    }

    @Test
    void theChecksAreCopiedAsText(FxRobot robot) {
        screen.fire("page-button-readiness");
        screen.untilText("readiness-summary", "Ready");
        screen.fire("readiness-copy");
        Screen.settle();
        String copied = Screen.onScreen(() -> Clipboard.getSystemClipboard().getString());
        assertThat(copied).contains("NVIDIA GeForce GTX 1080 (0000:04:00.0)").contains("✔ IOMMU group: ");
    }

    @Test
    void nothingIsCutOffInTheSmallestWindowForAnySample() {
        screen.fire("page-button-readiness");
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            screen.node("check-power");
            screen.assertNothingIsCutOff();
        }
    }
}
