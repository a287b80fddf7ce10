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

/** Base class of command tests: a sample as this computer, and the English locale. */
abstract class CommandTestCase {
    @TempDir
    Path directory;

    private final Locale originalLocale = Locale.getDefault();

    @BeforeEach
    void useEnglishLocale() {
        Locale.setDefault(Locale.ENGLISH);
    }

    @AfterEach
    void restoreLocale() {
        Locale.setDefault(originalLocale);
    }

    /** A sample as this computer, with a helper. */
    InProcessConnections connectionsTo(String sample) {
        return new InProcessConnections(loadSample(sample), new MachineSource.ThisMachine(), directory);
    }

    /** The reported machine as this computer, without the module switchback_bootfb. */
    InProcessConnections connectionsWithoutModule() {
        MachineSnapshot reported = loadSample("x99-gtx1080");
        String module = BootfbModule.path("4.6.0-1-amd64");
        return new InProcessConnections(
                reported.withChanges(Map.of(module, Optional.empty())), new MachineSource.ThisMachine(), directory);
    }

    InProcessConnections connectionsWithoutHelper(String sample) {
        return new InProcessConnections(
                loadSample(sample), new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING), directory);
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

    /** Asserts one sentence on standard error, no other output, and no stack trace. */
    static void assertErrorMessage(CliRunner.CliResult result, int exitCode, String sentence) {
        assertThat(result.err()).isEqualTo("switchback: " + sentence + "\n");
        assertThat(result.out()).isEmpty();
        assertThat(result.exitCode()).isEqualTo(exitCode);
    }
}
