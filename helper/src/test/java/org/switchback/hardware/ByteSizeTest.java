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

class ByteSizeTest {
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
    void a_size_is_told_in_the_largest_unit_that_it_fills(long bytes, String text) {
        assertThat(ByteSize.text(bytes, Locale.ROOT)).isEqualTo(text);
    }

    @Test
    void a_size_that_rounds_to_1024_of_a_unit_is_one_of_the_next() {
        assertThat(ByteSize.text(1024 * 1024 - 1, Locale.ROOT)).isEqualTo("1 MiB");
    }

    @Test
    void the_decimal_mark_is_that_of_the_language() {
        assertThat(ByteSize.text(8_847_360, Locale.GERMAN)).isEqualTo("8,4 MiB");
    }

    @Property
    void the_number_is_that_of_exact_arithmetic(@ForAll long bytes) {
        String[] text = ByteSize.text(bytes, Locale.ROOT).split(" ");
        int unit = "bKMGTPE".indexOf(text[1].charAt(0));
        BigDecimal exact = bytes == 0 ? BigDecimal.TWO.pow(64) : new BigDecimal(Long.toUnsignedString(bytes));
        BigDecimal rounded = exact.divide(BigDecimal.TWO.pow(10 * unit), new MathContext(40))
                .setScale(1, RoundingMode.HALF_UP);
        assertThat(new BigDecimal(text[0])).isEqualByComparingTo(rounded);
    }
}
