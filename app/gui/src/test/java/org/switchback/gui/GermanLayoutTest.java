package org.switchback.gui;

import java.util.Locale;
import org.switchback.client.messages.Messages;

class GermanLayoutTest extends LayoutTestCase {
    @Override
    protected Messages messages() {
        return Messages.forLocale(Locale.GERMANY);
    }
}
