package org.switchback.app;

import org.switchback.app.cli.CommandLineMain;

/** Starts the window, or with any argument the command line, which never loads a class of JavaFX. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        if (args.length == 0) {
            Window.open();
        } else {
            System.exit(CommandLineMain.run(args));
        }
    }
}
