package org.switchback.Helper1.Error;

/**
 * Nobody has said whether the caller may do this: the authority is not there, or it failed, or it did not answer in
 * time.
 */
public final class Undecided extends HelperError {
    private static final long serialVersionUID = 1;

    public Undecided() {
        this("The authority did not decide.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public Undecided(String text) {
        super(text);
    }
}
