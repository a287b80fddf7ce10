package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.client.HelperException;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.simulator.SimulatedKernel;

class StatusCommandTest extends CommandTestCase {
    static List<String> samples() {
        return SampleMachines.names();
    }

    @Test
    void statusDescribesEachGpu() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "status");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out().lines().toList())
                .containsSubsequence(
                        "04:00.0  NVIDIA GeForce GTX 1080                              Host mode (nvidia)",
                        "  Device       10de:1b80, class 0300, IOMMU group 27",
                        "  Functions    04:00.1  NVIDIA GP104 High Definition Audio Controller,",
                        "  BAR 1          256 MiB  c0000000-cfffffff",
                        "               efifb c0000000-c086ffff covers 8.4 MiB of BAR 1. vfio-pci can't",
                        "               reserve BAR 1 while efifb is there.",
                        "  BAR 3           32 MiB  d0000000-d1ffffff",
                        "  Used by      nothing",
                        "  To VM mode   Ready. Release efifb c0000000-c086ffff, then bind 04:00.0 and",
                        "08:00.0  AMD/ATI Radeon HD 8570 / R7 240/340 OEM              Host mode (radeon)",
                        "  Screens      DVI-I-1",
                        "  Used by      Xorg (PID 812, user root) through /dev/dri/card0");
    }

    @Test
    void sampleIsNamedOnStandardError() {
        assertThat(runOnSample("iommu-off", "status").err())
                .isEqualTo("Sample machine iommu-off. Nothing here touches this computer.\n");
    }

    @Test
    void thisComputerPrintsNothingOnStandardError() {
        assertThat(new CliRunner(connectionsTo("iommu-off")).run("status").err())
                .isEmpty();
    }

    @Test
    void missingHelperIsNotedOnStandardError() {
        CliRunner.CliResult result = new CliRunner(connectionsWithoutHelper("iommu-off")).run("status");
        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).isEqualTo("The helper is not installed. This computer can be viewed, not changed.\n");
        assertThat(result.out()).contains("NVIDIA GeForce RTX 3060");
    }

    @ParameterizedTest
    @CsvSource({
        "REFUSED, Denied: permission was not granted.",
        "UNDECIDED, 'polkit, which decides who may do this, did not answer.'"
    })
    void deniedInspectionFallsBackToReadOnly(HelperException.FailureKind why, String sentence) {
        for (String command : List.of("status", "iomem", "report")) {
            CliRunner.CliResult result =
                    new CliRunner(connectionsTo("iommu-off").withInspectFailure(why)).run(command);
            assertThat(result.exitCode()).as(command).isZero();
            assertThat(result.err()).as(command).isEqualTo(sentence + " This computer can be viewed, not changed.\n");
            assertThat(result.out()).as(command).contains("06:00.0");
        }
    }

    @Test
    void unresponsiveHelperIsAnError() {
        assertErrorMessage(
                new CliRunner(connectionsTo("iommu-off").withInspectFailure(HelperException.FailureKind.NO_ANSWER))
                        .run("status"),
                ExitCode.FAILED,
                "The helper did not answer in time.");
    }

    @ParameterizedTest
    @MethodSource("samples")
    void outputFitsEightyColumnsWithoutColors(String name) {
        String out = runOnSample(name, "status").out();
        assertThat(out.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(out).doesNotContain("\u001b");
    }

    @Test
    void terminalOutputIsColored() {
        assertThat(new CliRunner(connectionsTo("iommu-off"))
                        .withColors()
                        .run("status")
                        .out())
                .contains("\u001b[1m");
    }

    @Test
    void programWithSeveralNodesIsNamedOnce() {
        String out = runOnSample("laptop-one-gpu", "status").out();
        assertThat(out).containsOnlyOnce("gnome-shell (PID 1687, user ann) through");
        assertThat(out).containsOnlyOnce("gnome-shell (PID 1687, user ann) uses");
    }

    @Test
    void iommuAdviceMatchesTheProcessor() {
        assertThat(runOnSample("iommu-off", "status").out().replaceAll("\\s+", " "))
                .contains("Enable the IOMMU in the firmware setup and restart.")
                .doesNotContain("_iommu=");
    }

    @Test
    void gpuInVmModeCanSwitchToTheHost() {
        String out = new CliRunner(connectionsTo(SampleMachines.DEFAULT).withKernelSetup(StatusCommandTest::switchToVm))
                .run("status")
                .out();
        assertThat(out)
                .contains("VM mode\n")
                .contains("To host      Ready. Bind 04:00.0 and 04:00.1 to the host drivers.")
                .contains("switchback switch host 04:00.0");
    }

    @Test
    void virtualMachineUsingTheGpuIsNamed() {
        String out = new CliRunner(connectionsTo(SampleMachines.DEFAULT).withKernelSetup(kernel -> {
                    switchToVm(kernel);
                    kernel.addDeviceUser(new DeviceUser(4711, "qemu-system-x86", "ann", "vfio/27"));
                }))
                .run("status")
                .out();
        assertThat(out)
                .contains("VM mode, used by qemu-system-x86")
                .containsOnlyOnce("A virtual machine (qemu-system-x86, PID 4711) uses 04:00.0. Shut");
    }

    @Test
    void partiallySwitchedGpuShowsBothTargets() {
        String out = new CliRunner(connectionsTo(SampleMachines.DEFAULT).withKernelSetup(kernel -> {
                    write(kernel, new Setting.KernelModule("vfio-pci"), "", Setting.KernelModule.LOADED);
                    PciAddress sound = PciAddress.of("04:00.1");
                    write(kernel, new Setting.DriverOverride(sound), "", "vfio-pci");
                    write(kernel, new Setting.Driver(sound), "snd_hda_intel", "");
                    write(kernel, new Setting.Driver(sound), "", "vfio-pci");
                }))
                .run("status")
                .out();
        assertThat(out).contains("Partially switched").contains("To VM mode").contains("To host");
    }

    static void switchToVm(SimulatedKernel kernel) {
        write(kernel, new Setting.KernelModule("vfio-pci"), "", Setting.KernelModule.LOADED);
        write(kernel, new Setting.FramebufferDriver("efi-framebuffer.0"), "efi-framebuffer", "");
        for (String function : List.of("04:00.0", "04:00.1")) {
            PciAddress address = PciAddress.of(function);
            Setting.Driver driver = new Setting.Driver(address);
            write(kernel, new Setting.DriverOverride(address), "", "vfio-pci");
            write(kernel, driver, kernel.readSetting(driver), "");
            write(kernel, driver, "", "vfio-pci");
        }
    }

    private static void write(SimulatedKernel kernel, Setting setting, String from, String to) {
        kernel.write(KernelWrite.of(setting, from, to), Duration.ofSeconds(1), waited -> {});
        assertThat(kernel.readSetting(setting)).isEqualTo(to);
    }
}
