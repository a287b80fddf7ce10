package org.switchback.app;

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
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.testfx.api.FxRobot;

class MainViewTest extends WindowTestCase {
    @Test
    void aSampleFromTheMenuSaysOnItsRibbonAndInTheTitleThatItIsOne(FxRobot robot) {
        item(robot, "menu-samples", "menu-sample-iommu-off");
        assertThat(screen.text("ribbon-text")).isEqualTo("Sample machine. Nothing here touches this computer.");
        screen.node("gpu-0000-06-00-0");
        assertThat(screen.stage().getTitle()).startsWith("Switchback: sample machine Two GPUs");
        screen.assertNothingIsCutOff();
    }

    @Test
    void aReportThatIsDroppedIsOpened(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(
                folder.resolve("machine.txt"),
                SampleMachines.load("iommu-off").orElseThrow().toText());
        screen.node("gpu-0000-04-00-0");
        screen.drop(screen.stage().getScene().getRoot(), file);
        screen.node("gpu-0000-06-00-0");
        assertThat(screen.stage().getTitle()).contains("machine.txt");
    }

    @Test
    void theRibbonLeadsBackToThisComputer(FxRobot robot) {
        item(robot, "menu-samples", "menu-sample-iommu-off");
        screen.fire("ribbon-back");
        screen.node("gpu-0000-04-00-0");
        assertThat(screen.has("ribbon")).isFalse();
        assertThat(screen.stage().getTitle()).isEqualTo("Switchback");
    }

    @Test
    void theButtonOfThePageLeadsBackFromAPlanToTheCards(FxRobot robot) {
        screen.fire("switch-0000-04-00-0");
        screen.node("switch-apply");
        screen.fire("page-button-gpus");
        screen.node("gpu-0000-04-00-0");
        assertThat(screen.has("switch-apply")).isFalse();
    }

    @Test
    void theMenuIsReachedByKeyboardFromTheHeader(FxRobot robot) {
        screen.node("gpu-0000-04-00-0");
        MenuButton menu = screen.node("menu", MenuButton.class);
        robot.press(KeyCode.F10).release(KeyCode.F10);
        Screen.until("the menu is open", menu::isShowing);
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        Screen.until("the menu is closed", () -> !menu.isShowing());
        screen.untilFocused("menu");
    }

    @Test
    void theMenuStaysInsideTheWindow(FxRobot robot) {
        screen.node("gpu-0000-04-00-0");
        MenuButton menu = screen.node("menu", MenuButton.class);
        Screen.until("the header is laid out", () -> menu.getWidth() > 0);
        robot.interact(menu::show);
        Screen.until("the menu is open", menu::isShowing);
        Screen.until("its right edge is the button's", () -> {
            var popup = menu.getItems().getFirst().getParentPopup();
            double button = menu.localToScreen(menu.getBoundsInLocal()).getMaxX();
            return popup.getAnchorX() <= button + 1
                    && popup.getAnchorLocation() == PopupWindow.AnchorLocation.CONTENT_TOP_RIGHT;
        });
        robot.interact(menu::hide);
    }

    @Test
    void whatIsTheMatterWithTheHelperIsSaidQuietlyAndTheCardsStay(FxRobot robot) {
        connections.here(new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.WRONG_VERSION),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        robot.interact(() -> screen.model().openThisMachine());
        assertThat(screen.text("banner-text"))
                .isEqualTo(Words.in(Locale.ENGLISH).problem(HelperProblem.Kind.WRONG_VERSION)
                        + " This computer can be looked at, not changed.");
        assertThat(screen.node("switch-0000-04-00-0").isDisabled()).isTrue();
        assertThat(screen.text("reason-0000-04-00-0")).isEqualTo("Switching needs the helper.");
        screen.assertNothingIsCutOff();
    }

