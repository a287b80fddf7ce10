package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.DeviceUser;

class PlanCommandTest extends CommandTestCase {
    @Test
    void bootfbPlanUsesTheModuleAndExplainsWhy() {
        CliRunner.CliResult result = runOnSample("x99-gtx1080", "plan", "vm", "04:00.0", "--commands");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out().lines().toList())
                .containsSubsequence(
                        "  BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1. vfio-pci can't reserve BAR 1",
                        "  while BOOTFB is there.",
                        "  BOOTFB c0000000-c086ffff has no driver that could be unbound. Switchback loads",
                        "  its module switchback_bootfb, which releases it. The boot console is gone",
                        "  until restart.",
                        "   3  Load switchback_bootfb                          unload it",
                        "   7  Unbind 04:00.0 from nvidia                      bind to nvidia",
                        "   8  Release BOOTFB c0000000-c086ffff                gone until restart",
                        "   9  Unload switchback_bootfb                        -",
                        "  10  Bind 04:00.0 to vfio-pci                        unbind from vfio-pci",
                        "  sudo modprobe switchback_bootfb",
                        "  echo 0000:04:00.0 c0000000-c086ffff | sudo tee "
                                + "/sys/module/switchback_bootfb/parameters/release",
                        "  sudo modprobe -r switchback_bootfb");
    }

    @Test
    void planWithoutTheModuleIsRefusedWithAllSteps() {
        CliRunner.CliResult result =
                new CliRunner(connectionsWithoutModule()).run("plan", "vm", "04:00.0", "--commands");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out().lines().toList())
                .containsSubsequence(
                        "NVIDIA GeForce GTX 1080 (04:00.0) to VM mode",
                        "  04:00.1  NVIDIA GP104 High Definition Audio Controller      from snd_hda_intel",
                        "  BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1. vfio-pci can't reserve BAR 1",
                        "  6  Unbind 04:00.0 from nvidia                      bind to nvidia",
                        "  8  Bind 04:00.1 to vfio-pci                        unbind from vfio-pci",
                        "  echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:04:00.0/driver_override",
                        "  echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind",
                        "  echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind",
                        "The desktop stays on AMD/ATI Radeon HD 8570 / R7 240/340 OEM (08:00.0).",
                        "Blocked. Nothing is changed.",
                        "  BOOTFB c0000000-c086ffff stays in BAR 1 of 04:00.0 until the kernel module",
                        "  switchback_bootfb releases it. Kernel 4.6.0-1-amd64 has no such module.",
                        "  Install that kernel's headers (on Debian linux-headers-4.6.0-1-amd64), let",
                        "  DKMS build the module (sudo dkms autoinstall, or sudo dkms install kmod in",
                        "  Switchback's source), then check again.");
        assertThat(result.out()).doesNotContain("new_id").doesNotContain("Ready");
    }

    @Test
    void defaultMachineIsReadyAndReleasesTheFramebuffer() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "plan", "vm", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("8  Release efifb c0000000-c086ffff                 bind to efi-framebuffer\n")
                .contains("3  Keep 04:00.1 awake                              let it sleep when idle\n")
                .endsWith("Ready.\n")
                .doesNotContain("sudo");
    }

    @Test
    void planOnThisComputerNamesThePermission() {
        assertThat(new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                        .run("plan", "vm", "04:00.0")
                        .out())
                .endsWith("Ready. An administrator's password is required each time: this GPU may show a picture.\n");
    }

    @Test
    void gpuIsSelectedByAddressOrName() {
        for (String name : new String[] {"0000:04:00.0", "04:00.0", "gtx 1080", "NVIDIA", "GeForce GTX 1080"}) {
            assertThat(runOnSample(SampleMachines.DEFAULT, "plan", "vm", name).out())
                    .as(name)
                    .startsWith("NVIDIA GeForce GTX 1080 (04:00.0) to VM mode\n");
        }
    }

    @Test
    void withOptionAddsADevice() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "plan", "vm", "04:00.0", "--with", "00:1b.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("  00:1b.0  Intel C610/X99 series chipset HD Audio Controller")
                .contains("Bind 00:1b.0 to vfio-pci");
    }

    @Test
    void storageIsRefused() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "plan", "vm", "04:00.0", "--with", "00:1f.2");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out()).contains("is storage. Storage is never moved.");
    }

    @Test
    void programUsingTheGpuIsNamed() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT)
                        .withKernelSetup(
                                kernel -> kernel.addDeviceUser(new DeviceUser(4121, "Xorg", "ann", "dri/card1"))))
                .run("plan", "vm", "gtx");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out())
                .contains("  Xorg (PID 4121, user ann) uses 04:00.0 through /dev/dri/card1. Close that\n"
                        + "  program or session, then check again.\n");
    }

    @Test
    void gpuAlreadyInTargetModeExitsWithZero() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "plan", "host", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .isEqualTo("NVIDIA GeForce GTX 1080 (04:00.0) to host mode\n\n  04:00.0 is already in host mode.\n");
    }

    @Test
    void inverseCommandsAreInKernelOrder() {
        String out = runOnSample(SampleMachines.DEFAULT, "plan", "vm", "04:00.0", "--commands")
                .out();
        String undone = out.substring(out.indexOf("Shell commands to roll back"));
        assertThat(undone.indexOf("echo '' | sudo tee /sys/bus/pci/devices/0000:04:00.0/driver_override"))
                .isPositive()
                .isLessThan(undone.indexOf("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind"));
    }

    @Test
    void desktopGpuAmongTheDevicesIsNotNamedAsDesktop() {
        String out = runOnSample("iommu-off", "plan", "vm", "06:00.0", "--with", "2b:00.0")
                .out();
        assertThat(out).doesNotContain("The desktop stays").contains("No other GPU shows a picture");
        assertThat(runOnSample("iommu-off", "plan", "vm", "06:00.0").out())
                .contains("The desktop stays")
                .doesNotContain("No other GPU");
    }

    @Test
    void hostPlanIsShown() {
        CliRunner.CliResult result = new CliRunner(
                        connectionsTo(SampleMachines.DEFAULT).withKernelSetup(StatusCommandTest::switchToVm))
                .run("plan", "host", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("NVIDIA GeForce GTX 1080 (04:00.0) to host mode")
                .contains("Unbind 04:00.0 from vfio-pci");
    }

    @Test
    void evictionByVfioPciLastsUntilRestart() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                .run("--machine", capturePath("q35-6.1-0300").toString(), "plan", "vm", "01:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains("  7  vfio-pci removes efifb c0000000-c03e7fff        gone until restart\n")
                .contains("The boot console is gone until restart.");
    }

    @Test
    void conflictInVmModeIsReleased() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                .run("--machine", capturePath("q35-5.10-0380-vfio-blocked").toString(), "status");
        assertThat(result.out()).contains("  To VM mode   Ready. Release efifb c0000000-c03e7fff.\n");
    }

    /** A snapshot of a machine with a real kernel. */
    private static Path capturePath(String name) {
        return Path.of("../../helper/model/src/test/resources/captures", name + ".capture");
    }

    @Test
    void planningNeedsNoHelper() {
        assertThat(new CliRunner(connectionsWithoutHelper(SampleMachines.DEFAULT))
                        .run("plan", "vm", "04:00.0")
                        .exitCode())
                .isZero();
    }
}
