package org.switchback.cli;

import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;

/**
 * Dependencies shared by all commands.
 *
 * @param terminal for input and output
 * @param messages in the user's language
 * @param connections opens connections to helpers
 * @param activityLog records of earlier switches
 */
record CliContext(Terminal terminal, Messages messages, HelperConnections connections, ActivityLog activityLog) {
    /** Creates the exception that ends the command with a message. */
    CommandException createException(int exitCode, String key, Object... values) {
        return new CommandException(exitCode, messages.text(key, values));
    }

    /** Converts a failed call to the exception that ends the command. */
    CommandException createException(HelperException exception) {
        int exitCode =
                switch (exception.kind()) {
                    case REFUSED, BUSY, STALE, UNKNOWN_PLAN, LIMIT, INCOMPLETE, RESTART_NEEDED -> ExitCode.BLOCKED;
                    case MISSING, STOPPED, UNDECIDED, WRONG_VERSION, LOST, BAD_ARGUMENT, READ_ONLY, NO_ANSWER, FAILED ->
                        ExitCode.FAILED;
                };
        return new CommandException(exitCode, messages.formatHelperFailure(exception.kind()));
    }
}
