package org.switchback.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.connections.impl.DirectConnection;
import org.freedesktop.dbus.errors.PropertyReadOnly;
import org.freedesktop.dbus.errors.UnknownProperty;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.Failed;
import org.switchback.Helper1.Error.ReadOnly;
import org.switchback.Helper1.Error.RestartNeeded;
import org.switchback.Helper1.Error.Stale;
import org.switchback.Helper1.Error.UnknownPlan;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.PlanReply;
import org.switchback.job.RefusalSummary;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlannedStepStruct;
import org.switchback.service.JobLogReader;
import org.switchback.service.ModifiableKernel;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

@Timeout(60)
class EmbeddedHelperTest {
    private static final String GPU = "0000:04:00.0";
    private static final String GPU_PATH = DBusNames.GPU_PATH_PREFIX + "0000_04_00_0";

    private final ModifiableKernel kernel =
            new ModifiableKernel(new SimulatedKernel(TestSnapshots.load("x99-gtx1080-efifb")));
    private EmbeddedHelper embedded;
    private HelperInterface helper;

    @BeforeEach
    void start() throws DBusException {
        embedded = EmbeddedHelper.forKernel(kernel);
        helper = helper(embedded.client());
    }

    @AfterEach
    void end() {
        embedded.close();
    }

    private static HelperInterface helper(DirectConnection connection) throws DBusException {
        return connection.getRemoteObject(DBusNames.HELPER_PATH, HelperInterface.class);
    }

    private JobInterface job(String path) throws DBusException {
        return embedded.client().getRemoteObject(path, JobInterface.class);
    }

    private PlanReply plan() {
        return helper.Plan(GPU, "vm", List.of(), false).reply();
    }

