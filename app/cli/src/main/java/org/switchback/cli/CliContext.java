package org.switchback.cli;

import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;

/**
 * What every command needs.
 *
 * @param terminal where it writes
 * @param messages what it says
 * @param connections whom it asks
 * @param activityLog what has been switched so far
 */
record CliContext(Terminal terminal, Messages messages, HelperConnections connections, ActivityLog activityLog) {
    /** A sentence of the catalogue that ends the command. */
    CommandException createException(int exitCode, String key, Object... values) {
        return new CommandException(exitCode, messages.text(key, values));
    }

    /** What a call that came to nothing means for the command. */
    CommandException createException(HelperException problem) {
        int exitCode =
                switch (problem.kind()) {
                    case REFUSED, BUSY, STALE, UNKNOWN_PLAN, LIMIT, INCOMPLETE, RESTART_NEEDED -> ExitCode.BLOCKED;
                    case MISSING, STOPPED, UNDECIDED, WRONG_VERSION, LOST, BAD_ARGUMENT, READ_ONLY, NO_ANSWER, FAILED ->
                        ExitCode.FAILED;
                };
        return new CommandException(exitCode, messages.formatHelperFailure(problem.kind()));
    }
}
