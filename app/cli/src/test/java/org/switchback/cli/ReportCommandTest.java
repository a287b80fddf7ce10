package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;

class ReportCommandTest extends CommandTestCase {
    static List<String> samples() {
        return SampleMachines.names();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void reportIsReadBackAsTheSameMachine(String name) throws IOException {
        Path file = Files.writeString(
                directory.resolve("report"),
                runOnSample(name, "report", "--with-names").out());
        CliRunner.CliResult readBack =
                new CliRunner(connectionsTo(SampleMachines.DEFAULT)).run("--machine", file.toString(), "status");
        assertThat(readBack.out()).isEqualTo(runOnSample(name, "status").out());
        assertThat(readBack.err()).isEqualTo("Saved report \"" + file + "\". Nothing here touches this computer.\n");
    }

    @Test
    void userNamesAreRemovedAndTheRestIsKept() throws Exception {
        MachineSnapshot report =
                MachineSnapshot.parse(runOnSample("laptop-one-gpu", "report").out());
        assertThat(SnapshotParser.parse(report).deviceUsers()).isNotEmpty().allMatch(h -> h.owner()
                .isEmpty());
        assertThat(report.toText()).doesNotContain("ann");
        assertThat(SnapshotParser.parse(report).devices())
                .isEqualTo(SnapshotParser.parse(loadSample("laptop-one-gpu")).devices());
    }

    @Test
    void statusOfAnAnonymizedReportNamesNoUser() throws IOException {
        Path file = Files.writeString(
                directory.resolve("report"),
                runOnSample("laptop-one-gpu", "report").out());
        assertThat(new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                        .run("--machine", file.toString(), "status")
                        .out())
                .contains("gnome-shell (PID 1687) through /dev/dri/card0")
                .doesNotContain("user ");
    }

    @Test
    void hostNameIsRemovedEverywhere() {
        MachineSnapshot snapshot = loadSample("iommu-off")
                .withChanges(Map.of(
                        "/proc/sys/kernel/hostname",
                        Optional.of(new MachineSnapshot.TextEntry("tardis")),
                        "/proc/cmdline",
                        Optional.of(
                                new MachineSnapshot.TextEntry("root=/dev/mapper/tardis--vg-root nfsroot=tardis:/srv ro"
                                        + " systemd.hostname=gallifrey init=/home/rose/init")),
                        "/proc/version",
                        Optional.of(new MachineSnapshot.TextEntry("Linux version 6.1.0 (ann@tardis) (gcc 12)")),
                        "/proc/1701/comm",
                        Optional.of(new MachineSnapshot.TextEntry("tardisd"))));
        InProcessConnections connections =
                new InProcessConnections(snapshot, new MachineSource.ThisMachine(), directory);
        assertThat(new CliRunner(connections).run("report").out())
                .contains("/proc/sys/kernel/hostname = <host>\n")
                .contains("/proc/cmdline = root=/dev/mapper/<host>--vg-root nfsroot=<host>:/srv ro"
                        + " systemd.hostname=<host> init=/home/<user>/init\n")
                .contains("Linux version 6.1.0 (<builder>) (gcc 12)")
                .contains("/proc/1701/comm = tardisd\n");
        assertThat(new CliRunner(connections).run("report", "--with-names").out())
                .contains("/proc/sys/kernel/hostname = tardis\n")
                .contains("(ann@tardis)");
    }

    @Test
    void userNamedLikeADriverDoesNotChangeTheDriver() throws Exception {
        MachineSnapshot snapshot = loadSample("iommu-off")
                .withChanges(Map.of("/proc/1701/owner", Optional.of(new MachineSnapshot.TextEntry("nvidia"))));
        InProcessConnections connections =
                new InProcessConnections(snapshot, new MachineSource.ThisMachine(), directory);
        MachineSnapshot report =
                MachineSnapshot.parse(new CliRunner(connections).run("report").out());
        assertThat(SnapshotParser.parse(report).gpus().getFirst().graphics().driver())
                .contains("nvidia");
    }

    @Test
    void deniedFullMapIsNotedOnStandardError() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT)
                        .withFullInspectFailure(HelperException.FailureKind.REFUSED))
                .run("report");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).startsWith("switchback-capture 1\n");
        assertThat(result.err())
                .isEqualTo("Denied: permission was not granted. Only the part of the memory map around the GPUs is "
                        + "shown.\n");
    }
}
