package org.switchback.Helper1.Error;

/** The facts the plan rests on have changed. */
public final class Stale extends HelperError {
    private static final long serialVersionUID = 1;

    public Stale() {
        this("The machine has changed since the plan was made.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public Stale(String text) {
        super(text);
    }
}
