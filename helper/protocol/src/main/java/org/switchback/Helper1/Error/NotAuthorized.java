package org.switchback.Helper1.Error;

/** The caller is not authorized. */
public final class NotAuthorized extends HelperError {
    private static final long serialVersionUID = 1;

    public NotAuthorized() {
        this("Not authorized.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public NotAuthorized(String text) {
        super(text);
    }
}