    private String awaitOutcome(String path) throws Exception {
        return JobLogReader.readUntilFinished(job(path)).getLast().detail;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "04:00.0",
                "0000:04:00.8",
                "0000:04:20.0",
                "0000:04:00.0 ",
                "0000:04:00.0\n",
                "0000:04:00.0/../0000:00:1f.2",
                "0000:0G:00.0",
                "ffffffff:04:00.0",
                "0000:04:00.A"
            })
    void incompleteOrInvalidAddressIsRejected(String address) {
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Plan(address, "vm", List.of(), false));
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Plan(GPU, "vm", List.of(address), false));
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Restore(address));
    }

    @Test
    void argumentsOverFourKibibytesAreRejected() {
        String tooLong = "0".repeat(4097);
        List<String> many = java.util.Collections.nCopies(342, GPU);

        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Apply(tooLong));
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Plan(GPU, tooLong, List.of(), false));
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Plan(GPU, "vm", many, false));
        assertThat(helper.Plan(GPU, "vm", many.subList(0, 300), false).reply().refusals())
                .isEmpty();
    }

    @Test
    void deviceLinkOutsideThePciTreeIsRejected() {
        kernel.modifySnapshot(snapshot -> snapshot.withChanges(Map.of(
                "/sys/bus/pci/devices/" + GPU,
                Optional.of(new MachineSnapshot.LinkEntry("../../../devices/virtual/somewhere/" + GPU)))));

        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Plan(GPU, "vm", List.of(), false));
    }

    @Test
    void bridgesAreNotMovable() {
        assertThat(helper.Plan("0000:00:03.0", "vm", List.of(), false).reply().refusals())
                .extracting(refusal -> refusal.code().wireName())
                .containsExactly("not-a-gpu");
        assertThat(helper.Plan(GPU, "vm", List.of("0000:00:03.0"), false)
                        .reply()
                        .refusals())
                .extracting(refusal -> refusal.code().wireName())
                .contains("bridge-not-movable");
        assertThatExceptionOfType(BadArgument.class).isThrownBy(() -> helper.Restore("0000:00:03.0"));
    }

    @Test
    void refusedPlanHasNoId() {
        PlanReply plan = helper.Plan(GPU, "host", List.of(), false).reply();

        assertThat(plan.refusals())
                .extracting((RefusalSummary refusal) -> refusal.code())
                .isNotEmpty();
        assertThat(plan.id()).isEmpty();
    }

    @Test
    void planCanBeAppliedOnce() throws Exception {
        PlanReply plan = plan();
        assertThat(awaitOutcome(helper.Apply(plan.id()).getPath())).isEqualTo("done");

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> helper.Apply(plan.id()));
    }

    @Test
    void sixthPlanRemovesTheFirst() throws Exception {
        PlanReply first = plan();
        PlanReply second = plan();
        for (int i = 0; i < 4; i++) {
            plan();
        }

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> helper.Apply(first.id()));
        assertThat(awaitOutcome(helper.Apply(second.id()).getPath())).isEqualTo("done");
    }

    @Test
    void planForRemovedGpuIsStale() {
        PlanReply plan = plan();
        kernel.modifySnapshot(snapshot -> snapshotWithout(snapshot, "/sys/bus/pci/devices/" + GPU));

        assertThatExceptionOfType(Stale.class).isThrownBy(() -> helper.Apply(plan.id()));
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void powerStateChangeDoesNotMakeThePlanStale() throws Exception {
        PlanReply plan = plan();
        String device = "/sys/bus/pci/devices/" + GPU;
        kernel.modifySnapshot(snapshot -> snapshot.withChanges(Map.of(
                device + "/power/runtime_status", Optional.of(new MachineSnapshot.TextEntry("suspended")),
                device + "/power_state", Optional.of(new MachineSnapshot.TextEntry("D3hot")),
                device + "/current_link_speed", Optional.of(new MachineSnapshot.TextEntry("2.5 GT/s PCIe")))));
        assertThat(kernel.readSnapshot()).isNotEqualTo(kernel.simulated().readSnapshot());

        assertThat(awaitOutcome(helper.Apply(plan.id()).getPath())).isEqualTo("done");
    }

    @Test
    void newUserOfTheGpuMakesThePlanStale() {
        PlanReply plan = plan();
        kernel.simulated().addDeviceUser(new DeviceUser(4121, "Xorg", "ann", "dri/card1"));

        assertThatExceptionOfType(Stale.class).isThrownBy(() -> helper.Apply(plan.id()));
    }

    private static MachineSnapshot snapshotWithout(MachineSnapshot snapshot, String path) {
        return snapshot.withChanges(snapshot.entries().keySet().stream()
                .filter(name -> name.equals(path) || name.startsWith(path + "/"))
                .collect(java.util.stream.Collectors.toMap(name -> name, name -> Optional.empty())));
    }

    @Test
    void helperAnswersButRejectsSwitchesDuringABlockedWrite() throws Exception {
        CountDownLatch writeStarted = new CountDownLatch(1);
        CountDownLatch continueWrite = new CountDownLatch(1);
        PlanReply plan = plan();
        PlanReply other = plan();
        kernel.simulated().beforeEachWrite(write -> {
            writeStarted.countDown();
            await(continueWrite);
        });
        String job = helper.Apply(plan.id()).getPath();
        await(writeStarted);

        long startNanos = System.nanoTime();
        assertThat(helper.Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);
        assertThat(job(job).Log()).extracting(event -> event.type).contains("authorized", "started");
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper.Apply(other.id()));
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper.Restore(GPU));
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(Duration.ofSeconds(1));

        continueWrite.countDown();
        assertThat(awaitOutcome(job)).isEqualTo("done");
        // The switch made the other plan stale; the rejected call did not use it up.
        assertThatExceptionOfType(Stale.class).isThrownBy(() -> helper.Apply(other.id()));
    }

    @Test
    void hungWriteRequiresARestart() throws Exception {
        PlanReply plan = plan();
        PlanReply other = plan();
        kernel.simulated().injectOnce(write -> write.shellCommand().contains("unbind"), new SimulatedFault.Hang());
        assertThat(awaitOutcome(helper.Apply(plan.id()).getPath())).isEqualTo("stuck");

        assertThatExceptionOfType(RestartNeeded.class).isThrownBy(() -> helper.Apply(other.id()));
        assertThatExceptionOfType(RestartNeeded.class).isThrownBy(() -> helper.Restore(GPU));
    }

    @Test
    void internalErrorTextIsNotSentToTheCaller() {
        kernel.modifySnapshot(snapshot -> {
            throw new IllegalStateException("the password is swordfish");
        });

        assertThatThrownBy(() -> helper.Inspect()).isInstanceOf(Failed.class).hasMessage("The helper failed.");
    }

    @Test
    void onlyInspectAllContainsKernelAddresses() {
        assertThat(helper.InspectAll()).contains("Kernel code");
        assertThat(helper.Inspect())
                .doesNotContain("Kernel code")
                .doesNotContain("System RAM")
                .contains(" : 0000:04:00.0")
                .contains("efifb")
                .contains("PCI Bus 0000:04");
    }

    @Test
    void readOnlyHelperChangesNothing() throws Exception {
        try (EmbeddedHelper readOnly = EmbeddedHelper.readOnly(kernel, () -> {})) {
            HelperInterface readOnlyHelper = helper(readOnly.client());
            assertThat(readOnlyHelper.Inspect()).startsWith("switchback-capture 1\n");
            PlanReply plan = readOnlyHelper.Plan(GPU, "vm", List.of(), false).reply();
            assertThat(plan.steps()).isNotEmpty();

            assertThatExceptionOfType(ReadOnly.class).isThrownBy(() -> readOnlyHelper.Apply(plan.id()));
            assertThatExceptionOfType(ReadOnly.class).isThrownBy(() -> readOnlyHelper.Restore(GPU));
            assertThat(kernel.simulated().writes()).isEmpty();
        }
    }

    @Test
    void gpuPropertiesFollowTheSwitch() throws Exception {
        helper.Inspect();
        Properties gpu = embedded.client().getRemoteObject(GPU_PATH, Properties.class);
        String type = DBusNames.BUS_NAME + ".Gpu";
        assertThat(gpu.<String>Get(type, "Address")).isEqualTo(GPU);
        assertThat(gpu.<String>Get(type, "Mode")).isEqualTo("host");
        assertThat(gpu.GetAll(type)).containsOnlyKeys("Address", "Name", "Mode", "Driver", "Conflict");
        assertThatExceptionOfType(UnknownProperty.class).isThrownBy(() -> gpu.Get(type, "Password"));
        assertThatExceptionOfType(PropertyReadOnly.class).isThrownBy(() -> gpu.Set(type, "Mode", "vm"));

        assertThat(awaitOutcome(helper.Apply(plan().id()).getPath())).isEqualTo("done");
        helper.Inspect();

        assertThat(gpu.<String>Get(type, "Mode")).isEqualTo("vm");
        assertThat(gpu.<String>Get(type, "Driver")).isEqualTo("vfio-pci");
    }

    @Test
    void removedGpuHasNoObject() throws Exception {
        helper.Inspect();
        kernel.modifySnapshot(snapshot -> snapshotWithout(snapshot, "/sys/bus/pci/devices/" + GPU));
        helper.Inspect();

        Properties gpu = embedded.client().getRemoteObject(GPU_PATH, Properties.class);
        assertThatThrownBy(() -> gpu.GetAll(DBusNames.BUS_NAME + ".Gpu")).isInstanceOf(DBusExecutionException.class);
    }

    @Test
    void jobReportsItsSteps() throws Exception {
        PlanReply plan = plan();
        String path = helper.Apply(plan.id()).getPath();

        assertThat(job(path).Steps().stream().map(PlannedStepStruct::decode)).containsExactlyElementsOf(plan.steps());
        List<JobEventStruct> log = JobLogReader.readUntilFinished(job(path));
        assertThat(log).extracting(event -> event.type).startsWith("authorizing", "authorized");
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("the latch was not opened within 30 seconds");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
