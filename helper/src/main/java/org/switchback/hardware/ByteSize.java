package org.switchback.hardware;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * Sizes as people read them, in binary units: {@code 256 MiB}, {@code 8.4 MiB}.
 */
public final class ByteSize {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private ByteSize() {}

    /**
     * @param bytes unsigned; 0 stands for 2^64, as in {@link AddressRange#length()}
     * @param locale decides the decimal mark
     */
    public static String text(long bytes, Locale locale) {
        BigDecimal amount = bytes == 0 ? BigDecimal.TWO.pow(64) : new BigDecimal(Long.toUnsignedString(bytes));
        int unit = 0;
        BigDecimal step = BigDecimal.valueOf(1024);
        while (amount.compareTo(step) >= 0 && unit < UNITS.length - 1) {
            amount = amount.divide(step, MathContext.DECIMAL64);
            unit++;
        }
        BigDecimal rounded = amount.setScale(1, RoundingMode.HALF_UP);
        boolean whole = rounded.stripTrailingZeros().scale() <= 0;
        return (whole ? String.format(locale, "%.0f", rounded) : String.format(locale, "%.1f", rounded)) + " "
                + UNITS[unit];
    }
}
