package org.switchback.gui.controls;

import atlantafx.base.theme.Styles;
import javafx.beans.value.ChangeListener;
import javafx.beans.value.ObservableBooleanValue;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.Region;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;

/** Makes what every page has. A control keeps its id, and says to those who can't see it what it shows to the others. */
public final class Controls {
    private Controls() {}

    /** Gives a button of any sort its id, and its text to screen readers as well. */
    public static <B extends ButtonBase> B withId(String id, B button) {
        button.setId(id);
        button.accessibleTextProperty().bind(button.textProperty());
        return button;
    }

    public static Button createButton(String id, String text, @Nullable Ikon sign, Runnable run) {
        Button button = withId(id, new Button(text, sign == null ? null : new FontIcon(sign)));
        button.setOnAction(event -> run.run());
        return button;
    }

    /** One without a frame, for what matters less; as wide as its text. */
    public static Button createFlatButton(String id, String text, @Nullable Ikon sign, Runnable run) {
        Button button = createButton(id, text, sign, run);
        button.getStyleClass().add(Styles.FLAT);
        button.setMinWidth(Region.USE_PREF_SIZE);
        return button;
    }

    /** Lets a label take as many lines as its text needs. */
    public static void enableWrapping(Label label) {
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
    }

    /** A page that is as wide as its place and scrolls up and down. */
    public static ScrollPane createScrollPane(@Nullable Node content) {
        ScrollPane scroll = new ScrollPane(content);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.setFocusTraversable(false);
        // JavaFX keeps a picture of what is in view, to move it: MiBs that serve nobody before somebody scrolls.
        scroll.skinProperty().addListener((observable, before, now) -> setViewportCached(scroll, false));
        scroll.vvalueProperty().addListener((observable, before, now) -> setViewportCached(scroll, true));
        return scroll;
    }

    private static void setViewportCached(ScrollPane scroll, boolean kept) {
        Node viewport = scroll.lookup(".viewport");
        if (viewport != null) {
            viewport.setCache(kept);
        }
    }

    /** Takes a node out of view, and its room away, while something does not hold. */
    public static void bindVisibility(Node node, ObservableBooleanValue shown) {
        node.visibleProperty().bind(shown);
        node.managedProperty().bind(shown);
    }

    /** As {@link #bindVisibility}, for what few starts show: filled when it is wanted for the first time. */
    public static void populateWhenShown(Node node, ObservableBooleanValue shown, Runnable fill) {
        if (shown.get()) {
            fill.run();
        } else {
            shown.addListener(new ChangeListener<Boolean>() {
                @Override
                public void changed(ObservableValue<? extends Boolean> property, Boolean was, Boolean now) {
                    shown.removeListener(this);
                    fill.run();
                }
            });
        }
        bindVisibility(node, shown);
    }

    /** Puts a text into the clipboard. */
    public static void copyToClipboard(String text) {
        ClipboardContent content = new ClipboardContent();
        content.putString(text);
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Puts the keyboard on a node, as soon as that is in a window: a page is filled when it is first laid out. */
    public static void requestFocusOnceShown(Node node) {
        node.requestFocus();
        if (node.getScene() == null) {
            node.sceneProperty().addListener(new ChangeListener<Scene>() {
                @Override
                public void changed(ObservableValue<? extends Scene> property, @Nullable Scene old, Scene now) {
                    node.sceneProperty().removeListener(this);
                    node.requestFocus();
                }
            });
        }
    }
}
