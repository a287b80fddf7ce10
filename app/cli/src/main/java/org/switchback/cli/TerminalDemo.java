package org.switchback.cli;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.plan.Target;
import org.switchback.simulator.FailureScenario;

/**
 * Demonstrates the main workflow in a terminal on a sample machine: status, switch to VM mode, the changes in the
 * memory map, and switch to host mode. Runs the real commands.
 */
public final class TerminalDemo {
    private static final String GPU_ADDRESS = "04:00.0";

    private final CliContext context;
    private final HelperConnection connection;
    private final RootCommand rootCommand;
    private int highestExitCode;

    private TerminalDemo(Terminal terminal, HelperConnection connection) {
        this.connection = connection;
        this.context = new CliContext(
                terminal,
                Messages.forLocale(Locale.getDefault()),
                new SharedConnections(connection),
                ActivityLog.inMemory());
        this.rootCommand = new RootCommand(context);
    }

    /**
     * Runs the demonstration on the terminal of this process.
     *
     * @return the highest exit code of all commands; 0 when all succeeded
     */
    public static int run() {
        Terminal terminal = Terminal.ofProcess();
        int exitCode = run(terminal, CommandLineMain.createConnections());
        terminal.out().flush();
        return exitCode;
    }

    static int run(Terminal terminal, HelperConnections connections) {
        MachineSnapshot snapshot = SampleMachines.load(SampleMachines.DEFAULT).orElseThrow();
        try (HelperConnection connection =
                connections.openSimulated(snapshot, new MachineSource.SampleMachine(SampleMachines.DEFAULT))) {
            return new TerminalDemo(terminal, connection).runCommands();
        } catch (HelperException e) {
            terminal.err().println(Messages.forLocale(Locale.getDefault()).formatHelperFailure(e.kind()));
            return ExitCode.FAILED;
        }
    }

    /** Gives all commands the same simulated machine, so that each sees the changes of the earlier ones. */
    private record SharedConnections(HelperConnection connection) implements HelperConnections {
        @Override
        public HelperConnection openThisMachine() {
            return new SharedConnection(connection);
        }

        @Override
        public HelperConnection openReadOnly(HelperException.FailureKind reason) {
            return new SharedConnection(connection);
        }

        @Override
        public HelperConnection openSimulated(
                MachineSnapshot snapshot, MachineSource source, FailureScenario scenario) {
            return new SharedConnection(connection);
        }
    }

    /** A connection that stays open when a command closes it. */
    private record SharedConnection(HelperConnection connection) implements HelperConnection {
        @Override
        public MachineSource source() {
            return connection.source();
        }

        @Override
        public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
            return connection.inspect(wholeMap);
        }

        @Override
        public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> companions, boolean nativeDriver)
                throws HelperException {
            return connection.plan(gpu, target, companions, nativeDriver);
        }

        @Override
        public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
            return connection.apply(planId, listener);
        }

        @Override
        public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException {
            return connection.restore(gpu, listener);
        }

        @Override
        public void addChangeListener(Runnable listener) {
            connection.addChangeListener(listener);
        }

        @Override
        public void close() {
            // {@code run} closes the shared connection after the last command.
        }
    }

    private int runCommands() throws HelperException {
        printHeading("cli.demonstration.begin");
        runCommand("status");
        MemoryMap mapBefore = readMemoryMap();
        runCommand("iomem", "--gpu", GPU_ADDRESS);
        runCommand("switch", "vm", GPU_ADDRESS);
        runCommand("iomem", "--gpu", GPU_ADDRESS);
        printChanges("cli.demonstration.changes", mapBefore);
        runCommand("switch", "host", GPU_ADDRESS);
        printChanges("cli.demonstration.back", mapBefore);
        runCommand("status");
        return highestExitCode;
    }

    private void printChanges(String headingKey, MemoryMap mapBefore) throws HelperException {
        printHeading(headingKey);
        new MemoryMapFormatter(context.terminal(), context.messages())
                .print(MemoryMapDiff.between(mapBefore, readMemoryMap()));
    }

    private MemoryMap readMemoryMap() throws HelperException {
        return SnapshotParser.parse(connection.inspect(true)).memoryMap();
    }

    private void printHeading(String key) {
        Terminal terminal = context.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold(context.messages().text(key)));
    }

    private void runCommand(String... args) {
        Terminal terminal = context.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold("$ switchback " + String.join(" ", args)));
        terminal.out().println();
        highestExitCode = Math.max(highestExitCode, rootCommand.run(args));
        terminal.out().flush();
    }
}
