package org.switchback.Helper1.Error;

/** The helper is read-only: it runs without root privileges, or its journal is unusable. */
public final class ReadOnly extends HelperError {
    private static final long serialVersionUID = 1;

    public ReadOnly() {
        this("This helper is read-only.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public ReadOnly(String text) {
        super(text);
    }
}
