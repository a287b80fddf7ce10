package org.switchback.hardware;

import java.util.Locale;

/** How the bus, saved files and catalogues of texts spell a constant: {@code PUT_BACK} is {@code put-back}. */
public final class KebabCase {
    private KebabCase() {}

    /** In small letters, with hyphens. */
    public static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
