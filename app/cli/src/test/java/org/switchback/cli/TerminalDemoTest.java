package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.switchback.client.BusAddress;
import org.switchback.client.DBusHelperConnections;
import org.switchback.client.EmbeddedHelper;
import org.switchback.client.HelperConnections;
import org.switchback.client.samples.SampleMachines;

class TerminalDemoTest extends CommandTestCase {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void demoSwitchesToVmAndBack() {
        assertThat(run(dbusConnections())).isZero();
        assertDemoOutput();
    }

    @Test
    void demoRunsWithoutABus() {
        assertThat(run(connectionsTo("iommu-off"))).isZero();
        assertDemoOutput();
    }

    private void assertDemoOutput() {
        String output = out.toString(StandardCharsets.UTF_8);
        assertThat(output.lines().toList())
                .containsSubsequence(
                        "$ switchback status",
                        "$ switchback iomem --gpu 04:00.0",
                        "c0000000-c086ffff    8.4 MiB      efifb  covers 3.3% of BAR 1",
                        "$ switchback switch vm 04:00.0",
                        "NVIDIA GeForce GTX 1080 is in VM mode.",
                        "- c0000000-c086ffff : efifb",
                        "$ switchback switch host 04:00.0",
                        "NVIDIA GeForce GTX 1080 is back in host mode.",
                        "Nothing changed.",
                        "04:00.0  NVIDIA GeForce GTX 1080                              Host mode (nvidia)");
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("Sample machine " + SampleMachines.DEFAULT + ". Nothing here touches this computer.\n")
                .doesNotContain("Exception");
    }

    private int run(HelperConnections connections) {
        PrintStream stream = new PrintStream(out, false, StandardCharsets.UTF_8);
        int exitCode = TerminalDemo.run(
                new Terminal(
                        stream,
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        InputStream.nullInputStream(),
                        false,
                        false),
                connections);
        stream.flush();
        return exitCode;
    }

    private static HelperConnections dbusConnections() {
        return new DBusHelperConnections(
                new BusAddress("unix:path=/nonexistent/bus"), EmbeddedHelper::readOnly, Duration.ZERO);
    }
}
