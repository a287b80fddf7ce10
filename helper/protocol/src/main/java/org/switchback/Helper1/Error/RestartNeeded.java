package org.switchback.Helper1.Error;

/** A write never returned, or the kernel has had an oops: nothing may be written before a restart. */
public final class RestartNeeded extends HelperError {
    private static final long serialVersionUID = 1;

    public RestartNeeded() {
        this("This computer has to be restarted first.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public RestartNeeded(String text) {
        super(text);
    }
}
