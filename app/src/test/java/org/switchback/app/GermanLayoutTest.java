package org.switchback.app;

import java.util.Locale;
import org.switchback.app.words.Messages;

class GermanLayoutTest extends LayoutTestCase {
    @Override
    protected Messages messages() {
        return Messages.forLocale(Locale.GERMANY);
    }
}
