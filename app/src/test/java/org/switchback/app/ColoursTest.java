package org.switchback.app;

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
class ColoursTest {
    private static final Pattern COLOUR = Pattern.compile("(-[a-z0-9-]+):\\s*(#[0-9a-fA-F]{6}|-[a-z0-9-]+);");

    private record Scheme(String name, Map<String, String> colours) {
        Color colour(String name) {
            String value = colours.get(name);
            assertThat(value).as("%s in %s", name, this.name).isNotNull();
            return value.startsWith("#") ? Color.web(value) : colour(value);
        }
    }

    @Test
    void textsCanBeRead() throws IOException {
        for (Scheme scheme : schemes()) {
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
    void barsAndOverlapsStandOutFromTheCard() throws IOException {
        for (Scheme scheme : schemes()) {
            assertContrast(scheme, "-bar", "-card", 3);
            assertContrast(scheme, "-overlap", "-card", 3);
        }
    }

    @Test
    void whereTheKeyboardIsAndWhatIsChosenStandsOut() throws IOException {
        for (Scheme scheme : schemes()) {
            for (String page : List.of("-card", "-page")) {
                assertContrast(scheme, "-color-accent-fg", page, 3);
                assertContrast(scheme, "-color-fg-default", page, 3);
            }
            for (String box : List.of("-bar", "-overlap", "-overlap-dark", "-map-ram")) {
                Color back = scheme.colour(box);
                // The frame of the selection is a line with a halo.
                assertThat(Math.max(
                                contrast(scheme.colour("-color-fg-default"), back), contrast(scheme.colour("-card"), back)))
                        .as("on %s, %s", box, scheme.name())
                        .isGreaterThanOrEqualTo(3);
            }
        }
    }

    @Test
    void theHatchIsSeenInGreyToo() throws IOException {
        for (Scheme scheme : schemes()) {
            assertThat(contrast(scheme.colour("-overlap"), scheme.colour("-overlap-dark")))
                    .as(scheme.name())
                    .isGreaterThan(1.25);
        }
    }

    @Test
    void theMemoryMapCanBeReadAndItsKindsStandOut() throws IOException {
        for (Scheme scheme : schemes()) {
            assertContrast(scheme, "-map-ram-text", "-map-ram", 4.5);
            for (String kind : List.of(
                    "-map-ram", "-map-window", "-map-firmware", "-map-other", "-map-gap", "-map-removed", "-map-added")) {
                assertContrast(scheme, kind, "-card", 3);
            }
        }
    }

    private static void assertContrast(Scheme scheme, String front, String back, double least) {
        assertThat(contrast(scheme.colour(front), scheme.colour(back)))
                .as("%s on %s, %s", front, back, scheme.name())
                .isGreaterThanOrEqualTo(least);
    }

    static double contrast(Color a, Color b) {
        double first = luminance(a);
        double second = luminance(b);
        return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    }

    private static double luminance(Color colour) {
        return 0.2126 * linear(colour.getRed())
                + 0.7152 * linear(colour.getGreen())
                + 0.0722 * linear(colour.getBlue());
    }

    private static double linear(double channel) {
        return channel <= 0.04045 ? channel / 12.92 : Math.pow((channel + 0.055) / 1.055, 2.4);
    }

    private static List<Scheme> schemes() throws IOException {
        String own = text("/org/switchback/app/switchback.css");
        int dark = own.indexOf(".root:dark");
        assertThat(dark).isPositive();
        Map<String, String> light = new HashMap<>();
        read(text("/" + new PrimerLight().getUserAgentStylesheet().replace(".bss", ".css")), light);
        read(own.substring(0, dark), light);
        Map<String, String> night = new HashMap<>();
        read(text("/" + new PrimerDark().getUserAgentStylesheet().replace(".bss", ".css")), night);
        read(own, night);
        return List.of(new Scheme("light", light), new Scheme("dark", night));
    }

    private static void read(String css, Map<String, String> colours) {
        Matcher matcher = COLOUR.matcher(css);
        while (matcher.find()) {
            if (!matcher.group(1).startsWith("-fx-")) {
                colours.put(matcher.group(1), matcher.group(2));
            }
        }
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = ColoursTest.class.getResourceAsStream(resource.replace("//", "/"))) {
            assertThat(in).as(resource).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
