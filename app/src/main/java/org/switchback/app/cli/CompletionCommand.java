package org.switchback.app.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.switchback.app.samples.SampleMachines;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code completion}: what a shell needs to complete our command lines. For packaging, so no help tells of it. */
@Command(name = "completion", hidden = true)
final class CompletionCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "bash|zsh|fish")
    @Nullable String shell;

    @Spec
    @Nullable CommandSpec spec;

    private final Surroundings surroundings;

    CompletionCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Completion completion = new Completion(Objects.requireNonNull(spec).root(), SampleMachines.names());
        String script =
                switch (Objects.requireNonNull(shell)) {
                    case "bash" -> completion.bash();
                    case "zsh" -> completion.zsh();
                    case "fish" -> completion.fish();
                    default -> "";
                };
        if (script.isEmpty()) {
            spec.commandLine().usage(surroundings.terminal().err());
            return ExitCode.USAGE;
        }
        surroundings.terminal().out().print(script);
        return ExitCode.OK;
    }
}
