package org.switchback.cli;

import java.time.Clock;
import java.util.Locale;
import org.switchback.client.DBusHelperConnections;
import org.switchback.client.HelperConnections;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.RecordingConnections;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;

/** The command line: what the window shows and does, for a terminal, a script or a screen reader. */
public final class CommandLineMain {
    private CommandLineMain() {}

    /** Runs one command and exits with its exit code. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    /**
     * Runs one command on the terminal of this process.
     *
     * @return its exit code, of {@link ExitCode}
     */
    public static int run(String... args) {
        Terminal terminal = Terminal.ofProcess();
        if (Boolean.getBoolean("switchback.training")) {
            runAotTraining(terminal);
        }
        int exitCode = run(terminal, createConnections(), ActivityLog.of(System.getenv()), args);
        return checkOutput(terminal, Terminal.isOutputPiped(), exitCode);
    }

    /**
     * Sees that all that was printed has arrived.
     *
     * @param read somebody reads it who may have left, as head does: that is no failure, and the rest is dropped in
     *     silence
     */
    static int checkOutput(Terminal terminal, boolean read, int exitCode) {
        if (!terminal.out().checkError() || read) {
            return exitCode;
        }
        terminal.err()
                .println(
                        "switchback: " + Messages.forLocale(Locale.getDefault()).text("cli.output"));
        return exitCode == ExitCode.OK ? ExitCode.FAILED : exitCode;
    }

    /** Packaging runs a command once to learn which classes it needs; a machine without a GPU needs too few. */
    private static void runAotTraining(Terminal terminal) {
        String[] machine = {"--sample", SampleMachines.DEFAULT};
        run(terminal, createConnections(), ActivityLog.inMemory(), machine[0], machine[1], "status");
        run(
                terminal,
                createConnections(),
                ActivityLog.inMemory(),
                machine[0],
                machine[1],
                "plan",
                "vm",
                "04:00.0",
                "--commands");
        run(terminal, createConnections(), ActivityLog.inMemory(), machine[0], machine[1], "iomem", "--gpu", "04:00.0");
        run(terminal, createConnections(), ActivityLog.inMemory(), machine[0], machine[1], "status", "--json");
    }

    /** The helpers that the commands talk to. */
    static HelperConnections createConnections() {
        return new DBusHelperConnections();
    }

    static int run(Terminal terminal, HelperConnections connections, ActivityLog activity, String... args) {
        Messages words = Messages.forLocale(Locale.getDefault());
        HelperConnections recorded = new RecordingConnections(
                connections, activity, SwitchRecord.SwitchInitiator.COMMAND_LINE, Clock.systemUTC());
        return new RootCommand(new CliContext(terminal, words, recorded, activity)).run(args);
    }
}