    @Test
    void oneOfThePageButtonsIsAlwaysPressed(FxRobot robot) {
        ToggleButton gpus = screen.node("page-button-gpus", ToggleButton.class);
        assertThat(gpus.isSelected()).isTrue();
        screen.fire("page-button-gpus");
        assertThat(gpus.isSelected()).isTrue();
    }

    @Test
    void aPageThatIsOpenedByItsKeyTakesTheKeyboard(FxRobot robot) {
        screen.untilFocused("switch-0000-04-00-0");
        robot.push(KeyCode.ALT, KeyCode.DIGIT2);
        screen.untilFocused("map-picture");
        robot.push(KeyCode.ALT, KeyCode.DIGIT3);
        screen.untilFocused("page-button-readiness");
        robot.push(KeyCode.ALT, KeyCode.DIGIT4);
        screen.untilFocused("page-button-activity");
        robot.push(KeyCode.ALT, KeyCode.DIGIT1);
        screen.untilFocused("switch-0000-04-00-0");
    }

    @Test
    void whoeverGoesThroughThePagesByTheirButtonsStaysOnThem(FxRobot robot) {
        screen.untilFocused("switch-0000-04-00-0");
        Node button = screen.node("page-button-memory-map");
        robot.interact(button::requestFocus);
        robot.push(KeyCode.SPACE);
        screen.node("map-picture");
        Screen.settle();
        screen.untilFocused("page-button-memory-map");
    }

    @Test
    void f5ChecksAgain(FxRobot robot) {
        screen.node("gpu-0000-04-00-0");
        here.isInVmMode();
        robot.press(KeyCode.F5).release(KeyCode.F5);
        screen.untilText("status-0000-04-00-0", "VM mode");
    }

    @Test
    void aFileThatIsNoReportIsToldUntilItIsDismissed(FxRobot robot, @TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("notes.txt"), "eggs");
        robot.interact(() -> screen.model().openReport(file));
        assertThat(screen.text("notice-text")).isEqualTo("notes.txt is not a report that Switchback has saved.");
        screen.fire("notice-dismiss");
        Screen.until("the notice is away", () -> !screen.has("notice"));
    }

    @Test
    void everyControlSaysWhatItIs(FxRobot robot) {
        screen.node("gpu-0000-04-00-0");
        assertEverythingIsNamed();
        screen.fire("switch-0000-04-00-0");
        screen.node("switch-apply");
        assertEverythingIsNamed();
    }

    private void assertEverythingIsNamed() {
        Screen.settle();
        for (Node node : screen.nodes()) {
            boolean plumbing = node instanceof ScrollPane
                    || node instanceof ScrollBar
                    || (node instanceof Label label && label.getText().isEmpty());
            if ((node instanceof Control || node.isFocusTraversable()) && !plumbing) {
                Object said = Screen.onScreen(() -> node.getAccessibleText() != null
                        ? node.getAccessibleText()
                        : node.queryAccessibleAttribute(AccessibleAttribute.TEXT));
                assertThat(said).as("what %s says", node).isInstanceOf(String.class).isNotEqualTo("");
            }
        }
    }

    @Test
    void aHelperThatNeverAnswersDoesNotFreezeTheWindow(FxRobot robot) {
        CountDownLatch never = new CountDownLatch(1);
        try {
            connections.waitsFor(never);
            robot.interact(() -> screen.model().openThisMachine());
            screen.untilText("message", "Looking");
            item(robot, "menu-samples", "menu-sample-iommu-off");
            screen.node("gpu-0000-06-00-0");
        } finally {
            never.countDown();
        }
    }

    private void item(FxRobot robot, String menu, String item) {
        MenuButton button = screen.node("menu", MenuButton.class);
        robot.interact(() -> {
            Menu samples = (Menu) button.getItems().stream()
                    .filter(entry -> menu.equals(entry.getId()))
                    .findFirst()
                    .orElseThrow();
            samples.getItems().stream()
                    .filter(entry -> item.equals(entry.getId()))
                    .findFirst()
                    .orElseThrow()
                    .fire();
        });
    }
}
