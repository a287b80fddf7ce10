package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteSizeFormatterTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1 bytes",
        "1023, 1023 bytes",
        "1024, 1 KiB",
        "1075, 1 KiB",
        "1076, 1.1 KiB",
        "8847360, 8.4 MiB",
        "268435456, 256 MiB",
        "34359738368, 32 GiB",
        "9223372036854775807, 8 EiB",
        "-1, 16 EiB",
        "0, 16 EiB",
    })
    void usesLargestFittingUnit(long bytes, String text) {
        assertThat(ByteSizeFormatter.format(bytes, Locale.ROOT)).isEqualTo(text);
    }

    @Test
    void roundingTo1024SwitchesToNextUnit() {
        assertThat(ByteSizeFormatter.format(1024 * 1024 - 1, Locale.ROOT)).isEqualTo("1 MiB");
    }

    @Test
    void usesDecimalSeparatorOfLocale() {
        assertThat(ByteSizeFormatter.format(8_847_360, Locale.GERMAN)).isEqualTo("8,4 MiB");
    }

    @Property
    void roundingMatchesExactArithmetic(@ForAll long bytes) {
        String[] text = ByteSizeFormatter.format(bytes, Locale.ROOT).split(" ");
        int unit = "bKMGTPE".indexOf(text[1].charAt(0));
        BigDecimal exact = bytes == 0 ? BigDecimal.TWO.pow(64) : new BigDecimal(Long.toUnsignedString(bytes));
        BigDecimal rounded =
                exact.divide(BigDecimal.TWO.pow(10 * unit), new MathContext(40)).setScale(1, RoundingMode.HALF_UP);
        assertThat(new BigDecimal(text[0])).isEqualByComparingTo(rounded);
    }
}
