package org.switchback.app.cli;

import java.util.Locale;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.words.Words;

/** The command line: what the window shows and does, for a terminal, a script or a screen reader. */
public final class CommandLineMain {
    private CommandLineMain() {}

    /**
     * Runs one command on the terminal of this process.
     *
     * @return its exit code, of {@link ExitCode}
     */
    public static int run(String... args) {
        Terminal terminal = Terminal.ofProcess();
        int exitCode = run(terminal, connections(), args);
        // A reader that has gone away, as head does, is no failure of ours: what is left is dropped in silence.
        terminal.out().flush();
        return exitCode;
    }

    /** The helpers that the commands talk to. */
    static HelperConnections connections() {
        throw new UnsupportedOperationException("the helper's side of the app is still to come");
    }

    static int run(Terminal terminal, HelperConnections connections, String... args) {
        Words words = Words.in(Locale.getDefault());
        return new RootCommand(new Surroundings(terminal, words, connections)).run(args);
    }
}
