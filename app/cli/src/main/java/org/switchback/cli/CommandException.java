package org.switchback.cli;

/** Ends a command with one sentence on standard error. */
final class CommandException extends Exception {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    /**
     * @param exitCode one of {@link ExitCode}
     * @param sentence for people
     */
    CommandException(int exitCode, String sentence) {
        super(sentence);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }

    String userMessage() {
        return String.valueOf(getMessage());
    }
}
