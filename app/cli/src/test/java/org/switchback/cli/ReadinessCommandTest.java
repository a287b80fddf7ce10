package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.switchback.client.readiness.ReadinessCheckKind;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.DeviceUser;

class ReadinessCommandTest extends CommandTestCase {
    @Test
    void everyCheckIsPrinted() {
        CliRunner.CliResult result = runOnSample(SampleMachines.DEFAULT, "readiness", "04:00.0");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .startsWith("""
                        04:00.0  NVIDIA GeForce GTX 1080
                        Ready for VM mode.
                          ✔ IOMMU in the firmware
                            The firmware offers an IOMMU.
                        """)
                .contains("  ? Reset\n    Kernels before 5.15 do not report how a GPU can be reset.\n");
        assertThat(result.out().lines()).allMatch(line -> line.length() <= TextColumns.WIDTH);
    }

    @Test
    void withoutArgumentAllGpusAreCheckedAndOneReadySuffices() {
        CliRunner.CliResult all = runOnSample(SampleMachines.DEFAULT, "readiness");
        assertThat(all.out()).contains("04:00.0  NVIDIA").contains("08:00.0  AMD");
        assertThat(all.exitCode()).isZero();
        assertThat(runOnSample(SampleMachines.DEFAULT, "readiness", "08:00.0").exitCode())
                .isEqualTo(ExitCode.BLOCKED);
    }

    @Test
    void blockingCheckGivesAdvice() {
        CliRunner.CliResult result = runOnSample("iommu-off", "readiness", "06:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out().replaceAll("\\s+", " "))
                .contains("✘ IOMMU in the firmware The firmware offers no IOMMU. Enable IOMMU (AMD-Vi)")
                .contains("No kernel option is needed.");
    }

    @Test
    void programsUsingTheGpuBlock() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT)
                        .withKernelSetup(
                                kernel -> kernel.addDeviceUser(new DeviceUser(4121, "Xorg", "ann", "nvidia0"))))
                .run("readiness", "gtx");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out().replaceAll("\\s+", " ")).contains("Xorg (PID 4121, user ann) uses 04:00.0");
    }

    @Test
    void programsAreUnknownWithoutAHelper() {
        CliRunner.CliResult result =
                new CliRunner(connectionsWithoutHelper(SampleMachines.DEFAULT)).run("readiness", "04:00.0");
        assertThat(result.exitCode()).isEqualTo(ExitCode.BLOCKED);
        assertThat(result.out())
                .contains("? Programs using the GPU")
                .contains("✘ Helper\n    The helper is not installed.");
    }

    @Test
    void jsonHasEveryCheckWithResultAndAdvice() {
        JsonObject all = JsonParser.parseString(
                        runOnSample("iommu-off", "readiness", "--json").out())
                .getAsJsonObject();
        JsonObject gpu = all.getAsJsonArray("gpus").get(0).getAsJsonObject();
        assertThat(gpu.get("ready").getAsBoolean()).isFalse();
        assertThat(gpu.getAsJsonArray("checks")).hasSize(ReadinessCheckKind.values().length);
        JsonObject kernel = gpu.getAsJsonArray("checks").get(1).getAsJsonObject();
        assertThat(kernel.get("check").getAsString()).isEqualTo("iommu-kernel");
        assertThat(kernel.get("result").getAsString()).isEqualTo("blocked");
        assertThat(kernel.get("finding").getAsString()).isEqualTo("firmware-first");
        assertThat(kernel.get("advice").getAsString()).contains("firmware setup");
        assertThat(all.getAsJsonObject("source").get("kind").getAsString()).isEqualTo("sample");
    }

    @Test
    void asciiTerminalGetsAsciiSymbols() {
        CliRunner.CliResult plain = new CliRunner(connectionsTo("iommu-off"))
                .withCharset(StandardCharsets.US_ASCII)
                .run("readiness", "06:00.0");
        assertThat(plain.out())
                .contains("  x IOMMU in the firmware")
                .contains("  + vfio-pci")
                .doesNotContain("?  ");
    }
}
