package org.switchback.cli;

/** What a command's exit code says. */
final class ExitCode {
    /** Done, or ready to be done. */
    static final int OK = 0;
    /** It could not be done at all: no helper, an unreadable file. */
    static final int FAILED = 1;
    /** The command line is not one of ours. */
    static final int USAGE = 2;
    /** Refused; nothing was changed. */
    static final int BLOCKED = 3;
    /** Stopped on the way, and what had been changed was put back. */
    static final int ROLLED_BACK = 4;
    /** Stopped on the way, and some of the changes stand. */
    static final int PARTIALLY_SWITCHED = 5;

    private ExitCode() {}
}
