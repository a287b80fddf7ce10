package org.switchback.Helper1.Error;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** An error reply of the helper. The messages are fixed, so that no other exception's message reaches the bus. */
public abstract sealed class HelperError extends DBusExecutionException
        permits BadArgument,
                Busy,
                Failed,
                Incomplete,
                LimitReached,
                NotAuthorized,
                ReadOnly,
                RestartNeeded,
                Stale,
                Undecided,
                UnknownPlan {
    private static final long serialVersionUID = 1;

    HelperError(String text) {
        super(text);
    }
}
