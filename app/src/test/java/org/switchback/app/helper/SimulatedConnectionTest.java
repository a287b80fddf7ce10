package org.switchback.app.helper;

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
import org.switchback.app.bus.BusAddress;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.service.EmbeddedHelper;

@Timeout(60)
class SimulatedConnectionTest {
    private static final PciAddress GPU = PciAddress.of("0000:04:00.0");
    private static final Consumer<JobEntry> NOBODY = entry -> {};

    private final HelperConnection connection = connect(Duration.ZERO);

    private static HelperConnection connect(Duration write) {
        return connect(write, Mishap.NONE);
    }

    private static HelperConnection connect(Duration write, Mishap mishap) {
        return new DBusHelperConnections(new BusAddress("unix:path=/nowhere"), EmbeddedHelper::lookOnly, write)
                .simulated(
                        SampleMachines.load(SampleMachines.DEFAULT).orElseThrow(),
                        new Source.Sample(SampleMachines.DEFAULT),
                        mishap);
    }

    @AfterEach
    void close() {
        connection.close();
    }

    private static Gpu.Mode mode(HelperConnection connection) throws HelperProblem {
        return MachineReader.read(connection.inspect(false)).gpu(GPU).orElseThrow().mode();
    }

    @Test
    void aMachineIsInspectedPlannedForSwitchedAndSwitchedBack() throws Exception {
        assertThat(mode(connection)).isEqualTo(Gpu.Mode.HOST);

        PlanReply plan = connection.plan(GPU, "vm", List.of(), false);
        assertThat(plan.refusals).isEmpty();
        assertThat(plan.id).matches("[0-9a-f]{32}");
        assertThat(plan.functions).first().isEqualTo(GPU.toString());
        assertThat(plan.steps).extracting(step -> step.kind).startsWith("check-unused").endsWith("check-proven");

        assertThat(connection.apply(plan.id, NOBODY).await().detail).isEqualTo("done");
        assertThat(mode(connection)).isEqualTo(Gpu.Mode.VM);

        assertThat(connection.restore(GPU, NOBODY).await().detail).isEqualTo("done");
        assertThat(mode(connection)).isEqualTo(Gpu.Mode.HOST);
    }

    @Test
    void whatHappensIsToldInOrderFromBeginningToEndAndNothingTwice() throws Exception {
        List<JobEntry> told = new CopyOnWriteArrayList<>();
        PlanReply plan = connection.plan(GPU, "vm", List.of(), false);

        JobEntry last = connection.apply(plan.id, told::add).await();

        assertThat(told).extracting(entry -> entry.what).startsWith("authorizing", "authorized", "started");
        assertThat(told).last().isSameAs(last);
        assertThat(told.stream().filter(entry -> entry.what.equals("done")).map(entry -> entry.step))
                .containsExactlyElementsOf(
                        java.util.stream.IntStream.range(0, plan.steps.size()).boxed().toList());
        assertThat(told.stream().map(entry -> entry.micros)).isSorted();
    }

    @Test
    void aCancelledSwitchIsPutBack() throws Exception {
        try (HelperConnection slow = connect(Duration.ofMillis(200))) {
            CountDownLatch writing = new CountDownLatch(1);
            PlanReply plan = slow.plan(GPU, "vm", List.of(), false);
            HelperConnection.RunningSwitch running = slow.apply(plan.id, entry -> {
                if (entry.what.equals("started") && entry.step == 2) {
                    writing.countDown();
                }
            });
            assertThat(writing.await(10, TimeUnit.SECONDS)).isTrue();

            running.cancel();

            assertThat(running.await().detail).isEqualTo("cancelled");
            assertThat(mode(slow)).isEqualTo(Gpu.Mode.HOST);
        }
    }

