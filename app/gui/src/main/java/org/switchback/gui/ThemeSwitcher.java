package org.switchback.gui;

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
final class ThemeSwitcher {
    private static final PseudoClass DARK_PSEUDO_CLASS = PseudoClass.getPseudoClass("dark");

    private ThemeSwitcher() {}

    /** Gives every control of this program the colours of a scheme. */
    static void setUserAgentTheme(ColorScheme scheme) {
        Theme theme = scheme == ColorScheme.DARK ? new PrimerDark() : new PrimerLight();
        Application.setUserAgentStylesheet(theme.getUserAgentStylesheet());
    }

    /** Keeps what in a scene is this program's own in the colours of a scheme. */
    static void bindScene(ObservableValue<ColorScheme> scheme, Scene scene) {
        URL styles = Objects.requireNonNull(ThemeSwitcher.class.getResource("switchback.css"));
        scene.getStylesheets().add(styles.toExternalForm());
        scheme.subscribe(now -> setSceneScheme(scene, now));
    }

    static void setSceneScheme(Scene scene, ColorScheme scheme) {
        scene.getRoot().pseudoClassStateChanged(DARK_PSEUDO_CLASS, scheme == ColorScheme.DARK);
    }
}
