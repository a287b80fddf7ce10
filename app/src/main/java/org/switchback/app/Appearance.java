package org.switchback.app;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import atlantafx.base.theme.Theme;
import java.net.URL;
import java.util.Objects;
import javafx.application.Application;
import javafx.application.ColorScheme;
import javafx.beans.value.ObservableValue;
import javafx.css.PseudoClass;
import javafx.scene.Scene;

/** Light or dark, as the desktop is. */
final class Appearance {
    private static final PseudoClass DARK = PseudoClass.getPseudoClass("dark");

    private Appearance() {}

    /** Gives every control of this program the colours of a scheme. */
    static void choose(ColorScheme scheme) {
        Theme theme = scheme == ColorScheme.DARK ? new PrimerDark() : new PrimerLight();
        Application.setUserAgentStylesheet(theme.getUserAgentStylesheet());
    }

    /** Keeps what in a scene is this program's own in the colours of a scheme. */
    static void follow(ObservableValue<ColorScheme> scheme, Scene scene) {
        URL styles = Objects.requireNonNull(Appearance.class.getResource("switchback.css"));
        scene.getStylesheets().add(styles.toExternalForm());
        scheme.subscribe(now -> color(scene, now));
    }

    static void color(Scene scene, ColorScheme scheme) {
        scene.getRoot().pseudoClassStateChanged(DARK, scheme == ColorScheme.DARK);
    }
}
