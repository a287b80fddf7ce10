package org.switchback.Helper1.Error;

/** No such plan for this caller: never made, used, expired, or somebody else's. */
public final class UnknownPlan extends HelperError {
    private static final long serialVersionUID = 1;

    public UnknownPlan() {
        this("No such plan for this caller.");
    }

    /** For dbus-java, which makes the error again at the other end of the bus. */
    public UnknownPlan(String text) {
        super(text);
    }
}
