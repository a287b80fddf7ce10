package org.switchback.Helper1.Error;

/** A switch is running, the user already has an open prompt, or the limit of open prompts is reached. */
public final class Busy extends HelperError {
    private static final long serialVersionUID = 1;

    public Busy() {
        this("Another switch is running.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public Busy(String text) {
        super(text);
    }
}
