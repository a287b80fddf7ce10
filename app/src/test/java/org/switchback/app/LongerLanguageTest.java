package org.switchback.app;

import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import java.util.ResourceBundle;
import org.switchback.app.words.Words;

/** A language whose texts are a third longer than the English ones. */
class LongerLanguageTest extends LanguageTestCase {
    @Override
    protected Words words() {
        return new Words(Locale.ENGLISH, new Longer(super.words().bundle()));
    }

    /** English, each text a third longer. */
    private static final class Longer extends ResourceBundle {
        private final ResourceBundle english;

        Longer(ResourceBundle english) {
            this.english = english;
        }

        @Override
        protected Object handleGetObject(String key) {
            String text = english.getString(key);
            StringBuilder longer = new StringBuilder(text);
            while (longer.length() < text.length() * 4 / 3) {
                longer.append(longer.length() % 8 == 0 ? ' ' : 'ö');
            }
            return longer.toString();
        }

        @Override
        public Enumeration<String> getKeys() {
            return Collections.enumeration(english.keySet());
        }
    }
}
