package org.switchback.Helper1.Error;

/** The caller may not do this. */
public final class NotAuthorized extends HelperError {
    private static final long serialVersionUID = 1;

    public NotAuthorized() {
        this("Not authorized.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public NotAuthorized(String text) {
        super(text);
    }
}
