package org.switchback.gui;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javafx.application.Application;
import javafx.application.Platform;

/** Packaging opens the window once, without a screen, for the JVM to learn which classes a start needs. */
final class WindowAotTraining {
    private static final Duration RUN_TIME = Duration.ofSeconds(5);

    /** What a start on a screen needs besides. */
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

    /** Has those classes loaded, and the window closed when it has been there for a while. */
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
        } catch (ClassNotFoundException otherVersion) {
            System.err.println("JavaFX has no " + name + " any more: a start will not be quite as quick");
        }
    }
}