    @Test
    void aChangeOfModeIsAnnounced() throws Exception {
        CountDownLatch changed = new CountDownLatch(1);
        connection.inspect(false);
        connection.onChange(changed::countDown);

        connection.apply(connection.plan(GPU, "vm", List.of(), false).id, NOBODY).await();

        assertThat(changed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void everyErrorOfTheHelperHasItsKind() throws Exception {
        assertThat(kind(() -> connection.apply("0123456789abcdef0123456789abcdef", NOBODY)))
                .isEqualTo(HelperProblem.Kind.UNKNOWN_PLAN);
        assertThat(kind(() -> connection.plan(GPU, "sideways", List.of(), false)))
                .isEqualTo(HelperProblem.Kind.BAD_ARGUMENT);
        PlanReply plan = connection.plan(GPU, "vm", List.of(), false);
        connection.restore(GPU, NOBODY).await();
        connection.apply(plan.id, NOBODY).await();
        assertThat(kind(() -> connection.apply(plan.id, NOBODY))).isEqualTo(HelperProblem.Kind.UNKNOWN_PLAN);
    }

    @Test
    void whatCannotBePlannedForSaysWhy() throws Exception {
        assertThat(connection.plan(PciAddress.of("0000:7f:00.0"), "vm", List.of(), false).refusals)
                .extracting(refusal -> refusal.code)
                .containsExactly("no-such-device");
        assertThat(connection.plan(GPU, "host", List.of(), false).refusals)
                .extracting(refusal -> refusal.code)
                .containsExactly("already-in-host-mode");
    }

    @Test
    void aRestoreWithNothingToRestoreSaysSo() throws Exception {
        List<JobEntry> told = new CopyOnWriteArrayList<>();

        assertThat(connection.restore(GPU, told::add).await().detail).isEqualTo("refused");

        assertThat(told).extracting(entry -> entry.detail).contains("already-in-host-mode");
    }

    @Test
    void aClosedConnectionSaysThatTheHelperIsGone() {
        connection.close();

        assertThat(kind(() -> connection.inspect(false))).isEqualTo(HelperProblem.Kind.STOPPED);
    }

    private static String outcome(Mishap mishap, List<JobEntry> told) throws Exception {
        try (HelperConnection unlucky = connect(Duration.ZERO, mishap)) {
            return unlucky.apply(unlucky.plan(GPU, "vm", List.of(), false).id, told::add)
                    .await()
                    .detail;
        }
    }

    @Test
    void everyMishapOfASimulatedMachineIsWhatItIsCalled() throws Exception {
        List<JobEntry> told = new CopyOnWriteArrayList<>();
        assertThat(outcome(Mishap.NONE, new CopyOnWriteArrayList<>())).isEqualTo("done");
        assertThat(outcome(Mishap.PUT_BACK, new CopyOnWriteArrayList<>())).isEqualTo("put-back");
        assertThat(outcome(Mishap.MIXED, new CopyOnWriteArrayList<>())).isEqualTo("mixed");
        assertThat(outcome(Mishap.HELPER_LOST, new CopyOnWriteArrayList<>())).isEqualTo("helper-lost");
        assertThat(outcome(Mishap.SLOW_STEP, told)).isEqualTo("done");
        assertThat(told).extracting(entry -> entry.what).contains("waiting");
        try (HelperConnection unlucky = connect(Duration.ZERO, Mishap.IN_USE)) {
            assertThat(unlucky.plan(GPU, "vm", List.of(), false).refusals)
                    .extracting(refusal -> refusal.code)
                    .containsExactly("in-use");
        }
    }

    @Test
    void aSwitchThatNeitherWorksNorIsPutBackLeavesAHalfSwitchedGpuThatCanBePutBack() throws Exception {
        try (HelperConnection unlucky = connect(Duration.ZERO, Mishap.MIXED)) {
            assertThat(unlucky.apply(unlucky.plan(GPU, "vm", List.of(), false).id, NOBODY).await().detail)
                    .isEqualTo("mixed");
            assertThat(mode(unlucky)).isEqualTo(Gpu.Mode.MIXED);
            String wayBack = unlucky.plan(GPU, "host", List.of(), false).id;
            assertThat(kind(() -> unlucky.apply(wayBack, NOBODY))).isEqualTo(HelperProblem.Kind.INCOMPLETE);
            assertThat(unlucky.restore(GPU, NOBODY).await().detail).isEqualTo("put-back");
            assertThat(mode(unlucky)).isEqualTo(Gpu.Mode.HOST);
        }
    }

    @Test
    void theAppAndTheHelperKnowTheSameMishaps() {
        assertThat(Mishap.values())
                .extracting(Enum::name)
                .containsExactlyElementsOf(java.util.Arrays.stream(org.switchback.service.Mishap.values())
                        .map(Enum::name)
                        .toList());
    }

    private interface Call {
        void make() throws HelperProblem;
    }

    private static HelperProblem.Kind kind(Call call) {
        HelperProblem problem = catchThrowableOfType(HelperProblem.class, call::make);
        assertThat(problem).isNotNull();
        return problem.kind();
    }
}
