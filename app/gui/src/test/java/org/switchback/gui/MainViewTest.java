package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import javafx.scene.AccessibleAttribute;
import javafx.scene.Node;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuButton;
import javafx.scene.control.ScrollBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import javafx.stage.PopupWindow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.testfx.api.FxRobot;

class MainViewTest extends WindowTestCase {
    @Test
    void sampleFromTheMenuIsNamedInTheSimulationBarAndTitle(FxRobot robot) {
        fireMenuItem(robot, "menu-samples", "menu-sample-iommu-off");
        assertThat(window.text("simulation-text")).isEqualTo("Sample machine. Nothing here touches this computer.");
        window.node("gpu-0000-06-00-0");
        assertThat(window.stage().getTitle()).startsWith("Switchback: sample machine Two GPUs");
        window.assertNoTextIsCutOff();
    }

    @Test
    void droppedReportIsOpened(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(
                folder.resolve("machine.txt"),
                SampleMachines.load("iommu-off").orElseThrow().toText());
        window.node("gpu-0000-04-00-0");
        window.dropFile(window.stage().getScene().getRoot(), file);
        window.node("gpu-0000-06-00-0");
        assertThat(window.stage().getTitle()).contains("machine.txt");
    }

    @Test
    void simulationBarReturnsToThisComputer(FxRobot robot) {
        fireMenuItem(robot, "menu-samples", "menu-sample-iommu-off");
        window.fire("simulation-back");
        window.node("gpu-0000-04-00-0");
        assertThat(window.containsNode("simulation-bar")).isFalse();
        assertThat(window.stage().getTitle()).isEqualTo("Switchback");
    }

    @Test
    void pageButtonReturnsFromAPlanToTheCards(FxRobot robot) {
        window.fire("switch-0000-04-00-0");
        window.node("switch-apply");
        window.fire("page-button-gpus");
        window.node("gpu-0000-04-00-0");
        assertThat(window.containsNode("switch-apply")).isFalse();
    }

    @Test
    void f10OpensTheMenu(FxRobot robot) {
        window.node("gpu-0000-04-00-0");
        MenuButton menu = window.node("menu", MenuButton.class);
        robot.press(KeyCode.F10).release(KeyCode.F10);
        TestWindow.waitUntil("the menu is open", menu::isShowing);
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        TestWindow.waitUntil("the menu is closed", () -> !menu.isShowing());
        window.waitForFocus("menu");
    }

    @Test
    void menuStaysInsideTheWindow(FxRobot robot) {
        window.node("gpu-0000-04-00-0");
        MenuButton menu = window.node("menu", MenuButton.class);
        TestWindow.waitUntil("the header is laid out", () -> menu.getWidth() > 0);
        robot.interact(menu::show);
        TestWindow.waitUntil("the menu is open", menu::isShowing);
        TestWindow.waitUntil("the right edges are aligned", () -> {
            var popup = menu.getItems().getFirst().getParentPopup();
            double buttonEdge = menu.localToScreen(menu.getBoundsInLocal()).getMaxX();
            return popup.getAnchorX() <= buttonEdge + 1
                    && popup.getAnchorLocation() == PopupWindow.AnchorLocation.CONTENT_TOP_RIGHT;
        });
        robot.interact(menu::hide);
    }

