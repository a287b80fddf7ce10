package org.switchback.hardware;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Spelling of enum constants on the bus, in saved files and in message catalogs: {@code ROLLED_BACK} is
 * {@code rolled-back}.
 */
public final class KebabCase {
    private KebabCase() {}

    /** The name of the constant in lower case, with hyphens instead of underscores. */
    public static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Returns the constant whose kebab-case name is the text; empty when there is none. */
    public static <E extends Enum<E>> Optional<E> parse(Class<E> type, String text) {
        return Stream.of(type.getEnumConstants())
                .filter(constant -> of(constant).equals(text))
                .findFirst();
    }
}
