package org.switchback.gui;

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
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;

/** Checks accessible texts and colour contrast of every visible node, in every state of the window. */
class AccessibilityTest extends WindowTestCase {
    /** Roles of regions that assistive technology presents, unlike those of mere containers. */
    private static final Set<AccessibleRole> ACCESSIBLE_ROLES =
            Set.of(AccessibleRole.TEXT, AccessibleRole.IMAGE_VIEW, AccessibleRole.LIST_VIEW, AccessibleRole.LIST_ITEM);

    private enum UiState {
        CARDS,
        BLOCKED_CARDS,
        CARDS_WITHOUT_HELPER,
        PLAN,
        REFUSED_PLAN,
        RUNNING_SWITCH,
        PARTIALLY_SWITCHED,
        SWITCHED,
        MEMORY_MAP,
        READY,
        NOT_READY,
        ACTIVITY,
        EMPTY_ACTIVITY,
        NO_GPU,
        KEYBOARD_SHORTCUTS
    }

    private void navigateTo(UiState state) {
        window.waitForFocus("switch-0000-04-00-0");
        switch (state) {
            case CARDS -> window.fire("details-toggle-0000-04-00-0");
            case BLOCKED_CARDS -> {
                openSample("iommu-off");
                runOnFxThread(() -> window.model().openSample("no such machine"));
                window.node("notice-text");
            }
            case CARDS_WITHOUT_HELPER -> {
                connections.setThisMachineHelper(new ScriptedHelper(
                        new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                        SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
                runOnFxThread(() -> window.model().openThisMachine());
                window.node("reason-0000-04-00-0");
            }
            case PLAN -> {
                openPlan();
                window.fire("switch-commands-show");
            }
            case REFUSED_PLAN -> {
                thisMachineHelper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
                window.fire("switch-0000-04-00-0");
                window.node("refusal-1");
            }
            case RUNNING_SWITCH -> {
                startSwitch();
                thisMachineHelper.completeSteps(0, 3);
                thisMachineHelper.emitEvent("started", 4, 1, "");
                window.waitForText("switch-status", "Step 5");
                thisMachineHelper.emitEvent("waiting", 4, 1000, "");
                window.waitForText("switch-stop", "Stop after this step");
                runOnFxThread(() -> window.model().quit());
                window.node("quit-text");
            }
            case PARTIALLY_SWITCHED -> {
                startSwitch();
                thisMachineHelper.completeSteps(0, 3);
                thisMachineHelper.emitEvent("started", 4, 1, "");
                thisMachineHelper.emitEvent("failed", 4, 1, "EBUSY");
                thisMachineHelper.emitEvent("undoing", 3, 1, "");
                thisMachineHelper.emitEvent("undo-failed", 3, 1, "ENODEV");
                thisMachineHelper.emitEvent("undoing", 2, 1, "");
                thisMachineHelper.emitEvent("undone", 2, 1, "");
                thisMachineHelper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
                thisMachineHelper.emitEvent("finished", -1, 1, "rollback-failed");
                window.node("result-title");
            }
            case SWITCHED -> completeSwitch();
            case MEMORY_MAP -> {
                openSample("x99-gtx1080");
                window.fire("page-button-memory-map");
                window.node("map-details-overlaps");
            }
            case READY -> {
                window.fire("page-button-readiness");
                window.node("check-reset");
            }
            case NOT_READY -> {
                openSample("iommu-off");
                window.fire("page-button-readiness");
                window.node("check-reset");
            }
            case ACTIVITY -> {
                completeSwitch();
                window.fire("page-button-activity");
                window.node("record-result");
            }
            case EMPTY_ACTIVITY -> window.fire("page-button-activity");
            case NO_GPU -> {
                connections.setThisMachineHelper(
                        new ScriptedHelper(new MachineSource.ThisMachine(), MachineSnapshot.EMPTY));
                runOnFxThread(() -> window.model().openThisMachine());
                window.waitForText("message", "No GPU");
            }
            case KEYBOARD_SHORTCUTS -> {
                runOnFxThread(() -> window.model().shortcutsShownProperty().set(true));
                window.waitForFocus("keys");
            }
        }
        TestWindow.waitForFxEvents();
    }

    private void openPlan() {
        window.fire("switch-0000-04-00-0");
        window.waitForFocus("switch-apply");
    }

    private void startSwitch() {
        openPlan();
        window.fire("switch-apply");
        TestWindow.waitUntil("a switch is requested", thisMachineHelper::isSwitchRequested);
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
    }

    private void completeSwitch() {
        startSwitch();
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        window.waitForFocus("switch-done");
    }

    private static void runOnFxThread(Runnable task) {
        TestWindow.callOnFxThread(() -> {
            task.run();
            return true;
        });
    }

    // Accessible texts.

    @ParameterizedTest
    @EnumSource
    void everyVisibleNodeHasAccessibleText(UiState state) {
        navigateTo(state);
        assertThat(window.visibleNodes().size()).as("visible nodes").isGreaterThan(30);
        assertThat(TestWindow.callOnFxThread(() -> window.visibleNodes().stream()
                        .filter(node -> (needsAccessibleText(node)
                                        && accessibleText(node).isEmpty())
                                || (isGraphic(node) && !hasAccessibleDescription(node)))
                        .map(AccessibilityTest::formatNodePath)
                        .toList()))
                .as("nodes without accessible text")
                .isEmpty();
    }

    /** Whether the node can have the focus, has one of the roles above, or is a control other than a container. */
    private static boolean needsAccessibleText(Node node) {
        boolean container = node instanceof ScrollPane
                || node instanceof SplitPane
                || node instanceof ScrollBar
                || (node instanceof Labeled label
                        && (label.getText() == null || label.getText().isEmpty()))
                || (node instanceof Cell<?> cell && cell.isEmpty());
        boolean hasRole = node instanceof Region
                && !(node instanceof Control)
                && ACCESSIBLE_ROLES.contains(node.getAccessibleRole());
        return node.isFocusTraversable() || hasRole || (node instanceof Control && !container);
    }

    /** An icon, an image or a drawing. */
    private static boolean isGraphic(Node node) {
        return node instanceof ImageView || node instanceof Shape;
    }

    /** Whether the node or one of its parents below the page has an accessible text. */
    private static boolean hasAccessibleDescription(Node node) {
        return Stream.iterate(node, Objects::nonNull, Node::getParent)
                .takeWhile(parent -> !parent.getStyleClass().contains("page"))
                .anyMatch(parent -> !accessibleText(parent).isEmpty());
    }

    /** Empty if nothing can be spoken: icon fonts use letters of the private use area. */
    private static String accessibleText(Node node) {
        String text = node.getAccessibleText();
        Object value = text != null ? text : node.queryAccessibleAttribute(AccessibleAttribute.TEXT);
        return value instanceof String string && string.codePoints().anyMatch(AccessibilityTest::isSpeakable)
                ? string
                : "";
    }

    private static boolean isSpeakable(int codePoint) {
        return codePoint > ' ' && Character.getType(codePoint) != Character.PRIVATE_USE;
    }

    private static String formatNodePath(Node node) {
        return String.join(
                " < ",
                Stream.iterate(node, Objects::nonNull, Node::getParent)
                        .limit(5)
                        .map(parent -> parent.getClass().getSimpleName()
                                + (parent.getId() == null ? "" : "#" + parent.getId())
                                + parent.getStyleClass())
                        .toList());
    }

    // Contrast.

    @ParameterizedTest
    @EnumSource
    void textAndIconsHaveSufficientContrastInTheLightTheme(UiState state) {
        navigateTo(state);
        assertSufficientContrast();
    }

    @ParameterizedTest
    @EnumSource
    void textAndIconsHaveSufficientContrastInTheDarkTheme(UiState state) {
        applyScheme(ColorScheme.DARK);
        navigateTo(state);
        assertSufficientContrast();
    }

    @AfterEach
    void restoreLightTheme() {
        applyScheme(ColorScheme.LIGHT);
    }

    private void applyScheme(ColorScheme scheme) {
        runOnFxThread(() -> {
            ThemeSwitcher.setUserAgentTheme(scheme);
            ThemeSwitcher.setSceneScheme(window.stage().getScene(), scheme);
        });
    }

    private void assertSufficientContrast() {
        List<String> violations = TestWindow.callOnFxThread(() -> {
            List<String> found = new ArrayList<>();
            for (Node node : window.visibleNodes()) {
                if (node instanceof Text text && !text.getText().isBlank() && isContrastRequired(text)) {
                    double minimum = text instanceof FontIcon ? 3 : 4.5;
                    double contrast = contrast(text);
                    if (contrast < minimum) {
                        found.add("%.2f %s '%s'".formatted(contrast, formatNodePath(text), text.getText()));
                    }
                }
            }
            return found;
        });
        assertThat(violations)
                .as("texts with less than 4.5:1, icons with less than 3:1")
                .isEmpty();
    }

    /**
     * Disabled controls may be pale, except for a button whose text explains why it is disabled. The texts on the
     * memory map are checked by {@link ColorContrastTest}.
     */
    private static boolean isContrastRequired(Node text) {
        return Stream.iterate(text, Objects::nonNull, Node::getParent)
                .noneMatch(parent -> (parent.isDisabled() && !"switch-stop".equals(parent.getId()))
                        || "map-picture".equals(parent.getId()));
    }

    /** The minimum, if the background has several colours. */
    private static double contrast(Text text) {
        Color front = (Color) text.getFill();
        double opacity = Stream.iterate((Node) text, Objects::nonNull, Node::getParent)
                .mapToDouble(Node::getOpacity)
                .reduce(1, (a, b) -> a * b);
        return backgroundColors(text.getParent()).stream()
                .mapToDouble(back -> ColorContrastTest.contrast(
                        back.interpolate(toOpaque(front), front.getOpacity() * opacity), back))
                .min()
                .orElseThrow();
    }

    private static List<Color> backgroundColors(Node node) {
        if (node == null) {
            return List.of(Color.WHITE);
        }
        if (!(node instanceof Region region)
                || region.getBackground() == null
                || region.getBackground().getFills().isEmpty()) {
            return backgroundColors(node.getParent());
        }
        BackgroundFill top = region.getBackground().getFills().getLast();
        List<Color> colors = new ArrayList<>();
        for (Color color : colorsOf(top.getFill())) {
            if (color.isOpaque()) {
                colors.add(color);
            } else {
                backgroundColors(node.getParent())
                        .forEach(back -> colors.add(back.interpolate(toOpaque(color), color.getOpacity())));
            }
        }
        return colors;
    }

    private static List<Color> colorsOf(Paint paint) {
        return paint instanceof LinearGradient gradient
                ? gradient.getStops().stream().map(Stop::getColor).toList()
                : List.of((Color) paint);
    }

    private static Color toOpaque(Color color) {
        return Color.color(color.getRed(), color.getGreen(), color.getBlue());
    }
}
