package org.switchback.cli;

import org.switchback.job.Outcome;
import org.switchback.job.SwitchRun;

/** The exit codes of all commands. {@code app/command-line.md} words them for people. */
final class ExitCode {
    /** Done, or ready to be done. */
    static final int OK = 0;
    /** It could not be done at all: no helper, an unreadable file. */
    static final int FAILED = 1;
    /** The arguments are invalid. */
    static final int USAGE = 2;
    /** Refused; nothing was changed. */
    static final int BLOCKED = 3;
    /** A step failed or the switch was cancelled, and everything was rolled back. */
    static final int ROLLED_BACK = 4;
    /** A step failed, and so did rolling back: the GPU is partially switched. */
    static final int PARTIALLY_SWITCHED = 5;

    private ExitCode() {}

    /** The exit code of a switch that ended. */
    static int of(SwitchRun.Result result, Outcome outcome) {
        return switch (result) {
            case SUCCEEDED -> OK;
            case FALSELY_REPORTED, PARTIALLY_SWITCHED -> PARTIALLY_SWITCHED;
            case UNKNOWN -> FAILED;
            case UNCHANGED ->
                switch (outcome) {
                    case ROLLED_BACK, CANCELLED -> ROLLED_BACK;
                    case DENIED, NO_AGENT, AUTHENTICATION_CANCELLED, STALE, BUSY, REFUSED, JOURNAL_UNWRITABLE ->
                        BLOCKED;
                    case DONE, ROLLBACK_FAILED, STUCK, KERNEL_OOPS, UNDECIDED, ERROR, HELPER_LOST -> FAILED;
                };
        };
    }
}
