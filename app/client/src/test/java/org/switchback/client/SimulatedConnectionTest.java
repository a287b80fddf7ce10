package org.switchback.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Target;
import org.switchback.simulator.FailureScenario;

@Timeout(60)
class SimulatedConnectionTest {
    private static final PciAddress GPU = PciAddress.of("0000:04:00.0");
    private static final Consumer<JobEvent> NO_OP_LISTENER = event -> {};

    private final HelperConnection connection = connect(Duration.ZERO);

    private static HelperConnection connect(Duration writeDuration) {
        return connect(writeDuration, FailureScenario.NONE);
    }

    private static HelperConnection connect(Duration writeDuration, FailureScenario scenario) {
        return new DBusHelperConnections(new BusAddress("unix:path=/nowhere"), EmbeddedHelper::readOnly, writeDuration)
                .openSimulated(
                        SampleMachines.load(SampleMachines.DEFAULT).orElseThrow(),
                        new MachineSource.SampleMachine(SampleMachines.DEFAULT),
                        scenario);
    }

    @AfterEach
    void close() {
        connection.close();
    }

    private static Gpu.GpuMode readMode(HelperConnection connection) throws HelperException {
        return SnapshotParser.parse(connection.inspect(false))
                .gpu(GPU)
                .orElseThrow()
                .mode();
    }

    @Test
    void inspectsPlansSwitchesAndSwitchesBack() throws Exception {
        assertThat(readMode(connection)).isEqualTo(Gpu.GpuMode.HOST);

        PlanReply plan = connection.plan(GPU, Target.VM, List.of(), false);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.id()).matches("[0-9a-f]{32}");
        assertThat(plan.functions()).first().isEqualTo(GPU);
        assertThat(plan.steps())
                .extracting(step -> step.kind().wireName())
                .startsWith("check-unused")
                .endsWith("check-vfio-usable");

        assertThat(connection
                        .apply(plan.id(), NO_OP_LISTENER)
                        .awaitEnd()
                        .outcome()
                        .wireName())
                .isEqualTo("done");
        assertThat(readMode(connection)).isEqualTo(Gpu.GpuMode.VM);

