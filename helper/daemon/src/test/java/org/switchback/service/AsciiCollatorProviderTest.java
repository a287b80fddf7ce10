package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.text.Collator;
import java.text.RuleBasedCollator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.protocol.AsciiCollatorProvider;

/** Tests the comparison of handshake commands, and that Java uses the provider if the launchers' option is set. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AsciiCollatorProviderTest {

    /** Prints the class name of Java's default collator. */
    static final class CollatorPrinterMain {
        public static void main(String[] args) {
            System.out.println(Collator.getInstance().getClass().getName());
        }
    }

    private final Collator collator = new AsciiCollatorProvider().getInstance(Locale.ROOT);

    @Test
    void comparisonIgnoresCase() {
        assertThat(collator.compare("OK", "ok")).isZero();
        assertThat(collator.compare("AGREE_UNIX_FD", "AGREE_UNIX_FD")).isZero();
        assertThat(collator.compare("REJECTED", "ERROR")).isNotZero();
        assertThat(collator.compare("DATA", "DAT")).isNotZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"en", "en-US", "en-GB", "de-AT", "tr", "zh-Hant-TW"})
    void javaUsesTheProviderInEveryLocale(String language) throws Exception {
        assertThat(collatorNameIn(language, "-Djava.locale.providers=CLDR,SPI"))
                .startsWith(AsciiCollatorProvider.class.getName() + "$");
    }

    @Test
    void javaUsesItsOwnCollatorWithoutTheOption() throws Exception {
        assertThat(collatorNameIn("en", "-Dunused=value")).isEqualTo(RuleBasedCollator.class.getName());
    }

    private static String collatorNameIn(String language, String option) throws Exception {
        Locale locale = Locale.forLanguageTag(language);
        ProcessBuilder java = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        option,
                        "-Duser.language=" + locale.getLanguage(),
                        "-Duser.script=" + locale.getScript(),
                        "-Duser.country=" + locale.getCountry(),
                        "--class-path",
                        System.getProperty("java.class.path"),
                        CollatorPrinterMain.class.getName()))
                .redirectErrorStream(true);
        java.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        Process process = java.start();
        String output = new String(process.getInputStream().readAllBytes()).strip();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
