package org.switchback.gui.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.switchback.client.readiness.ReadinessCheckKind;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.TestWindow;
import org.switchback.gui.WindowTestCase;
import org.testfx.api.FxRobot;

class ReadinessViewTest extends WindowTestCase {
    @Test
    void everyCheckHasARowWithAccessibleStatus() {
        window.fire("page-button-readiness");
        window.waitForText("readiness-summary", "Ready for VM mode.");
        for (ReadinessCheckKind check : ReadinessCheckKind.values()) {
            assertThat(window.node("check-" + check.id()).getAccessibleText())
                    .matches("(?s).+, (ready|warning|problem|could not be checked)\\. .+");
        }
        assertThat(window.node("check-reset").getAccessibleText()).contains("could not be checked");
        FontIcon icon = (FontIcon) window.node("check-reset").lookup(".check-icon .ikonli-font-icon");
        assertThat(icon.getIconCode()).as("a question mark").isEqualTo(Material2AL.HELP_OUTLINE);
    }

    @Test
    void programOpeningTheGpuAppearsWithoutRefresh() {
        window.fire("page-button-readiness");
        window.waitForText("readiness-summary", "Ready");
        thisMachineHelper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        thisMachineHelper.notifyChangeListeners();
        window.waitForText("readiness-summary", "Not ready: one problem");
        assertThat(window.text("check-text-users")).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
    }

    @Test
    void anotherGpuIsSelectedByKeyboard(FxRobot robot) {
        window.fire("page-button-readiness");
        robot.interact(window.node("readiness-0000-08-00-0")::requestFocus);
        robot.press(KeyCode.ENTER).release(KeyCode.ENTER);
        window.waitForText("check-text-desktop", "This GPU draws the desktop");
    }

    @Test
    void checksAreCopiedAsText(FxRobot robot) {
        window.fire("page-button-readiness");
        window.waitForText("readiness-summary", "Ready");
        window.fire("readiness-copy");
        TestWindow.waitForFxEvents();
        String copied =
                TestWindow.callOnFxThread(() -> Clipboard.getSystemClipboard().getString());
        assertThat(copied).contains("NVIDIA GeForce GTX 1080 (0000:04:00.0)").contains("✔ IOMMU group: ");
    }

    @Test
    void nothingIsClippedInTheSmallestWindowForAnySample() {
        window.fire("page-button-readiness");
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            window.node("check-power");
            window.assertNoTextIsCutOff();
        }
    }
}
