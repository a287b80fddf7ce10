package org.switchback.app.gpus;

import static org.assertj.core.api.Assertions.assertThat;

import atlantafx.base.theme.Styles;
import java.util.List;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.Region;
import javafx.scene.paint.LinearGradient;
import org.junit.jupiter.api.Test;
import org.switchback.app.Screen;
import org.switchback.app.WindowTestCase;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.memorymap.FitScale;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Capture;
import org.testfx.api.FxRobot;

class GpusViewTest extends WindowTestCase {
    @Test
    void aCardAGpuWithItsNameAddressAndMode() {
        assertThat(screen.text("name-0000-04-00-0")).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(screen.text("identity-0000-04-00-0")).startsWith("0000:04:00.0");
        assertThat(screen.text("status-0000-04-00-0")).isEqualTo("Host mode (nvidia)");
        assertThat(screen.text("status-0000-08-00-0")).isEqualTo("Draws this desktop (radeon)");
        assertThat(screen.text("reason-0000-08-00-0")).startsWith("Stays with the host");
    }

    @Test
    void theOverlapIsWideEnoughToSeeInTheSmallestWindow() {
        Node strip = screen.node("bar-0000-04-00-0-1");
        Screen.settle();
        Region overlap = (Region) strip.lookup(".claimed");
        assertThat(overlap.getWidth()).isGreaterThanOrEqualTo(FitScale.NARROWEST);
        assertThat(overlap.getBackground().getFills().getFirst().getFill().isOpaque()).isTrue();
        assertThat(strip.getAccessibleText())
                .isEqualTo("BAR 1, 256 MiB, efifb · 8.4 MiB, uncovered · 247.6 MiB");
        assertThat(screen.text("claim-0000-04-00-0-1")).contains("vfio-pci can't reserve BAR 1 while efifb is there.");
    }

    @Test
    void theOverlapOfEightMibIsWideEnoughInABarOf32Gib() {
        openSample("strix-halo-32g");
        Node strip = screen.node("bar-0000-c3-00-0-0");
        Screen.settle();
        assertThat(((Region) strip.lookup(".claimed")).getWidth()).isGreaterThanOrEqualTo(FitScale.NARROWEST);
    }

    @Test
    void theOverlapHasAPatternSoThatItIsSeenWithoutColour() {
        Node strip = screen.node("bar-0000-04-00-0-1");
        Screen.settle();
        var fill = ((Region) strip.lookup(".claimed")).getBackground().getFills().getFirst().getFill();
        assertThat(fill).isInstanceOf(LinearGradient.class);
        var stops = ((LinearGradient) fill).getStops();
        assertThat(stops.getFirst().getColor().grayscale()).isNotEqualTo(stops.getLast().getColor().grayscale());
    }

    @Test
    void oneMainButtonACard() {
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            for (GpuCard card : screen.model().gpus().cards()) {
                List<Node> main = screen.node("gpu-" + card.id()).lookupAll("." + Styles.ACCENT).stream()
                        .filter(Button.class::isInstance)
                        .toList();
                assertThat(main).hasSize(card.choices().isEmpty() ? 0 : 1);
            }
        }
    }

    @Test
    void aDisabledSwitchShowsItsReason() {
        openSample("iommu-off");
        assertThat(screen.node("switch-0000-06-00-0").isDisabled()).isTrue();
        assertThat(screen.text("reason-0000-06-00-0")).contains("no IOMMU group");
        assertThat(screen.node("switch-0000-06-00-0").getAccessibleHelp()).contains("no IOMMU group");
    }

    @Test
    void theDetailsAreFoldedAwayUntilSomebodyWantsThemAndStayOpenThen() {
        screen.node("fold-0000-04-00-0");
        assertThat(screen.has("details-0000-04-00-0")).isFalse();
        screen.fire("fold-0000-04-00-0");
        screen.untilText("detail-link-0000-04-00-0", "2.5 GT/s PCIe");
        screen.assertNothingIsCutOff();
        here.isHeldBy(99, "glxgears", "ann", "dri/card7");
        here.changes();
        screen.untilText("users-0000-04-00-0", "Used by glxgears");
        assertThat(screen.has("details-0000-04-00-0")).isTrue();
        screen.fire("fold-0000-04-00-0");
        Screen.until("the details are away", () -> !screen.has("details-0000-04-00-0"));
    }

    @Test
    void theKeyboardStartsOnTheFirstThingThatCanBeDone() {
        screen.untilFocused("switch-0000-04-00-0");
    }

    @Test
    void theKeyboardStaysWhereItIsWhenTheMachineChanges(FxRobot robot) {
        Node button = screen.node("switch-0000-04-00-0");
        robot.interact(button::requestFocus);
        here.isHeldBy(99, "glxgears", "ann", "dri/card7");
        here.changes();
        screen.untilText("users-0000-04-00-0", "Used by glxgears");
        screen.untilFocused("switch-0000-04-00-0");
    }

    @Test
    void aMachineWithoutAGpuSaysSoAndOffersASample(FxRobot robot) {
        connections.here(new ScriptedHelper(new Source.LookOnly(HelperProblem.Kind.MISSING), Capture.EMPTY));
        robot.interact(() -> screen.model().openThisMachine());
        screen.untilText("message", "No GPU was found on this machine.");
        Node button = screen.node("gpus-sample");
        robot.interact(button::requestFocus);
        robot.press(KeyCode.ENTER).release(KeyCode.ENTER);
        assertThat(screen.text("name-0000-04-00-0")).isEqualTo("NVIDIA GeForce GTX 1080");
    }

    @Test
    void nothingIsCutOffInTheSmallestWindow() {
        screen.node("gpu-0000-04-00-0");
        screen.assertNothingIsCutOff();
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            screen.assertNothingIsCutOff();
        }
    }
}
