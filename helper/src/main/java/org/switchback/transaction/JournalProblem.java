package org.switchback.transaction;

/** The journal could not be opened. */
public final class JournalProblem extends Exception {
    private static final long serialVersionUID = 1;

    JournalProblem(String message) {
        super(message);
    }

    JournalProblem(String message, Throwable cause) {
        super(message, cause);
    }
}
