package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.javafx.scene.input.DragboardHelper;
import com.sun.javafx.tk.Toolkit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javafx.application.Platform;
import javafx.event.Event;
import javafx.event.EventType;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.Labeled;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.DragEvent;
import javafx.scene.input.Dragboard;
import javafx.scene.input.TransferMode;
import javafx.scene.text.Text;
import javafx.stage.Stage;
import org.switchback.client.HelperConnections;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;
import org.switchback.gui.tasks.BackgroundTasks;
import org.testfx.util.WaitForAsyncUtils;

/** The main window in a test, with real background threads. */
public final class TestWindow {
    private final Stage stage;
    private final MainViewModel model;

    /** Opens an English window. Call this on the FX thread. */
    public TestWindow(Stage stage, HelperConnections connections, double width, double height) {
        this(stage, connections, Messages.forLocale(Locale.ENGLISH), width, height);
    }

    /** Opens a window. Call this on the FX thread. */
    public TestWindow(Stage stage, HelperConnections connections, Messages messages, double width, double height) {
        this.stage = stage;
        model = new MainViewModel(
                connections,
                ActivityLog.inMemory(),
                new BackgroundTasks(Executors.newVirtualThreadPerTaskExecutor(), Platform::runLater),
                messages,
                () -> false);
        SwitchbackApplication.initStage(stage, model, messages);
        stage.show();
        stage.setWidth(width);
        stage.setHeight(height);
        model.start(Optional.empty());
    }

    public Stage stage() {
        return stage;
    }

    public MainViewModel model() {
        return model;
    }

    /** Waits until a node with this ID is visible, including its parents, and returns it. */
    public <T extends Node> T node(String id, Class<T> type) {
        waitUntil("#" + id + " is visible", () -> findVisibleNode(id).isPresent());
        return type.cast(findVisibleNode(id).orElseThrow());
    }

    public Node node(String id) {
        return node(id, Node.class);
    }

    /** Waits until a node is visible and returns its text. */
    public String text(String id) {
        Labeled label = node(id, Labeled.class);
        return callOnFxThread(label::getText);
    }

    /** Waits until a node is visible and its text starts with a prefix. */
    public void waitForText(String id, String prefix) {
        waitUntil("#" + id + " has the text " + prefix, () -> findVisibleNode(id)
                .filter(node -> ((Labeled) node).getText().startsWith(prefix))
                .isPresent());
    }

    public boolean containsNode(String id) {
        return callOnFxThread(() -> findVisibleNode(id).isPresent());
    }

    /** Waits until a button is visible and fires it, without mouse and keyboard. */
    public void fire(String id) {
        ButtonBase button = node(id, ButtonBase.class);
        callOnFxThread(() -> {
            button.fire();
            return true;
        });
    }

    /**
     * Drops a file on a node. The headless platform cannot drag files, so this fires the event that the platform would
     * fire.
     */
    public void dropFile(Node target, Path file) {
        callOnFxThread(() -> {
            Dragboard dragboard =
                    DragboardHelper.createDragboard(Toolkit.getToolkit().createLocalClipboard());
            ClipboardContent content = new ClipboardContent();
            content.putFiles(List.of(file.toFile()));
            dragboard.setContent(content);
            Event.fireEvent(target, createDragEvent(DragEvent.DRAG_DROPPED, target, dragboard));
            return true;
        });
    }

    private static DragEvent createDragEvent(EventType<DragEvent> type, Node target, Dragboard dragboard) {
        return new DragEvent(target, target, type, dragboard, 0, 0, 0, 0, TransferMode.COPY, null, target, null);
    }

    private Optional<Node> findVisibleNode(String id) {
        return stage.getScene().getRoot().lookupAll("#" + id).stream()
                .filter(TestWindow::isVisible)
                .findFirst();
    }

    static boolean isVisible(Node node) {
        for (Node parent = node; parent != null; parent = parent.getParent()) {
            if (!parent.isVisible()) {
                return false;
            }
        }
        return true;
    }

    /**
     * Waits until a condition is true, for at most ten seconds.
     *
     * @param condition evaluated on the FX thread, so it must not block
     */
    public static void waitUntil(String description, Callable<Boolean> condition) {
        assertThat(Platform.isFxApplicationThread())
                .as("called on the FX thread")
                .isFalse();
        try {
            WaitForAsyncUtils.waitFor(10, TimeUnit.SECONDS, () -> callOnFxThread(condition));
        } catch (TimeoutException e) {
            throw new AssertionError("Not within ten seconds: " + description, e);
        }
    }

    /** Waits at most ten seconds for the result. */
    public static <T> T callOnFxThread(Callable<T> callable) {
        return WaitForAsyncUtils.waitForAsyncFx(10_000, callable);
    }

    /** Waits until the earlier tasks of the FX thread are done and their changes are laid out. */
    public static void waitForFxEvents() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    public void waitForFocus(String id) {
        waitUntil(
                "#" + id + " has the focus",
                () -> stage.getScene().getFocusOwner() != null
                        && id.equals(stage.getScene().getFocusOwner().getId()));
    }

    /** Every visible node, from the root down. Does the layout first, since labels show their old text before it. */
    public List<Node> visibleNodes() {
        return callOnFxThread(() -> {
            Parent root = stage.getScene().getRoot();
            root.applyCss();
            root.layout();
            List<Node> nodes = new ArrayList<>();
            collectVisibleNodes(root, nodes);
            return nodes;
        });
    }

    private static void collectVisibleNodes(Node node, List<Node> nodes) {
        if (node.isVisible()) {
            nodes.add(node);
            if (node instanceof Parent parent) {
                parent.getChildrenUnmodifiable().forEach(child -> collectVisibleNodes(child, nodes));
            }
        }
    }

    /** Asserts that every label shows its whole text and ends within the window. */
    public void assertNoTextIsCutOff() {
        waitForFxEvents();
        assertThat(callOnFxThread(this::findCutOffLabels)).isEmpty();
    }

    private List<String> findCutOffLabels() {
        List<String> violations = new ArrayList<>();
        for (Node node : visibleNodes()) {
            if (node instanceof Labeled label
                    && label.getText() != null
                    && !label.getText().isEmpty()) {
                double right = label.localToScene(label.getBoundsInLocal()).getMaxX();
                if (!renderedText(label).equals(label.getText())) {
                    violations.add(label + " shows \"" + renderedText(label) + "\"");
                } else if (right > stage.getScene().getWidth() + 0.5) {
                    violations.add(label + " ends at " + right);
                }
            }
        }
        return violations;
    }

    /** The text that a label shows: its whole text, or a part with an ellipsis. */
    private static String renderedText(Labeled label) {
        return label.lookupAll(".text").stream()
                .filter(Text.class::isInstance)
                .map(text -> ((Text) text).getText())
                .findFirst()
                .orElse(label.getText());
    }
}
