package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.interfaces.Introspectable;
import org.freedesktop.dbus.interfaces.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.Incomplete;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.Helper1.Error.ReadOnly;
import org.switchback.Helper1.Error.Undecided;
import org.switchback.Helper1.Error.UnknownPlan;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.PlanReply;
import org.switchback.plan.KernelWrite;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.simulator.SimulatedKernel;

/** The helper on a message bus of its own, with a polkit that decides as the test says. */
@Timeout(120)
class HelperOnBusTest {
    private static final String GPU = "0000:04:00.0";
    private static final Duration LONG_IDLE_TIMEOUT = Duration.ofMinutes(10);

    private final ModifiableKernel kernel =
            new ModifiableKernel(new SimulatedKernel(TestSnapshots.load("x99-gtx1080-efifb")));
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> closeables = new ArrayList<>();

    @TempDir
    private Path folder;

    private PrivateBus bus;
    private FakePolkit polkit;
    private DBusConnection client;

    @BeforeEach
    void openBus() throws Exception {
        bus = PrivateBus.open();
        polkit = new FakePolkit(bus);
        client = bus.connect();
        closeables.add(bus);
        closeables.add(polkit);
        closeables.add(client);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : closeables.reversed()) {
            each.close();
        }
    }

    private SystemHelper start(RateLimiter rate, Duration idle) throws Exception {
        SystemHelper helper = new SystemHelper(
                bus.address(), kernel, folder.resolve("run"), PolkitAuthorizer::new, rate, idle, log::add);
        closeables.add(helper::close);
        return helper;
    }

    private SystemHelper start() throws Exception {
        return start(RateLimiter.UNLIMITED, LONG_IDLE_TIMEOUT);
    }

    private static HelperInterface helper(DBusConnection client) throws DBusException {
        return client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class, false);
    }

    private static JobInterface job(DBusConnection client, String path) throws DBusException {
        return client.getRemoteObject(DBusNames.BUS_NAME, path, JobInterface.class, false);
    }

    private static PlanReply plan(HelperInterface helper) {
        return helper.Plan(GPU, "vm", List.of(), false).reply();
    }

    private String applyPlan() throws Exception {
        return helper(client).Apply(plan(helper(client)).id()).getPath();
    }

    private String awaitOutcome(String path) throws Exception {
        return JobLogReader.readUntilFinished(job(client, path)).getLast().detail;
    }

    @Test
    void polkitReceivesSenderGpuAndModes() throws Exception {
        start();
        assertThat(awaitOutcome(applyPlan())).isEqualTo("done");

        FakePolkit.CheckCall inspect = polkit.checkCalls().getFirst();
        assertThat(inspect.action()).isEqualTo("org.switchback.helper.inspect");
        assertThat(inspect.canPrompt()).isFalse();
        assertThat(inspect.kind()).isEqualTo("system-bus-name");
        assertThat(inspect.sender()).isEqualTo(client.getUniqueName());
        FakePolkit.CheckCall change = polkit.checkCalls().getLast();
        assertThat(change.action()).isEqualTo("org.switchback.helper.switch-display");
        assertThat(change.canPrompt()).isTrue();
        assertThat(change.sender()).isEqualTo(client.getUniqueName());
        assertThat(change.details())
                .containsEntry("gpu", "NVIDIA GeForce GTX 1080")
                .containsEntry("address", "04:00.0")
                .containsEntry("from", "host mode")
                .containsEntry("to", "VM mode")
                .hasEntrySatisfying("plan", hash -> assertThat(hash).matches("[0-9a-f]{64}"));
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of(FakePolkit.DENIED, "denied"),
                Arguments.of(FakePolkit.CHALLENGE, "no-agent"),
                Arguments.of(FakePolkit.DISMISSED, "authentication-cancelled"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void nothingIsWrittenWithoutAuthorization(PolkitInterface.AuthorizationResult answer, String outcome)
            throws Exception {
        start();
        polkit.setResult("switch-display", answer);

        assertThat(awaitOutcome(applyPlan())).isEqualTo(outcome);

        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("answers")
    void unauthorizedCallerCannotInspect(PolkitInterface.AuthorizationResult answer, String ignored) throws Exception {
        start();
        polkit.setResult("inspect", answer);
        polkit.setResult("inspect-all", answer);

        HelperInterface helper = helper(client);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(helper::Inspect);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(helper::InspectAll);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(() -> plan(helper));
    }

    @Test
    void missingPolkitDiffersFromDenial() throws Exception {
        start();
        PlanReply plan = plan(helper(client));
        polkit.close();

        assertThatExceptionOfType(Undecided.class).isThrownBy(helper(client)::Inspect);
        assertThat(awaitOutcome(helper(client).Apply(plan.id()).getPath())).isEqualTo("undecided");
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void timeoutDiffersFromDenial() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        closeables.add(never::countDown);
        start();
        polkit.blockUntil("inspect", never);

        long began = System.nanoTime();
        assertThatExceptionOfType(Undecided.class).isThrownBy(helper(client)::Inspect);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void openPromptsDoNotBlockOtherCalls() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        closeables.add(answered::countDown);
        polkit.blockUntil("inspect-all", answered);
        start();
        try (ExecutorService callers = Executors.newCachedThreadPool()) {
            Future<String> map = callers.submit(() -> helper(client).InspectAll());
            Deadline.seconds(10).await("the prompt", () -> !polkit.checkCalls().isEmpty());

            long began = System.nanoTime();
            assertThat(helper(client).Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);
            assertThat(plan(helper(client)).refusals()).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
            assertThatExceptionOfType(Busy.class).isThrownBy(helper(client)::InspectAll);

            answered.countDown();
            assertThat(map.get(10, TimeUnit.SECONDS)).contains("Kernel code");
        }
    }

    @Test
    void planOfAnotherCallerIsUnknown() throws Exception {
        start();
        PlanReply plan = plan(helper(client));
        try (DBusConnection other = bus.connect()) {
            assertThatExceptionOfType(UnknownPlan.class)
                    .isThrownBy(() -> helper(other).Apply(plan.id()));
        }
        assertThat(awaitOutcome(helper(client).Apply(plan.id()).getPath())).isEqualTo("done");
    }

    @Test
    void userHasOnePromptAtATime() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        closeables.add(answered::countDown);
        polkit.blockUntil("switch-display", answered);
        start();
        String first = applyPlan();
        PlanReply second = plan(helper(client));

        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Apply(second.id()));

        answered.countDown();
        assertThat(awaitOutcome(first)).isEqualTo("done");
    }

    @Test
    void disconnectingAtThePromptCancelsTheSwitch() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        closeables.add(answered::countDown);
        polkit.blockUntil("switch-display", answered);
        start();
        DBusConnection leaving = bus.connect();
        String path = helper(leaving).Apply(plan(helper(leaving)).id()).getPath();
        Deadline.seconds(10).await("the prompt", () -> polkit.checkCalls().size() == 2);

        leaving.disconnect();

        assertThat(awaitOutcome(path)).isEqualTo("cancelled");
        Deadline.seconds(10).await("the prompt to be closed", () -> polkit.cancelledIds()
                .contains(polkit.checkCalls().getLast().cancellationId()));
        answered.countDown();
        // The yes that comes now is nobody's any more: the next one is asked again.
        assertThat(awaitOutcome(applyPlan())).isEqualTo("done");
        assertThat(job(client, path).Log()).extracting(e -> e.type).containsExactly("authorizing", "finished");
    }

    @Test
    void cancellingAtThePromptClosesThePrompt() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        closeables.add(answered::countDown);
        polkit.blockUntil("switch-display", answered);
        start();
        String path = applyPlan();

        job(client, path).Cancel();

        assertThat(awaitOutcome(path)).isEqualTo("cancelled");
        Deadline.seconds(10)
                .await("the prompt to be closed", () -> polkit.cancelledIds().size() == 1);
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void changeDuringThePromptMakesThePlanStale() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        closeables.add(answered::countDown);
        polkit.blockUntil("switch-display", answered);
        start();
        String path = applyPlan();
        kernel.modifySnapshot(capture -> capture.withChanges(Map.of(
                "/sys/bus/pci/devices/" + GPU + "/driver_override",
                Optional.of(new MachineSnapshot.TextEntry("pci-stub")))));

        answered.countDown();

        assertThat(awaitOutcome(path)).isEqualTo("stale");
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void switchContinuesAfterCallerDisconnects() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(goOn);
        });
        start();
        DBusConnection leaving = bus.connect();
        String path = helper(leaving).Apply(plan(helper(leaving)).id()).getPath();
        await(writing);

        leaving.disconnect();
        goOn.countDown();

        assertThat(awaitOutcome(path)).isEqualTo("done");
    }

    @Test
    void failureSignalIsRedactedButOwnersLogIsNot() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        kernel.simulated().beforeEachWrite(write -> {
            if (writes.incrementAndGet() == 3) {
                kernel.simulated().addDeviceUser(new DeviceUser(814, "Xorg", "ann", "nvidia0"));
            }
        });
        start();
        DBusConnection stranger = bus.connect();
        closeables.add(stranger);
        List<JobEventStruct> overheard = new CopyOnWriteArrayList<>();
        CountDownLatch end = new CountDownLatch(1);
        stranger.addSigHandler(JobInterface.Progress.class, signal -> {
            overheard.addAll(signal.events());
            if (overheard.getLast().type.equals("finished")) {
                end.countDown();
            }
        });

        String path = applyPlan();
        List<JobEventStruct> log = JobLogReader.readUntilFinished(job(client, path));

        assertThat(end.await(15, TimeUnit.SECONDS)).isTrue();
        assertThat(log).anySatisfy(entry -> assertThat(entry.values).contains("Xorg"));
        assertThat(overheard)
                .extracting(entry -> entry.type)
                .containsExactlyElementsOf(log.stream().map(entry -> entry.type).toList());
        assertThat(overheard).allSatisfy(entry -> assertThat(entry.values).isEmpty());
    }

    /** {@code -Dswitchback.rounds=1000} for the figure of the safety design. */
    @Test
    void exactlyOneOfFiftyConcurrentCallersProceeds() throws Exception {
        start();
        AtomicReference<CountDownLatch> goOn = new AtomicReference<>(new CountDownLatch(0));
        kernel.simulated().beforeEachWrite(write -> await(goOn.get()));
        try (ExecutorService threads = Executors.newFixedThreadPool(50)) {
            for (int round = 0; round < Integer.getInteger("switchback.rounds", 2); round++) {
                goOn.set(new CountDownLatch(1));
                String target = round % 2 == 0 ? "vm" : "host";
                List<DBusConnection> callers = new ArrayList<>();
                List<Callable<String>> calls = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    DBusConnection one = bus.connect();
                    callers.add(one);
                    HelperInterface helper = helper(one);
                    String id =
                            helper.Plan(GPU, target, List.of(), false).reply().id();
                    calls.add(() -> {
                        try {
                            return helper.Apply(id).getPath();
                        } catch (Busy busy) {
                            return "busy";
                        }
                    });
                }
                List<String> answers = new ArrayList<>();
                for (Future<String> answer : threads.invokeAll(calls)) {
                    answers.add(answer.get());
                }
                goOn.get().countDown();

                assertThat(answers)
                        .as("round %d", round)
                        .filteredOn("busy"::equals)
                        .hasSize(49);
                String path = answers.stream()
                        .filter(a -> !a.equals("busy"))
                        .findFirst()
                        .orElseThrow();
                assertThat(awaitOutcome(path)).as("round %d", round).isEqualTo("done");
                callers.forEach(DBusConnection::disconnect);
            }
        }
    }

    @Test
    void twentyFirstCallInABurstIsRejected() throws Exception {
        start(new RateLimiter(0.001, 20, System::nanoTime), LONG_IDLE_TIMEOUT);
        HelperInterface helper = helper(client);
        for (int i = 0; i < 20; i++) {
            assertThat(helper.Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);
        }

        assertThatExceptionOfType(LimitReached.class).isThrownBy(helper::Version);
    }

    @Test
    void idleHelperExits() throws Exception {
        SystemHelper helper = start(RateLimiter.UNLIMITED, Duration.ofSeconds(1));
        assertThat(helper(client).Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);

        assertThat(helper.awaitEnd()).isTrue();

        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        assertThat(driver.NameHasOwner(DBusNames.BUS_NAME)).isFalse();
    }

    @Test
    void helperStaysWhileAPlanIsOpenOrASwitchRuns() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(goOn);
        });
        SystemHelper helper = start(RateLimiter.UNLIMITED, Duration.ofMillis(300));
        PlanReply plan = plan(helper(client));
        Thread waiting = Thread.ofPlatform().daemon().start(() -> {
            try {
                helper.awaitEnd();
            } catch (InterruptedException stopped) {
                throw new AssertionError(stopped);
            }
        });
        assertThat(waiting.join(Duration.ofMillis(1500))).isFalse();
        String path = helper(client).Apply(plan.id()).getPath();
        await(writing);
        assertThat(waiting.join(Duration.ofMillis(1500))).isFalse();

        goOn.countDown();
        assertThat(awaitOutcome(path)).isEqualTo("done");
        assertThat(waiting.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void planOfDisconnectedCallerDoesNotKeepTheHelperRunning() throws Exception {
        SystemHelper helper = start(RateLimiter.UNLIMITED, Duration.ofSeconds(4));
        try (DBusConnection other = bus.connect()) {
            assertThat(plan(helper(other)).id()).isNotEmpty();
        }

        assertThat(helper.awaitEnd()).isTrue();
    }

    @Test
    void closedHelperRollsBackFirst() throws Exception {
        CountDownLatch writing = new CountDownLatch(4);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            if (writing.getCount() == 0) {
                await(goOn);
            }
        });
        SystemHelper helper = start();
        MachineSnapshot before = kernel.readSnapshot();
        applyPlan();
        await(writing);
        Thread closing = Thread.ofPlatform().start(() -> {
            try {
                helper.close();
            } catch (InterruptedException stopped) {
                throw new AssertionError(stopped);
            }
        });
        assertThat(closing.join(Duration.ofMillis(500))).isFalse();

        goOn.countDown();

        assertThat(closing.join(Duration.ofSeconds(30))).isTrue();
        assertThat(kernel.readSnapshot().text("/sys/bus/pci/devices/" + GPU + "/driver_override"))
                .isEqualTo(before.text("/sys/bus/pci/devices/" + GPU + "/driver_override"));
        assertThat(kernel.readSnapshot().linkTargetName("/sys/bus/pci/devices/" + GPU + "/driver"))
                .isEqualTo(before.linkTargetName("/sys/bus/pci/devices/" + GPU + "/driver"));
    }

    @Test
    void helperIsReadOnlyWithoutAUsableJournal() throws Exception {
        Files.writeString(folder.resolve("run"), "a file where the folder should be");
        start();
        PlanReply plan = plan(helper(client));

        assertThatExceptionOfType(ReadOnly.class)
                .isThrownBy(() -> helper(client).Apply(plan.id()));
        assertThat(log).anyMatch(line -> line.contains("can only look"));
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void externalDriverChangeIsSignalled() throws Exception {
        start();
        helper(client).Inspect();
        CountDownLatch announced = new CountDownLatch(1);
        client.addSigHandler(Properties.PropertiesChanged.class, signal -> {
            if (signal.getPropertiesChanged().containsKey("Driver")) {
                announced.countDown();
            }
        });

        kernel.simulated()
                .write(
                        new KernelWrite.WriteSysfs("/sys/bus/pci/drivers/nvidia/unbind", GPU),
                        Duration.ofSeconds(5),
                        waited -> {});

        assertThat(announced.await(15, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void helperLogContainsNoClientInput() throws Exception {
        start();
        HelperInterface helper = helper(client);
        assertThat(log).isEmpty();
        for (String odd : List.of("swordfish", "swordfish\nroot: all is well")) {
            try {
                helper.Plan(odd, odd, List.of(odd), false);
            } catch (DBusExecutionException refused) {
                assertThat(refused.getMessage()).doesNotContain("swordfish");
            }
            try {
                helper.Apply(odd);
            } catch (DBusExecutionException refused) {
                assertThat(refused.getMessage()).doesNotContain("swordfish");
            }
        }

        assertThat(log).noneMatch(line -> line.contains("swordfish"));
    }

    @Test
    void introspectionMatchesTheContract() throws Exception {
        start();
        String shown = client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, Introspectable.class)
                .Introspect()
                .replaceAll("\\s+", " ");

        assertThat(shown)
                .contains("<interface name=\"org.switchback.Helper1\">")
                .contains(
                        "<method name=\"Plan\" > <arg type=\"s\" direction=\"in\"/> <arg type=\"s\" direction=\"in\"/>"
                                + " <arg type=\"as\" direction=\"in\"/> <arg type=\"b\" direction=\"in\"/> <arg type=\"s\" direction=\"out\"/>"
                                + " <arg type=\"s\" direction=\"out\"/> <arg type=\"as\" direction=\"out\"/>"
                                + " <arg type=\"a(sssssssss)\" direction=\"out\"/> <arg type=\"a(sas)\" direction=\"out\"/>"
                                + " <arg type=\"as\" direction=\"out\"/> </method>");
    }

    /** A write that ends in an exception leaves the journal as a killed process does. */
    private String interruptSwitch() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        kernel.simulated().beforeEachWrite(write -> {
            if (writes.incrementAndGet() == 5) {
                throw new IllegalStateException("cut off");
            }
        });
        String outcome = awaitOutcome(applyPlan());
        kernel.simulated().beforeEachWrite(write -> {});
        return outcome;
    }

    private Optional<String> driverOverride() {
        return kernel.readSnapshot().text("/sys/bus/pci/devices/" + GPU + "/driver_override");
    }

    @Test
    void interruptedSwitchMustBeRolledBackFirst() throws Exception {
        Optional<String> before = driverOverride();
        start();
        PlanReply plan = plan(helper(client));
        assertThat(interruptSwitch()).isEqualTo("error");
        assertThat(driverOverride()).hasValue("vfio-pci");

        assertThatExceptionOfType(Incomplete.class)
                .isThrownBy(() -> helper(client).Apply(plan.id()));
        assertThatExceptionOfType(Incomplete.class)
                .isThrownBy(() -> helper(client).Restore("0000:08:00.0"));
        assertThat(awaitOutcome(helper(client).Restore(GPU).getPath())).isEqualTo("rolled-back");

        assertThat(driverOverride()).isEqualTo(before);
        assertThat(awaitOutcome(applyPlan())).isEqualTo("done");
    }

    @Test
    void nextHelperRollsBackInterruptedSwitch() throws Exception {
        Optional<String> before = driverOverride();
        SystemHelper first = start();
        interruptSwitch();
        closeables.removeLast();
        first.close();
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> await(goOn));

        start();
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Restore(GPU));
        goOn.countDown();

        List<JobEventStruct> recovery = JobLogReader.readUntilFinished(job(client, DBusNames.JOB_PATH_PREFIX + 1));
        assertThat(recovery.getLast().detail).isEqualTo("rolled-back");
        assertThat(recovery).extracting(entry -> entry.type).contains("undone");
        assertThat(driverOverride()).isEqualTo(before);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("nobody came");
            }
        } catch (InterruptedException stopped) {
            throw new AssertionError(stopped);
        }
    }
}
