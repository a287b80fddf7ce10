package org.switchback.cli;

/** Ends a command with a message on standard error and an exit code. */
final class CommandException extends Exception {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    /**
     * @param exitCode one of {@link ExitCode}
     * @param userMessage a sentence for people
     */
    CommandException(int exitCode, String userMessage) {
        super(userMessage);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }

    String userMessage() {
        return String.valueOf(getMessage());
    }
}
