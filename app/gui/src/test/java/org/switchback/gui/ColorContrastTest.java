package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javafx.scene.paint.Color;
import org.junit.jupiter.api.Test;

/** Checks the contrast of the colours of the style sheet (WCAG 2.2: 4.5:1 for text, 3:1 for graphics). */
class ColorContrastTest {
    private static final Pattern COLOR_DECLARATION =
            Pattern.compile("(-[a-z0-9-]+):\\s*(#[0-9a-fA-F]{6}|-[a-z0-9-]+);");

    private record CssColorScheme(String name, Map<String, String> colors) {
        Color resolveColor(String name) {
            String value = colors.get(name);
            assertThat(value).as("%s in %s", name, this.name).isNotNull();
            return value.startsWith("#") ? Color.web(value) : resolveColor(value);
        }
    }

    @Test
    void textHasSufficientContrast() throws IOException {
        for (CssColorScheme scheme : loadSchemes()) {
            for (String background : List.of("-card", "-page")) {
                assertContrast(scheme, "-color-fg-default", background, 4.5);
                assertContrast(scheme, "-color-fg-muted", background, 4.5);
                assertContrast(scheme, "-concern", background, 4.5);
            }
            assertContrast(scheme, "-bar-text", "-bar", 4.5);
            assertContrast(scheme, "-overlap-text", "-overlap", 4.5);
            assertContrast(scheme, "-overlap-text", "-overlap-dark", 4.5);
        }
    }

    @Test
    void barsAndOverlapsContrastWithTheCard() throws IOException {
        for (CssColorScheme scheme : loadSchemes()) {
            assertContrast(scheme, "-bar", "-card", 3);
            assertContrast(scheme, "-overlap", "-card", 3);
        }
    }

    @Test
    void focusAndSelectionContrastWithTheBackground() throws IOException {
        for (CssColorScheme scheme : loadSchemes()) {
            for (String background : List.of("-card", "-page")) {
                assertContrast(scheme, "-color-accent-fg", background, 3);
                assertContrast(scheme, "-color-fg-default", background, 3);
            }
            for (String fill : List.of("-bar", "-overlap", "-overlap-dark", "-map-ram")) {
                Color back = scheme.resolveColor(fill);
                // The selection frame is a line with a halo.
                assertThat(Math.max(
                                contrast(scheme.resolveColor("-color-fg-default"), back),
                                contrast(scheme.resolveColor("-card"), back)))
                        .as("on %s, %s", fill, scheme.name())
                        .isGreaterThanOrEqualTo(3);
            }
        }
    }

    @Test
    void hatchingIsVisibleInGrayscale() throws IOException {
        for (CssColorScheme scheme : loadSchemes()) {
            assertThat(contrast(scheme.resolveColor("-overlap"), scheme.resolveColor("-overlap-dark")))
                    .as(scheme.name())
                    .isGreaterThan(1.25);
        }
    }

    @Test
    void memoryMapColorsHaveSufficientContrast() throws IOException {
        for (CssColorScheme scheme : loadSchemes()) {
            assertContrast(scheme, "-map-ram-text", "-map-ram", 4.5);
            for (String kind : List.of(
                    "-map-ram",
                    "-map-window",
                    "-map-firmware",
                    "-map-other",
                    "-map-gap",
                    "-map-removed",
                    "-map-added")) {
                assertContrast(scheme, kind, "-card", 3);
            }
        }
    }

    private static void assertContrast(CssColorScheme scheme, String front, String back, double minimum) {
        assertThat(contrast(scheme.resolveColor(front), scheme.resolveColor(back)))
                .as("%s on %s, %s", front, back, scheme.name())
                .isGreaterThanOrEqualTo(minimum);
    }

    static double contrast(Color a, Color b) {
        double first = luminance(a);
        double second = luminance(b);
        return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    }

    private static double luminance(Color color) {
        return 0.2126 * toLinear(color.getRed())
                + 0.7152 * toLinear(color.getGreen())
                + 0.0722 * toLinear(color.getBlue());
    }

    private static double toLinear(double channel) {
        return channel <= 0.04045 ? channel / 12.92 : Math.pow((channel + 0.055) / 1.055, 2.4);
    }

    private static List<CssColorScheme> loadSchemes() throws IOException {
        String css = readResource("/org/switchback/gui/switchback.css");
        int darkStart = css.indexOf(".root:dark");
        assertThat(darkStart).isPositive();
        Map<String, String> light = new HashMap<>();
        parseColors(
                readResource("/" + new PrimerLight().getUserAgentStylesheet().replace(".bss", ".css")), light);
        parseColors(css.substring(0, darkStart), light);
        Map<String, String> dark = new HashMap<>();
        parseColors(readResource("/" + new PrimerDark().getUserAgentStylesheet().replace(".bss", ".css")), dark);
        parseColors(css, dark);
        return List.of(new CssColorScheme("light", light), new CssColorScheme("dark", dark));
    }

    private static void parseColors(String css, Map<String, String> colors) {
        Matcher matcher = COLOR_DECLARATION.matcher(css);
        while (matcher.find()) {
            if (!matcher.group(1).startsWith("-fx-")) {
                colors.put(matcher.group(1), matcher.group(2));
            }
        }
    }

    private static String readResource(String resource) throws IOException {
        try (InputStream in = ColorContrastTest.class.getResourceAsStream(resource.replace("//", "/"))) {
            assertThat(in).as(resource).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
