package org.switchback.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command {@code switchback}: selects machine and subcommand. */
@Command(name = "switchback", version = "switchback 0.1.0", sortOptions = false)
final class RootCommand implements Callable<Integer> {
    @Spec
    @Nullable
    CommandSpec spec;

    @Option(names = "--sample", paramLabel = "NAME", scope = ScopeType.INHERIT)
    @Nullable
    String sample;

    @Option(names = "--machine", paramLabel = "FILE", scope = ScopeType.INHERIT)
    @Nullable
    String machine;

    @Option(names = "--samples")
    boolean listSamples;

    /** Handled by the window; declared here for the help only. */
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

    private final CliContext context;
    private final Terminal terminal;
    private final Messages messages;
    private boolean sourceMessagePrinted;

    RootCommand(CliContext context) {
        this.context = context;
        this.terminal = context.terminal();
        this.messages = context.messages();
    }

    CliContext context() {
        return context;
    }

    private void printError(String message) {
        terminal.err().println("switchback: " + message);
    }

    int run(String... args) {
        CommandLine commandLine = new CommandLine(this)
                .addSubcommand(new StatusCommand())
                .addSubcommand(new ReadinessCommand())
                .addSubcommand(new PlanCommand())
                .addSubcommand(new SwitchCommand())
                .addSubcommand(new IomemCommand())
                .addSubcommand(new ActivityCommand())
                .addSubcommand(new ReportCommand())
                .addSubcommand(new CompletionCommand(context))
                .setResourceBundle(messages.bundle())
                .setOut(createWriter(terminal.out()))
                .setErr(createWriter(terminal.err()))
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        terminal.colored() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(this::handleUsageError)
                .setExecutionExceptionHandler((exception, command, parseResult) -> handleException(exception));
        try {
            return commandLine.execute(args);
        } catch (OutOfMemoryError e) {
            printError(messages.text("cli.too-much"));
            return ExitCode.FAILED;
        }
    }

    private static PrintWriter createWriter(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    /** Runs without a subcommand: lists the samples, or prints the usage. */
    @Override
    public Integer call() throws CommandException {
        if (machine != null) {
            throw context.createException(ExitCode.USAGE, "cli.machine-alone");
        }
        if (listSamples) {
            int width = SampleMachines.names().stream()
                    .mapToInt(String::length)
                    .max()
                    .orElse(0);
            for (String name : SampleMachines.names()) {
                terminal.out().println(TextColumns.padRight(name, width) + "  " + messages.text("sample." + name));
            }
            return ExitCode.OK;
        }
        Objects.requireNonNull(spec).commandLine().usage(terminal.err());
        return ExitCode.USAGE;
    }

    /**
     * Opens the machine that the options select. Prints a message on standard error for a simulated machine and for
     * read-only access.
     *
     * @param wholeMap whether to read the whole memory map; without permission only the part around the GPUs is read
     */
    MachineSession openSession(boolean wholeMap) throws CommandException {
        HelperConnection connection = openConnection();
        HelperException.FailureKind reason;
        try {
            return inspect(connection, wholeMap);
        } catch (HelperException e) {
            connection.close();
            reason = e.kind();
            boolean denied =
                    reason == HelperException.FailureKind.REFUSED || reason == HelperException.FailureKind.UNDECIDED;
            if (!denied || !connection.source().canSwitchThisMachine()) {
                throw context.createException(e);
            }
        }
        HelperConnection readOnly = context.connections().openReadOnly(reason);
        try {
            return inspect(readOnly, wholeMap);
        } catch (HelperException e) {
            readOnly.close();
            throw context.createException(e);
        }
    }

    private MachineSession inspect(HelperConnection connection, boolean wholeMap) throws HelperException {
        MachineSnapshot snapshot;
        try {
            snapshot = connection.inspect(wholeMap);
        } catch (HelperException e) {
            if (!wholeMap) {
                throw e;
            }
            snapshot = connection.inspect(false);
            terminal.err().println(messages.text("cli.partly", messages.formatHelperFailure(e.kind())));
            return new MachineSession(connection, snapshot);
        }
        printSourceMessage(connection.source());
        return new MachineSession(connection, snapshot);
    }

    private HelperConnection openConnection() throws CommandException {
        String name = sample;
        String file = machine;
        if (name != null && file != null) {
            throw context.createException(ExitCode.USAGE, "cli.sample-and-machine");
        }
        if (name != null) {
            MachineSnapshot snapshot = SampleMachines.load(name)
                    .orElseThrow(() -> context.createException(
                            ExitCode.USAGE,
                            "cli.unknown-sample",
                            TextFileReader.quote(name),
                            messages.formatList(SampleMachines.names())));
            return context.connections().openSimulated(snapshot, new MachineSource.SampleMachine(name));
        }
        if (file != null) {
            return context.connections()
                    .openSimulated(
                            TextFileReader.parseReport(TextFileReader.read(file, context), file, context),
                            new MachineSource.SavedReport(file));
        }
        return context.connections().openThisMachine();
    }

    private void printSourceMessage(MachineSource source) {
        String text =
                switch (source) {
                    case MachineSource.ThisMachine() -> "";
                    case MachineSource.ReadOnlyMachine(var reason) ->
                        messages.text("source.look-only", messages.formatHelperFailure(reason));
                    case MachineSource.SampleMachine(String name) -> messages.text("source.sample", name);
                    case MachineSource.SavedReport(String file) ->
                        messages.text("source.report", TextFileReader.displayName(file, context));
                };
        if (!text.isEmpty() && !sourceMessagePrinted) {
            sourceMessagePrinted = true;
            terminal.err().println(text);
        }
    }

    private int handleUsageError(CommandLine.ParameterException exception, String[] args) {
        CommandLine command = exception.getCommandLine();
        String message =
                switch (exception) {
                    case CommandLine.UnmatchedArgumentException unmatched ->
                        messages.text(
                                unmatched.isUnknownOption()
                                        ? "cli.unknown-option"
                                        : command.getParent() == null ? "cli.unknown-command" : "cli.unknown-argument",
                                TextFileReader.quote(unmatched.getUnmatched().getFirst()));
                    case CommandLine.MissingParameterException missing ->
                        messages.text(
                                "cli.missing",
                                messages.formatList(missing.getMissing().stream()
                                        .map(CommandLine.Model.ArgSpec::paramLabel)
                                        .distinct()
                                        .toList()));
                    default -> TextFileReader.replaceControlCharacters(String.valueOf(exception.getMessage())) + ".";
                };
        printError(message + " "
                + messages.text("cli.see-help", command.getCommandSpec().qualifiedName()));
        return ExitCode.USAGE;
    }

    private int handleException(Exception exception) {
        terminal.out().flush();
        if (exception instanceof CommandException commandException) {
            printError(commandException.userMessage());
            return commandException.exitCode();
        }
        printError(messages.text("cli.internal", exception.getClass().getSimpleName()));
        return ExitCode.FAILED;
    }
}