    @Test
    void helperFailureIsShownInTheHelperBarAndCardsStay(FxRobot robot) {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.WRONG_VERSION),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        robot.interact(() -> window.model().openThisMachine());
        assertThat(window.text("helper-text"))
                .isEqualTo(Messages.forLocale(Locale.ENGLISH)
                                .formatHelperFailure(HelperException.FailureKind.WRONG_VERSION)
                        + " This computer can be viewed, not changed.");
        assertThat(window.node("switch-0000-04-00-0").isDisabled()).isTrue();
        assertThat(window.text("reason-0000-04-00-0")).isEqualTo("Switching needs the helper.");
        window.assertNoTextIsCutOff();
    }

    @Test
    void onePageButtonIsAlwaysSelected(FxRobot robot) {
        ToggleButton gpus = window.node("page-button-gpus", ToggleButton.class);
        assertThat(gpus.isSelected()).isTrue();
        window.fire("page-button-gpus");
        assertThat(gpus.isSelected()).isTrue();
    }

    @Test
    void pageOpenedByItsShortcutTakesTheFocus(FxRobot robot) {
        window.waitForFocus("switch-0000-04-00-0");
        robot.push(KeyCode.ALT, KeyCode.DIGIT2);
        window.waitForFocus("map-picture");
        robot.push(KeyCode.ALT, KeyCode.DIGIT3);
        window.waitForFocus("page-button-readiness");
        robot.push(KeyCode.ALT, KeyCode.DIGIT4);
        window.waitForFocus("page-button-activity");
        robot.push(KeyCode.ALT, KeyCode.DIGIT1);
        window.waitForFocus("switch-0000-04-00-0");
    }

    @Test
    void pageOpenedByItsButtonLeavesTheFocusOnTheButton(FxRobot robot) {
        window.waitForFocus("switch-0000-04-00-0");
        Node button = window.node("page-button-memory-map");
        robot.interact(button::requestFocus);
        robot.push(KeyCode.SPACE);
        window.node("map-picture");
        TestWindow.waitForFxEvents();
        window.waitForFocus("page-button-memory-map");
    }

    @Test
    void f5Refreshes(FxRobot robot) {
        window.node("gpu-0000-04-00-0");
        thisMachineHelper.setVmMode();
        robot.press(KeyCode.F5).release(KeyCode.F5);
        window.waitForText("status-0000-04-00-0", "VM mode");
    }

    @Test
    void invalidReportShowsADismissibleNotice(FxRobot robot, @TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("notes.txt"), "eggs");
        robot.interact(() -> window.model().openReport(file));
        assertThat(window.text("notice-text")).isEqualTo("notes.txt is not a report saved by Switchback.");
        window.fire("notice-dismiss");
        TestWindow.waitUntil("the notice is hidden", () -> !window.containsNode("notice-bar"));
    }

    @Test
    void everyControlHasAccessibleText(FxRobot robot) {
        window.node("gpu-0000-04-00-0");
        assertAccessibleTexts();
        window.fire("switch-0000-04-00-0");
        window.node("switch-apply");
        assertAccessibleTexts();
    }

    private void assertAccessibleTexts() {
        TestWindow.waitForFxEvents();
        for (Node node : window.visibleNodes()) {
            boolean container = node instanceof ScrollPane
                    || node instanceof ScrollBar
                    || (node instanceof Label label && label.getText().isEmpty());
            if ((node instanceof Control || node.isFocusTraversable()) && !container) {
                Object text = TestWindow.callOnFxThread(() -> node.getAccessibleText() != null
                        ? node.getAccessibleText()
                        : node.queryAccessibleAttribute(AccessibleAttribute.TEXT));
                assertThat(text)
                        .as("accessible text of %s", node)
                        .isInstanceOf(String.class)
                        .isNotEqualTo("");
            }
        }
    }

    @Test
    void unresponsiveHelperDoesNotFreezeTheWindow(FxRobot robot) {
        CountDownLatch testFinished = new CountDownLatch(1);
        try {
            connections.blockThisMachineUntil(testFinished);
            robot.interact(() -> window.model().openThisMachine());
            window.waitForText("message", "Looking");
            fireMenuItem(robot, "menu-samples", "menu-sample-iommu-off");
            window.node("gpu-0000-06-00-0");
        } finally {
            testFinished.countDown();
        }
    }

    private void fireMenuItem(FxRobot robot, String menuId, String itemId) {
        MenuButton button = window.node("menu", MenuButton.class);
        robot.interact(() -> {
            Menu menu = (Menu) button.getItems().stream()
                    .filter(item -> menuId.equals(item.getId()))
                    .findFirst()
                    .orElseThrow();
            menu.getItems().stream()
                    .filter(item -> itemId.equals(item.getId()))
                    .findFirst()
                    .orElseThrow()
                    .fire();
        });
    }
}
