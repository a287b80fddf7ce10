package org.switchback.app;

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

/** The list of all keys, and that it has every key that does something. */
class KeyListTest extends WindowTestCase {
    /** How the list writes a key that is not written as it is called. */
    private static final Map<String, KeyCode> SIGNS = Map.of(
            "←", KeyCode.LEFT, "→", KeyCode.RIGHT, "↑", KeyCode.UP, "↓", KeyCode.DOWN, "+", KeyCode.PLUS, "−",
            KeyCode.MINUS, "Esc", KeyCode.ESCAPE, "Backspace", KeyCode.BACK_SPACE);

    /** The same keys at another place of the keyboard, or with another label. */
    private static final Map<KeyCode, KeyCode> ALSO = Map.of(
            KeyCode.ADD, KeyCode.PLUS, KeyCode.EQUALS, KeyCode.PLUS, KeyCode.SUBTRACT, KeyCode.MINUS, KeyCode.NUMPAD0,
            KeyCode.DIGIT0, KeyCode.KP_LEFT, KeyCode.LEFT, KeyCode.KP_RIGHT, KeyCode.RIGHT, KeyCode.KP_UP, KeyCode.UP,
            KeyCode.KP_DOWN, KeyCode.DOWN);

    @Test
    void theQuestionMarkOpensItOnEveryPageAndEscapeClosesIt(FxRobot robot) {
        screen.untilFocused("switch-0000-04-00-0");
        for (Page page : Page.values()) {
            screen.fire("page-button-" + page.id());
            assertThat(screen.has("keys")).isFalse();
            robot.write('?');
            screen.untilFocused("keys");
            screen.assertNothingIsCutOff();
            robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
            Screen.until("the list is away", () -> !screen.has("keys"));
        }
        screen.fire("page-button-gpus");
        assertThat(screen.model().switchingProperty().get()).isNull();
    }

    @Test
    void aPageThatWantsTheKeyboardMeanwhileHasItWhenTheListIsAway(FxRobot robot) {
        screen.untilFocused("switch-0000-04-00-0");
        robot.write('?');
        screen.untilFocused("keys");
        Node refresh = screen.node("refresh");
        robot.interact(refresh::requestFocus);
        screen.untilFocused("keys");
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        screen.untilFocused("refresh");
    }

    @Test
    void theMenuOpensItToo(FxRobot robot) {
        screen.untilFocused("switch-0000-04-00-0");
        MenuButton menu = screen.node("menu", MenuButton.class);
        robot.interact(() -> menu.getItems().stream()
                .filter(item -> "menu-keys".equals(item.getId()))
                .forEach(MenuItem::fire));
        screen.untilFocused("keys");
    }

    /** Presses every key there is, with every modifier, and looks which ones somebody takes. */
    @Test
    void itHasEveryKeyThatDoesSomething(FxRobot robot) {
        openSample("x99-gtx1080");
        screen.fire("page-button-memory-map");
        Node picture = screen.node("map-picture");
        MenuButton menu = screen.node("menu", MenuButton.class);
        Set<String> taken = Screen.onScreen(() -> taken(picture, menu));
        assertThat(taken).as("found at all").contains("F5", "Ctrl+Q", "Alt+DIGIT2", "LEFT", "Ctrl+Shift+C", "Shift+O");
        Set<String> listed = listed(robot);
        // Most keys are the same with Shift: where + and ? are needs it on many keyboards.
        taken.removeIf(key -> listed.contains(key.replace("Shift+", "")));
        taken.removeAll(listed);
        assertThat(taken).as("taken, and not in the list").isEmpty();
    }

    private Set<String> taken(Node picture, MenuButton menu) {
        Scene scene = picture.getScene();
        Set<String> taken = new TreeSet<>();
        // A shortcut of the menu would be carried out, and one of them quits.
        scene.getAccelerators().keySet().forEach(key -> taken.add(name((KeyCodeCombination) key)));
        scene.getAccelerators().clear();
        AtomicBoolean left = new AtomicBoolean();
        // Behind all that the window does; what comes here nobody has taken.
        scene.addEventHandler(KeyEvent.KEY_PRESSED, event -> left.set(true));
        for (KeyCode code : KeyCode.values()) {
            for (int modifiers = 0; modifiers < 8 && !code.isModifierKey(); modifiers++) {
                picture.requestFocus();
                left.set(false);
                Event.fireEvent(picture, pressed(code, modifiers));
                if (!left.get()) {
                    taken.add(name(ALSO.getOrDefault(code, code), modifiers));
                }
                screen.model().open(Page.MEMORY_MAP);
                menu.hide();
            }
        }
        return taken;
    }

    private static KeyEvent pressed(KeyCode code, int modifiers) {
        boolean shift = (modifiers & 1) != 0;
        boolean control = (modifiers & 2) != 0;
        boolean alt = (modifiers & 4) != 0;
        return new KeyEvent(KeyEvent.KEY_PRESSED, "", "", code, shift, control, alt, false);
    }

    private Set<String> listed(FxRobot robot) {
        robot.interact(() -> screen.model().keysShownProperty().set(true));
        Node list = screen.node("keys");
        Set<String> keys = new TreeSet<>();
        for (Node label : Screen.onScreen(() -> list.lookupAll(".key"))) {
            for (String key : ((Labeled) label).getText().split(", | ")) {
                keys.add(parsed(key));
            }
        }
        return keys;
    }

    private static String parsed(String written) {
        List<String> parts = new ArrayList<>(Arrays.asList(written.split("(?<=.)\\+(?=.)")));
        String last = parts.removeLast();
        KeyCode code = SIGNS.getOrDefault(last, KeyCode.getKeyCode(last));
        int modifiers = (parts.contains("Shift") ? 1 : 0) + (parts.contains("Ctrl") ? 2 : 0) + (parts.contains("Alt") ? 4 : 0);
        return code == null ? written : name(code, modifiers);
    }

    private static String name(KeyCodeCombination key) {
        int modifiers = (key.getShift() == KeyCombination.ModifierValue.DOWN ? 1 : 0)
                + (key.getControl() == KeyCombination.ModifierValue.DOWN
                                || key.getShortcut() == KeyCombination.ModifierValue.DOWN
                        ? 2
                        : 0)
                + (key.getAlt() == KeyCombination.ModifierValue.DOWN ? 4 : 0);
        return name(key.getCode(), modifiers);
    }

    private static String name(KeyCode code, int modifiers) {
        return ((modifiers & 2) != 0 ? "Ctrl+" : "")
                + ((modifiers & 4) != 0 ? "Alt+" : "")
                + ((modifiers & 1) != 0 ? "Shift+" : "")
                + code;
    }
}
