package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.Test;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.samples.SampleMachines;

class ActivityCommandTest extends CommandTestCase {
    private final ActivityLog activityLog = ActivityLog.inMemory();

    @Test
    void emptyLogPrintsAMessage() {
        CliRunner.CliResult result = run("activity");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .isEqualTo("No GPU has been switched yet. Every switch is listed here, failed ones too.\n");
    }

    @Test
    void switchByCommandIsListedWithItsDetails() {
        switchToVm();
        CliRunner.CliResult list = run("activity");
        assertThat(list.out())
                .startsWith("1  Switch NVIDIA GeForce GTX 1080 to VM mode\n")
                .contains("from the command line, kernel 5.10.0-46-amd64")
                .contains("NVIDIA GeForce GTX 1080 is in VM mode.");
        assertThat(run("activity", "1").out())
                .contains("  7  Unbind 04:00.0 from nvidia: done")
                .contains("sudo tee /sys/bus/pci/drivers/nvidia/unbind")
                .contains("Memory map before\n")
                .contains("efifb (8.4 MiB)");
    }

    @Test
    void jsonHasStepsTimesCommandsAndMemoryMaps() {
        switchToVm();
        JsonObject record = JsonParser.parseString(run("activity", "--json").out())
                .getAsJsonObject()
                .getAsJsonArray("records")
                .get(0)
                .getAsJsonObject();
        assertThat(record.get("result").getAsString()).isEqualTo("done");
        assertThat(record.get("by").getAsString()).isEqualTo("command-line");
        assertThat(record.getAsJsonArray("steps")).hasSize(11);
        assertThat(record.getAsJsonArray("writes")).hasSize(9);
        assertThat(record.get("mapBefore").getAsString()).contains("efifb");
        assertThat(record.get("mapAfter").getAsString()).doesNotContain("efifb");
        assertThat(record.get("mapChanges").getAsString()).contains("efifb (8.4 MiB)");
    }

    @Test
    void unknownRecordNumberIsRejected() {
        assertErrorMessage(run("activity", "7"), ExitCode.USAGE, "The record has no entry \"7\".");
    }

    private void switchToVm() {
        assertThat(run("switch", "vm", "gtx", "--yes").exitCode()).isZero();
    }

    private CliRunner.CliResult run(String... args) {
        return new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                .withActivityLog(activityLog)
                .run(args);
    }
}
