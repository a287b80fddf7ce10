package org.switchback.app.cli;

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
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;

class ReportCommandTest extends CommandTestCase {
    static List<String> samples() {
        return SampleMachines.names();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aReportReadsBackAsTheSameMachine(String name) throws IOException {
        Path file = Files.writeString(
                folder.resolve("report"),
                onSample(name, "report", "--with-names").out());
        Shell.Result again = new Shell(computer(SampleMachines.DEFAULT)).run("--machine", file.toString(), "status");
        assertThat(again.out()).isEqualTo(onSample(name, "status").out());
        assertThat(again.err())
                .isEqualTo("Saved report \"" + file + "\". Nothing here touches this computer.\n");
    }

    @Test
    void namesOfUsersAreLeftOutAndTheRestIsKept() throws Exception {
        Capture report =
                Capture.parse(onSample("laptop-one-gpu", "report").out());
        assertThat(MachineReader.read(report).holders()).isNotEmpty().allMatch(h -> h.owner().isEmpty());
        assertThat(report.toText()).doesNotContain("ann");
        assertThat(MachineReader.read(report).devices())
                .isEqualTo(MachineReader.read(sample("laptop-one-gpu")).devices());
    }

    @Test
    void aSavedReportWithoutNamesSpeaksOfNoUser() throws IOException {
        Path file = Files.writeString(
                folder.resolve("report"), onSample("laptop-one-gpu", "report").out());
        assertThat(new Shell(computer(SampleMachines.DEFAULT))
                        .run("--machine", file.toString(), "status")
                        .out())
                .contains("gnome-shell (PID 1687) through /dev/dri/card0")
                .doesNotContain("user ");
    }

    @Test
    void theHostIsLeftOutWhereverItIsNamed() {
        Capture machine = sample("iommu-off")
                .with(Map.of(
                        "/proc/sys/kernel/hostname",
                        Optional.of(new Capture.Text("tardis")),
                        "/proc/cmdline",
                        Optional.of(new Capture.Text("root=/dev/mapper/tardis--vg-root nfsroot=tardis:/srv ro"
                                + " systemd.hostname=gallifrey init=/home/rose/init")),
                        "/proc/version",
                        Optional.of(new Capture.Text("Linux version 6.1.0 (ann@tardis) (gcc 12)")),
                        "/proc/1701/comm",
                        Optional.of(new Capture.Text("tardisd"))));
        HelpersWithoutABus helpers = new HelpersWithoutABus(machine, new Source.ThisMachine(), folder);
        assertThat(new Shell(helpers).run("report").out())
                .contains("/proc/sys/kernel/hostname = <host>\n")
                .contains("/proc/cmdline = root=/dev/mapper/<host>--vg-root nfsroot=<host>:/srv ro"
                        + " systemd.hostname=<host> init=/home/<user>/init\n")
                .contains("Linux version 6.1.0 (<builder>) (gcc 12)")
                .contains("/proc/1701/comm = tardisd\n");
        assertThat(new Shell(helpers).run("report", "--with-names").out())
                .contains("/proc/sys/kernel/hostname = tardis\n")
                .contains("(ann@tardis)");
    }

    @Test
    void aUserWithTheNameOfADriverBreaksNothing() throws Exception {
        Capture machine =
                sample("iommu-off").with(Map.of("/proc/1701/owner", Optional.of(new Capture.Text("nvidia"))));
        HelpersWithoutABus helpers = new HelpersWithoutABus(machine, new Source.ThisMachine(), folder);
        Capture report = Capture.parse(new Shell(helpers).run("report").out());
        assertThat(MachineReader.read(report).gpus().getFirst().graphics().driver()).contains("nvidia");
    }

    @Test
    void whereTheWholeMapIsNotAllowedTheReportSaysSo() {
        Shell.Result result = new Shell(
                        computer(SampleMachines.DEFAULT).refusingTheWholeMap(HelperProblem.Kind.REFUSED))
                .run("report");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).startsWith("switchback-capture 1\n");
        assertThat(result.err())
                .isEqualTo("Denied: permission was not given. Of the memory map only the part around the GPUs is here.\n");
    }
}
