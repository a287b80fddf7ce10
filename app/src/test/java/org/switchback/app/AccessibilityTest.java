package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javafx.application.ColorScheme;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Cell;
import javafx.scene.control.Control;
import javafx.scene.control.Labeled;
import javafx.scene.control.ScrollBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.SplitPane;
import javafx.scene.image.ImageView;
import javafx.scene.layout.BackgroundFill;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.paint.LinearGradient;
import javafx.scene.paint.Paint;
import javafx.scene.paint.Stop;
import javafx.scene.shape.Shape;
import javafx.scene.text.Text;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kordamp.ikonli.javafx.FontIcon;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Capture;

/** Everything in view, wherever one is in the window: what it says to those who don't see it, and how well it is seen. */
class AccessibilityTest extends WindowTestCase {
    /** What a box is that is something to those who don't see it, and not only there to hold others. */
    private static final Set<AccessibleRole> TOLD =
            Set.of(AccessibleRole.TEXT, AccessibleRole.IMAGE_VIEW, AccessibleRole.LIST_VIEW, AccessibleRole.LIST_ITEM);

    /** Where one can be. */
    private enum Sight {
        CARDS,
        CARDS_THAT_ARE_BLOCKED,
        CARDS_WITHOUT_A_HELPER,
        PLAN,
        REFUSED_PLAN,
        SWITCH_UNDER_WAY,
        HALF_SWITCHED,
        SWITCHED,
        MEMORY_MAP,
        READY,
        NOT_READY,
        ACTIVITY,
        NO_ACTIVITY,
        NO_GPU,
        KEYS
    }

