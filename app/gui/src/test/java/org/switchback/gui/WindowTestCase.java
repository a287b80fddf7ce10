package org.switchback.gui;

import java.util.Locale;
import javafx.geometry.Dimension2D;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.testfx.api.FxToolkit;
import org.testfx.framework.junit5.ApplicationExtension;

/**
 * A test with the main window, by default in its minimum size, on a computer whose GTX 1080 has the firmware
 * framebuffer in BAR 1.
 */
@ExtendWith(ApplicationExtension.class)
public abstract class WindowTestCase {
    protected final ScriptedHelper thisMachineHelper = ScriptedHelper.withGtx1080();
    protected final ScriptedConnections connections = new ScriptedConnections(thisMachineHelper);
    protected TestWindow window;

    @BeforeEach
    void openWindow() {
        // TestFX ignores a method with the annotation Start in a superclass.
        Stage stage = FxToolkit.toolkitContext().getRegisteredStage();
        Dimension2D size = windowSize();
        window = TestWindow.callOnFxThread(
                () -> new TestWindow(stage, connections, messages(), size.getWidth(), size.getHeight()));
    }

    /** The language of the window. */
    protected Messages messages() {
        return Messages.forLocale(Locale.ENGLISH);
    }

    /** Pixels; by default the minimum size of the window. */
    protected Dimension2D windowSize() {
        return new Dimension2D(800, 600);
    }

    protected void openSample(String name) {
        TestWindow.callOnFxThread(() -> {
            window.model().openSample(name);
            return true;
        });
        TestWindow.waitUntil(
                name + " is shown",
                () -> connections.openedCount() > 0
                        && connections.lastOpened().source().equals(new MachineSource.SampleMachine(name))
                        && !window.model().gpus().cards().isEmpty());
        TestWindow.waitForFxEvents();
    }
}
