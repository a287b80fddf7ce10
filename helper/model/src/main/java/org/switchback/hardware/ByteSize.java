package org.switchback.hardware;

import java.text.DecimalFormatSymbols;
import java.util.Locale;

/**
 * Sizes as people read them, in binary units: {@code 256 MiB}, {@code 8.4 MiB}.
 */
public final class ByteSize {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private ByteSize() {}

    /**
     * To one decimal place, halves rounded up, and without it where that is 0.
     *
     * @param bytes unsigned; 0 stands for 2^64, as in {@link AddressRange#length()}
     * @param locale decides the decimal mark
     */
    public static String format(long bytes, Locale locale) {
        if (bytes == 0) {
            return "16 EiB";
        }
        // Whole numbers: the first BigDecimal of a process costs it several milliseconds.
        int unit = (Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes)) / 10;
        long one = 1L << 10 * unit;
        // Below 2^60, so that ten times as much is still an unsigned long.
        long part = bytes & (one - 1);
        long tenths = 10 * (bytes >>> 10 * unit) + Long.divideUnsigned(10 * part + one / 2, one);
        if (tenths == 10 * 1024 && unit < UNITS.length - 1) {
            tenths = 10;
            unit++;
        }
        String fraction =
                tenths % 10 == 0 ? "" : DecimalFormatSymbols.getInstance(locale).getDecimalSeparator() + "" + tenths % 10;
        return tenths / 10 + fraction + " " + UNITS[unit];
    }
}
