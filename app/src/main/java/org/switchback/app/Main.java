package org.switchback.app;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.switchback.Switchback;
import org.switchback.app.cli.CommandLineMain;
import org.switchback.app.cli.TerminalDemo;
import org.switchback.app.words.Messages;

/**
 * Starts the window, or one command of the command line.
 *
 * <p>Nothing on the way to a command loads a class of JavaFX: that alone would double its time.
 */
public final class Main {
    /** Exit code when there is no display for the window. */
    private static final int EXIT_NO_DISPLAY = 2;

    private Main() {}

    public static void main(String[] args) {
        if (!isWindowRequested(args)) {
            System.exit(CommandLineMain.run(args));
        }
        @Nullable String problem = DisplayCheck.findProblem(Messages.forLocale(Locale.getDefault()));
        if (problem == null) {
            SwitchbackApplication.launchApplication(Switchback.class, args);
        } else if (Boolean.getBoolean("switchback.demonstration")) {
            System.out.println(problem);
            System.exit(TerminalDemo.run());
        } else {
            System.err.println("switchback: " + problem);
            System.exit(EXIT_NO_DISPLAY);
        }
    }

    /** A window unless there is anything but options that the window knows: the same rule as in the launcher. */
    static boolean isWindowRequested(String... args) {
        boolean valueFollows = false;
        for (String arg : args) {
            if (valueFollows) {
                valueFollows = false;
            } else if (arg.equals("--sample")) {
                valueFollows = true;
            } else if (!arg.startsWith("--sample=") && !arg.equals("--in-tray")) {
                return false;
            }
        }
        // An option without its value is for the command line to complain about.
        return !valueFollows;
    }
}
