package org.switchback.cli;

import java.time.Clock;
import java.util.List;
import java.util.Locale;
import org.switchback.client.DBusHelperConnections;
import org.switchback.client.HelperConnections;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.RecordingConnections;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;

/** The command line: the functions of the window for terminals, scripts and screen readers. */
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
     * Checks that all output was written.
     *
     * @param outputPiped whether another process reads the output. It may exit early, as head does: that is no failure,
     *     and the remaining output is dropped silently
     * @param exitCode exit code of the command
     * @return the exit code, or {@link ExitCode#FAILED} when a successful command could not write its output
     */
    static int checkOutput(Terminal terminal, boolean outputPiped, int exitCode) {
        if (!terminal.out().checkError() || outputPiped) {
            return exitCode;
        }
        terminal.err()
                .println(
                        "switchback: " + Messages.forLocale(Locale.getDefault()).text("cli.output"));
        return exitCode == ExitCode.OK ? ExitCode.FAILED : exitCode;
    }

    /**
     * The packaging runs one command to record the classes for the AOT cache. On a machine without a GPU too few
     * classes would be loaded, so these commands use a sample.
     */
    private static void runAotTraining(Terminal terminal) {
        for (String command : List.of("status", "plan vm 04:00.0 --commands", "iomem --gpu 04:00.0", "status --json")) {
            String[] args = ("--sample " + SampleMachines.DEFAULT + " " + command).split(" ");
            run(terminal, createConnections(), ActivityLog.inMemory(), args);
        }
    }

    /** Opens connections to the system helper and to simulated helpers. */
    static HelperConnections createConnections() {
        return new DBusHelperConnections();
    }

    static int run(Terminal terminal, HelperConnections connections, ActivityLog activityLog, String... args) {
        Messages messages = Messages.forLocale(Locale.getDefault());
        HelperConnections recordingConnections = new RecordingConnections(
                connections, activityLog, SwitchRecord.SwitchInitiator.COMMAND_LINE, Clock.systemUTC());
        return new RootCommand(new CliContext(terminal, messages, recordingConnections, activityLog)).run(args);
    }
}
