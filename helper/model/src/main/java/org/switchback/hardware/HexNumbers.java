package org.switchback.hardware;

import java.util.Optional;
import java.util.StringTokenizer;

/** Parses hexadecimal numbers as sysfs prints them. */
final class HexNumbers {
    private HexNumbers() {}

    /**
     * Parses an unsigned number, with or without {@code 0x} in front.
     *
     * @return empty if the text is not a number or exceeds 64 bits
     */
    static Optional<Long> parse(String text) {
        String digits = text.startsWith("0x") ? text.substring(2) : text;
        if (digits.isEmpty() || digits.length() > 16 || digits.charAt(0) == '+' || digits.charAt(0) == '-') {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.parseUnsignedLong(digits, 16));
        } catch (NumberFormatException ignored) {
            // Malformed text is an expected input.
            return Optional.empty();
        }
    }

    /** Parses the numbers of a line, separated by spaces; returns an empty array if any of them is malformed. */
    static long[] parseFields(String line) {
        StringTokenizer tokens = new StringTokenizer(line);
        long[] numbers = new long[tokens.countTokens()];
        for (int i = 0; i < numbers.length; i++) {
            Optional<Long> number = parse(tokens.nextToken());
            if (number.isEmpty()) {
                return new long[0];
            }
            numbers[i] = number.get();
        }
        return numbers;
    }
}
