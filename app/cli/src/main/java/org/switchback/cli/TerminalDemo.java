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
 * The main job from end to end in a terminal, on a sample machine: what there is, to VM mode, what that changed in the
 * memory map, and back. Runs the commands themselves.
 */
public final class TerminalDemo {
    private static final String GPU_ADDRESS = "04:00.0";

    private final CliContext context;
    private final HelperConnection connection;
    private final RootCommand rootCommand;

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
     * @return exit code 0 when everything came out as it should
     */
    public static int run() {
        Terminal terminal = Terminal.ofProcess();
        int exitCode = run(terminal, CommandLineMain.createConnections());
        terminal.out().flush();
        return exitCode;
    }

    static int run(Terminal terminal, HelperConnections connections) {
        MachineSnapshot machine = SampleMachines.load(SampleMachines.DEFAULT).orElseThrow();
        try (HelperConnection connection =
                connections.openSimulated(machine, new MachineSource.SampleMachine(SampleMachines.DEFAULT))) {
            return new TerminalDemo(terminal, connection).runCommands();
        } catch (HelperException problem) {
            terminal.err().println(Messages.forLocale(Locale.getDefault()).formatHelperFailure(problem.kind()));
            return ExitCode.FAILED;
        }
    }

    /** Every command sees the same machine, as it would on a real one. */
    private record SharedConnections(HelperConnection connection) implements HelperConnections {
        @Override
        public HelperConnection openThisMachine() {
            return new SharedConnection(connection);
        }

        @Override
        public HelperConnection openReadOnly(HelperException.FailureKind why) {
            return new SharedConnection(connection);
        }

        @Override
        public HelperConnection openSimulated(MachineSnapshot machine, MachineSource source, FailureScenario mishap) {
            return new SharedConnection(connection);
        }
    }

    /** Stays open when a command has finished with it. */
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
        public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver)
                throws HelperException {
            return connection.plan(gpu, target, with, nativeDriver);
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
            // The demonstration closes it at its end.
        }
    }

    private int runCommands() throws HelperException {
        printHeading("cli.demonstration.begin");
        int worst = runCommand("status");
        MemoryMap before = readMemoryMap();
        worst = Math.max(worst, runCommand("iomem", "--gpu", GPU_ADDRESS));
        worst = Math.max(worst, runCommand("switch", "vm", GPU_ADDRESS));
        worst = Math.max(worst, runCommand("iomem", "--gpu", GPU_ADDRESS));
        printHeading("cli.demonstration.changes");
        new MemoryMapFormatter(context.terminal(), context.messages())
                .print(MemoryMapDiff.between(before, readMemoryMap()));
        worst = Math.max(worst, runCommand("switch", "host", GPU_ADDRESS));
        printHeading("cli.demonstration.back");
        new MemoryMapFormatter(context.terminal(), context.messages())
                .print(MemoryMapDiff.between(before, readMemoryMap()));
        worst = Math.max(worst, runCommand("status"));
        return worst;
    }

    private MemoryMap readMemoryMap() throws HelperException {
        return SnapshotParser.parse(connection.inspect(true)).memoryMap();
    }

    private void printHeading(String key) {
        Terminal terminal = context.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold(context.messages().text(key)));
    }

    private int runCommand(String... args) {
        Terminal terminal = context.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold("$ switchback " + String.join(" ", args)));
        terminal.out().println();
        int exitCode = rootCommand.run(args);
        terminal.out().flush();
        return exitCode;
    }
}
