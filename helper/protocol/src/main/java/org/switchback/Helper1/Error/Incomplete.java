package org.switchback.Helper1.Error;

/** An earlier switch was left half done, or its journal can't be read; {@code Restore} has to come first. */
public final class Incomplete extends HelperError {
    private static final long serialVersionUID = 1;

    public Incomplete() {
        this("An earlier switch was left half done.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public Incomplete(String text) {
        super(text);
    }
}
