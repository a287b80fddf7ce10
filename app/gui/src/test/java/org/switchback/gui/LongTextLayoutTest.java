package org.switchback.gui;

import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import java.util.ResourceBundle;
import javafx.geometry.Dimension2D;
import org.junit.jupiter.api.Nested;
import org.switchback.client.messages.Messages;

/** Layout with texts that are longer than the English ones. */
class LongTextLayoutTest {
    /** In the minimum window size. */
    @Nested
    class OneThirdLonger extends LayoutTestCase {
        @Override
        protected Messages messages() {
            return createPaddedMessages(133);
        }
    }

    /** In a small window. */
    @Nested
    class TwiceAsLong extends LayoutTestCase {
        @Override
        protected Messages messages() {
            return createPaddedMessages(200);
        }

        @Override
        protected Dimension2D windowSize() {
            return new Dimension2D(1000, 700);
        }
    }

    private static Messages createPaddedMessages(int percent) {
        return new Messages(
                Locale.ENGLISH,
                new PaddedBundle(Messages.forLocale(Locale.ENGLISH).bundle(), percent));
    }

    /** English texts, padded to a percentage of their length. */
    private static final class PaddedBundle extends ResourceBundle {
        private final ResourceBundle english;
        private final int percent;

        PaddedBundle(ResourceBundle english, int percent) {
            this.english = english;
            this.percent = percent;
        }

        @Override
        protected Object handleGetObject(String key) {
            String text = english.getString(key);
            StringBuilder padded = new StringBuilder(text);
            while (padded.length() < text.length() * percent / 100) {
                padded.append(padded.length() % 8 == 0 ? ' ' : 'ö');
            }
            return padded.toString();
        }

        @Override
        public Enumeration<String> getKeys() {
            return Collections.enumeration(english.keySet());
        }
    }
}
