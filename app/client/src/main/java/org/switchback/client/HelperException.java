package org.switchback.client;

/** A call to the helper failed. */
public final class HelperException extends Exception {
    private static final long serialVersionUID = 1;

    /** Why the call failed. Each has its own message, {@code problem.KIND}. */
    public enum FailureKind {
        /** No system bus, or no service of that name on it: the helper is not installed. */
        MISSING,
        /** The helper is installed, but it did not start or has stopped. */
        STOPPED,
        /** The bus or polkit denied the call. */
        REFUSED,
        /** polkit did not answer the helper. */
        UNDECIDED,
        /** The helper has another protocol version. */
        WRONG_VERSION,
        /** The helper stopped during the call. */
        LOST,
        /** Another switch is running. */
        BUSY,
        /** The machine has changed since the plan was made. */
        STALE,
        /** The plan was used, has expired, or belongs to another client. */
        UNKNOWN_PLAN,
        /** Too many calls. */
        LIMIT,
        /** The helper rejected an argument. */
        BAD_ARGUMENT,
        /** An earlier switch is incomplete. */
        INCOMPLETE,
        /** This helper is read-only. */
        READ_ONLY,
        /** No write is allowed until this computer restarts. */
        RESTART_NEEDED,
        /** The call timed out. */
        NO_ANSWER,
        /** The helper reported an internal error, or an error that this version does not know. */
        FAILED
    }

    private final FailureKind kind;

    public HelperException(FailureKind kind) {
        super(kind.name());
        this.kind = kind;
    }

    public HelperException(FailureKind kind, Throwable cause) {
        super(kind.name(), cause);
        this.kind = kind;
    }

    public FailureKind kind() {
        return kind;
    }
}
