package org.switchback.app.cli;

import org.switchback.app.activity.ActivityLog;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.words.Words;

/**
 * What every command needs.
 *
 * @param terminal    where it writes
 * @param words       what it says
 * @param connections whom it asks
 * @param activity    what has been switched so far
 */
record Surroundings(Terminal terminal, Words words, HelperConnections connections, ActivityLog activity) {
    /** A sentence of the catalogue that ends the command. */
    CommandFailure failure(int exitCode, String key, Object... values) {
        return new CommandFailure(exitCode, words.text(key, values));
    }

    /** What a call that came to nothing means for the command. */
    CommandFailure failure(HelperProblem problem) {
        int exitCode =
                switch (problem.kind()) {
                    case REFUSED, BUSY, STALE, UNKNOWN_PLAN, LIMIT, INCOMPLETE, RESTART_NEEDED -> ExitCode.BLOCKED;
                    case MISSING,
                            STOPPED,
                            UNDECIDED,
                            WRONG_VERSION,
                            LOST,
                            BAD_ARGUMENT,
                            READ_ONLY,
                            NO_ANSWER,
                            FAILED ->
                        ExitCode.FAILED;
                };
        return new CommandFailure(exitCode, words.problem(problem.kind()));
    }
}
