package org.switchback.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.Capture;

/** What the tests of the commands share: a computer that is one of the samples, and English. */
abstract class CommandTestCase {
    @TempDir
    Path folder;

    private final Locale before = Locale.getDefault();

    @BeforeEach
    void speakEnglish() {
        Locale.setDefault(Locale.ENGLISH);
    }

    @AfterEach
    void speakAsBefore() {
        Locale.setDefault(before);
    }

    /** This computer is the sample, with a helper. */
    HelpersWithoutABus computer(String sample) {
        return new HelpersWithoutABus(sample(sample), new Source.ThisMachine(), folder);
    }

    /** This computer is the reported one, the framebuffer's module not installed. */
    HelpersWithoutABus withoutModule() {
        Capture reported = sample("x99-gtx1080");
        String module = BootfbModule.path("4.6.0-1-amd64");
        return new HelpersWithoutABus(
                reported.with(Map.of(module, Optional.empty())), new Source.ThisMachine(), folder);
    }

    HelpersWithoutABus withoutHelper(String sample) {
        return new HelpersWithoutABus(sample(sample), new Source.LookOnly(HelperProblem.Kind.MISSING), folder);
    }

    Shell.Result onSample(String sample, String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "--sample";
        all[1] = sample;
        System.arraycopy(args, 0, all, 2, args.length);
        return new Shell(computer(SampleMachines.DEFAULT)).run(all);
    }

    static Capture sample(String name) {
        return SampleMachines.load(name).orElseThrow();
    }

    /** One sentence on standard error, nothing else, and no stack trace. */
    static void assertOneSentence(Shell.Result result, int exitCode, String sentence) {
        assertThat(result.err()).isEqualTo("switchback: " + sentence + "\n");
        assertThat(result.out()).isEmpty();
        assertThat(result.exitCode()).isEqualTo(exitCode);
    }
}
