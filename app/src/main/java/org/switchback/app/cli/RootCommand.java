package org.switchback.app.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Capture;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code switchback} itself: which machine, and which command. */
@Command(name = "switchback", version = "switchback 0.1.0", sortOptions = false)
final class RootCommand implements Callable<Integer> {
    @Spec
    @Nullable CommandSpec spec;

    @Option(names = "--sample", paramLabel = "NAME", scope = ScopeType.INHERIT)
    @Nullable String sample;

    @Option(names = "--machine", paramLabel = "FILE", scope = ScopeType.INHERIT)
    @Nullable String machine;

    @Option(names = "--samples")
    boolean listSamples;

    /** For the window; here so that the help tells of it. */
    @Option(names = "--in-tray")
    boolean inTray;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT)
    boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true)
    boolean version;

    private final Surroundings surroundings;
    private boolean noted;

    RootCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    int run(String... args) {
        CommandLine line = new CommandLine(this)
                .addSubcommand(new StatusCommand(surroundings, this))
                .addSubcommand(new ReadinessCommand(surroundings, this))
                .addSubcommand(new PlanCommand(surroundings, this))
                .addSubcommand(new SwitchCommand(surroundings, this))
                .addSubcommand(new IomemCommand(surroundings, this))
                .addSubcommand(new ActivityCommand(surroundings, this))
                .addSubcommand(new ReportCommand(surroundings, this))
                .addSubcommand(new CompletionCommand(surroundings))
                .setResourceBundle(surroundings.words().bundle())
                .setOut(writer(surroundings.terminal().out()))
                .setErr(writer(surroundings.terminal().err()))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        surroundings.terminal().coloured() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(this::misused)
                .setExecutionExceptionHandler((failure, command, parsed) -> failed(failure));
        try {
            return line.execute(args);
        } catch (OutOfMemoryError full) {
            surroundings.terminal().err().println("switchback: " + surroundings.words().text("cli.too-much"));
            return ExitCode.FAILED;
        }
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    /** Without a command there is only what the options ask for. */
    @Override
    public Integer call() throws CommandFailure {
        if (machine != null) {
            throw surroundings.failure(ExitCode.USAGE, "cli.machine-alone");
        }
        if (listSamples) {
            int width = SampleMachines.names().stream().mapToInt(String::length).max().orElse(0);
            for (String name : SampleMachines.names()) {
                surroundings.terminal().out().println(
                        Columns.left(name, width) + "  " + surroundings.words().text("sample." + name));
            }
            return ExitCode.OK;
        }
        Objects.requireNonNull(spec).commandLine().usage(surroundings.terminal().err());
        return ExitCode.USAGE;
    }

    /**
     * Looks at the machine that the options name. Says on standard error when that is not this computer, or when this
     * computer could only be looked at.
     *
     * @param wholeMap with the whole memory map where that is allowed
     */
    Sight look(boolean wholeMap) throws CommandFailure {
        HelperConnection connection = open();
        HelperProblem.Kind why;
        try {
            return sight(connection, wholeMap);
        } catch (HelperProblem problem) {
            connection.close();
            why = problem.kind();
            boolean notAllowed = why == HelperProblem.Kind.REFUSED || why == HelperProblem.Kind.UNDECIDED;
            if (!notAllowed || !connection.source().real()) {
                throw surroundings.failure(problem);
            }
        }
        HelperConnection own = surroundings.connections().lookOnly(why);
        try {
            return sight(own, wholeMap);
        } catch (HelperProblem problem) {
            own.close();
            throw surroundings.failure(problem);
        }
    }

    private Sight sight(HelperConnection connection, boolean wholeMap) throws HelperProblem {
        if (wholeMap) {
            try {
                Sight whole = new Sight(connection, connection.inspect(true));
                note(connection.source());
                return whole;
            } catch (HelperProblem problem) {
                Sight part = new Sight(connection, connection.inspect(false));
                surroundings.terminal().err().println(surroundings.words().text(
                        "cli.partly", surroundings.words().problem(problem.kind())));
                return part;
            }
        }
        Sight part = new Sight(connection, connection.inspect(false));
        note(connection.source());
        return part;
    }

    private HelperConnection open() throws CommandFailure {
        String name = sample;
        String file = machine;
        if (name != null && file != null) {
            throw surroundings.failure(ExitCode.USAGE, "cli.sample-and-machine");
        }
        if (name != null) {
            Capture capture = SampleMachines.load(name)
                    .orElseThrow(() -> surroundings.failure(
                            ExitCode.USAGE,
                            "cli.unknown-sample",
                            TextFile.quoted(name),
                            surroundings.words().list(SampleMachines.names())));
            return surroundings.connections().simulated(capture, new Source.Sample(name));
        }
        if (file != null) {
            return surroundings.connections()
                    .simulated(
                            TextFile.report(TextFile.read(file, surroundings), file, surroundings),
                            new Source.SavedReport(file));
        }
        return surroundings.connections().thisMachine();
    }

    private void note(Source source) {
        String text =
                switch (source) {
                    case Source.ThisMachine() -> "";
                    case Source.LookOnly(var why) ->
                        surroundings.words().text(
                                "source.look-only", surroundings.words().problem(why));
                    case Source.Sample(String name) -> surroundings.words().text("source.sample", name);
                    case Source.SavedReport(String file) ->
                        surroundings.words().text("source.report", TextFile.named(file, surroundings));
                };
        if (!text.isEmpty() && !noted) {
            noted = true;
            surroundings.terminal().err().println(text);
        }
    }

    private int misused(CommandLine.ParameterException problem, String[] args) {
        CommandLine command = problem.getCommandLine();
        String what =
                switch (problem) {
                    case CommandLine.UnmatchedArgumentException unmatched ->
                        surroundings.words().text(
                                unmatched.isUnknownOption()
                                        ? "cli.unknown-option"
                                        : command.getParent() == null ? "cli.unknown-command" : "cli.unknown-argument",
                                TextFile.quoted(unmatched.getUnmatched().getFirst()));
                    case CommandLine.MissingParameterException missing ->
                        surroundings.words().text(
                                "cli.missing",
                                surroundings.words().list(missing.getMissing().stream()
                                        .map(CommandLine.Model.ArgSpec::paramLabel)
                                        .distinct()
                                        .toList()));
                    default -> TextFile.printable(String.valueOf(problem.getMessage())) + ".";
                };
        surroundings.terminal().err().println(
                "switchback: " + what + " "
                        + surroundings.words().text("cli.see-help", command.getCommandSpec().qualifiedName()));
        return ExitCode.USAGE;
    }

    private int failed(Exception failure) {
        surroundings.terminal().out().flush();
        if (failure instanceof CommandFailure known) {
            surroundings.terminal().err().println("switchback: " + known.sentence());
            return known.exitCode();
        }
        surroundings.terminal().err().println("switchback: "
                + surroundings.words().text("cli.internal", failure.getClass().getSimpleName()));
        return ExitCode.FAILED;
    }
}
