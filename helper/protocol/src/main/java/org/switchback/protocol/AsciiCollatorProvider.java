package org.switchback.protocol;

import java.text.CollationKey;
import java.text.Collator;
import java.text.spi.CollatorProvider;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Provides a case-insensitive ASCII {@link Collator} for the D-Bus handshake ({@code OK}, {@code REJECTED}; D-Bus
 * Specification, "Authentication Protocol").
 *
 * <p>dbus-java compares the handshake's commands with a collator. Java's own collator first builds tables of all of
 * Unicode, which costs 30 ms of CPU time and 1 MiB at each start of a program. Nothing else in these programs uses a
 * collator. The launchers select this provider with {@code java.locale.providers}; without that option Java's own
 * collator is used.
 */
public final class AsciiCollatorProvider extends CollatorProvider {

    /** For {@link java.util.ServiceLoader}. */
    public AsciiCollatorProvider() {}

    @Override
    public Collator getInstance(Locale locale) {
        return new AsciiCollator();
    }

    /** Returns the default locale, which is the one used if a program requests a collator without a locale. */
    @Override
    public Locale[] getAvailableLocales() {
        return new Locale[] {Locale.getDefault()};
    }

    private static final class AsciiCollator extends Collator {

        @Override
        public int compare(String first, String second) {
            return first.compareToIgnoreCase(second);
        }

        @Override
        public @Nullable CollationKey getCollationKey(String source) {
            throw new UnsupportedOperationException("collation keys are not supported");
        }

        @Override
        public int hashCode() {
            return AsciiCollator.class.hashCode();
        }
    }
}
