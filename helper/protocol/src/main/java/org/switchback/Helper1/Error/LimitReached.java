package org.switchback.Helper1.Error;

/** The limit of calls per second, or of open plans, is reached. */
public final class LimitReached extends HelperError {
    private static final long serialVersionUID = 1;

    /** Text of the error. */
    public static final String TEXT = "Too many calls.";

    public LimitReached() {
        this(TEXT);
    }

    /** For dbus-java, which recreates the error in the client. */
    public LimitReached(String text) {
        super(text);
    }
}