        assertThat(connection.restore(GPU, NO_OP_LISTENER).awaitEnd().outcome().wireName())
                .isEqualTo("done");
        assertThat(readMode(connection)).isEqualTo(Gpu.GpuMode.HOST);
    }

    @Test
    void eventsAreDeliveredOnceAndInOrder() throws Exception {
        List<JobEvent> events = new CopyOnWriteArrayList<>();
        PlanReply plan = connection.plan(GPU, Target.VM, List.of(), false);

        JobEvent last = connection.apply(plan.id(), events::add).awaitEnd();

        assertThat(events).extracting(WireEvents::type).startsWith("authorizing", "authorized", "started");
        assertThat(events).last().isSameAs(last);
        assertThat(events.stream()
                        .filter(event -> WireEvents.type(event).equals("done"))
                        .map(WireEvents::step))
                .containsExactlyElementsOf(
                        java.util.stream.IntStream.range(0, plan.steps().size())
                                .boxed()
                                .toList());
        assertThat(events.stream().map(JobEvent::elapsed)).isSorted();
    }

    @Test
    void cancelledSwitchIsRolledBack() throws Exception {
        try (HelperConnection slowConnection = connect(Duration.ofMillis(200))) {
            CountDownLatch writing = new CountDownLatch(1);
            PlanReply plan = slowConnection.plan(GPU, Target.VM, List.of(), false);
            HelperConnection.RunningSwitch running = slowConnection.apply(plan.id(), event -> {
                if (WireEvents.type(event).equals("started") && WireEvents.step(event) == 2) {
                    writing.countDown();
                }
            });
            assertThat(writing.await(10, TimeUnit.SECONDS)).isTrue();

            running.cancel();

            assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("cancelled");
            assertThat(readMode(slowConnection)).isEqualTo(Gpu.GpuMode.HOST);
        }
    }

    @Test
    void modeChangeNotifiesListeners() throws Exception {
        CountDownLatch changed = new CountDownLatch(1);
        connection.inspect(false);
        connection.addChangeListener(changed::countDown);

        connection
                .apply(connection.plan(GPU, Target.VM, List.of(), false).id(), NO_OP_LISTENER)
                .awaitEnd();

        assertThat(changed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void helperErrorsMapToFailureKinds() throws Exception {
        assertThat(failureKindOf(() -> connection.apply("0123456789abcdef0123456789abcdef", NO_OP_LISTENER)))
                .isEqualTo(HelperException.FailureKind.UNKNOWN_PLAN);
        PlanReply plan = connection.plan(GPU, Target.VM, List.of(), false);
        connection.restore(GPU, NO_OP_LISTENER).awaitEnd();
        connection.apply(plan.id(), NO_OP_LISTENER).awaitEnd();
        assertThat(failureKindOf(() -> connection.apply(plan.id(), NO_OP_LISTENER)))
                .isEqualTo(HelperException.FailureKind.UNKNOWN_PLAN);
    }

    @Test
    void impossiblePlansHaveARefusalCode() throws Exception {
        assertThat(connection
                        .plan(PciAddress.of("0000:7f:00.0"), Target.VM, List.of(), false)
                        .refusals())
                .extracting(refusal -> refusal.code())
                .containsExactly(RefusalCode.NO_SUCH_DEVICE);
        assertThat(connection.plan(GPU, Target.HOST, List.of(), false).refusals())
                .extracting(refusal -> refusal.code())
                .containsExactly(RefusalCode.ALREADY_IN_HOST_MODE);
    }

    @Test
    void restoreWithoutChangesIsRefused() throws Exception {
        List<JobEvent> events = new CopyOnWriteArrayList<>();

        assertThat(connection.restore(GPU, events::add).awaitEnd().outcome().wireName())
                .isEqualTo("refused");

        assertThat(events).extracting(WireEvents::detail).contains("already-in-host-mode");
    }

    @Test
    void closedConnectionReportsAStoppedHelper() {
        connection.close();

        assertThat(failureKindOf(() -> connection.inspect(false))).isEqualTo(HelperException.FailureKind.STOPPED);
    }

    private static String switchWithFailure(FailureScenario scenario, List<JobEvent> events) throws Exception {
        try (HelperConnection failing = connect(Duration.ZERO, scenario)) {
            return failing.apply(failing.plan(GPU, Target.VM, List.of(), false).id(), events::add)
                    .awaitEnd()
                    .outcome()
                    .wireName();
        }
    }

    @Test
    void everySimulatedFailureHasItsExpectedResult() throws Exception {
        List<JobEvent> events = new CopyOnWriteArrayList<>();
        assertThat(switchWithFailure(FailureScenario.NONE, new CopyOnWriteArrayList<>()))
                .isEqualTo("done");
        assertThat(switchWithFailure(FailureScenario.ROLLED_BACK, new CopyOnWriteArrayList<>()))
                .isEqualTo("rolled-back");
        assertThat(switchWithFailure(FailureScenario.ROLLBACK_FAILED, new CopyOnWriteArrayList<>()))
                .isEqualTo("rollback-failed");
        assertThat(switchWithFailure(FailureScenario.HELPER_LOST, new CopyOnWriteArrayList<>()))
                .isEqualTo("helper-lost");
        assertThat(switchWithFailure(FailureScenario.SLOW_STEP, events)).isEqualTo("done");
        assertThat(events).extracting(WireEvents::type).contains("waiting");
        try (HelperConnection failing = connect(Duration.ZERO, FailureScenario.IN_USE)) {
            assertThat(failing.plan(GPU, Target.VM, List.of(), false).refusals())
                    .extracting(refusal -> refusal.code())
                    .containsExactly(RefusalCode.IN_USE);
        }
    }

    @Test
    void partiallySwitchedGpuCanBeRolledBackLater() throws Exception {
        try (HelperConnection failing = connect(Duration.ZERO, FailureScenario.ROLLBACK_FAILED)) {
            assertThat(failing.apply(
                                    failing.plan(GPU, Target.VM, List.of(), false)
                                            .id(),
                                    NO_OP_LISTENER)
                            .awaitEnd()
                            .outcome()
                            .wireName())
                    .isEqualTo("rollback-failed");
            assertThat(readMode(failing)).isEqualTo(Gpu.GpuMode.PARTIALLY_SWITCHED);
            String hostPlanId = failing.plan(GPU, Target.HOST, List.of(), false).id();
            assertThat(failureKindOf(() -> failing.apply(hostPlanId, NO_OP_LISTENER)))
                    .isEqualTo(HelperException.FailureKind.INCOMPLETE);
            assertThat(failing.restore(GPU, NO_OP_LISTENER).awaitEnd().outcome().wireName())
                    .isEqualTo("rolled-back");
            assertThat(readMode(failing)).isEqualTo(Gpu.GpuMode.HOST);
        }
    }

    @Test
    void appAndHelperDefineTheSameFailures() {
        assertThat(FailureScenario.values())
                .extracting(Enum::name)
                .containsExactlyElementsOf(java.util.Arrays.stream(org.switchback.simulator.FailureScenario.values())
                        .map(Enum::name)
                        .toList());
    }

    private interface HelperCall {
        void execute() throws HelperException;
    }

    private static HelperException.FailureKind failureKindOf(HelperCall call) {
        HelperException exception = catchThrowableOfType(HelperException.class, call::execute);
        assertThat(exception).isNotNull();
        return exception.kind();
    }
}
