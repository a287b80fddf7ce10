package org.switchback.gui.gpus;

import static org.assertj.core.api.Assertions.assertThat;

import atlantafx.base.theme.Styles;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.Region;
import javafx.scene.paint.LinearGradient;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.TestWindow;
import org.switchback.gui.WindowTestCase;
import org.switchback.gui.memorymap.FitScale;
import org.switchback.hardware.MachineSnapshot;
import org.testfx.api.FxRobot;

class GpusViewTest extends WindowTestCase {
    @Test
    void everyGpuHasACardWithNameAddressAndMode() {
        assertThat(window.text("name-0000-04-00-0")).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(window.text("identity-0000-04-00-0")).startsWith("0000:04:00.0");
        assertThat(window.text("status-0000-04-00-0")).isEqualTo("Host mode (nvidia)");
        assertThat(window.text("status-0000-08-00-0")).isEqualTo("Draws this desktop (radeon)");
        assertThat(window.text("reason-0000-08-00-0")).startsWith("Stays with the host");
    }

    @Test
    void overlapIsVisibleInTheSmallestWindow() {
        Node strip = window.node("bar-0000-04-00-0-1");
        TestWindow.waitForFxEvents();
        Region overlap = (Region) strip.lookup(".bar-segment.overlap");
        assertThat(overlap.getWidth()).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
        assertThat(overlap.getBackground().getFills().getFirst().getFill().isOpaque())
                .isTrue();
        assertThat(strip.getAccessibleText()).isEqualTo("BAR 1, 256 MiB, efifb · 8.4 MiB, unclaimed · 247.6 MiB");
        assertThat(window.text("overlap-0000-04-00-0-1"))
                .contains("vfio-pci can't reserve BAR 1 while efifb is there.");
    }

    @Test
    void overlapOf8MibIsVisibleInABarOf32Gib() {
        openSample("strix-halo-32g");
        Node strip = window.node("bar-0000-c3-00-0-0");
        TestWindow.waitForFxEvents();
        assertThat(((Region) strip.lookup(".bar-segment.overlap")).getWidth())
                .isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
    }

    @Test
    void overlapHasAPatternVisibleWithoutColour() {
        Node strip = window.node("bar-0000-04-00-0-1");
        TestWindow.waitForFxEvents();
        var fill = ((Region) strip.lookup(".bar-segment.overlap"))
                .getBackground()
                .getFills()
                .getFirst()
                .getFill();
        assertThat(fill).isInstanceOf(LinearGradient.class);
        var stops = ((LinearGradient) fill).getStops();
        assertThat(stops.getFirst().getColor().grayscale())
                .isNotEqualTo(stops.getLast().getColor().grayscale());
    }

    @Test
    void everyCardHasAtMostOnePrimaryButton() {
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            for (GpuCard card : window.model().gpus().cards()) {
                List<Node> primaryButtons = window.node("gpu-" + card.nodeId()).lookupAll("." + Styles.ACCENT).stream()
                        .filter(Button.class::isInstance)
                        .toList();
                assertThat(primaryButtons).hasSize(card.actions().isEmpty() ? 0 : 1);
            }
        }
    }

    @Test
    void disabledButtonShowsItsReason() {
        openSample("iommu-off");
        assertThat(window.node("switch-0000-06-00-0").isDisabled()).isTrue();
        assertThat(window.text("reason-0000-06-00-0")).contains("no IOMMU group");
        assertThat(window.node("switch-0000-06-00-0").getAccessibleHelp()).contains("no IOMMU group");
    }

    @Test
    void detailsAreCollapsedAtFirstAndStayExpanded() {
        window.node("details-toggle-0000-04-00-0");
        assertThat(window.containsNode("details-0000-04-00-0")).isFalse();
        window.fire("details-toggle-0000-04-00-0");
        window.waitForText("detail-link-0000-04-00-0", "2.5 GT/s PCIe");
        window.assertNoTextIsCutOff();
        thisMachineHelper.openDeviceNode(99, "glxgears", "ann", "dri/card7");
        thisMachineHelper.notifyChangeListeners();
        window.waitForText("users-0000-04-00-0", "Used by glxgears");
        assertThat(window.containsNode("details-0000-04-00-0")).isTrue();
        window.fire("details-toggle-0000-04-00-0");
        TestWindow.waitUntil("the details are hidden", () -> !window.containsNode("details-0000-04-00-0"));
    }

    @Test
    void focusStartsOnTheFirstEnabledButton() {
        window.waitForFocus("switch-0000-04-00-0");
    }

    @Test
    void focusIsKeptWhenTheMachineChanges(FxRobot robot) {
        Node button = window.node("switch-0000-04-00-0");
        robot.interact(button::requestFocus);
        thisMachineHelper.openDeviceNode(99, "glxgears", "ann", "dri/card7");
        thisMachineHelper.notifyChangeListeners();
        window.waitForText("users-0000-04-00-0", "Used by glxgears");
        window.waitForFocus("switch-0000-04-00-0");
    }

    @Test
    void machineWithoutGpuOffersASample(FxRobot robot) {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING), MachineSnapshot.EMPTY));
        robot.interact(() -> window.model().openThisMachine());
        window.waitForText("message", "No GPU was found on this machine.");
        Node button = window.node("gpus-sample");
        robot.interact(button::requestFocus);
        robot.press(KeyCode.ENTER).release(KeyCode.ENTER);
        assertThat(window.text("name-0000-04-00-0")).isEqualTo("NVIDIA GeForce GTX 1080");
    }

    @Test
    void nothingIsClippedInTheSmallestWindow() {
        window.node("gpu-0000-04-00-0");
        window.assertNoTextIsCutOff();
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            window.assertNoTextIsCutOff();
        }
    }
}
