package org.switchback.gui;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testfx.util.WaitForAsyncUtils;

/**
 * Keeps window tests from failing because of the bus of another test. If a connection is closed while dbus-java sends a
 * reply, one of its threads ends with an uncaught exception, which TestFX would count as a failure of the current test.
 */
public final class IgnoreDBusThreadExceptions implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        // Makes TestFX install its handler.
        WaitForAsyncUtils.clearExceptions();
        Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
        if (handler != null && !(handler instanceof DBusThreadFilter)) {
            Thread.setDefaultUncaughtExceptionHandler(new DBusThreadFilter(handler));
        }
    }

    private record DBusThreadFilter(Thread.UncaughtExceptionHandler delegate)
            implements Thread.UncaughtExceptionHandler {
        @Override
        public void uncaughtException(Thread thread, Throwable exception) {
            if (!thread.getName().startsWith("DBus")) {
                delegate.uncaughtException(thread, exception);
            }
        }
    }
}
