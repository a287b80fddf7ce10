package org.switchback.gui.memorymap;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;

/** A search query for regions of a map. */
sealed interface Query {
    /** @param substring of a region name, lower case; the name of a BAR is its PCI address */
    record NameQuery(String substring) implements Query {}

    record AddressQuery(long address) implements Query {}

    record RangeQuery(AddressRange range) implements Query {}

    /**
     * @param bytes unsigned
     * @param larger true to find sizes above, false to find sizes below {@code bytes}; exclusive
     */
    record SizeQuery(long bytes, boolean larger) implements Query {}

    /** Finds regions inside a BAR that do not belong to its driver. */
    record OverlapQuery() implements Query {}

    Pattern HEX_PATTERN = Pattern.compile("(0x)?([0-9a-f]{1,16})", Pattern.CASE_INSENSITIVE);
    Pattern RANGE_PATTERN =
            Pattern.compile("(?:0x)?([0-9a-f]{1,16})\\s*-\\s*(?:0x)?([0-9a-f]{1,16})", Pattern.CASE_INSENSITIVE);
    Pattern AMOUNT_PATTERN =
            Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*([kmgtpe]?)(?:i?b)?", Pattern.CASE_INSENSITIVE);
    Pattern SIZE_PATTERN = Pattern.compile("([<>])=?\\s*" + AMOUNT_PATTERN, Pattern.CASE_INSENSITIVE);

    /** Shorter hexadecimal numbers are more often part of a name. */
    int MIN_ADDRESS_DIGITS = 5;

    /** Words of that many letters from a to f are addresses rather than part of a name. */
    int MIN_ALPHABETIC_HEX_DIGITS = 8;

    /**
     * Parses a query.
     *
     * @param overlapWord the localized word for an overlap; accepted besides {@code overlap} and {@code overlaps}
     * @return empty for blank input
     */
    static Optional<Query> parse(String input, String overlapWord) {
        String text = input.strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (text.equalsIgnoreCase(overlapWord)
                || text.equalsIgnoreCase("overlap")
                || text.equalsIgnoreCase("overlaps")) {
            return Optional.of(new OverlapQuery());
        }
        Matcher size = SIZE_PATTERN.matcher(text);
        if (size.matches()) {
            return Optional.of(new SizeQuery(
                    parseBytes(size.group(2), size.group(3)), size.group(1).equals(">")));
        }
        Matcher range = RANGE_PATTERN.matcher(text);
        if (range.matches()) {
            long first = Long.parseUnsignedLong(range.group(1), 16);
            long last = Long.parseUnsignedLong(range.group(2), 16);
            if (Long.compareUnsigned(first, last) <= 0) {
                return Optional.of(new RangeQuery(new AddressRange(first, last)));
            }
        }
        Matcher hex = HEX_PATTERN.matcher(text);
        if (hex.matches() && (hex.group(1) != null || isAddress(hex.group(2)))) {
            return Optional.of(new AddressQuery(Long.parseUnsignedLong(hex.group(2), 16)));
        }
        return Optional.of(new NameQuery(text.toLowerCase(Locale.ROOT)));
    }

    /** Parses input as an address: hexadecimal with or without {@code 0x}, or an amount such as {@code 4G}. */
    static Optional<Long> parseAddress(String input) {
        Matcher hex = HEX_PATTERN.matcher(input.strip());
        if (hex.matches()) {
            return Optional.of(Long.parseUnsignedLong(hex.group(2), 16));
        }
        Matcher amount = AMOUNT_PATTERN.matcher(input.strip());
        return amount.matches() ? Optional.of(parseBytes(amount.group(1), amount.group(2))) : Optional.empty();
    }

    /** Whether the input has the form of an address range. */
    static boolean isRange(String input) {
        return RANGE_PATTERN.matcher(input.strip()).matches();
    }

    private static boolean isAddress(String digits) {
        return digits.length() >= MIN_ADDRESS_DIGITS && digits.chars().anyMatch(Character::isDigit)
                || digits.length() >= MIN_ALPHABETIC_HEX_DIGITS;
    }

    private static long parseBytes(String number, String unit) {
        int shift = unit.isEmpty() ? 0 : 10 * ("kmgtpe".indexOf(Character.toLowerCase(unit.charAt(0))) + 1);
        return new BigDecimal(number)
                .multiply(BigDecimal.TWO.pow(shift))
                .toBigInteger()
                .longValue();
    }

    /** Whether an item is a region that matches this query. */
    default boolean matches(MapTree tree, int item) {
        if (!tree.kind(item).isRegion()) {
            return false;
        }
        return switch (this) {
            case NameQuery(String substring) ->
                tree.name(item).toLowerCase(Locale.ROOT).contains(substring);
            case AddressQuery(long address) ->
                tree.hasAddresses() && tree.range(item).contains(address);
            case RangeQuery(AddressRange range) -> tree.hasAddresses() && range.overlaps(tree.range(item));
            case SizeQuery(long bytes, boolean larger) ->
                tree.hasAddresses()
                        && (larger
                                ? Long.compareUnsigned(tree.length(item) - 1, bytes) >= 0
                                : Long.compareUnsigned(tree.length(item) - 1, bytes - 1) < 0);
            case OverlapQuery() ->
                tree.kind(item) == RegionKind.OVERLAP && tree.kind(tree.parent(item)) != RegionKind.OVERLAP;
        };
    }
}
