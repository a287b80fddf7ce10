package org.switchback.Helper1.Error;

/** An earlier switch was interrupted, or its journal is corrupt; call {@code Restore} first. */
public final class Incomplete extends HelperError {
    private static final long serialVersionUID = 1;

    public Incomplete() {
        this("An earlier switch was interrupted.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public Incomplete(String text) {
        super(text);
    }
}
