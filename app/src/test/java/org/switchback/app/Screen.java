package org.switchback.app;

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
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.words.Words;
import org.testfx.util.WaitForAsyncUtils;

/** The main window in a test, with the real threads. */
public final class Screen {
    private final Stage stage;
    private final MainViewModel model;

    /** Opens the window; to be called on the FX thread. */
    public Screen(Stage stage, HelperConnections connections, double width, double height) {
        this(stage, connections, Words.in(Locale.ENGLISH), width, height);
    }

    /** In another language. */
    public Screen(Stage stage, HelperConnections connections, Words words, double width, double height) {
        this.stage = stage;
        model = new MainViewModel(
                connections,
                ActivityLog.inMemory(),
                new Background(Executors.newVirtualThreadPerTaskExecutor(), Platform::runLater),
                words,
                () -> false);
        Window.prepare(stage, model, words);
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
        until("#" + id + " is in view", () -> find(id).isPresent());
        return type.cast(find(id).orElseThrow());
    }

    public Node node(String id) {
        return node(id, Node.class);
    }

    /** The text of a node, once it is in view. */
    public String text(String id) {
        Labeled label = node(id, Labeled.class);
        return onScreen(label::getText);
    }

    /** Waits until a node is in view and its text begins so. */
    public void untilText(String id, String beginning) {
        until(
                "#" + id + " says: " + beginning,
                () -> find(id).filter(node -> ((Labeled) node).getText().startsWith(beginning))
                        .isPresent());
    }

    public boolean has(String id) {
        return onScreen(() -> find(id).isPresent());
    }

    /** Presses a button, once it is in view, without mouse or keyboard. */
    public void fire(String id) {
        ButtonBase button = node(id, ButtonBase.class);
        onScreen(() -> {
            button.fire();
            return true;
        });
    }

    /**
     * Drops a file on a node. The headless platform has no dragging from outside, so this begins where a platform hands
     * over what it is that is dragged.
     */
    public void drop(Node target, Path file) {
        onScreen(() -> {
            Dragboard board = DragboardHelper.createDragboard(Toolkit.getToolkit().createLocalClipboard());
            ClipboardContent content = new ClipboardContent();
            content.putFiles(List.of(file.toFile()));
            board.setContent(content);
            Event.fireEvent(target, dragged(DragEvent.DRAG_DROPPED, target, board));
            return true;
        });
    }

    private static DragEvent dragged(EventType<DragEvent> what, Node target, Dragboard board) {
        return new DragEvent(target, target, what, board, 0, 0, 0, 0, TransferMode.COPY, null, target, null);
    }

    private Optional<Node> find(String id) {
        return stage.getScene().getRoot().lookupAll("#" + id).stream()
                .filter(Screen::inView)
                .findFirst();
    }

    static boolean inView(Node node) {
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
    public static void until(String what, Callable<Boolean> holds) {
        assertThat(Platform.isFxApplicationThread()).as("waits on the FX thread").isFalse();
        try {
            WaitForAsyncUtils.waitFor(10, TimeUnit.SECONDS, () -> onScreen(holds));
        } catch (TimeoutException late) {
            throw new AssertionError("not within ten seconds: " + what, late);
        }
    }

    /** Asks on the FX thread. */
    public static <T> T onScreen(Callable<T> question) {
        return WaitForAsyncUtils.waitForAsyncFx(10_000, question);
    }

    /** Waits until what was given to the FX thread before is done and laid out. */
    public static void settle() {
        WaitForAsyncUtils.waitForFxEvents();
    }

    public void untilFocused(String id) {
        until(
                "#" + id + " has the keyboard",
                () -> stage.getScene().getFocusOwner() != null
                        && id.equals(stage.getScene().getFocusOwner().getId()));
    }

    /** Every node in view, from the root down, laid out: before that a label has drawn nothing, or what it said before. */
    public List<Node> nodes() {
        return onScreen(() -> {
            Parent root = stage.getScene().getRoot();
            root.applyCss();
            root.layout();
            List<Node> nodes = new ArrayList<>();
            collect(root, nodes);
            return nodes;
        });
    }

    private static void collect(Node node, List<Node> nodes) {
        if (node.isVisible()) {
            nodes.add(node);
            if (node instanceof Parent parent) {
                parent.getChildrenUnmodifiable().forEach(child -> collect(child, nodes));
            }
        }
    }

    /** No text is cut off and nothing sticks out at the side. */
    public void assertNothingIsCutOff() {
        settle();
        assertThat(onScreen(this::cutOff)).isEmpty();
    }

    private List<String> cutOff() {
        List<String> wrong = new ArrayList<>();
        for (Node node : nodes()) {
            if (node instanceof Labeled label && label.getText() != null && !label.getText().isEmpty()) {
                double right = label.localToScene(label.getBoundsInLocal()).getMaxX();
                if (!shown(label).equals(label.getText())) {
                    wrong.add(label + " shows \"" + shown(label) + "\"");
                } else if (right > stage.getScene().getWidth() + 0.5) {
                    wrong.add(label + " ends at " + right);
                }
            }
        }
        return wrong;
    }

    /** What a label has drawn: its own text, or that with an ellipsis. */
    private static String shown(Labeled label) {
        return label.lookupAll(".text").stream()
                .filter(Text.class::isInstance)
                .map(text -> ((Text) text).getText())
                .findFirst()
                .orElse(label.getText());
    }
}
