package org.switchback.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.switchback.client.samples.SampleMachines;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code completion}: prints a completion script for a shell. Used by the packaging, so hidden from the help. */
@Command(name = "completion", hidden = true)
final class CompletionCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "bash|zsh|fish")
    @Nullable
    String shell;

    @Spec
    @Nullable
    CommandSpec spec;

    private final CliContext context;

    CompletionCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        CompletionScripts scripts =
                new CompletionScripts(Objects.requireNonNull(spec).root(), SampleMachines.names());
        String script =
                switch (Objects.requireNonNull(shell)) {
                    case "bash" -> scripts.formatBash();
                    case "zsh" -> scripts.formatZsh();
                    case "fish" -> scripts.formatFish();
                    default -> "";
                };
        if (script.isEmpty()) {
            spec.commandLine().usage(context.terminal().err());
            return ExitCode.USAGE;
        }
        context.terminal().out().print(script);
        return ExitCode.OK;
    }
}
