package org.switchback.Helper1.Error;

/** An argument that is no PCI address, no target, no GPU, or too long. */
public final class BadArgument extends HelperError {
    private static final long serialVersionUID = 1;

    public BadArgument() {
        this("Not an argument this method takes.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public BadArgument(String text) {
        super(text);
    }
}
