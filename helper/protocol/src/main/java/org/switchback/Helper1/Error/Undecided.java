package org.switchback.Helper1.Error;

/** The authorization is undecided: polkit is not running, failed, or did not reply in time. */
public final class Undecided extends HelperError {
    private static final long serialVersionUID = 1;

    public Undecided() {
        this("polkit did not decide.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public Undecided(String text) {
        super(text);
    }
}
