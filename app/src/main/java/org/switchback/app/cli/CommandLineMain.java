package org.switchback.app.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root command. */
@Command(
        name = "switchback",
        version = "switchback 0.1.0",
        mixinStandardHelpOptions = true,
        description = "Hands a GPU over to a virtual machine and takes it back.")
public final class CommandLineMain implements Runnable {
    /** Runs one command and answers its exit code. */
    public static int run(String... args) {
        return new CommandLine(new CommandLineMain()).execute(args);
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
