package org.switchback.Helper1.Error;

/** The helper itself went wrong. Its log says how; the bus does not. */
public final class Failed extends HelperError {
    private static final long serialVersionUID = 1;

    public Failed() {
        this("The helper failed.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public Failed(String text) {
        super(text);
    }
}
