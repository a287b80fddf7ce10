package org.switchback.app.words;

import java.util.Locale;

/** How constants are spelled outside of Java: in keys of the catalogue, names of nodes, style classes and JSON. */
public final class Spelling {
    private Spelling() {}

    /** In small letters, with hyphens: {@code SLOW_STEP} is {@code slow-step}. */
    public static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