    private void goTo(Sight sight) {
        screen.untilFocused("switch-0000-04-00-0");
        switch (sight) {
            case CARDS -> screen.fire("fold-0000-04-00-0");
            case CARDS_THAT_ARE_BLOCKED -> {
                openSample("iommu-off");
                onScreen(() -> screen.model().openSample("no such machine"));
                screen.node("notice-text");
            }
            case CARDS_WITHOUT_A_HELPER -> {
                connections.here(new ScriptedHelper(
                        new Source.LookOnly(HelperProblem.Kind.MISSING),
                        SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
                onScreen(() -> screen.model().openThisMachine());
                screen.node("reason-0000-04-00-0");
            }
            case PLAN -> {
                plan();
                screen.fire("switch-commands-show");
            }
            case REFUSED_PLAN -> {
                here.isHeldBy(4121, "Xorg", "ann", "dri/card7");
                screen.fire("switch-0000-04-00-0");
                screen.node("refusal-1");
            }
            case SWITCH_UNDER_WAY -> {
                begin();
                here.doesSteps(0, 3);
                here.says("started", 4, 1, "");
                screen.untilText("switch-status", "Step 5");
                here.says("waiting", 4, 1000, "");
                screen.untilText("switch-stop", "Stop after this step");
                onScreen(() -> screen.model().quit());
                screen.node("leaving-text");
            }
            case HALF_SWITCHED -> {
                begin();
                here.doesSteps(0, 3);
                here.says("started", 4, 1, "");
                here.says("failed", 4, 1, "EBUSY");
                here.says("undoing", 3, 1, "");
                here.says("undo-failed", 3, 1, "ENODEV");
                here.says("undoing", 2, 1, "");
                here.says("undone", 2, 1, "");
                here.binds(ScriptedHelper.GTX_1080, "vfio-pci");
                here.says("finished", -1, 1, "mixed");
                screen.node("result-title");
            }
            case SWITCHED -> succeed();
            case MEMORY_MAP -> {
                openSample("x99-gtx1080");
                screen.fire("page-button-memory-map");
                screen.node("map-details-overlaps");
            }
            case READY -> {
                screen.fire("page-button-readiness");
                screen.node("check-reset");
            }
            case NOT_READY -> {
                openSample("iommu-off");
                screen.fire("page-button-readiness");
                screen.node("check-reset");
            }
            case ACTIVITY -> {
                succeed();
                screen.fire("page-button-activity");
                screen.node("attempt-result");
            }
            case NO_ACTIVITY -> screen.fire("page-button-activity");
            case NO_GPU -> {
                connections.here(new ScriptedHelper(new Source.ThisMachine(), Capture.EMPTY));
                onScreen(() -> screen.model().openThisMachine());
                screen.untilText("message", "No GPU");
            }
            case KEYS -> {
                onScreen(() -> screen.model().keysShownProperty().set(true));
                screen.untilFocused("keys");
            }
        }
        Screen.settle();
    }

    private void plan() {
        screen.fire("switch-0000-04-00-0");
        screen.untilFocused("switch-apply");
    }

    private void begin() {
        plan();
        screen.fire("switch-apply");
        Screen.until("the helper has begun", here::begun);
        here.says("authorized", -1, 0, "");
    }

    private void succeed() {
        begin();
        here.doesSteps(0, 10);
        here.isInVmMode();
        here.says("finished", -1, 1, "done");
        screen.untilFocused("switch-done");
    }

    private static void onScreen(Runnable task) {
        Screen.onScreen(() -> {
            task.run();
            return true;
        });
    }

    // What it says.

    @ParameterizedTest
    @EnumSource
    void everythingInViewSaysWhatItIs(Sight sight) {
        goTo(sight);
        assertThat(screen.nodes().size()).as("nodes in view").isGreaterThan(30);
        assertThat(Screen.onScreen(() -> screen.nodes().stream()
                        .filter(node -> (meant(node) && said(node).isEmpty()) || (shows(node) && !described(node)))
                        .map(AccessibilityTest::place)
                        .toList()))
                .as("says nothing")
                .isEmpty();
    }

    /** What the keyboard comes to, what has a role, and every control but those that only hold others. */
    private static boolean meant(Node node) {
        boolean holds = node instanceof ScrollPane
                || node instanceof SplitPane
                || node instanceof ScrollBar
                || (node instanceof Labeled label && (label.getText() == null || label.getText().isEmpty()))
                || (node instanceof Cell<?> cell && cell.isEmpty());
        boolean told = node instanceof Region && !(node instanceof Control) && TOLD.contains(node.getAccessibleRole());
        return node.isFocusTraversable() || told || (node instanceof Control && !holds);
    }

    /** A sign, a picture or something drawn. */
    private static boolean shows(Node node) {
        return node instanceof ImageView || node instanceof Shape;
    }

    /** Says something itself, or something around it does that is no page. */
    private static boolean described(Node node) {
        return Stream.iterate(node, Objects::nonNull, Node::getParent)
                .takeWhile(at -> !at.getStyleClass().contains("page"))
                .anyMatch(at -> !said(at).isEmpty());
    }

    /** Empty for nothing that could be spoken: a sign of an icon font is a letter that no language has. */
    private static String said(Node node) {
        String text = node.getAccessibleText();
        Object said = text != null ? text : node.queryAccessibleAttribute(AccessibleAttribute.TEXT);
        return said instanceof String words && words.codePoints().anyMatch(AccessibilityTest::speakable) ? words : "";
    }

    private static boolean speakable(int letter) {
        return letter > ' ' && Character.getType(letter) != Character.PRIVATE_USE;
    }

    private static String place(Node node) {
        return String.join(
                " < ",
                Stream.iterate(node, Objects::nonNull, Node::getParent)
                        .limit(5)
                        .map(at -> at.getClass().getSimpleName() + (at.getId() == null ? "" : "#" + at.getId())
                                + at.getStyleClass())
                        .toList());
    }

    // How well it is seen.

    @ParameterizedTest
    @EnumSource
    void everyTextAndSignCanBeReadInTheLightTheme(Sight sight) {
        goTo(sight);
        assertLegible();
    }

    @ParameterizedTest
    @EnumSource
    void everyTextAndSignCanBeReadInTheDarkTheme(Sight sight) {
        color(ColorScheme.DARK);
        goTo(sight);
        assertLegible();
    }

    @AfterEach
    void backToTheLightTheme() {
        color(ColorScheme.LIGHT);
    }

    private void color(ColorScheme scheme) {
        onScreen(() -> {
            Appearance.choose(scheme);
            Appearance.color(screen.stage().getScene(), scheme);
        });
    }

    private void assertLegible() {
        List<String> weak = Screen.onScreen(() -> {
            List<String> found = new ArrayList<>();
            for (Node node : screen.nodes()) {
                if (node instanceof Text text && !text.getText().isBlank() && judged(text)) {
                    double least = text instanceof FontIcon ? 3 : 4.5;
                    double contrast = contrast(text);
                    if (contrast < least) {
                        found.add("%.2f %s '%s'".formatted(contrast, place(text), text.getText()));
                    }
                }
            }
            return found;
        });
        assertThat(weak).as("less than 4.5:1, signs less than 3:1").isEmpty();
    }

    /** What can't be used just now may be pale unless it says why, and what is written on painted boxes is in {@link ColoursTest}. */
    private static boolean judged(Node text) {
        return Stream.iterate(text, Objects::nonNull, Node::getParent)
                .noneMatch(at -> (at.isDisabled() && !"switch-stop".equals(at.getId())) || "map-picture".equals(at.getId()));
    }

    /** The worst there is, where what is behind has several colours. */
    private static double contrast(Text text) {
        Color front = (Color) text.getFill();
        double opacity = Stream.iterate((Node) text, Objects::nonNull, Node::getParent)
                .mapToDouble(Node::getOpacity)
                .reduce(1, (a, b) -> a * b);
        return behind(text.getParent()).stream()
                .mapToDouble(back -> ColoursTest.contrast(back.interpolate(opaque(front), front.getOpacity() * opacity), back))
                .min()
                .orElseThrow();
    }

    private static List<Color> behind(Node node) {
        if (node == null) {
            return List.of(Color.WHITE);
        }
        if (!(node instanceof Region region) || region.getBackground() == null || region.getBackground().getFills().isEmpty()) {
            return behind(node.getParent());
        }
        BackgroundFill top = region.getBackground().getFills().getLast();
        List<Color> colours = new ArrayList<>();
        for (Color colour : colours(top.getFill())) {
            if (colour.isOpaque()) {
                colours.add(colour);
            } else {
                behind(node.getParent())
                        .forEach(back -> colours.add(back.interpolate(opaque(colour), colour.getOpacity())));
            }
        }
        return colours;
    }

    private static List<Color> colours(Paint paint) {
        return paint instanceof LinearGradient gradient
                ? gradient.getStops().stream().map(Stop::getColor).toList()
                : List.of((Color) paint);
    }

    private static Color opaque(Color colour) {
        return Color.color(colour.getRed(), colour.getGreen(), colour.getBlue());
    }
}
