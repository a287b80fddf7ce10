package org.switchback.app.cli;

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
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Fault;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

class SwitchCommandTest extends CommandTestCase {
    private static final String MACHINE = SampleMachines.DEFAULT;

    @Test
    void onASampleItJustSwitchesAndShowsEachStepWithItsTime() {
        Shell.Result result = onSample(MACHINE, "switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .containsPattern(" 7  Take 04:00\\.0 from nvidia +✔  (under )?\\d+ ms\n")
                .containsPattern("11  Check that a virtual machine gets every BAR +✔  ")
                .endsWith("NVIDIA GeForce GTX 1080 is in VM mode.\n");
    }

    @Test
    void aTerminalWithoutTheSignsGetsWords() {
        Shell.Result result = new Shell(computer(MACHINE))
                .in(StandardCharsets.US_ASCII)
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.out()).containsPattern("Take 04:00\\.0 from nvidia +done  ").doesNotContain("?");
    }

    @Test
    void onThisComputerItAsks() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell.Result result = new Shell(computer(MACHINE).prepared(kernel::set))
                .typing("y\n")
                .run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("Switch now? [y/N] ").endsWith("is in VM mode.\n");
        assertThat(kernel.get().read(new Setting.Driver(PciAddress.of("04:00.0")))).isEqualTo("vfio-pci");
    }

    @ParameterizedTest
    @CsvSource(value = {"n", "''", "no", "yeah", " "}, ignoreLeadingAndTrailingWhitespace = false)
    void anythingButYesIsNo(String reply) {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell.Result result = new Shell(computer(MACHINE).prepared(kernel::set))
                .typing(reply + "\n")
                .run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out()).endsWith("Nothing was changed.\n");
        assertThat(kernel.get().written()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"j, 0", "Ja, 0", "y, 0", "yes, 0", "n, 3", "nein, 3", "jein, 3", "'', 3"})
    void aGermanMayAnswerInGermanOrEnglish(String reply, int exitCode) {
        Locale.setDefault(Locale.GERMANY);
        Shell.Result result =
                new Shell(computer(MACHINE)).typing(reply + "\n").run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out())
                .contains("Jetzt umschalten? [j/N] ")
                .endsWith(exitCode == ExitCode.OK ? "GTX 1080 ist im VM-Modus.\n" : "Nichts wurde geändert.\n");
    }

    @Test
    void whereNobodyCanBeAskedItWantsYes() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell.Result result = new Shell(computer(MACHINE).prepared(kernel::set)).run("switch", "vm", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(result.err())
                .isEqualTo("switchback: Nobody can be asked here. Add --yes to switch without being asked.\n");
        assertThat(kernel.get().written()).isEmpty();
    }

    @Test
    void aRefusedPlanIsNotCarriedOut() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell.Result result = new Shell(withoutModule().prepared(kernel::set))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out()).contains("has no\n  such module.").endsWith("Nothing was changed.\n");
        assertThat(kernel.get().written()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"x99-gtx1080, 04:00.0, GTX 1080", "strix-halo-32g, c3:00.0, Radeon 8060S"})
    void bootfbIsReleasedByTheModuleWhichIsUnloadedAgain(String sample, String gpu, String name) {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell shell = new Shell(computer(sample).prepared(kernel::set));
        Shell.Result there = shell.run("switch", "vm", gpu, "--yes");
        assertThat(there.exitCode()).as(there.out()).isZero();
        assertThat(there.out()).containsPattern("Release BOOTFB \\S+ +✔").contains(name).endsWith("is in VM mode.\n");
        assertThat(MachineReader.read(kernel.get().capture()).memory().find(region -> region.name().equals("BOOTFB")))
                .isEmpty();
        assertThat(kernel.get().read(new Setting.Module("switchback_bootfb"))).isEmpty();
    }

    @Test
    void whereTheModuleDoesNothingItIsFoundOutAndPutBack() {
        Shell.Result result = new Shell(computer("x99-gtx1080")
                        .prepared(kernel -> kernel.once(write -> releases(write), new Fault.Lie())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PUT_BACK);
        assertThat(result.out())
                .containsPattern("BOOTFB\\s+c0000000-c086ffff\\s+is\\s+still\\s+in\\s+the\\s+BAR\\.")
                .containsPattern("↩   Putting back: Load switchback_bootfb +✔");
    }

    @Test
    void theModulesErrnoIsSaidInWords() {
        Shell.Result result = new Shell(computer("x99-gtx1080")
                        .prepared(kernel -> kernel.once(write -> releases(write), new Fault.Refuse("ESTALE"))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PUT_BACK);
        assertThat(result.out()).contains("finds BOOTFB at another range than the plan");
    }

    @Test
    void theNativeDriverIsTriedFirstWhereItIsAllowedAndTheModuleAfterIt() {
        Shell.Result result =
                new Shell(computer("strix-halo-32g")).run("switch", "vm", "c3:00.0", "--native-driver", "--yes");
        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(result.out())
                .contains("If that does not free the BAR: BOOTFB")
                .containsPattern("Let the kernel choose a driver for c3:00\\.0 +✘")
                .containsPattern("Take c3:00\\.0 from that driver again +not needed")
                .containsPattern("Release BOOTFB \\S+ +✔");
        Shell.Result spared = new Shell(computer("strix-halo-32g")
                        .prepared(kernel -> kernel.nativeModule(PciAddress.of("c3:00.0"), "amdgpu")))
                .run("switch", "vm", "c3:00.0", "--native-driver", "--yes");
        assertThat(spared.exitCode()).as(spared.out()).isZero();
        assertThat(spared.out()).containsPattern("Load switchback_bootfb +not needed");
    }

    private static boolean releases(KernelWrite write) {
        return write instanceof KernelWrite.Sysfs(String path, String value)
                && path.endsWith("switchback_bootfb/parameters/release");
    }

    @Test
    void aFailedStepSaysWhyAndIsPutBack() {
        Shell.Result result = new Shell(computer(MACHINE)
                        .prepared(kernel ->
                                kernel.once(write -> unbinds(write, "nvidia"), new Fault.Refuse("EBUSY"))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PUT_BACK);
        assertThat(result.out())
                .containsPattern(" 7  Take 04:00\\.0 from nvidia +✘")
                .contains("The kernel says that the device is busy (EBUSY).\n")
                .containsPattern("↩   Putting back: Take 04:00\\.1 from snd_hda_intel +✔")
                .doesNotContainPattern(" 9  Give 04:00\\.0 to vfio-pci +✔")
                .endsWith("Stopped. What had been changed was put back.\n");
    }

    @Test
    void whatCouldNotBePutBackIsNamed() {
        Shell.Result result = new Shell(computer(MACHINE).prepared(kernel -> {
                    kernel.once(write -> unbinds(write, "nvidia"), new Fault.Refuse("EBUSY"));
                    kernel.always(write -> binds(write, "snd_hda_intel"), new Fault.Refuse("ENODEV"));
                }))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.MIXED);
        assertThat(result.out())
                .contains("Could not put back: Take 04:00.1 from snd_hda_intel.")
                .contains("there is no such device (ENODEV).")
                .contains("Half switched");
    }

    @Test
    void aKernelThatLiesIsFoundOut() {
        Shell.Result result = new Shell(computer(MACHINE)
                        .prepared(kernel -> kernel.once(write -> unbinds(write, "nvidia"), new Fault.Lie())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.PUT_BACK);
        assertThat(result.out()).contains("The kernel reported success, but it is still on nvidia.");
    }

    @Test
    void aHelperThatLiesIsFoundOut() {
        Shell.Result result =
                new Shell(computer(MACHINE).ending("done")).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.MIXED);
        assertThat(result.out()).endsWith("The helper reported success, but 04:00.0 is on nvidia.\n");
    }

    @Test
    void aSlowStepSaysThatTheKernelIsWaitedFor() {
        Shell.Result result = new Shell(computer(MACHINE)
                        .prepared(kernel -> kernel.once(
                                write -> unbinds(write, "nvidia"), new Fault.Delay(Duration.ofSeconds(65)))))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("Take 04:00.0 from nvidia: still waiting for the kernel after 5 s\n")
                .contains("still waiting for the kernel after 30 s\n")
                .contains("still waiting for the kernel after 60 s\n")
                .doesNotContain("after 6 s");
    }

    @Test
    void aStepThatNeverReturnsIsNotCalledDone() {
        Shell.Result result = new Shell(computer(MACHINE)
                        .prepared(kernel -> kernel.once(write -> unbinds(write, "nvidia"), new Fault.Hang())))
                .run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.MIXED);
        assertThat(result.out())
                .contains("Take 04:00.0 from nvidia: the kernel has not returned and may never")
                .contains("Save your work and restart");
    }

    @ParameterizedTest
    @CsvSource({
        "denied, 3, Denied. Nothing was changed.",
        "authentication-cancelled, 3, Cancelled. Nothing was changed.",
        "no-agent, 3, Nobody could be asked for a password",
        "undecided, 1, 'polkit, which decides who may do this, has not answered. Nothing was changed.'",
        "stale, 3, The machine has changed since the plan was made.",
        "busy, 3, Another switch has begun meanwhile.",
        "journal-unwritable, 3, The journal can't be written.",
        "cancelled, 4, Cancelled. What had been changed was put back.",
        "kernel-died, 5, The kernel has had an oops",
        "helper-lost, 1, The helper was lost during the switch.",
        "error, 1, The helper has failed."
    })
    void everyEndHasItsExitCodeAndItsSentence(String detail, int exitCode, String sentence) {
        Shell.Result result =
                new Shell(computer(MACHINE).ending(detail)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out().lines().toList().getLast()).startsWith(sentence);
    }

    @ParameterizedTest
    @CsvSource({"BUSY, 3", "REFUSED, 3", "UNDECIDED, 1", "STALE, 3", "INCOMPLETE, 3", "LOST, 1", "NO_ANSWER, 1"})
    void aCallThatComesToNothingHasItsExitCode(HelperProblem.Kind kind, int exitCode) {
        Shell.Result result =
                new Shell(computer(MACHINE).refusingToApply(kind)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.err()).startsWith("switchback: ").hasLineCount(1);
    }

    @Test
    void aGpuThatIsThereAlreadyIsNoFailure() {
        AtomicReference<SimulatedKernel> kernel = new AtomicReference<>();
        Shell.Result result =
                new Shell(computer(MACHINE).prepared(kernel::set)).run("switch", "host", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("04:00.0 is in host mode already.").endsWith("Nothing was changed.\n");
        assertThat(kernel.get().written()).isEmpty();
    }

    @Test
    void anotherSwitchIsWaitedForWhereThatIsAsked() {
        Shell.Result result =
                new Shell(computer(MACHINE).busy(3)).run("switch", "vm", "04:00.0", "--yes", "--wait");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).endsWith("NVIDIA GeForce GTX 1080 is in VM mode.\n");
        assertThat(new Shell(computer(MACHINE).busy(1)).run("switch", "vm", "04:00.0", "--yes").exitCode())
                .isEqualTo(ExitCode.BLOCKED);
    }

    @Test
    void backToTheHostPutsBackWhatWasLeftHalfDone() {
        Shell.Result result = new Shell(computer(MACHINE)
                        .prepared(StatusCommandTest::toVm)
                        .refusingToApply(HelperProblem.Kind.INCOMPLETE))
                .run("switch", "host", "04:00.0", "--yes");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).endsWith("Stopped. What had been changed was put back.\n");
    }

    @Test
    void withoutAHelperNothingCanBeSwitched() {
        Shell.Result result = new Shell(withoutHelper(MACHINE)).run("switch", "vm", "04:00.0", "--yes");
        assertThat(result.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(result.err())
                .endsWith("switchback: Without the helper nothing can be switched. Nothing was changed.\n");
        assertThat(result.out()).isEmpty();
    }

    @Test
    void programsGetEveryStepWithItsTimeAndTheResult() {
        Shell.Result result = onSample(MACHINE, "switch", "vm", "04:00.0", "--json");
        assertThat(result.exitCode()).isZero();
        JsonObject json = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(json.get("result").getAsString()).isEqualTo("done");
        assertThat(json.get("mode").getAsString()).isEqualTo("vm");
        assertThat(json.getAsJsonArray("steps")).hasSize(11);
        assertThat(json.getAsJsonArray("events").asList().stream()
                        .map(event -> event.getAsJsonObject())
                        .filter(event -> event.get("what").getAsString().equals("done")))
                .hasSize(11)
                .allSatisfy(event -> assertThat(event.get("seconds").getAsDouble()).isNotNegative());
    }

    @Test
    void programsHaveToSayYes() {
        Shell.Result result =
                new Shell(computer(MACHINE)).typing("y\n").run("switch", "vm", "04:00.0", "--json");
        assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(result.out()).isEmpty();
    }

    private static boolean unbinds(KernelWrite write, String driver) {
        return write instanceof KernelWrite.Sysfs(String path, String value) && path.endsWith(driver + "/unbind");
    }

    private static boolean binds(KernelWrite write, String driver) {
        return write instanceof KernelWrite.Sysfs(String path, String value) && path.endsWith(driver + "/bind");
    }
}
