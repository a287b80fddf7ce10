package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Every invalid input prints one sentence and returns an exit code. */
class InvalidInputTest extends CommandTestCase {
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "frobnicate ~ Unknown command: \"frobnicate\". See switchback --help.",
                "--frob ~ Unknown option: \"--frob\". See switchback --help.",
                "status --frob ~ Unknown option: \"--frob\". See switchback status --help.",
                "status extra ~ Unexpected argument: \"extra\". See switchback status --help.",
                "plan ~ Missing argument: vm|host. See switchback plan --help.",
                "plan vm ~ Missing argument: GPU. See switchback plan --help.",
                "plan up 04:00.0 ~ Unknown target: \"up\". Use vm or host.",
                "plan vm 04:00 ~ \"04:00\" is not a PCI address. Example: 04:00.0.",
                "plan vm 0000:04:20.0 ~ \"0000:04:20.0\" is not a PCI address. Example: 04:00.0.",
                "plan vm 04:00.0 --with 1b.0 ~ \"1b.0\" is not a PCI address. Example: 04:00.0.",
                "plan vm 99:00.0 ~ There is no PCI device 99:00.0 here. GPUs: 04:00.0 (NVIDIA GeForce GTX 1080)"
                        + " and 08:00.0 (AMD/ATI Radeon HD 8570 / R7 240/340 OEM).",
                "plan vm 00:1b.0 ~ 00:1b.0 (Intel C610/X99 series chipset HD Audio Controller) is not a GPU: its class"
                        + " is 0403.",
                "plan vm voodoo ~ No GPU here matches \"voodoo\". GPUs: 04:00.0 (NVIDIA GeForce GTX 1080)"
                        + " and 08:00.0 (AMD/ATI Radeon HD 8570 / R7 240/340 OEM).",
                "plan vm r ~ \"r\" matches several GPUs: 04:00.0 (NVIDIA GeForce GTX 1080)"
                        + " and 08:00.0 (AMD/ATI Radeon HD 8570 / R7 240/340 OEM).",
                "--sample none status ~ Unknown sample: \"none\". Samples: x99-gtx1080-efifb, x99-gtx1080,"
                        + " strix-halo-32g, laptop-one-gpu and iommu-off.",
                "--sample x99-gtx1080 --machine x status ~ Give either a sample with --sample or a file with"
                        + " --machine.",
                "iomem a --diff b c ~ Give either one file, or two files with --diff.",
                "iomem a --gpu gtx ~ A plain file is a memory map, not a machine. With --gpu, give a saved report"
                        + " by --machine=FILE.",
                "--machine x ~ --machine needs a command, such as status. The window opens a report from its menu.",
                "@/tmp ~ Unknown command: \"@/tmp\". See switchback --help."
            })
    void invalidCommandLinePrintsOneSentence(String line, String sentence) {
        assertErrorMessage(run(line.split(" ")), ExitCode.USAGE, sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/nonexistent/file | There is no file \"/nonexistent/file\".",
                "/proc | \"/proc\" is a folder.",
                "/dev/zero | \"/dev/zero\" is larger than the limit of 8 MiB.",
                "/proc/self/mem | \"/proc/self/mem\" can't be read."
            })
    void unreadableFilePrintsOneSentence(String file, String sentence) {
        assertErrorMessage(run("iomem", file), ExitCode.FAILED, sentence);
        assertErrorMessage(run("--machine", file, "status"), ExitCode.FAILED, sentence);
        assertErrorMessage(run("iomem", "--diff", file, file), ExitCode.FAILED, sentence);
    }

    @Test
    void malformedReportNamesTheLine() throws IOException {
        Path file =
                Files.writeString(directory.resolve("broken"), "switchback-capture 1\n/proc/cmdline = ro\nnonsense\n");
        assertErrorMessage(
                run("--machine", file.toString(), "status"),
                ExitCode.FAILED,
                "\"" + file + "\" is a damaged report: line 3 can't be read.");
    }

    @Test
    void reportOfALaterFormatIsRejected() throws IOException {
        Path file = Files.writeString(directory.resolve("later"), "switchback-capture 2\n");
        assertThat(run("--machine", file.toString(), "status").exitCode()).isEqualTo(ExitCode.FAILED);
    }

    @Test
    void emptyReportIsAMachineWithoutGpu() throws IOException {
        Path file = Files.writeString(directory.resolve("nothing"), "switchback-capture 1\n");
        CliRunner.CliResult result = run("--machine", file.toString(), "status");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).isEqualTo("No GPU was found.\n");
    }

    @Test
    void invalidPathIsAMissingFile() {
        assertErrorMessage(run("iomem", "a\0b"), ExitCode.FAILED, "There is no file \"a?b\".");
    }

    @Test
    void quotedInputContainsNoControlCharacters() {
        assertThat(run("plan", "vm", "\u001b[2J").err())
                .doesNotContain("\u001b")
                .contains("?[2J");
        assertThat(run("\u001b[2J").err()).doesNotContain("\u001b");
        assertThat(run("--sample", "\u001b[2J", "status").err()).doesNotContain("\u001b");
    }

    @Test
    void missingCommandShowsTheHelp() {
        CliRunner.CliResult result = run();
        assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(result.err()).contains("Usage: switchback").contains("  status     Shows every GPU");
    }

    @Test
    void helpAndVersionExitWithZero() {
        assertThat(run("--help").exitCode()).isZero();
        assertThat(run("--help").out()).contains("  3   refused, nothing was changed");
        assertThat(run("plan", "--help").out()).contains("vm|host           Target mode of the GPU.");
        assertThat(run("--version").out()).startsWith("switchback ").hasLineCount(1);
    }

    @Test
    void everyOptionAndParameterHasADescription() {
        for (String command : new String[] {"status", "plan", "switch", "iomem", "report"}) {
            assertThat(run(command, "--help").out().lines().filter(line -> line.startsWith("      ")))
                    .as(command)
                    .allMatch(line -> line.matches(" {6}\\S.* {2,}\\S.*") || line.matches(" {20,}\\S.*"));
        }
    }

    @Test
    void samplesOptionListsAllSamples() {
        assertThat(run("--samples").out().lines().map(line -> line.split(" ")[0]))
                .containsExactlyElementsOf(SampleMachines.names());
    }

    @Test
    void internalExceptionPrintsOneSentence() {
        assertErrorMessage(
                new CliRunner(throwingConnections(new IllegalStateException("secret"))).run("status"),
                ExitCode.FAILED,
                "Internal error in Switchback (IllegalStateException). Please report it.");
    }

    @Test
    void outOfMemoryPrintsOneSentence() {
        assertErrorMessage(
                new CliRunner(throwingConnections(new OutOfMemoryError("Java heap space"))).run("status"),
                ExitCode.FAILED,
                "The data does not fit into memory.");
    }

    private static HelperConnections throwingConnections(Throwable failure) {
        return new HelperConnections() {
            @Override
            public HelperConnection openThisMachine() {
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) failure;
            }

            @Override
            public HelperConnection openReadOnly(HelperException.FailureKind reason) {
                return openThisMachine();
            }

            @Override
            public HelperConnection openSimulated(
                    MachineSnapshot snapshot, MachineSource source, FailureScenario scenario) {
                return openThisMachine();
            }
        };
    }

    private CliRunner.CliResult run(String... args) {
        return new CliRunner(connectionsTo(SampleMachines.DEFAULT)).run(args);
    }
}
