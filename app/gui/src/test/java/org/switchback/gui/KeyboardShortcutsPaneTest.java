package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import javafx.event.Event;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Labeled;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import org.junit.jupiter.api.Test;
import org.testfx.api.FxRobot;

/** Tests the list of keyboard shortcuts, and that it contains every key that the window handles. */
class KeyboardShortcutsPaneTest extends WindowTestCase {
    /** Labels of the list that are not the name of their key. */
    private static final Map<String, KeyCode> CODES_BY_LABEL = Map.of(
            "←", KeyCode.LEFT,
            "→", KeyCode.RIGHT,
            "↑", KeyCode.UP,
            "↓", KeyCode.DOWN,
            "+", KeyCode.PLUS,
            "−", KeyCode.MINUS,
            "Esc", KeyCode.ESCAPE,
            "Backspace", KeyCode.BACK_SPACE);

    /** Keys that are handled like another key. */
    private static final Map<KeyCode, KeyCode> EQUIVALENT_CODES = Map.of(
            KeyCode.ADD, KeyCode.PLUS,
            KeyCode.EQUALS, KeyCode.PLUS,
            KeyCode.SUBTRACT, KeyCode.MINUS,
            KeyCode.NUMPAD0, KeyCode.DIGIT0,
            KeyCode.KP_LEFT, KeyCode.LEFT,
            KeyCode.KP_RIGHT, KeyCode.RIGHT,
            KeyCode.KP_UP, KeyCode.UP,
            KeyCode.KP_DOWN, KeyCode.DOWN);

    @Test
    void questionMarkOpensItOnEveryPageAndEscapeClosesIt(FxRobot robot) {
        window.waitForFocus("switch-0000-04-00-0");
        for (MainPage page : MainPage.values()) {
            window.fire("page-button-" + page.id());
            assertThat(window.containsNode("keys")).isFalse();
            robot.write('?');
            window.waitForFocus("keys");
            window.assertNoTextIsCutOff();
            robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
            TestWindow.waitUntil("the list is hidden", () -> !window.containsNode("keys"));
        }
        window.fire("page-button-gpus");
        assertThat(window.model().activeSwitchProperty().get()).isNull();
    }

    @Test
    void focusRequestedWhileOpenIsAppliedAfterClosing(FxRobot robot) {
        window.waitForFocus("switch-0000-04-00-0");
        robot.write('?');
        window.waitForFocus("keys");
        Node refresh = window.node("refresh");
        robot.interact(refresh::requestFocus);
        window.waitForFocus("keys");
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        window.waitForFocus("refresh");
    }

    @Test
    void theMenuOpensIt(FxRobot robot) {
        window.waitForFocus("switch-0000-04-00-0");
        MenuButton menu = window.node("menu", MenuButton.class);
        robot.interact(() -> menu.getItems().stream()
                .filter(item -> "menu-keys".equals(item.getId()))
                .forEach(MenuItem::fire));
        window.waitForFocus("keys");
    }

    /** Presses every key with every modifier, and compares the keys that are handled with the list. */
    @Test
    void itListsEveryHandledKey(FxRobot robot) {
        openSample("x99-gtx1080");
        window.fire("page-button-memory-map");
        Node canvas = window.node("map-picture");
        MenuButton menu = window.node("menu", MenuButton.class);
        Set<String> handled = TestWindow.callOnFxThread(() -> findHandledKeys(canvas, menu));
        assertThat(handled)
                .as("handled keys")
                .contains("F5", "Ctrl+Q", "Alt+DIGIT2", "LEFT", "Ctrl+Shift+C", "Shift+O");
        Set<String> listed = listedKeys(robot);
        // Most keys are handled with Shift as well, which + and ? need on many keyboard layouts.
        handled.removeIf(key -> listed.contains(key.replace("Shift+", "")));
        handled.removeAll(listed);
        assertThat(handled).as("handled, but not in the list").isEmpty();
    }

    private Set<String> findHandledKeys(Node canvas, MenuButton menu) {
        Scene scene = canvas.getScene();
        Set<String> handled = new TreeSet<>();
        // Removed, since a menu shortcut would run its action, and one of them quits.
        scene.getAccelerators().keySet().forEach(key -> handled.add(keyName((KeyCodeCombination) key)));
        scene.getAccelerators().clear();
        AtomicBoolean unhandled = new AtomicBoolean();
        // The last handler: an event that arrives here was not consumed.
        scene.addEventHandler(KeyEvent.KEY_PRESSED, event -> unhandled.set(true));
        for (KeyCode code : KeyCode.values()) {
            for (int modifiers = 0; modifiers < 8 && !code.isModifierKey(); modifiers++) {
                canvas.requestFocus();
                unhandled.set(false);
                Event.fireEvent(canvas, createKeyPressed(code, modifiers));
                if (!unhandled.get()) {
                    handled.add(keyName(EQUIVALENT_CODES.getOrDefault(code, code), modifiers));
                }
                window.model().open(MainPage.MEMORY_MAP);
                menu.hide();
            }
        }
        return handled;
    }

    private static KeyEvent createKeyPressed(KeyCode code, int modifiers) {
        boolean shift = (modifiers & 1) != 0;
        boolean control = (modifiers & 2) != 0;
        boolean alt = (modifiers & 4) != 0;
        return new KeyEvent(KeyEvent.KEY_PRESSED, "", "", code, shift, control, alt, false);
    }

    private Set<String> listedKeys(FxRobot robot) {
        robot.interact(() -> window.model().shortcutsShownProperty().set(true));
        Node list = window.node("keys");
        Set<String> keys = new TreeSet<>();
        for (Node label : TestWindow.callOnFxThread(() -> list.lookupAll(".key"))) {
            for (String key : ((Labeled) label).getText().split(", | ")) {
                keys.add(parseKey(key));
            }
        }
        return keys;
    }

    private static String parseKey(String label) {
        List<String> parts = new ArrayList<>(Arrays.asList(label.split("(?<=.)\\+(?=.)")));
        String last = parts.removeLast();
        KeyCode code = CODES_BY_LABEL.getOrDefault(last, KeyCode.getKeyCode(last));
        int modifiers =
                (parts.contains("Shift") ? 1 : 0) + (parts.contains("Ctrl") ? 2 : 0) + (parts.contains("Alt") ? 4 : 0);
        return code == null ? label : keyName(code, modifiers);
    }

    private static String keyName(KeyCodeCombination key) {
        int modifiers = (key.getShift() == KeyCombination.ModifierValue.DOWN ? 1 : 0)
                + (key.getControl() == KeyCombination.ModifierValue.DOWN
                                || key.getShortcut() == KeyCombination.ModifierValue.DOWN
                        ? 2
                        : 0)
                + (key.getAlt() == KeyCombination.ModifierValue.DOWN ? 4 : 0);
        return keyName(key.getCode(), modifiers);
    }

    private static String keyName(KeyCode code, int modifiers) {
        return ((modifiers & 2) != 0 ? "Ctrl+" : "")
                + ((modifiers & 4) != 0 ? "Alt+" : "")
                + ((modifiers & 1) != 0 ? "Shift+" : "")
                + code;
    }
}
