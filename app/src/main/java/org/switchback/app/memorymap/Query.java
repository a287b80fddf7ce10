package org.switchback.app.memorymap;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;

/** What somebody looks for in a map. */
sealed interface Query {
    /** @param part of a name, lower case; a PCI address is the name of its BARs */
    record Name(String part) implements Query {}

    record Address(long address) implements Query {}

    record Range(AddressRange range) implements Query {}

    /**
     * @param bytes  unsigned
     * @param larger than that; otherwise smaller
     */
    record Size(long bytes, boolean larger) implements Query {}

    /** What lies in a BAR and does not belong there. */
    record Overlaps() implements Query {}

    Pattern HEX = Pattern.compile("(0x)?([0-9a-f]{1,16})", Pattern.CASE_INSENSITIVE);
    Pattern RANGE = Pattern.compile("(?:0x)?([0-9a-f]{1,16})\\s*-\\s*(?:0x)?([0-9a-f]{1,16})", Pattern.CASE_INSENSITIVE);
    Pattern AMOUNT = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*([kmgtpe]?)(?:i?b)?", Pattern.CASE_INSENSITIVE);
    Pattern SIZE = Pattern.compile("([<>])=?\\s*" + AMOUNT, Pattern.CASE_INSENSITIVE);

    /** Shorter ones are more often part of a name. */
    int DIGITS_OF_AN_ADDRESS = 5;

    /** So many letters up to f are no part of a name. */
    int DIGITS_OF_NO_WORD = 8;

    /**
     * Understands a typed text.
     *
     * @param overlapWord how people who use the program in their language call an overlap
     * @return empty for a blank text
     */
    static Optional<Query> parse(String typed, String overlapWord) {
        String text = typed.strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.equalsIgnoreCase(overlapWord) || text.equalsIgnoreCase("overlap") || text.equalsIgnoreCase("overlaps")) {
            return Optional.of(new Overlaps());
        }
        Matcher size = SIZE.matcher(text);
        if (size.matches()) {
            return Optional.of(new Size(bytes(size.group(2), size.group(3)), size.group(1).equals(">")));
        }
        Matcher range = RANGE.matcher(text);
        if (range.matches()) {
            long first = Long.parseUnsignedLong(range.group(1), 16);
            long last = Long.parseUnsignedLong(range.group(2), 16);
            if (Long.compareUnsigned(first, last) <= 0) {
                return Optional.of(new Range(new AddressRange(first, last)));
            }
        }
        Matcher hex = HEX.matcher(text);
        if (hex.matches() && (hex.group(1) != null || isAddress(hex.group(2)))) {
            return Optional.of(new Address(Long.parseUnsignedLong(hex.group(2), 16)));
        }
        return Optional.of(new Name(text.toLowerCase(Locale.ROOT)));
    }

    /** The address in a typed text that can be nothing else; {@code 0x} may be left out, and {@code 4G} is one too. */
    static Optional<Long> address(String typed) {
        Matcher hex = HEX.matcher(typed.strip());
        if (hex.matches()) {
            return Optional.of(Long.parseUnsignedLong(hex.group(2), 16));
        }
        Matcher amount = AMOUNT.matcher(typed.strip());
        return amount.matches() ? Optional.of(bytes(amount.group(1), amount.group(2))) : Optional.empty();
    }

    /** Whether a typed text is a range of addresses. */
    static boolean isRange(String typed) {
        return RANGE.matcher(typed.strip()).matches();
    }

    private static boolean isAddress(String digits) {
        return digits.length() >= DIGITS_OF_AN_ADDRESS && digits.chars().anyMatch(Character::isDigit)
                || digits.length() >= DIGITS_OF_NO_WORD;
    }

    private static long bytes(String number, String unit) {
        int shift = unit.isEmpty() ? 0 : 10 * ("kmgtpe".indexOf(Character.toLowerCase(unit.charAt(0))) + 1);
        return new BigDecimal(number).multiply(BigDecimal.TWO.pow(shift)).toBigInteger().longValue();
    }

    /** Whether an item is what is looked for. */
    default boolean finds(MapTree tree, int item) {
        if (!tree.kind(item).isRegion()) {
            return false;
        }
        return switch (this) {
            case Name(String part) -> tree.name(item).toLowerCase(Locale.ROOT).contains(part);
            case Address(long address) -> tree.addressed() && tree.range(item).contains(address);
            case Range(AddressRange range) -> tree.addressed() && range.overlaps(tree.range(item));
            case Size(long bytes, boolean larger) ->
                tree.addressed()
                        && (larger
                                ? Long.compareUnsigned(tree.length(item) - 1, bytes) >= 0
                                : Long.compareUnsigned(tree.length(item) - 1, bytes - 1) < 0);
            case Overlaps() -> tree.kind(item) == Kind.OVERLAP && tree.kind(tree.parent(item)) != Kind.OVERLAP;
        };
    }
}
