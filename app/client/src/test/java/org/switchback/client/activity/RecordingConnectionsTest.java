package org.switchback.client.activity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.WireEvents;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.PlannedStep;
import org.switchback.job.StepKind;
import org.switchback.job.SwitchRun;
import org.switchback.plan.Target;

class RecordingConnectionsTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private final ActivityLog activityLog = ActivityLog.inMemory();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final RecordingConnections connections = new RecordingConnections(
            new ScriptedConnections(helper),
            activityLog,
            SwitchRecord.SwitchInitiator.WINDOW,
            Clock.fixed(NOON, ZoneOffset.UTC));
    private final List<JobEvent> receivedEvents = new ArrayList<>();

    @Test
    void switchIsRecordedWithStepsTimesCommandsAndMemoryMaps() throws Exception {
        HelperConnection connection = startSwitch(connections.openThisMachine());
        helper.emitEvent("authorized", -1, 0, "");
        helper.completeSteps(0, 10);
        helper.setVmMode();
        helper.emitEvent("finished", -1, 1, "done");
        connection.close();

        SwitchRecord record = onlyRecord();
        assertThat(record.isReportedDone()).isTrue();
        assertThat(record.startedAt()).isEqualTo(NOON);
        assertThat(record.steps()).hasSize(11);
        assertThat(record.shellCommands())
                .hasSize(9)
                .contains("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind");
        SwitchRecordFormatter formatter = formatter(record);
        assertThat(formatter.title()).isEqualTo("Switch NVIDIA GeForce GTX 1080 to VM mode");
        assertThat(formatter.result()).isEqualTo("NVIDIA GeForce GTX 1080 is in VM mode.");
        assertThat(formatter.steps().get(6))
                .isEqualTo(
                        new SwitchRecordFormatter.RecordedStep(7, "Unbind 04:00.0 from nvidia", "done", "20 ms", ""));
        assertThat(formatter.memoryMapChanges()).contains("removed: ").contains("efifb (8.4 MiB)");
        assertThat(formatter.memoryMapBefore()).contains("c0000000-c086ffff : efifb");
        assertThat(formatter.memoryMapAfter()).isNotEmpty().doesNotContain("efifb");
        assertThat(formatter.duration()).isEqualTo("232 ms");
        assertThat(formatter.toPlainText())
                .contains("Nov 22, 2026, 12:00:00")
                .contains("  7  Unbind 04:00.0 from nvidia: done, 20 ms\n")
                .contains("Kernel writes\nsudo modprobe vfio-pci\n");
    }

    @Test
    void listenerReceivesEveryEvent() throws Exception {
        startSwitch(connections.openThisMachine());
        helper.emitEvent("started", 0, 1, "");
        helper.emitEvent("waiting", 0, 1000, "", "1");
        helper.emitEvent("finished", -1, 1, "denied");
        assertThat(receivedEvents).extracting(WireEvents::type).containsExactly("started", "waiting", "finished");
    }

    @Test
    void unfinishedSwitchIsRecorded() throws Exception {
        startSwitch(connections.openThisMachine());
        assertThat(onlyRecord().end()).isEmpty();
        assertThat(formatter(onlyRecord()).result()).isEqualTo("Outcome unknown: the helper stopped.");
        assertThat(formatter(onlyRecord()).status()).isEqualTo(SwitchRun.Result.UNKNOWN);
    }

    @Test
    void rollbackCommandsAndTheFailureAreRecorded() throws Exception {
        HelperConnection connection = startSwitch(connections.openThisMachine());
        helper.completeSteps(0, 6);
        helper.emitEvent("started", 7, 1, "");
        helper.emitEvent("failed", 7, 40, "EBUSY");
        helper.emitEvent("undoing", 6, 1, "");
        helper.emitEvent("undone", 6, 1, "");
        helper.emitEvent("finished", -1, 1, "rolled-back");
        connection.close();
        SwitchRecord record = onlyRecord();
        assertThat(record.shellCommands().getLast())
                .isEqualTo("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind");
        SwitchRecordFormatter formatter = formatter(record);
        assertThat(formatter.status()).isEqualTo(SwitchRun.Result.UNCHANGED);
        assertThat(formatter.steps().get(7).note()).contains("EBUSY");
        assertThat(formatter.steps().get(6).state()).isEqualTo("rolled back");
        assertThat(formatter.steps().get(8).state()).isEqualTo("not started");
    }

    @Test
    void rejectedPlanIsRecorded() throws Exception {
        rejectSwitch(HelperException.FailureKind.STALE);
        assertThat(formatter(onlyRecord()).result()).startsWith("The machine has changed since the plan was made.");
        assertThat(onlyRecord().isReportedDone()).isFalse();
    }

    @Test
    void restoreIsRecorded() throws Exception {
        HelperConnection connection = connections.openThisMachine();
        connection.inspect(false);
        connection.restore(ScriptedHelper.GTX_1080, receivedEvents::add);
        helper.emitEvent("finished", -1, 1, "done");
        connection.close();
        assertThat(onlyRecord().target()).isEqualTo(Target.HOST);
        assertThat(formatter(onlyRecord()).result()).isEqualTo("NVIDIA GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void restoreRecordsTheStepsOfTheIncompleteSwitch() throws Exception {
        HelperConnection connection = startSwitch(connections.openThisMachine());
        helper.completeSteps(0, 6);
        helper.emitEvent("finished", -1, 1, "rollback-failed");
        connection.restore(ScriptedHelper.GTX_1080, receivedEvents::add);
        helper.emitEvent("undoing", 6, 1, "");
        helper.emitEvent("undone", 6, 1, "");
        helper.emitEvent("finished", -1, 1, "rolled-back");
        connection.close();
        assertThat(activityLog.load().records()).hasSize(2);
        SwitchRecord restored = activityLog.load().records().stream()
                .filter(record -> record.target() == Target.HOST)
                .findFirst()
                .orElseThrow();
        assertThat(restored.shellCommands())
                .containsExactly("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind");
        assertThat(formatter(restored).steps().get(6).state()).isEqualTo("rolled back");
    }

    @Test
    void switchBlockedByAnIncompleteOneIsNotRecorded() throws Exception {
        rejectSwitch(HelperException.FailureKind.INCOMPLETE);
        assertThat(activityLog.load().records()).isEmpty();
    }

    @Test
    void moduleAndPowerStepsDoNotMakeAPlanDifferent() throws Exception {
        HelperConnection connection = startSwitch(connections.openThisMachine());
        helper.emitEvent("finished", -1, 1, "done");
        connection.close();
        List<PlannedStep> steps = onlyRecord().steps();
        List<PlannedStep> second = steps.stream()
                .filter(step -> step.kind() != StepKind.KERNEL_MODULE && step.kind() != StepKind.POWER_CONTROL)
                .toList();
        assertThat(second).hasSizeLessThan(steps.size());
        assertThat(PlannedStep.isSamePlan(steps, second)).isTrue();
        assertThat(PlannedStep.isSamePlan(steps, second.subList(1, second.size())))
                .isFalse();
    }

    @Test
    void recordedSnapshotContainsNoNames() throws Exception {
        helper.openDeviceNode(4121, "secret-program", "ann", "snd/controlC7");
        startSwitch(connections.openThisMachine());
        assertThat(onlyRecord().snapshotBefore().toText())
                .doesNotContain("secret-program")
                .doesNotContain("= ann")
                .doesNotContain("/proc/cmdline")
                .contains("/sys/bus/pci/devices/0000:04:00.0/vendor");
    }

    @Test
    void recordOfASampleMachineNamesTheSample() throws Exception {
        MachineSnapshot sample = SampleMachines.load("iommu-off").orElseThrow();
        ScriptedConnections scripted = new ScriptedConnections(helper);
        HelperConnection connection = new RecordingConnections(
                        scripted, activityLog, SwitchRecord.SwitchInitiator.WINDOW, Clock.fixed(NOON, ZoneOffset.UTC))
                .openSimulated(sample, new MachineSource.SampleMachine("iommu-off"));
        connection.inspect(false);
        connection.restore(PciAddress.of("06:00.0"), receivedEvents::add);
        assertThat(onlyRecord().machineName()).isEqualTo("iommu-off");
        assertThat(formatter(onlyRecord()).context()).endsWith("on iommu-off: simulated and not saved");
    }

    private void rejectSwitch(HelperException.FailureKind kind) {
        helper.failSwitches(kind);
        HelperConnection connection = connections.openThisMachine();
        assertThatThrownBy(() -> startSwitch(connection)).isInstanceOf(HelperException.class);
    }

    private HelperConnection startSwitch(HelperConnection connection) throws HelperException {
        connection.inspect(false);
        connection.apply(
                connection
                        .plan(ScriptedHelper.GTX_1080, Target.VM, List.of(), false)
                        .id(),
                receivedEvents::add);
        return connection;
    }

    private SwitchRecord onlyRecord() {
        assertThat(activityLog.load().records()).hasSize(1);
        return activityLog.load().records().getFirst();
    }

    private static SwitchRecordFormatter formatter(SwitchRecord record) {
        return new SwitchRecordFormatter(Messages.forLocale(Locale.ENGLISH), ZoneOffset.UTC, record);
    }
}
