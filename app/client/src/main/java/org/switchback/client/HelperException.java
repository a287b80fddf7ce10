package org.switchback.client;

/** A call to the helper that came to nothing. */
public final class HelperException extends Exception {
    private static final long serialVersionUID = 1;

    /** What happened; each has its own sentence in the catalogue, {@code helper.problem.KIND}. */
    public enum FailureKind {
        /** No system bus, or nothing on it by that name: not installed. */
        MISSING,
        /** Installed, but it did not start or has gone away. */
        STOPPED,
        /** The bus or polkit said no. */
        REFUSED,
        /** polkit did not answer the helper. */
        UNDECIDED,
        /** Another version of the protocol. */
        WRONG_VERSION,
        /** It went away in the middle of a call. */
        LOST,
        /** A switch is running already. */
        BUSY,
        /** The facts have changed since the plan was made. */
        STALE,
        /** The plan was used, has expired, or is somebody else's. */
        UNKNOWN_PLAN,
        /** Too many calls. */
        LIMIT,
        /** It did not take an argument. */
        BAD_ARGUMENT,
        /** An earlier switch is half done. */
        INCOMPLETE,
        /** This helper can only look. */
        READ_ONLY,
        /** Nothing may be written before this computer is restarted. */
        RESTART_NEEDED,
        /** No answer in time. */
        NO_ANSWER,
        /** It answered that it went wrong itself, or in a way nobody here understands. */
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
