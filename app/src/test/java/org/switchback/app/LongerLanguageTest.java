package org.switchback.app;

import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import java.util.ResourceBundle;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

/** A language whose texts are a third longer than the English ones, in the smallest window. */
@ExtendWith(ApplicationExtension.class)
class LongerLanguageTest {
    private final ScriptedHelper here = ScriptedHelper.withGtx1080();
    private final ScriptedConnections connections = new ScriptedConnections(here);
    private Screen screen;

    @Start
    void start(Stage stage) {
        Words longer = new Words(
                Locale.ENGLISH, new Longer(Words.in(Locale.ENGLISH).bundle()));
        screen = new Screen(stage, connections, longer, 800, 600);
    }

    @Test
    void noCardOfAnySampleIsCutOff() {
        for (String sample : SampleMachines.names()) {
            Screen.onScreen(() -> {
                screen.model().openSample(sample);
                return true;
            });
            Screen.until(
                    sample + " is shown",
                    () -> connections.last().source().equals(new Source.Sample(sample))
                            && !screen.model().gpus().cards().isEmpty());
            screen.assertNothingIsCutOff();
        }
    }

    @Test
    void noPlanAndNoResultIsCutOff() {
        screen.fire("switch-0000-04-00-0");
        screen.untilFocused("switch-apply");
        screen.assertNothingIsCutOff();
        screen.fire("switch-apply");
        Screen.until("the helper has begun", () -> here.begun());
        here.says("authorized", -1, 0, "");
        here.doesSteps(0, 5);
        here.says("started", 6, 1, "");
        here.says("waiting", 6, 70_000, "");
        screen.node("step-note-7");
        screen.assertNothingIsCutOff();
        here.says("failed", 6, 1, "EBUSY");
        here.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        here.says("finished", -1, 1, "mixed");
        screen.untilFocused("switch-restore");
        screen.assertNothingIsCutOff();
    }

    @Test
    void theBannerOfAMissingHelperIsNotCutOff() {
        connections.here(new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.MISSING),
                SampleMachines.load("iommu-off").orElseThrow()));
        Screen.onScreen(() -> {
            screen.model().openThisMachine();
            return true;
        });
        screen.node("gpu-0000-06-00-0");
        screen.assertNothingIsCutOff();
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
