package org.switchback.Helper1.Error;

/** The helper failed unexpectedly. The cause is in its log only. */
public final class Failed extends HelperError {
    private static final long serialVersionUID = 1;

    public Failed() {
        this("The helper failed.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public Failed(String text) {
        super(text);
    }
}
