package org.switchback.Helper1.Error;

/** The helper can only look: it runs without root, or its journal can't be used. */
public final class ReadOnly extends HelperError {
    private static final long serialVersionUID = 1;

    public ReadOnly() {
        this("This helper can't change anything.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public ReadOnly(String text) {
        super(text);
    }
}
