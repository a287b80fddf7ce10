package org.switchback.protocol;

import java.text.CollationKey;
import java.text.Collator;
import java.text.spi.CollatorProvider;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the words of a D-Bus handshake ({@code OK}, {@code REJECTED}; D-Bus Specification, "Authentication Protocol")
 * are compared by: ASCII, without regard to case.
 *
 * <p>dbus-java asks Java for a {@link Collator} to do that, and Java's own builds tables of all of Unicode first: at
 * each start of each program 30 ms of CPU and a mebibyte. Nothing else in these programs sorts by a collator. The
 * launchers have Java ask here with {@code java.locale.providers}; without that all is as before.
 */
public final class AsciiCollatorProvider extends CollatorProvider {

    /** For {@link java.util.ServiceLoader}. */
    public AsciiCollatorProvider() {}

    @Override
    public Collator getInstance(Locale locale) {
        return new AsciiCollator();
    }

    /** The one that a program asks for that names none. */
    @Override
    public Locale[] getAvailableLocales() {
        return new Locale[] {Locale.getDefault()};
    }

    private static final class AsciiCollator extends Collator {

        @Override
        public int compare(String one, String other) {
            return one.compareToIgnoreCase(other);
        }

        @Override
        public @Nullable CollationKey getCollationKey(String source) {
            throw new UnsupportedOperationException("Words are compared one by one");
        }

        @Override
        public int hashCode() {
            return AsciiCollator.class.hashCode();
        }
    }
}
