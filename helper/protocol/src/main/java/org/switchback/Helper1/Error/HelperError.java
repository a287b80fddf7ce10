package org.switchback.Helper1.Error;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** What can go wrong with a call. The texts are fixed too: nothing of another exception's text crosses the bus. */
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
