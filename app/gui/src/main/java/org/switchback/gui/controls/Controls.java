package org.switchback.gui.controls;

import atlantafx.base.theme.Styles;
import javafx.beans.value.ChangeListener;
import javafx.beans.value.ObservableBooleanValue;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.Label;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;

/** Creates controls with an ID and an accessible text, and configures nodes. */
public final class Controls {
    /** Pixels. */
    public static final double MAX_PAGE_WIDTH = 980;

    private Controls() {}

    /** Sets the ID of a button and makes its text its accessible text. */
    public static <B extends ButtonBase> B withId(String id, B button) {
        button.setId(id);
        button.accessibleTextProperty().bind(button.textProperty());
        return button;
    }

    public static Button createButton(String id, String text, @Nullable Ikon icon, Runnable handler) {
        Button button = withId(id, new Button(text, icon == null ? null : new FontIcon(icon)));
        button.setOnAction(event -> handler.run());
        return button;
    }

    /** A button without a border, at least as wide as its text, for secondary actions. */
    public static Button createFlatButton(String id, String text, @Nullable Ikon icon, Runnable handler) {
        Button button = withStyles(createButton(id, text, icon, handler), Styles.FLAT);
        button.setMinWidth(Region.USE_PREF_SIZE);
        return button;
    }

    public static MenuItem createMenuItem(String id, String text, @Nullable Ikon icon, Runnable handler) {
        MenuItem item = new MenuItem(text, icon == null ? null : new FontIcon(icon));
        item.setId(id);
        item.setOnAction(event -> handler.run());
        return item;
    }

    /** Adds style classes to a node. */
    public static <N extends Node> N withStyles(N node, String... styles) {
        node.getStyleClass().addAll(styles);
        return node;
    }

    public static Label createLabel(String text, String... styles) {
        return withStyles(new Label(text), styles);
    }

    /** A label with an ID that is as wide as its parent and has as many lines as its text needs. */
    public static Label createWrappingLabel(String id, String text, String... styles) {
        Label label = createLabel(text, styles);
        label.setId(id);
        enableWrapping(label);
        label.setMaxWidth(Double.MAX_VALUE);
        return label;
    }

    /** Gives a label as many lines as its text needs. */
    public static void enableWrapping(Label label) {
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
    }

    /** A pane that is as wide as its parent and scrolls vertically. */
    public static ScrollPane createScrollPane(@Nullable Node content) {
        ScrollPane scroll = new ScrollPane(content);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.setFocusTraversable(false);
        // JavaFX caches the viewport as an image for scrolling, which takes MiBs: do so only once the user scrolls.
        scroll.skinProperty().subscribe((before, now) -> setViewportCached(scroll, false));
        scroll.vvalueProperty().subscribe((before, now) -> setViewportCached(scroll, true));
        return scroll;
    }

    /** A page with centred content of limited width. */
    public static StackPane createPage(Region content) {
        content.setMaxWidth(MAX_PAGE_WIDTH);
        StackPane.setAlignment(content, Pos.TOP_CENTER);
        return withStyles(new StackPane(content), "page-content");
    }

    private static void setViewportCached(ScrollPane scroll, boolean cached) {
        Node viewport = scroll.lookup(".viewport");
        if (viewport != null) {
            viewport.setCache(cached);
        }
    }

    /** Hides a node, and excludes it from the layout, while a condition is false. */
    public static void bindVisibility(Node node, ObservableBooleanValue shown) {
        node.visibleProperty().bind(shown);
        node.managedProperty().bind(shown);
    }

    /** Like {@link #bindVisibility}, and populates the node lazily: when it is first shown. */
    public static void populateWhenShown(Node node, ObservableBooleanValue shown, Runnable populate) {
        if (shown.get()) {
            populate.run();
        } else {
            runOnNextChange(shown, populate);
        }
        bindVisibility(node, shown);
    }

    private static <T> void runOnNextChange(ObservableValue<T> value, Runnable action) {
        value.addListener(new ChangeListener<T>() {
            @Override
            public void changed(ObservableValue<? extends T> source, T before, T now) {
                value.removeListener(this);
                action.run();
            }
        });
    }

    public static void copyToClipboard(String text) {
        ClipboardContent content = new ClipboardContent();
        content.putString(text);
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Focuses a node as soon as it has a scene: a page is populated when it is first laid out. */
    public static void requestFocusOnceShown(Node node) {
        node.requestFocus();
        if (node.getScene() == null) {
            runOnNextChange(node.sceneProperty(), node::requestFocus);
        }
    }
}
