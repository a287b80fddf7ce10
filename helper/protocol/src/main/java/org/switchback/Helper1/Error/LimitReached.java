package org.switchback.Helper1.Error;

/** Too many calls in too short a time, or too many open plans. */
public final class LimitReached extends HelperError {
    private static final long serialVersionUID = 1;

    public LimitReached() {
        this("Too many calls.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public LimitReached(String text) {
        super(text);
    }
}
