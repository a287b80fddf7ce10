package org.switchback.hardware;

import java.util.Optional;
import java.util.StringTokenizer;

/** Numbers as sysfs writes them. */
final class HexNumbers {
    private HexNumbers() {}

    /** @return the unsigned number, {@code 0x} in front or not; empty when the text is none or wider than 64 bits */
    static Optional<Long> parse(String text) {
        String digits = text.startsWith("0x") ? text.substring(2) : text;
        if (digits.isEmpty() || digits.length() > 16 || digits.charAt(0) == '+' || digits.charAt(0) == '-') {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.parseUnsignedLong(digits, 16));
        } catch (NumberFormatException notHexadecimal) {
            return Optional.empty();
        }
    }

    /** The numbers of a line, blanks between them; no numbers at all when one of them can't be read. */
    static long[] parseFields(String line) {
        StringTokenizer words = new StringTokenizer(line);
        long[] numbers = new long[words.countTokens()];
        for (int i = 0; i < numbers.length; i++) {
            Optional<Long> number = parse(words.nextToken());
            if (number.isEmpty()) {
                return new long[0];
            }
            numbers[i] = number.get();
        }
        return numbers;
    }
}
