package org.switchback.app;

import java.util.Locale;
import javafx.geometry.Dimension2D;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.words.Words;
import org.testfx.api.FxToolkit;
import org.testfx.framework.junit5.ApplicationExtension;

/** A test of the window, in its smallest size unless a test wants another, on a computer whose GTX 1080 has the firmware's framebuffer in BAR 1. */
@ExtendWith(ApplicationExtension.class)
public abstract class WindowTestCase {
    protected final ScriptedHelper here = ScriptedHelper.withGtx1080();
    protected final ScriptedConnections connections = new ScriptedConnections(here);
    protected Screen screen;

    @BeforeEach
    void open() {
        // TestFX calls a method that is annotated with Start in the class of the test alone.
        Stage stage = FxToolkit.toolkitContext().getRegisteredStage();
        screen = Screen.onScreen(() -> new Screen(stage, connections, words(), size().getWidth(), size().getHeight()));
    }

    /** The language of the window. */
    protected Words words() {
        return Words.in(Locale.ENGLISH);
    }

    /** Of the window, pixels: the smallest there is. */
    protected Dimension2D size() {
        return new Dimension2D(800, 600);
    }

    protected void openSample(String name) {
        Screen.onScreen(() -> {
            screen.model().openSample(name);
            return true;
        });
        Screen.until(
                name + " is shown",
                () -> connections.count() > 0
                        && connections.last().source().equals(new Source.Sample(name))
                        && !screen.model().gpus().cards().isEmpty());
        Screen.settle();
    }
}
