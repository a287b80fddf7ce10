package org.switchback.app.cli;

/** Shows in a terminal what the window would show, on a sample machine. */
public final class Demonstration {
    private Demonstration() {}

    /** Runs the demonstration and answers its exit code. */
    public static int run() {
        System.out.println("The demonstration is still to be written.");
        return 0;
    }
}
