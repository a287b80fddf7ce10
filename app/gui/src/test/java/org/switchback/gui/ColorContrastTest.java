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

/** What is written and drawn can be told from what is behind it (WCAG 2.2: 4.5:1 for text, 3:1 for graphics). */
class ColorContrastTest {
    private static final Pattern COLOR_DECLARATION = Pattern.compile("(-[a-z0-9-]+):\\s*(#[0-9a-fA-F]{6}|-[a-z0-9-]+);");

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
            for (String page : List.of("-card", "-page")) {
                assertContrast(scheme, "-color-fg-default", page, 4.5);
                assertContrast(scheme, "-color-fg-muted", page, 4.5);
                assertContrast(scheme, "-concern", page, 4.5);
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
            for (String page : List.of("-card", "-page")) {
                assertContrast(scheme, "-color-accent-fg", page, 3);
                assertContrast(scheme, "-color-fg-default", page, 3);
            }
            for (String box : List.of("-bar", "-overlap", "-overlap-dark", "-map-ram")) {
                Color back = scheme.resolveColor(box);
                // The frame of the selection is a line with a halo.
                assertThat(Math.max(
                                contrast(scheme.resolveColor("-color-fg-default"), back), contrast(scheme.resolveColor("-card"), back)))
                        .as("on %s, %s", box, scheme.name())
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
                    "-map-ram", "-map-window", "-map-firmware", "-map-other", "-map-gap", "-map-removed", "-map-added")) {
                assertContrast(scheme, kind, "-card", 3);
            }
        }
    }

    private static void assertContrast(CssColorScheme scheme, String front, String back, double least) {
        assertThat(contrast(scheme.resolveColor(front), scheme.resolveColor(back)))
                .as("%s on %s, %s", front, back, scheme.name())
                .isGreaterThanOrEqualTo(least);
    }

    static double contrast(Color a, Color b) {
        double first = luminance(a);
        double second = luminance(b);
        return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    }

    private static double luminance(Color colour) {
        return 0.2126 * toLinear(colour.getRed())
                + 0.7152 * toLinear(colour.getGreen())
                + 0.0722 * toLinear(colour.getBlue());
    }

    private static double toLinear(double channel) {
        return channel <= 0.04045 ? channel / 12.92 : Math.pow((channel + 0.055) / 1.055, 2.4);
    }

    private static List<CssColorScheme> loadSchemes() throws IOException {
        String own = readResource("/org/switchback/gui/switchback.css");
        int dark = own.indexOf(".root:dark");
        assertThat(dark).isPositive();
        Map<String, String> light = new HashMap<>();
        parseColors(readResource("/" + new PrimerLight().getUserAgentStylesheet().replace(".bss", ".css")), light);
        parseColors(own.substring(0, dark), light);
        Map<String, String> night = new HashMap<>();
        parseColors(readResource("/" + new PrimerDark().getUserAgentStylesheet().replace(".bss", ".css")), night);
        parseColors(own, night);
        return List.of(new CssColorScheme("light", light), new CssColorScheme("dark", night));
    }

    private static void parseColors(String css, Map<String, String> colours) {
        Matcher matcher = COLOR_DECLARATION.matcher(css);
        while (matcher.find()) {
            if (!matcher.group(1).startsWith("-fx-")) {
                colours.put(matcher.group(1), matcher.group(2));
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
