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
import org.switchback.bus.CallLimits;
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

/** Tests the helper on a private message bus with a fake polkit. */
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
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
    }

    private SystemHelper start(CallLimits limits, Duration idleTimeout) throws Exception {
        SystemHelper helper = new SystemHelper(
                bus.address(), kernel, folder.resolve("run"), PolkitAuthorizer::new, limits, idleTimeout, log::add);
        closeables.add(helper::close);
        return helper;
    }

    private SystemHelper start() throws Exception {
        return start(CallLimits.NONE, LONG_IDLE_TIMEOUT);
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

        FakePolkit.CheckCall inspectCall = polkit.checkCalls().getFirst();
        assertThat(inspectCall.action()).isEqualTo("org.switchback.helper.inspect");
        assertThat(inspectCall.canPrompt()).isFalse();
        assertThat(inspectCall.kind()).isEqualTo("system-bus-name");
        assertThat(inspectCall.sender()).isEqualTo(client.getUniqueName());
        FakePolkit.CheckCall switchCall = polkit.checkCalls().getLast();
        assertThat(switchCall.action()).isEqualTo("org.switchback.helper.switch-display");
        assertThat(switchCall.canPrompt()).isTrue();
        assertThat(switchCall.sender()).isEqualTo(client.getUniqueName());
        assertThat(switchCall.details())
                .containsEntry("gpu", "NVIDIA GeForce GTX 1080")
                .containsEntry("address", "04:00.0")
                .containsEntry("from", "host mode")
                .containsEntry("to", "VM mode")
                .hasEntrySatisfying("plan", hash -> assertThat(hash).matches("[0-9a-f]{64}"));
    }

    @Test
    void promptNamesEverythingThatIsSwitched() throws Exception {
        start();
        String id = helper(client)
                .Plan(GPU, "vm", List.of("0000:00:1b.0"), false)
                .reply()
                .id();
        assertThat(awaitOutcome(helper(client).Apply(id).getPath())).isEqualTo("done");

        FakePolkit.CheckCall call = polkit.checkCalls().getLast();
        assertThat(call.action()).isEqualTo("org.switchback.helper.switch-display-with-others");
        assertThat(call.details())
                .hasEntrySatisfying("others", others -> assertThat(others).endsWith("(00:1b.0)"));

        assertThat(awaitOutcome(helper(client).Restore(GPU).getPath())).isEqualTo("done");
        assertThat(polkit.checkCalls().getLast().details())
                .containsEntry("to", "host mode")
                .hasEntrySatisfying("gpu", name -> assertThat(name).endsWith("(00:1b.0)"));
    }

    static Stream<Arguments> polkitResults() {
        return Stream.of(
                Arguments.of(FakePolkit.DENIED, "denied"),
                Arguments.of(FakePolkit.CHALLENGE, "no-agent"),
                Arguments.of(FakePolkit.DISMISSED, "authentication-cancelled"));
    }

    @ParameterizedTest
    @MethodSource("polkitResults")
    void nothingIsWrittenWithoutAuthorization(PolkitInterface.AuthorizationResult result, String outcome)
            throws Exception {
        start();
        polkit.setResult("switch-display", result);

        assertThat(awaitOutcome(applyPlan())).isEqualTo(outcome);

        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("polkitResults")
    void unauthorizedCallerCannotInspect(PolkitInterface.AuthorizationResult result, String ignored) throws Exception {
        start();
        polkit.setResult("inspect", result);
        polkit.setResult("inspect-all", result);

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
        CountDownLatch testEnded = new CountDownLatch(1);
        closeables.add(testEnded::countDown);
        start();
        polkit.blockUntil("inspect", testEnded);

        long startNanos = System.nanoTime();
        assertThatExceptionOfType(Undecided.class).isThrownBy(helper(client)::Inspect);
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void openPromptsDoNotBlockOtherCalls() throws Exception {
        CountDownLatch promptClosed = new CountDownLatch(1);
        closeables.add(promptClosed::countDown);
        polkit.blockUntil("inspect-all", promptClosed);
        start();
        try (ExecutorService executor = Executors.newCachedThreadPool()) {
            Future<String> snapshot = executor.submit(() -> helper(client).InspectAll());
            Deadline.seconds(10).await("the prompt", () -> !polkit.checkCalls().isEmpty());

            long startNanos = System.nanoTime();
            assertThat(helper(client).Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);
            assertThat(plan(helper(client)).refusals()).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(Duration.ofSeconds(1));
            assertThatExceptionOfType(Busy.class).isThrownBy(helper(client)::InspectAll);

            promptClosed.countDown();
            assertThat(snapshot.get(10, TimeUnit.SECONDS)).contains("Kernel code");
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
        CountDownLatch promptClosed = new CountDownLatch(1);
        closeables.add(promptClosed::countDown);
        polkit.blockUntil("switch-display", promptClosed);
        start();
        String first = applyPlan();
        PlanReply second = plan(helper(client));

        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Apply(second.id()));

        promptClosed.countDown();
        assertThat(awaitOutcome(first)).isEqualTo("done");
    }

    @Test
    void disconnectingAtThePromptCancelsTheSwitch() throws Exception {
        CountDownLatch promptClosed = new CountDownLatch(1);
        closeables.add(promptClosed::countDown);
        polkit.blockUntil("switch-display", promptClosed);
        start();
        DBusConnection leavingClient = bus.connect();
        String path =
                helper(leavingClient).Apply(plan(helper(leavingClient)).id()).getPath();
        Deadline.seconds(10).await("the prompt", () -> polkit.checkCalls().size() == 2);

        leavingClient.disconnect();

        assertThat(awaitOutcome(path)).isEqualTo("cancelled");
        Deadline.seconds(10).await("the prompt to be closed", () -> polkit.cancelledIds()
                .contains(polkit.checkCalls().getLast().cancellationId()));
        promptClosed.countDown();
        // polkit's late reply is ignored: the next switch is checked again.
        assertThat(awaitOutcome(applyPlan())).isEqualTo("done");
        assertThat(job(client, path).Log()).extracting(event -> event.type).containsExactly("authorizing", "finished");
    }

    @Test
    void cancellingAtThePromptClosesThePrompt() throws Exception {
        CountDownLatch promptClosed = new CountDownLatch(1);
        closeables.add(promptClosed::countDown);
        polkit.blockUntil("switch-display", promptClosed);
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
        CountDownLatch promptClosed = new CountDownLatch(1);
        closeables.add(promptClosed::countDown);
        polkit.blockUntil("switch-display", promptClosed);
        start();
        String path = applyPlan();
        kernel.modifySnapshot(snapshot -> snapshot.withChanges(Map.of(
                "/sys/bus/pci/devices/" + GPU + "/driver_override",
                Optional.of(new MachineSnapshot.TextEntry("pci-stub")))));

        promptClosed.countDown();

        assertThat(awaitOutcome(path)).isEqualTo("stale");
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void switchContinuesAfterCallerDisconnects() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch resumed = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(resumed);
        });
        start();
        DBusConnection leavingClient = bus.connect();
        String path =
                helper(leavingClient).Apply(plan(helper(leavingClient)).id()).getPath();
        await(writing);

        leavingClient.disconnect();
        resumed.countDown();

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
        DBusConnection otherClient = bus.connect();
        closeables.add(otherClient);
        List<JobEventStruct> signalled = new CopyOnWriteArrayList<>();
        CountDownLatch finished = new CountDownLatch(1);
        otherClient.addSigHandler(JobInterface.Progress.class, signal -> {
            signalled.addAll(signal.events());
            if (signalled.getLast().type.equals("finished")) {
                finished.countDown();
            }
        });

        String path = applyPlan();
        List<JobEventStruct> log = JobLogReader.readUntilFinished(job(client, path));

        assertThat(finished.await(15, TimeUnit.SECONDS)).isTrue();
        assertThat(log).anySatisfy(event -> assertThat(event.values).contains("Xorg"));
        assertThat(signalled)
                .extracting(event -> event.type)
                .containsExactlyElementsOf(log.stream().map(event -> event.type).toList());
        assertThat(signalled).allSatisfy(event -> assertThat(event.values).isEmpty());
    }

    /** {@code -Dswitchback.rounds=1000} gives the number that the safety design states. */
    @Test
    void exactlyOneOfFiftyConcurrentCallersProceeds() throws Exception {
        start();
        AtomicReference<CountDownLatch> resumed = new AtomicReference<>(new CountDownLatch(0));
        kernel.simulated().beforeEachWrite(write -> await(resumed.get()));
        try (ExecutorService threads = Executors.newFixedThreadPool(50)) {
            for (int round = 0; round < Integer.getInteger("switchback.rounds", 2); round++) {
                resumed.set(new CountDownLatch(1));
                String target = round % 2 == 0 ? "vm" : "host";
                List<DBusConnection> clients = new ArrayList<>();
                List<Callable<String>> calls = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    DBusConnection roundClient = bus.connect();
                    clients.add(roundClient);
                    HelperInterface helper = helper(roundClient);
                    String id =
                            helper.Plan(GPU, target, List.of(), false).reply().id();
                    calls.add(() -> {
                        try {
                            return helper.Apply(id).getPath();
                        } catch (Busy ignored) {
                            return "busy";
                        }
                    });
                }
                List<String> replies = new ArrayList<>();
                for (Future<String> reply : threads.invokeAll(calls)) {
                    replies.add(reply.get());
                }
                resumed.get().countDown();

                assertThat(replies)
                        .as("round %d", round)
                        .filteredOn("busy"::equals)
                        .hasSize(49);
                String path = replies.stream()
                        .filter(reply -> !reply.equals("busy"))
                        .findFirst()
                        .orElseThrow();
                assertThat(awaitOutcome(path)).as("round %d", round).isEqualTo("done");
                clients.forEach(DBusConnection::disconnect);
            }
        }
    }

    @Test
    void twentyFirstCallInABurstIsRejected() throws Exception {
        start(new CallLimits(0.001, 20, 3, 6, -1), LONG_IDLE_TIMEOUT);
        HelperInterface helper = helper(client);
        for (int i = 0; i < 20; i++) {
            assertThat(helper.Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);
        }

        assertThatExceptionOfType(LimitReached.class).isThrownBy(helper::Version);
    }

    @Test
    void idleHelperExits() throws Exception {
        SystemHelper helper = start(CallLimits.NONE, Duration.ofSeconds(1));
        assertThat(helper(client).Version()).isEqualTo(DBusNames.PROTOCOL_VERSION);

        assertThat(helper.awaitEnd()).isTrue();

        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        assertThat(driver.NameHasOwner(DBusNames.BUS_NAME)).isFalse();
    }

    @Test
    void helperStaysWhileAPlanIsOpenOrASwitchRuns() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch resumed = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(resumed);
        });
        SystemHelper helper = start(CallLimits.NONE, Duration.ofMillis(300));
        PlanReply plan = plan(helper(client));
        Thread waitingThread = Thread.ofPlatform().daemon().start(() -> {
            try {
                helper.awaitEnd();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(waitingThread.join(Duration.ofMillis(1500))).isFalse();
        String path = helper(client).Apply(plan.id()).getPath();
        await(writing);
        assertThat(waitingThread.join(Duration.ofMillis(1500))).isFalse();

        resumed.countDown();
        assertThat(awaitOutcome(path)).isEqualTo("done");
        assertThat(waitingThread.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void planOfDisconnectedCallerDoesNotKeepTheHelperRunning() throws Exception {
        SystemHelper helper = start(CallLimits.NONE, Duration.ofSeconds(4));
        try (DBusConnection other = bus.connect()) {
            assertThat(plan(helper(other)).id()).isNotEmpty();
        }

        assertThat(helper.awaitEnd()).isTrue();
    }

    @Test
    void closedHelperRollsBackFirst() throws Exception {
        CountDownLatch writing = new CountDownLatch(4);
        CountDownLatch resumed = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            if (writing.getCount() == 0) {
                await(resumed);
            }
        });
        SystemHelper helper = start();
        MachineSnapshot before = kernel.readSnapshot();
        applyPlan();
        await(writing);
        Thread closingThread = Thread.ofPlatform().start(() -> {
            try {
                helper.close();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(closingThread.join(Duration.ofMillis(500))).isFalse();

        resumed.countDown();

        assertThat(closingThread.join(Duration.ofSeconds(30))).isTrue();
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
        assertThat(log).anyMatch(line -> line.contains("read-only"));
        assertThat(kernel.simulated().writes()).isEmpty();
    }

    @Test
    void externalDriverChangeIsSignalled() throws Exception {
        start();
        helper(client).Inspect();
        CountDownLatch signalReceived = new CountDownLatch(1);
        client.addSigHandler(Properties.PropertiesChanged.class, signal -> {
            if (signal.getPropertiesChanged().containsKey("Driver")) {
                signalReceived.countDown();
            }
        });

        kernel.simulated()
                .write(
                        new KernelWrite.WriteSysfs("/sys/bus/pci/drivers/nvidia/unbind", GPU),
                        Duration.ofSeconds(5),
                        waited -> {});

        assertThat(signalReceived.await(15, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void helperLogContainsNoClientInput() throws Exception {
        start();
        HelperInterface helper = helper(client);
        assertThat(log).isEmpty();
        for (String argument : List.of("swordfish", "swordfish\nroot: all is well")) {
            try {
                helper.Plan(argument, argument, List.of(argument), false);
            } catch (DBusExecutionException e) {
                assertThat(e.getMessage()).doesNotContain("swordfish");
            }
            try {
                helper.Apply(argument);
            } catch (DBusExecutionException e) {
                assertThat(e.getMessage()).doesNotContain("swordfish");
            }
        }

        assertThat(log).noneMatch(line -> line.contains("swordfish"));
    }

    @Test
    void introspectionMatchesTheContract() throws Exception {
        start();
        String xml = client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, Introspectable.class)
                .Introspect()
                .replaceAll("\\s+", " ");

        assertThat(xml)
                .contains("<interface name=\"org.switchback.Helper1\">")
                .contains(
                        "<method name=\"Plan\" > <arg type=\"s\" direction=\"in\"/> <arg type=\"s\" direction=\"in\"/>"
                                + " <arg type=\"as\" direction=\"in\"/> <arg type=\"b\" direction=\"in\"/>"
                                + " <arg type=\"s\" direction=\"out\"/>"
                                + " <arg type=\"s\" direction=\"out\"/> <arg type=\"as\" direction=\"out\"/>"
                                + " <arg type=\"a(sssssssss)\" direction=\"out\"/>"
                                + " <arg type=\"a(sas)\" direction=\"out\"/>"
                                + " <arg type=\"as\" direction=\"out\"/> </method>");
    }

    /** Interrupts a switch with an exception in a write, which leaves the journal as a killed process does. */
    private String interruptSwitch() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        kernel.simulated().beforeEachWrite(write -> {
            if (writes.incrementAndGet() == 5) {
                throw new IllegalStateException("interrupted by the test");
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
        assertThat(polkit.checkCalls().getLast().details()).containsEntry("to", "host mode");

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
        CountDownLatch resumed = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> await(resumed));

        start();
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Restore(GPU));
        resumed.countDown();

        List<JobEventStruct> recovery = JobLogReader.readUntilFinished(job(client, DBusNames.JOB_PATH_PREFIX + 1));
        assertThat(recovery.getLast().detail).isEqualTo("rolled-back");
        assertThat(recovery).extracting(event -> event.type).contains("undone");
        assertThat(driverOverride()).isEqualTo(before);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("timed out waiting for the latch");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
