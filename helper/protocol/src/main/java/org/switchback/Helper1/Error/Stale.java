package org.switchback.Helper1.Error;

/** The machine state that the plan is based on has changed. */
public final class Stale extends HelperError {
    private static final long serialVersionUID = 1;

    public Stale() {
        this("The machine has changed since the plan was made.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public Stale(String text) {
        super(text);
    }
}
