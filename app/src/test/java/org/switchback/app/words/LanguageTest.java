package org.switchback.app.words;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which language is spoken on which computer. */
class LanguageTest {
    private final Locale before = Locale.getDefault();

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    /** {@code en} is what Java makes of the locales C and POSIX. */
    @ParameterizedTest
    @ValueSource(strings = {"en", "en-GB"})
    void englishIsSpokenOnAGermanComputerToo(String tag) {
        Locale.setDefault(Locale.GERMANY);
        Words words = Words.in(Locale.forLanguageTag(tag));
        assertThat(words.text("mode.mixed")).isEqualTo("Half switched");
        assertThat(words.size(0x870000)).isEqualTo("8.4 MiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"de", "de-DE", "de-AT"})
    void germanIsSpokenOnAnEnglishComputerToo(String tag) {
        Locale.setDefault(Locale.ENGLISH);
        Words words = Words.in(Locale.forLanguageTag(tag));
        assertThat(words.text("mode.mixed")).isEqualTo("Halb umgeschaltet");
        assertThat(words.size(0x870000)).isEqualTo("8,4 MiB");
        assertThat(words.size(512)).isEqualTo("512 Byte");
    }

    /** As where the computer's own language is one that the app does not speak. */
    @Test
    void anyOtherLanguageIsAnsweredInEnglishWithEnglishNumbers() {
        Locale.setDefault(Locale.FRANCE);
        Words words = Words.in(Locale.getDefault());
        assertThat(words.text("mode.mixed")).isEqualTo("Half switched");
        assertThat(words.size(0x870000)).isEqualTo("8.4 MiB");
        assertThat(words.size(512)).isEqualTo("512 bytes");
    }
}
