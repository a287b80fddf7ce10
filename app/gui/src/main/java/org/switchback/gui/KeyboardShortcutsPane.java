package org.switchback.gui;

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
import org.switchback.gui.controls.Controls;
import org.switchback.gui.memorymap.MemoryMapView;
import org.switchback.client.messages.Messages;

/** All keys of the window, above its page; away until somebody asks. */
final class KeyboardShortcutsPane extends StackPane {
    /** Those that every page has. */
    private static final List<String> GLOBAL_SHORTCUTS =
            List.of("pages", "tab", "press", "escape", "check", "menu", "report", "quit", "help");

    /** Room for what a key does before it takes a second line, pixels. */
    private static final double MAX_DESCRIPTION_WIDTH = 420;

    private final Messages messages;
    private final ScrollPane scrollPane = new ScrollPane();
    private final ChangeListener<Node> focusOwnerListener = (property, old, now) -> keepFocus(now);
    /** Where the keyboard was before. */
    private @Nullable Node previousFocusOwner;

    KeyboardShortcutsPane(BooleanProperty shown, Messages messages) {
        this.messages = messages;
        getStyleClass().add("keys-shade");
        scrollPane.setId("keys");
        scrollPane.setAccessibleText(messages.text("window.keys"));
        scrollPane.getStyleClass().add("keys");
        scrollPane.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scrollPane.setFocusTraversable(true);
        scrollPane.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
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
        Controls.populateWhenShown(this, shown, () -> {
            scrollPane.setContent(createContent());
            getChildren().add(scrollPane);
        });
        shown.addListener((observable, was, now) -> moveFocus(now));
    }

    private Node createContent() {
        GridPane list = new GridPane(24, 6);
        addSection(list, "window.keys.everywhere", "window.key.", GLOBAL_SHORTCUTS);
        addSection(list, MainPage.MEMORY_MAP.titleKey(), "window.map.key.", MemoryMapView.shortcutNames());
        Label title = new Label(messages.text("window.keys"));
        title.getStyleClass().add(Styles.TITLE_3);
        VBox content = new VBox(8, title, list);
        content.getStyleClass().add("keys-content");
        return content;
    }

    private void moveFocus(boolean here) {
        Scene scene = getScene();
        if (scene == null) {
            return;
        }
        if (here) {
            previousFocusOwner = scene.getFocusOwner();
            scrollPane.requestFocus();
            scene.focusOwnerProperty().addListener(focusOwnerListener);
        } else {
            scene.focusOwnerProperty().removeListener(focusOwnerListener);
            if (previousFocusOwner != null) {
                previousFocusOwner.requestFocus();
                previousFocusOwner = null;
            }
        }
    }

    /** A page that is filled only now may want it: that one has it when the list is away. */
    private void keepFocus(@Nullable Node owner) {
        if (owner != null && owner != scrollPane) {
            previousFocusOwner = owner;
            Platform.runLater(() -> {
                if (isVisible()) {
                    scrollPane.requestFocus();
                }
            });
        }
    }

    private void addSection(GridPane list, String heading, String prefix, List<String> keys) {
        int row = list.getRowCount();
        Label title = new Label(messages.text(heading));
        title.getStyleClass().addAll(Styles.TITLE_4, "keys-heading");
        list.add(title, 0, row++, 2, 1);
        for (String key : keys) {
            Label press = new Label(messages.text(prefix + key));
            press.getStyleClass().add("key");
            press.setMinWidth(Region.USE_PREF_SIZE);
            Label does = new Label(messages.text(prefix + key + ".does"));
            Controls.enableWrapping(does);
            does.setMaxWidth(MAX_DESCRIPTION_WIDTH);
            list.addRow(row++, press, does);
        }
    }
}
