package org.switchback.Helper1.Error;

/** A write never returned, or the kernel has had an oops: the computer must be restarted before the next write. */
public final class RestartNeeded extends HelperError {
    private static final long serialVersionUID = 1;

    public RestartNeeded() {
        this("Restart this computer first.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public RestartNeeded(String text) {
        super(text);
    }
}
