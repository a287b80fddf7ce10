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

/** Applies the colour scheme of the desktop, light or dark. */
final class ThemeSwitcher {
    private static final PseudoClass DARK_PSEUDO_CLASS = PseudoClass.getPseudoClass("dark");

    private ThemeSwitcher() {}

    /** Sets the AtlantaFX theme of all controls. */
    static void setUserAgentTheme(ColorScheme scheme) {
        Theme theme = scheme == ColorScheme.DARK ? new PrimerDark() : new PrimerLight();
        Application.setUserAgentStylesheet(theme.getUserAgentStylesheet());
    }

    /** Adds the application's style sheet to a scene, whose colours follow the scheme. */
    static void bindScene(ObservableValue<ColorScheme> scheme, Scene scene) {
        URL styles = Objects.requireNonNull(ThemeSwitcher.class.getResource("switchback.css"));
        scene.getStylesheets().add(styles.toExternalForm());
        scheme.subscribe(now -> setSceneScheme(scene, now));
    }

    static void setSceneScheme(Scene scene, ColorScheme scheme) {
        scene.getRoot().pseudoClassStateChanged(DARK_PSEUDO_CLASS, scheme == ColorScheme.DARK);
    }
}
