package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.client.samples.SampleMachines;

class CompletionCommandTest extends CommandTestCase {
    /** Stubs for the functions of bash-completion. */
    private static final String STUBS = """
            _get_comp_words_by_ref() { cur=${line[-1]} prev=${line[-2]}
                words=("${line[@]}") cword=$((${#line[@]} - 1)); }
            _filedir() { COMPREPLY=(FILES); }
            __ltrimcolon_completions() { :; }
            """;

    private CliRunner.CliResult run(String... args) {
        return new CliRunner(connectionsTo(SampleMachines.DEFAULT)).run(args);
    }

    /** The completions of bash for the last word. */
    private List<String> completeWithBash(String... line) throws IOException, InterruptedException {
        Path script = Files.writeString(
                directory.resolve("script"),
                STUBS + run("completion", "bash").out()
                        + "\n_switchback_gpus() { echo 0000:04:00.0; }\n"
                        + "line=(switchback \"$@\")\n_switchback\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
        Path output = directory.resolve("output");
        String[] command = new String[line.length + 2];
        command[0] = "bash";
        command[1] = script.toString();
        System.arraycopy(line, 0, command, 2, line.length);
        Process bash = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(bash.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return Files.readAllLines(output);
    }

    @Test
    void bashCompletesVisibleCommands() throws Exception {
        assertThat(completeWithBash(""))
                .containsExactly("status", "readiness", "plan", "switch", "iomem", "activity", "report");
        assertThat(completeWithBash("re")).containsExactly("readiness", "report");
    }

    @ParameterizedTest
    @CsvSource({
        "switch|,                       vm host",
        "switch|vm|,                    0000:04:00.0",
        "--sample|iommu-off|plan|h,     host",
        "plan|--with=00,                0000:04:00.0",
        "plan|--native-driver|vm|00,    0000:04:00.0",
        "--sample|x99-gtx1080-,         x99-gtx1080-efifb",
        "--sample=lap,                  laptop-one-gpu",
        "--machine|,                    FILES",
        "iomem|--diff|,                 FILES",
        "iomem|,                        FILES",
        "switch|--y,                    --yes",
        "status|--js,                   --json",
        "activity|,                     ''",
    })
    void bashCompletesArgumentsByPosition(String line, String words) throws Exception {
        assertThat(String.join(" ", completeWithBash(line.split("\\|", -1)))).isEqualTo(words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish"})
    void everyScriptHasEveryCommandAndOption(String shell) {
        String script = run("completion", shell).out();
        for (String command : commandsInHelp()) {
            assertThat(script).contains(command);
        }
        assertThat(splitWords(script))
                .containsAll(optionsInHelp().stream()
                        .map(option -> shell.equals("fish") ? option.replaceFirst("^--?", "") : option)
                        .toList());
    }

    @Test
    void manualPageHasEveryCommandAndOption() throws Exception {
        String page =
                Files.readString(Path.of("../../packaging/man/switchback.1")).replace("\\-", "-");

        assertThat(splitWords(page)).containsAll(commandsInHelp()).containsAll(optionsInHelp());
    }

    @Test
    void unknownShellIsRejected() {
        assertThat(run("completion", "tcsh").exitCode()).isEqualTo(ExitCode.USAGE);
    }

    private List<String> commandsInHelp() {
        String help = run("--help").out();
        String commands = help.substring(help.indexOf("Commands:"), help.indexOf("Exit codes:"));
        return findGroups("(?m)^  ([a-z]+) ", commands);
    }

    /** The options of all commands, read from their help. */
    private List<String> optionsInHelp() {
        StringBuilder help = new StringBuilder(run("--help").out());
        commandsInHelp().forEach(command -> help.append(run(command, "--help").out()));
        List<String> options = findGroups("(?m)^ +(?:-[a-zA-Z], )?(--[a-z-]+)", help.toString());
        assertThat(options).contains("--sample", "--yes", "--diff");
        return options;
    }

    private static List<String> findGroups(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult m) -> m.group(1))
                .distinct()
                .toList();
    }

    private static List<String> splitWords(String script) {
        return Arrays.asList(script.split("[^a-zA-Z0-9-]+"));
    }
}
