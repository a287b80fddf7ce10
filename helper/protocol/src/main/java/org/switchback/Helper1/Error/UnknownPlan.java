package org.switchback.Helper1.Error;

/** The caller has no such plan: it never existed, was used, has expired, or belongs to another caller. */
public final class UnknownPlan extends HelperError {
    private static final long serialVersionUID = 1;

    public UnknownPlan() {
        this("No such plan for this caller.");
    }

    /** For dbus-java, which recreates the error in the client. */
    public UnknownPlan(String text) {
        super(text);
    }
}
