package org.switchback.app;

import atlantafx.base.theme.Styles;
import java.util.List;
import javafx.application.Platform;
import javafx.beans.property.BooleanProperty;
import javafx.beans.value.ChangeListener;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.switchback.app.controls.Controls;
import org.switchback.app.memorymap.MemoryMapView;
import org.switchback.app.words.Words;

/** All keys of the window, above its page; away until somebody asks. */
final class KeyList extends StackPane {
    /** Those that every page has. */
    private static final List<String> EVERYWHERE =
            List.of("pages", "tab", "press", "escape", "check", "menu", "report", "quit", "help");

    /** Room for what a key does before it takes a second line, pixels. */
    private static final double WIDEST = 420;

    private final Words words;
    private final ScrollPane card = new ScrollPane();
    private final ChangeListener<Node> keep = (property, old, now) -> keepKeyboard(now);
    /** Where the keyboard was before. */
    private @Nullable Node before;

    KeyList(BooleanProperty shown, Words words) {
        this.words = words;
        getStyleClass().add("keys-shade");
        card.setId("keys");
        card.setAccessibleText(words.text("window.keys"));
        card.getStyleClass().add("keys");
        card.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        card.setFocusTraversable(true);
        card.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        setOnMouseClicked(event -> {
            if (event.getTarget() == this) {
                shown.set(false);
            }
        });
        addEventHandler(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                event.consume();
                shown.set(false);
            }
        });
        Controls.fillWhen(this, shown, () -> {
            card.setContent(content());
            getChildren().add(card);
        });
        shown.addListener((observable, was, now) -> moveKeyboard(now));
    }

    private Node content() {
        GridPane list = new GridPane(24, 6);
        add(list, "window.keys.everywhere", "window.key.", EVERYWHERE);
        add(list, Page.MEMORY_MAP.key(), "window.map.key.", MemoryMapView.keys());
        Label title = new Label(words.text("window.keys"));
        title.getStyleClass().add(Styles.TITLE_3);
        VBox content = new VBox(8, title, list);
        content.getStyleClass().add("keys-content");
        return content;
    }

    private void moveKeyboard(boolean here) {
        Scene scene = getScene();
        if (scene == null) {
            return;
        }
        if (here) {
            before = scene.getFocusOwner();
            card.requestFocus();
            scene.focusOwnerProperty().addListener(keep);
        } else {
            scene.focusOwnerProperty().removeListener(keep);
            if (before != null) {
                before.requestFocus();
                before = null;
            }
        }
    }

    /** A page that is filled only now may want it: that one has it when the list is away. */
    private void keepKeyboard(@Nullable Node owner) {
        if (owner != null && owner != card) {
            before = owner;
            Platform.runLater(() -> {
                if (isVisible()) {
                    card.requestFocus();
                }
            });
        }
    }

    private void add(GridPane list, String heading, String prefix, List<String> keys) {
        int row = list.getRowCount();
        Label title = new Label(words.text(heading));
        title.getStyleClass().addAll(Styles.TITLE_4, "keys-heading");
        list.add(title, 0, row++, 2, 1);
        for (String key : keys) {
            Label press = new Label(words.text(prefix + key));
            press.getStyleClass().add("key");
            press.setMinWidth(Region.USE_PREF_SIZE);
            Label does = new Label(words.text(prefix + key + ".does"));
            Controls.wrap(does);
            does.setMaxWidth(WIDEST);
            list.addRow(row++, press, does);
        }
    }
}
