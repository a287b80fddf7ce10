package org.switchback.app;

import java.util.Locale;
import org.switchback.app.words.Words;

class GermanTest extends LanguageTestCase {
    @Override
    protected Words words() {
        return Words.in(Locale.GERMANY);
    }
}
