package org.switchback.client.messages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks every translation against English. A translation is a file beside {@code Messages.properties}. */
class TranslationTest {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\d+}");

    /** Texts that may be equal in two languages: names, units and keys. */
    private static final Pattern LANGUAGE_INDEPENDENT = Pattern.compile("(BARs?|Resizable "
            + "BAR|Resizable|Reset|RAM|Firmware|USB|GPUs?|IOMMU|vfio-pci|Switchback|Kernel|Details|prefetc"
            + "hable"
            + "|Ports|Log|ms|min|s|PID|F|O|F6|Esc|Alt|c0400000|[^\\p{L}])*");

    static Stream<String> languages() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(bundleDirectory())) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("Messages_") && !name.equals("Messages_en.properties"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    private static Path bundleDirectory() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(Messages.class.getResource("Messages.properties"))
                        .toURI())
                .getParent();
    }

    private static TreeMap<String, String> loadTexts(String file) throws IOException, URISyntaxException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(bundleDirectory().resolve(file))) {
            properties.load(reader);
        }
        TreeMap<String, String> texts = new TreeMap<>();
        properties.forEach((key, text) -> texts.put(key.toString(), text.toString()));
        return texts;
    }

    private static TreeMap<String, String> loadEnglish() throws IOException, URISyntaxException {
        return loadTexts("Messages.properties");
    }

    @Test
    void germanIsAvailable() throws IOException, URISyntaxException {
        assertThat(languages()).contains("Messages_de.properties");
        assertThat(loadTexts("Messages_en.properties")).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("languages")
    void everyLanguageHasTheSameKeysAsEnglish(String language) throws IOException, URISyntaxException {
        assertThat(loadTexts(language).keySet())
                .containsExactlyInAnyOrderElementsOf(loadEnglish().keySet());
    }

    @ParameterizedTest
    @MethodSource("languages")
    void everyTextHasTheSamePlaceholdersAsEnglish(String language) throws IOException, URISyntaxException {
        TreeMap<String, String> translated = loadTexts(language);
        loadEnglish().forEach((key, text) -> assertThat(placeholders(translated.getOrDefault(key, "")))
                .as(key)
                .isEqualTo(placeholders(text)));
    }

    @ParameterizedTest
    @MethodSource("languages")
    void noTextIsUntranslated(String language) throws IOException, URISyntaxException {
        TreeMap<String, String> translated = loadTexts(language);
        loadEnglish().forEach((key, text) -> {
            if (!LANGUAGE_INDEPENDENT.matcher(text.replace("%n", "")).matches()) {
                assertThat(translated.get(key)).as(key).isNotBlank().isNotEqualTo(text);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("languages")
    void everyPatternIsWellFormed(String language) throws IOException, URISyntaxException {
        loadTexts(language).forEach(TranslationTest::assertWellFormed);
    }

    /** A single apostrophe would quote the placeholders after it; picocli would print a doubled one twice. */
    private static void assertWellFormed(String key, String text) {
        assertThat(text).as(key).doesNotContain("\"", "\ufffd");
        boolean picocli = Stream.of("switchback.", "usage.", "parameter.").anyMatch(key::startsWith);
        assertThat(picocli ? text : text.replace("''", "")).as(key).doesNotContain("'");
        assertThat(text.startsWith(" ") || text.endsWith(" "))
                .as("%s has a blank that English has, and no other", key)
                .isEqualTo(key.equals("usage.synopsisHeading") || key.equals("cli.switch.question.yes"));
        if (!picocli) {
            new MessageFormat(text);
        }
    }

    /** Sentences stay sentences, and labels stay labels. */
    @ParameterizedTest
    @MethodSource("languages")
    void everyTextHasTheSameFinalPunctuationAsEnglish(String language) throws IOException, URISyntaxException {
        TreeMap<String, String> translated = loadTexts(language);
        loadEnglish().forEach((key, text) -> {
            for (String end : List.of(".", "…", "?", ":")) {
                if (text.endsWith(end)) {
                    assertThat(translated.get(key)).as(key).endsWith(end);
                }
            }
            if (!text.endsWith(".")) {
                assertThat(translated.get(key)).as(key).doesNotEndWith(".");
            }
        });
    }

    @Test
    void germanTextsAvoidViolentWordsAndDirectAddress() throws IOException, URISyntaxException {
        loadTexts("Messages_de.properties").forEach((key, text) -> assertThat(text)
                .as(key)
                .doesNotContainIgnoringCase("erzwing", "erzwung", "gewalt", "abschieß", "töte", "!")
                .doesNotContainPattern("\\b(Sie|Ihr|Ihre[mnrs]?|[Dd]u|[Dd]ein\\w*)\\b"));
    }

    private static Set<String> placeholders(String text) {
        return PLACEHOLDER
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
