package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.client.HelperException;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

class SwitchCommandTest extends CommandTestCase {
    private static final String SAMPLE = SampleMachines.DEFAULT;

    @Test
    void sampleSwitchesWithoutConfirmationAndPrintsStepTimes() {
        CliRunner.CliResult result = runOnSample(SAMPLE, "switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .containsPattern(" 7  Unbind 04:00\\.0 from nvidia +✔  (under )?\\d+ ms\n")
                .containsPattern("11  Check that a virtual machine can use every BAR +✔  ")
                .endsWith("NVIDIA GeForce GTX 1080 is in VM mode.\n");
    }

    @Test
    void asciiTerminalGetsWordsInsteadOfSymbols() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE))
                .withCharset(StandardCharsets.US_ASCII)
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.out())
                .containsPattern("Unbind 04:00\\.0 from nvidia +done  ")
                .doesNotContain("?");
    }

    @Test
    void asksForConfirmationOnThisComputer() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE).withKernelSetup(kernel::set))
                .withTypedInput("y\n")
                .run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("Switch now? [y/N] ").endsWith("is in VM mode.\n");
        assertThat(kernel.get().readSetting(new Setting.Driver(PciAddress.of("04:00.0"))))
                .isEqualTo("vfio-pci");
    }

    @ParameterizedTest
    @CsvSource(
            value = {"n", "''", "no", "yeah", " "},
            ignoreLeadingAndTrailingWhitespace = false)
    void anyReplyButYesDeclines(String reply) {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE).withKernelSetup(kernel::set))
                .withTypedInput(reply + "\n")
                .run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out()).endsWith("Nothing was changed.\n");
        assertThat(kernel.get().writes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"j, 0", "Ja, 0", "y, 0", "yes, 0", "n, 3", "nein, 3", "jein, 3", "'', 3"})
    void germanAcceptsGermanAndEnglishReplies(String reply, int exitCode) {
        Locale.setDefault(Locale.GERMANY);
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE))
                .withTypedInput(reply + "\n")
                .run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out())
                .contains("Jetzt umschalten? [j/N] ")
                .endsWith(exitCode == ExitCode.OK ? "GTX 1080 ist im VM-Modus.\n" : "Nichts wurde geändert.\n");
    }

    @Test
    void nonInteractiveRunRequiresYesOption() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE).withKernelSetup(kernel::set)).run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(result.err())
                .isEqualTo("switchback: There is no terminal to ask on. Add --yes to switch without a question.\n");
        assertThat(kernel.get().writes()).isEmpty();
    }

    @Test
    void refusedPlanIsNotExecuted() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner.CliResult result = new CliRunner(connectionsWithoutModule().withKernelSetup(kernel::set))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out()).contains("has no such module.").endsWith("Nothing was changed.\n");
        assertThat(kernel.get().writes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"x99-gtx1080, 04:00.0, GTX 1080", "strix-halo-32g, c3:00.0, Radeon 8060S"})
    void moduleReleasesBootfbAndIsUnloaded(String sample, String gpu, String name) {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner runner = new CliRunner(connectionsTo(sample).withKernelSetup(kernel::set));
        CliRunner.CliResult switched = runner.run("switch", "vm", gpu, "--yes");
        assertThat(switched.exitCode()).as(switched.out()).isZero();
        assertThat(switched.out())
                .containsPattern("Release BOOTFB \\S+ +✔")
                .contains(name)
                .endsWith("is in VM mode.\n");
        assertThat(SnapshotParser.parse(kernel.get().readSnapshot()).memoryMap().find(region -> region.name()
                        .equals("BOOTFB")))
                .isEmpty();
        assertThat(kernel.get().readSetting(new Setting.KernelModule("switchback_bootfb")))
                .isEmpty();
    }

    @Test
    void ineffectiveModuleIsDetectedAndRolledBack() {
        CliRunner.CliResult result = new CliRunner(connectionsTo("x99-gtx1080")
                        .withKernelSetup(kernel ->
                                kernel.injectOnce(write -> isModuleRelease(write), new SimulatedFault.FalseSuccess())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(result.out())
                .containsPattern("BOOTFB\\s+c0000000-c086ffff\\s+is\\s+still\\s+in\\s+the\\s+BAR\\.")
                .containsPattern("↩   Rolling back: Load switchback_bootfb +✔");
    }

    @Test
    void moduleErrnoIsExplained() {
        CliRunner.CliResult result = new CliRunner(connectionsTo("x99-gtx1080")
                        .withKernelSetup(kernel -> kernel.injectOnce(
                                write -> isModuleRelease(write), new SimulatedFault.ErrnoFault("ESTALE"))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(result.out()).contains("finds BOOTFB at another range than the plan");
    }

    @Test
    void nativeDriverIsTriedBeforeTheModule() {
        CliRunner.CliResult result = new CliRunner(connectionsTo("strix-halo-32g"))
                .run("switch", "vm", "c3:00.0", "--native-driver", "--yes");
        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(result.out())
                .contains("If that does not free the BAR: BOOTFB")
                .containsPattern("Let the kernel choose a driver for c3:00\\.0 +✘")
                .containsPattern("Unbind c3:00\\.0 from that driver +not needed")
                .containsPattern("Release BOOTFB \\S+ +✔");
        CliRunner.CliResult withNativeDriver = new CliRunner(connectionsTo("strix-halo-32g")
                        .withKernelSetup(kernel -> kernel.addNativeModule(PciAddress.of("c3:00.0"), "amdgpu")))
                .run("switch", "vm", "c3:00.0", "--native-driver", "--yes");
        assertThat(withNativeDriver.exitCode()).as(withNativeDriver.out()).isZero();
        assertThat(withNativeDriver.out()).containsPattern("Load switchback_bootfb +not needed");
    }

    private static boolean isModuleRelease(KernelWrite write) {
        return write instanceof KernelWrite.WriteSysfs(String path, String value)
                && path.endsWith("switchback_bootfb/parameters/release");
    }

    @Test
    void failedStepIsExplainedAndRolledBack() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE)
                        .withKernelSetup(kernel -> kernel.injectOnce(
                                write -> isUnbind(write, "nvidia"), new SimulatedFault.ErrnoFault("EBUSY"))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(result.out())
                .containsPattern(" 7  Unbind 04:00\\.0 from nvidia +✘")
                .contains("The kernel reports that the device is busy (EBUSY).\n")
                .containsPattern("↩   Rolling back: Unbind 04:00\\.1 from snd_hda_intel +✔")
                .doesNotContainPattern(" 9  Bind 04:00\\.0 to vfio-pci +✔")
                .endsWith("A step failed. All changes were rolled back.\n");
    }

    @Test
    void failedRollbackIsNamed() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE).withKernelSetup(kernel -> {
                    kernel.injectOnce(write -> isUnbind(write, "nvidia"), new SimulatedFault.ErrnoFault("EBUSY"));
                    kernel.injectAlways(
                            write -> isBind(write, "snd_hda_intel"), new SimulatedFault.ErrnoFault("ENODEV"));
                }))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PARTIALLY_SWITCHED);
        assertThat(result.out())
                .contains("Could not roll back: Unbind 04:00.1 from snd_hda_intel.")
                .contains("there is no such device (ENODEV).")
                .contains("Partially switched");
    }

    @Test
    void falseSuccessOfTheKernelIsDetected() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE)
                        .withKernelSetup(kernel -> kernel.injectOnce(
                                write -> isUnbind(write, "nvidia"), new SimulatedFault.FalseSuccess())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.ROLLED_BACK);
        assertThat(result.out()).contains("The kernel reported success, but the value is still nvidia.");
    }

    @Test
    void falseSuccessOfTheHelperIsDetected() {
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE).withFixedResult("done")).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PARTIALLY_SWITCHED);
        assertThat(result.out()).endsWith("The helper reported success, but 04:00.0 is still bound to nvidia.\n");
    }

    @Test
    void slowStepPrintsWaitMessages() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE)
                        .withKernelSetup(kernel -> kernel.injectOnce(
                                write -> isUnbind(write, "nvidia"), new SimulatedFault.Delay(Duration.ofSeconds(65)))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("Unbind 04:00.0 from nvidia: still waiting for the kernel after 5 s\n")
                .contains("still waiting for the kernel after 30 s\n")
                .contains("still waiting for the kernel after 60 s\n")
                .doesNotContain("after 6 s");
    }

    @Test
    void hangingStepIsReportedAsStuck() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE)
                        .withKernelSetup(kernel ->
                                kernel.injectOnce(write -> isUnbind(write, "nvidia"), new SimulatedFault.Hang())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PARTIALLY_SWITCHED);
        assertThat(result.out())
                .contains("Unbind 04:00.0 from nvidia: the kernel call has not returned and may never return")
                .contains("Save your work and restart");
    }

    @ParameterizedTest
    @CsvSource({
        "denied, 3, Denied. Nothing was changed.",
        "authentication-cancelled, 3, Cancelled. Nothing was changed.",
        "no-agent, 3, No authentication agent is running in this session.",
        "undecided, 1, 'polkit, which decides who may do this, did not answer. Nothing was changed.'",
        "stale, 3, The machine has changed since the plan was made.",
        "busy, 3, Another switch started in the meantime.",
        "journal-unwritable, 3, The journal can't be written.",
        "cancelled, 4, Cancelled. All changes were rolled back.",
        "kernel-oops, 5, The kernel has had an oops",
        "helper-lost, 1, The helper stopped during the switch.",
        "error, 1, The helper failed."
    })
    void everyResultHasAnExitCodeAndASentence(String detail, int exitCode, String sentence) {
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE).withFixedResult(detail)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out().lines().toList().getLast()).startsWith(sentence);
    }

    @ParameterizedTest
    @CsvSource({"BUSY, 3", "REFUSED, 3", "UNDECIDED, 1", "STALE, 3", "INCOMPLETE, 3", "LOST, 1", "NO_ANSWER, 1"})
    void everyFailureKindHasAnExitCode(HelperException.FailureKind kind, int exitCode) {
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE).withApplyFailure(kind)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.err()).startsWith("switchback: ").hasLineCount(1);
    }

    @Test
    void gpuAlreadyInTargetModeExitsWithZero() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE).withKernelSetup(kernel::set))
                .run("switch", "host", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("04:00.0 is already in host mode.").endsWith("Nothing was changed.\n");
        assertThat(kernel.get().writes()).isEmpty();
    }

    @Test
    void waitOptionWaitsForAnotherSwitch() {
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE).withBusyCount(3)).run("switch", "vm", "04:00.0", "--yes", "--wait");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).endsWith("NVIDIA GeForce GTX 1080 is in VM mode.\n");
        assertThat(new CliRunner(connectionsTo(SAMPLE).withBusyCount(1))
                        .run("switch", "vm", "04:00.0", "--yes")
                        .exitCode())
                .isEqualTo(ExitCode.BLOCKED);
    }

    @Test
    void switchToHostRestoresAnIncompleteSwitch() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SAMPLE)
                        .withKernelSetup(StatusCommandTest::switchToVm)
                        .withApplyFailure(HelperException.FailureKind.INCOMPLETE))
                .run("switch", "host", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).endsWith("A step failed. All changes were rolled back.\n");
    }

    @Test
    void switchRequiresTheHelper() {
        CliRunner.CliResult result =
                new CliRunner(connectionsWithoutHelper(SAMPLE)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(result.err()).endsWith("switchback: Switching needs the helper. Nothing was changed.\n");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void jsonHasEveryStepWithTimeAndResult() {
        CliRunner.CliResult result = runOnSample(SAMPLE, "switch", "vm", "04:00.0", "--json");
        assertThat(result.exitCode()).isZero();
        JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(json.get("result").getAsString()).isEqualTo("done");
        assertThat(json.get("mode").getAsString()).isEqualTo("vm");
        assertThat(json.getAsJsonArray("steps")).hasSize(11);
        assertThat(json.getAsJsonArray("events").asList().stream()
                        .map(event -> event.getAsJsonObject())
                        .filter(event -> event.get("what").getAsString().equals("done")))
                .hasSize(11)
                .allSatisfy(
                        event -> assertThat(event.get("seconds").getAsDouble()).isNotNegative());
    }

    @Test
    void jsonRequiresYesOption() {
        CliRunner.CliResult result =
                new CliRunner(connectionsTo(SAMPLE)).withTypedInput("y\n").run("switch", "vm", "04:00.0", "--json");
        assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(result.out()).isEmpty();
    }

    private static boolean isUnbind(KernelWrite write, String driver) {
        return write instanceof KernelWrite.WriteSysfs(String path, String value) && path.endsWith(driver + "/unbind");
    }

    private static boolean isBind(KernelWrite write, String driver) {
        return write instanceof KernelWrite.WriteSysfs(String path, String value) && path.endsWith(driver + "/bind");
    }
}
