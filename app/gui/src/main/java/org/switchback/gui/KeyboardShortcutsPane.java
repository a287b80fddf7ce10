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
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.gui.memorymap.MemoryMapView;

/** Lists all keyboard shortcuts on top of the current page. Hidden and empty until it is first shown. */
final class KeyboardShortcutsPane extends StackPane {
    /** The shortcuts of every page. */
    private static final List<String> GLOBAL_SHORTCUTS =
            List.of("pages", "tab", "press", "escape", "check", "menu", "report", "quit", "help");

    /** Pixels before a description wraps. */
    private static final double MAX_DESCRIPTION_WIDTH = 420;

    private final Messages messages;
    private final ScrollPane scrollPane = new ScrollPane();
    private final ChangeListener<Node> focusOwnerListener = (observable, before, now) -> keepFocus(now);
    /** Gets the focus back when the pane is hidden. */
    private @Nullable Node previousFocusOwner;

    KeyboardShortcutsPane(BooleanProperty shown, Messages messages) {
        this.messages = messages;
        getStyleClass().add("keys-backdrop");
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
        shown.subscribe((before, now) -> moveFocus(now));
    }

    private Node createContent() {
        GridPane grid = new GridPane(24, 6);
        addSection(grid, "window.keys.everywhere", "window.key.", GLOBAL_SHORTCUTS);
        addSection(grid, MainPage.MEMORY_MAP.titleKey(), "window.map.key.", MemoryMapView.shortcutNames());
        Label title = Controls.createLabel(messages.text("window.keys"), Styles.TITLE_3);
        return Controls.withStyles(new VBox(8, title, grid), "keys-content");
    }

    private void moveFocus(boolean shown) {
        Scene scene = getScene();
        if (scene == null) {
            return;
        }
        if (shown) {
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

    /** A page that is populated meanwhile may request the focus: it gets the focus once the pane is hidden. */
    private void keepFocus(@Nullable Node newOwner) {
        if (newOwner != null && newOwner != scrollPane) {
            previousFocusOwner = newOwner;
            Platform.runLater(() -> {
                if (isVisible()) {
                    scrollPane.requestFocus();
                }
            });
        }
    }

    private void addSection(GridPane grid, String heading, String prefix, List<String> keys) {
        int row = grid.getRowCount();
        grid.add(Controls.createLabel(messages.text(heading), Styles.TITLE_4, "keys-heading"), 0, row++, 2, 1);
        for (String key : keys) {
            Label keyLabel = Controls.createLabel(messages.text(prefix + key), "key");
            keyLabel.setMinWidth(Region.USE_PREF_SIZE);
            Label description = new Label(messages.text(prefix + key + ".does"));
            Controls.enableWrapping(description);
            description.setMaxWidth(MAX_DESCRIPTION_WIDTH);
            grid.addRow(row++, keyLabel, description);
        }
    }
}
