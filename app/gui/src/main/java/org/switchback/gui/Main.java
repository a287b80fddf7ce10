package org.switchback.gui;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.switchback.Switchback;
import org.switchback.cli.TerminalDemo;
import org.switchback.client.messages.Messages;

/** Opens the window. For a command the launcher starts {@link org.switchback.cli.CommandLineMain} instead. */
public final class Main {
    /** Exit code without a display. */
    private static final int EXIT_NO_DISPLAY = 2;

    private Main() {}

    public static void main(String[] args) {
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
}
