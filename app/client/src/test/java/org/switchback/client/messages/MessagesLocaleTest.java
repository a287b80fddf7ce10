package org.switchback.client.messages;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which language is used with which locale. */
class MessagesLocaleTest {
    private final Locale originalLocale = Locale.getDefault();

    @AfterEach
    void restoreLocale() {
        Locale.setDefault(originalLocale);
    }

    /** {@code en} is Java's locale for C and POSIX. */
    @ParameterizedTest
    @ValueSource(strings = {"en", "en-GB"})
    void englishIsUsedWithAGermanDefaultLocale(String tag) {
        Locale.setDefault(Locale.GERMANY);
        Messages messages = Messages.forLocale(Locale.forLanguageTag(tag));
        assertThat(messages.text("mode.partially-switched")).isEqualTo("Partially switched");
        assertThat(messages.formatSize(0x870000)).isEqualTo("8.4 MiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"de", "de-DE", "de-AT"})
    void germanIsUsedWithAnEnglishDefaultLocale(String tag) {
        Locale.setDefault(Locale.ENGLISH);
        Messages messages = Messages.forLocale(Locale.forLanguageTag(tag));
        assertThat(messages.text("mode.partially-switched")).isEqualTo("Teilweise umgeschaltet");
        assertThat(messages.formatSize(0x870000)).isEqualTo("8,4 MiB");
        assertThat(messages.formatSize(512)).isEqualTo("512 Byte");
    }

    /** The default language of the computer has no translation. */
    @Test
    void unsupportedLanguageFallsBackToEnglishTextAndNumbers() {
        Locale.setDefault(Locale.FRANCE);
        Messages messages = Messages.forLocale(Locale.getDefault());
        assertThat(messages.text("mode.partially-switched")).isEqualTo("Partially switched");
        assertThat(messages.formatSize(0x870000)).isEqualTo("8.4 MiB");
        assertThat(messages.formatSize(512)).isEqualTo("512 bytes");
    }
}
