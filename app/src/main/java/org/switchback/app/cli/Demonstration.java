package org.switchback.app.cli;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Mishap;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;

/**
 * The main job from end to end in a terminal, on a sample machine: what there is, to VM mode, what that changed in the
 * memory map, and back. Runs the commands themselves.
 */
public final class Demonstration {
    private static final String GPU = "04:00.0";

    private final Surroundings surroundings;
    private final HelperConnection connection;
    private final RootCommand root;

    private Demonstration(Terminal terminal, HelperConnection connection) {
        this.connection = connection;
        this.surroundings =
                new Surroundings(terminal, Words.in(Locale.getDefault()), new OneMachine(connection));
        this.root = new RootCommand(surroundings);
    }

    /**
     * Runs the demonstration on the terminal of this process.
     *
     * @return exit code 0 when everything came out as it should
     */
    public static int run() {
        Terminal terminal = Terminal.ofProcess();
        int exitCode = run(terminal, CommandLineMain.connections());
        terminal.out().flush();
        return exitCode;
    }

    static int run(Terminal terminal, HelperConnections connections) {
        Capture machine = SampleMachines.load(SampleMachines.DEFAULT).orElseThrow();
        try (HelperConnection connection =
                connections.simulated(machine, new Source.Sample(SampleMachines.DEFAULT))) {
            return new Demonstration(terminal, connection).play();
        } catch (HelperProblem problem) {
            terminal.err().println(Words.in(Locale.getDefault()).problem(problem.kind()));
            return ExitCode.FAILED;
        }
    }

    /** Every command sees the same machine, as it would on a real one. */
    private record OneMachine(HelperConnection connection) implements HelperConnections {
        @Override
        public HelperConnection thisMachine() {
            return new Open(connection);
        }

        @Override
        public HelperConnection lookOnly(HelperProblem.Kind why) {
            return new Open(connection);
        }

        @Override
        public HelperConnection simulated(Capture machine, Source source, Mishap mishap) {
            return new Open(connection);
        }
    }

    /** Stays open when a command has finished with it. */
    private record Open(HelperConnection connection) implements HelperConnection {
        @Override
        public Source source() {
            return connection.source();
        }

        @Override
        public Capture inspect(boolean wholeMap) throws HelperProblem {
            return connection.inspect(wholeMap);
        }

        @Override
        public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
                throws HelperProblem {
            return connection.plan(gpu, target, with, nativeDriver);
        }

        @Override
        public RunningSwitch apply(String planId, Consumer<JobEntry> listener) throws HelperProblem {
            return connection.apply(planId, listener);
        }

        @Override
        public RunningSwitch restore(PciAddress gpu, Consumer<JobEntry> listener) throws HelperProblem {
            return connection.restore(gpu, listener);
        }

        @Override
        public void onChange(Runnable listener) {
            connection.onChange(listener);
        }

        @Override
        public void close() {
            // The demonstration closes it at its end.
        }
    }

    private int play() throws HelperProblem {
        say("cli.demonstration.begin");
        int worst = command("status");
        MemoryMap before = map();
        worst = Math.max(worst, command("iomem", "--gpu", GPU));
        worst = Math.max(worst, command("switch", "vm", GPU));
        worst = Math.max(worst, command("iomem", "--gpu", GPU));
        say("cli.demonstration.changes");
        new MapText(surroundings.terminal(), surroundings.words()).print(MapChanges.between(before, map()));
        worst = Math.max(worst, command("switch", "host", GPU));
        say("cli.demonstration.back");
        new MapText(surroundings.terminal(), surroundings.words()).print(MapChanges.between(before, map()));
        worst = Math.max(worst, command("status"));
        return worst;
    }

    private MemoryMap map() throws HelperProblem {
        return MachineReader.read(connection.inspect(true)).memory();
    }

    private void say(String key) {
        Terminal terminal = surroundings.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold(surroundings.words().text(key)));
    }

    private int command(String... args) {
        Terminal terminal = surroundings.terminal();
        terminal.out().println();
        terminal.out().println(terminal.bold("$ switchback " + String.join(" ", args)));
        terminal.out().println();
        int exitCode = root.run(args);
        terminal.out().flush();
        return exitCode;
    }
}
