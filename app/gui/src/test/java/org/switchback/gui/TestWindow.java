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
import org.switchback.client.activity.ActivityLog;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.client.HelperConnections;
import org.switchback.client.messages.Messages;
import org.testfx.util.WaitForAsyncUtils;

/** The main window in a test, with the real threads. */
public final class TestWindow {
    private final Stage stage;
    private final MainViewModel model;

    /** Opens the window; to be called on the FX thread. */
    public TestWindow(Stage stage, HelperConnections connections, double width, double height) {
        this(stage, connections, Messages.forLocale(Locale.ENGLISH), width, height);
    }

    /** In another language. */
    public TestWindow(Stage stage, HelperConnections connections, Messages words, double width, double height) {
        this.stage = stage;
        model = new MainViewModel(
                connections,
                ActivityLog.inMemory(),
                new BackgroundTasks(Executors.newVirtualThreadPerTaskExecutor(), Platform::runLater),
                words,
                () -> false);
        SwitchbackApplication.initStage(stage, model, words);
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

    /** Waits until a node of that id is there, in view and not covered by its parents' being hidden. */
    public <T extends Node> T node(String id, Class<T> type) {
        waitUntil("#" + id + " is in view", () -> findVisibleNode(id).isPresent());
        return type.cast(findVisibleNode(id).orElseThrow());
    }

    public Node node(String id) {
        return node(id, Node.class);
    }

    /** The text of a node, once it is in view. */
    public String text(String id) {
        Labeled label = node(id, Labeled.class);
        return callOnFxThread(label::getText);
    }

    /** Waits until a node is in view and its text begins so. */
    public void waitForText(String id, String beginning) {
        waitUntil(
                "#" + id + " says: " + beginning,
                () -> findVisibleNode(id).filter(node -> ((Labeled) node).getText().startsWith(beginning))
                        .isPresent());
    }

    public boolean containsNode(String id) {
        return callOnFxThread(() -> findVisibleNode(id).isPresent());
    }

    /** Presses a button, once it is in view, without mouse or keyboard. */
    public void fire(String id) {
        ButtonBase button = node(id, ButtonBase.class);
        callOnFxThread(() -> {
            button.fire();
            return true;
        });
    }

    /**
     * Drops a file on a node. The headless platform has no dragging from outside, so this begins where a platform hands
     * over what it is that is dragged.
     */
    public void dropFile(Node target, Path file) {
        callOnFxThread(() -> {
            Dragboard board = DragboardHelper.createDragboard(Toolkit.getToolkit().createLocalClipboard());
            ClipboardContent content = new ClipboardContent();
            content.putFiles(List.of(file.toFile()));
            board.setContent(content);
            Event.fireEvent(target, createDragEvent(DragEvent.DRAG_DROPPED, target, board));
            return true;
        });
    }

    private static DragEvent createDragEvent(EventType<DragEvent> what, Node target, Dragboard board) {
        return new DragEvent(target, target, what, board, 0, 0, 0, 0, TransferMode.COPY, null, target, null);
    }

    private Optional<Node> findVisibleNode(String id) {
        return stage.getScene().getRoot().lookupAll("#" + id).stream()
                .filter(TestWindow::isVisible)
                .findFirst();
    }

    static boolean isVisible(Node node) {
        for (Node at = node; at != null; at = at.getParent()) {
            if (!at.isVisible()) {
                return false;
            }
        }
        return true;
    }

    /**
     * Waits until something holds, ten seconds at the most.
     *
     * @param holds asked on the FX thread, so it must not wait itself
     */
    public static void waitUntil(String what, Callable<Boolean> holds) {
        assertThat(Platform.isFxApplicationThread()).as("waits on the FX thread").isFalse();
        try {
            WaitForAsyncUtils.waitFor(10, TimeUnit.SECONDS, () -> callOnFxThread(holds));
        } catch (TimeoutException late) {
            throw new AssertionError("not within ten seconds: " + what, late);
        }
    }

    /** Asks on the FX thread. */
    public static <T> T callOnFxThread(Callable<T> question) {
        return WaitForAsyncUtils.waitForAsyncFx(10_000, question);
    }

    /** Waits until what was given to the FX thread before is done and laid out. */
    public static void waitForFxEvents() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    public void waitForFocus(String id) {
        waitUntil(
                "#" + id + " has the keyboard",
                () -> stage.getScene().getFocusOwner() != null
                        && id.equals(stage.getScene().getFocusOwner().getId()));
    }

    /** Every node in view, from the root down, laid out: before that a label has drawn nothing, or what it said before. */
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

    /** No text is cut off and nothing sticks out at the side. */
    public void assertNoTextIsCutOff() {
        waitForFxEvents();
        assertThat(callOnFxThread(this::findCutOffLabels)).isEmpty();
    }

    private List<String> findCutOffLabels() {
        List<String> wrong = new ArrayList<>();
        for (Node node : visibleNodes()) {
            if (node instanceof Labeled label && label.getText() != null && !label.getText().isEmpty()) {
                double right = label.localToScene(label.getBoundsInLocal()).getMaxX();
                if (!renderedText(label).equals(label.getText())) {
                    wrong.add(label + " shows \"" + renderedText(label) + "\"");
                } else if (right > stage.getScene().getWidth() + 0.5) {
                    wrong.add(label + " ends at " + right);
                }
            }
        }
        return wrong;
    }

    /** What a label has drawn: its own text, or that with an ellipsis. */
    private static String renderedText(Labeled label) {
        return label.lookupAll(".text").stream()
                .filter(Text.class::isInstance)
                .map(text -> ((Text) text).getText())
                .findFirst()
                .orElse(label.getText());
    }
}
