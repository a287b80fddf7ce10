package org.switchback.Helper1.Error;

/** An argument is not a PCI address, target or GPU, or the arguments are too long. */
public final class BadArgument extends HelperError {
    private static final long serialVersionUID = 1;

    public BadArgument() {
        this("Invalid argument.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public BadArgument(String text) {
        super(text);
    }
}
