package org.switchback.gui;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testfx.util.WaitForAsyncUtils;

/**
 * Keeps a test of the window from failing over another test's message bus. When a line is cut while dbus-java is just
 * answering, one of its threads ends with an exception, and TestFX takes every such end for one of its own.
 */
public final class IgnoreDBusThreadExceptions implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        // Has TestFX put its handler in place.
        WaitForAsyncUtils.clearExceptions();
        Thread.UncaughtExceptionHandler present = Thread.getDefaultUncaughtExceptionHandler();
        if (present != null && !(present instanceof DBusThreadFilter)) {
            Thread.setDefaultUncaughtExceptionHandler(new DBusThreadFilter(present));
        }
    }

    private record DBusThreadFilter(Thread.UncaughtExceptionHandler delegate) implements Thread.UncaughtExceptionHandler {
        @Override
        public void uncaughtException(Thread thread, Throwable thrown) {
            if (!thread.getName().startsWith("DBus")) {
                delegate.uncaughtException(thread, thrown);
            }
        }
    }
}
