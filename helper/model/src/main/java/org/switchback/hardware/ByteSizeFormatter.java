package org.switchback.hardware;

import java.text.DecimalFormatSymbols;
import java.util.Locale;

/** Formats sizes in binary units: {@code 256 MiB}, {@code 8.4 MiB}. */
public final class ByteSizeFormatter {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private ByteSizeFormatter() {}

    /**
     * Formats a size with one decimal place, halves rounded up; the decimal place is left out if it is 0.
     *
     * @param bytes unsigned; 0 means 2^64, as in {@link AddressRange#length()}
     * @param locale determines the decimal separator
     */
    public static String format(long bytes, Locale locale) {
        if (bytes == 0) {
            return "16 EiB";
        }
        // Integer arithmetic: the first BigDecimal of a process takes several milliseconds.
        int unit = (Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes)) / 10;
        long unitSize = 1L << 10 * unit;
        // Less than 2^60, so ten times as much still fits an unsigned long.
        long remainder = bytes & (unitSize - 1);
        long tenths = 10 * (bytes >>> 10 * unit) + Long.divideUnsigned(10 * remainder + unitSize / 2, unitSize);
        if (tenths == 10 * 1024 && unit < UNITS.length - 1) {
            tenths = 10;
            unit++;
        }
        String fraction = tenths % 10 == 0
                ? ""
                : DecimalFormatSymbols.getInstance(locale).getDecimalSeparator() + "" + tenths % 10;
        return tenths / 10 + fraction + " " + UNITS[unit];
    }
}
