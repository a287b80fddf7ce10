package org.switchback.app;

import java.util.Locale;
import javafx.stage.Stage;
import org.switchback.app.words.Words;
import org.testfx.framework.junit5.Start;

class GermanTest extends LanguageTestCase {
    @Start
    void start(Stage stage) {
        open(stage, Words.in(Locale.GERMANY));
    }
}
