package org.switchback.gui;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javafx.application.Application;
import javafx.application.Platform;

/** Training run for the AOT cache: packaging opens the window once, headless, to record the classes of a start. */
final class WindowAotTraining {
    private static final Duration RUN_TIME = Duration.ofSeconds(5);

    /** Classes that only a start on a display loads. */
    static final List<String> DISPLAY_CLASSES = Stream.of(
                    "ui.InvokeLaterDispatcher",
                    "ui.InvokeLaterDispatcher$Future",
                    "ui.InvokeLaterDispatcher$InvokeLaterSubmitter",
                    "ui.Size",
                    "ui.delegate.ClipboardDelegate",
                    "ui.delegate.MenuBarDelegate",
                    "ui.delegate.MenuDelegate",
                    "ui.delegate.MenuItemDelegate",
                    "ui.gtk.GtkApplication",
                    "ui.gtk.GtkClipboardDelegate",
                    "ui.gtk.GtkCursor",
                    "ui.gtk.GtkDnDClipboard",
                    "ui.gtk.GtkPixels",
                    "ui.gtk.GtkPlatformFactory",
                    "ui.gtk.GtkRobot",
                    "ui.gtk.GtkSystemClipboard",
                    "ui.gtk.GtkTimer",
                    "ui.gtk.GtkView",
                    "ui.gtk.GtkWindow")
            .map("com.sun.glass."::concat)
            .toList();

    private WindowAotTraining() {}

    /** Loads those classes, and exits after {@link #RUN_TIME}. Returns at once. */
    static void start() {
        Thread.ofPlatform().daemon().start(() -> {
            DISPLAY_CLASSES.forEach(WindowAotTraining::loadClass);
            LockSupport.parkNanos(RUN_TIME.toNanos());
            Platform.exit();
        });
    }

    private static void loadClass(String name) {
        try {
            Class.forName(name, false, Application.class.getClassLoader());
        } catch (ClassNotFoundException ignored) {
            // Another version of JavaFX.
            System.err.println("JavaFX has no class " + name + ": the AOT cache lacks it and starts are slower");
        }
    }
}
