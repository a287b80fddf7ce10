package org.switchback.Helper1.Error;

/** A switch is running, the user has another prompt open, or too many people have. */
public final class Busy extends HelperError {
    private static final long serialVersionUID = 1;

    public Busy() {
        this("Another switch is running.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public Busy(String text) {
        super(text);
    }
}
