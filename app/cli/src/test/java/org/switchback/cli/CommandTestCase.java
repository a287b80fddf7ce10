package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.MachineSnapshot;

/** What the tests of the commands share: a computer that is one of the samples, and English. */
abstract class CommandTestCase {
    @TempDir
    Path folder;

    private final Locale originalLocale = Locale.getDefault();

    @BeforeEach
    void useEnglishLocale() {
        Locale.setDefault(Locale.ENGLISH);
    }

    @AfterEach
    void restoreLocale() {
        Locale.setDefault(originalLocale);
    }

    /** This computer is the sample, with a helper. */
    InProcessConnections connectionsTo(String sample) {
        return new InProcessConnections(loadSample(sample), new MachineSource.ThisMachine(), folder);
    }

    /** This computer is the reported one, the framebuffer's module not installed. */
    InProcessConnections connectionsWithoutModule() {
        MachineSnapshot reported = loadSample("x99-gtx1080");
        String module = BootfbModule.path("4.6.0-1-amd64");
        return new InProcessConnections(
                reported.withChanges(Map.of(module, Optional.empty())), new MachineSource.ThisMachine(), folder);
    }

    InProcessConnections connectionsWithoutHelper(String sample) {
        return new InProcessConnections(
                loadSample(sample), new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING), folder);
    }

    CliRunner.CliResult runOnSample(String sample, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "--sample";
        all[1] = sample;
        System.arraycopy(args, 0, all, 2, args.length);
        return new CliRunner(connectionsTo(SampleMachines.DEFAULT)).run(all);
    }

    static MachineSnapshot loadSample(String name) {
        return SampleMachines.load(name).orElseThrow();
    }

    /** One sentence on standard error, nothing else, and no stack trace. */
    static void assertErrorMessage(CliRunner.CliResult result, int exitCode, String sentence) {
        assertThat(result.err()).isEqualTo("switchback: " + sentence + "\n");
        assertThat(result.out()).isEmpty();
        assertThat(result.exitCode()).isEqualTo(exitCode);
    }
}
