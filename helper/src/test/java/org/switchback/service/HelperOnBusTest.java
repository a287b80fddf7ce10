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
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicInteger;
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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Holder;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;
import org.switchback.protocol.PlanReply;

/** The helper on a message bus of its own, with a polkit that decides as the test says. */
@Timeout(120)
class HelperOnBusTest {
    private static final String GPU = "0000:04:00.0";
    private static final Duration LONG = Duration.ofMinutes(10);

    private final ChangingKernel kernel =
            new ChangingKernel(new SimulatedKernel(Captures.named("x99-gtx1080-efifb")));
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

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
        open.add(bus);
        open.add(polkit);
        open.add(client);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private SystemHelper start(CallRate rate, Duration idle) throws Exception {
        SystemHelper helper =
                new SystemHelper(bus.address(), kernel, folder.resolve("run"), rate, idle, log::add);
        open.add(helper::close);
        return helper;
    }

    private SystemHelper start() throws Exception {
        return start(CallRate.UNLIMITED, LONG);
    }

    private static HelperInterface helper(DBusConnection client) throws DBusException {
        return client.getRemoteObject(Names.BUS, Names.HELPER_PATH, HelperInterface.class, false);
    }

    private static JobInterface job(DBusConnection client, String path) throws DBusException {
        return client.getRemoteObject(Names.BUS, path, JobInterface.class, false);
    }

    private static PlanReply plan(HelperInterface helper) {
        return helper.Plan(GPU, "vm", List.of(), false).reply();
    }

    private String applied() throws Exception {
        return helper(client).Apply(plan(helper(client)).id).getPath();
    }

    private String outcome(String path) throws Exception {
        return JobLog.untilFinished(job(client, path)).getLast().detail;
    }

    @Test
    void polkitIsAskedAboutTheSenderAndToldWhichGpuGoesWhere() throws Exception {
        start();
        assertThat(outcome(applied())).isEqualTo("done");

        FakePolkit.Asked inspect = polkit.asked().getFirst();
        assertThat(inspect.action()).isEqualTo("org.switchback.helper.inspect");
        assertThat(inspect.mayPrompt()).isFalse();
        assertThat(inspect.kind()).isEqualTo("system-bus-name");
        assertThat(inspect.sender()).isEqualTo(client.getUniqueName());
        FakePolkit.Asked change = polkit.asked().getLast();
        assertThat(change.action()).isEqualTo("org.switchback.helper.switch-display");
        assertThat(change.mayPrompt()).isTrue();
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
                Arguments.of(FakePolkit.NO, "denied"),
                Arguments.of(FakePolkit.CHALLENGE, "no-agent"),
                Arguments.of(FakePolkit.DISMISSED, "authentication-cancelled"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void withoutAYesNothingIsWritten(PolkitInterface.Result answer, String outcome) throws Exception {
        start();
        polkit.answer("switch-display", answer);

        assertThat(outcome(applied())).isEqualTo(outcome);

        assertThat(kernel.simulated().written()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("answers")
    void whoMayNotInspectLearnsNothing(PolkitInterface.Result answer, String ignored) throws Exception {
        start();
        polkit.answer("inspect", answer);
        polkit.answer("inspect-all", answer);

        HelperInterface helper = helper(client);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(helper::Inspect);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(helper::InspectAll);
        assertThatExceptionOfType(NotAuthorized.class).isThrownBy(() -> plan(helper));
    }

    @Test
    void aPolkitThatIsNotThereAllowsNothingAndIsNotCalledANo() throws Exception {
        start();
        PlanReply plan = plan(helper(client));
        polkit.close();

        assertThatExceptionOfType(Undecided.class).isThrownBy(helper(client)::Inspect);
        assertThat(outcome(helper(client).Apply(plan.id).getPath())).isEqualTo("undecided");
        assertThat(kernel.simulated().written()).isEmpty();
    }

    @Test
    void aPolkitThatIsSlowAllowsNothingAndIsNotCalledANo() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        open.add(never::countDown);
        start();
        polkit.prompt("inspect", never);

        long began = System.nanoTime();
        assertThatExceptionOfType(Undecided.class).isThrownBy(helper(client)::Inspect);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    }

    @Test
    void openPromptsKeepNobodyElseWaiting() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        open.add(answered::countDown);
        polkit.prompt("inspect-all", answered);
        start();
        try (ExecutorService callers = Executors.newCachedThreadPool()) {
            Future<String> map = callers.submit(() -> helper(client).InspectAll());
            Deadline.seconds(10).await("the prompt", () -> !polkit.asked().isEmpty());

            long began = System.nanoTime();
            assertThat(helper(client).Version()).isEqualTo(Names.VERSION);
            assertThat(plan(helper(client)).refusals).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
            assertThatExceptionOfType(Busy.class).isThrownBy(helper(client)::InspectAll);

            answered.countDown();
            assertThat(map.get(10, TimeUnit.SECONDS)).contains("Kernel code");
        }
    }

    @Test
    void anotherCallersPlanIsUnknown() throws Exception {
        start();
        PlanReply plan = plan(helper(client));
        try (DBusConnection other = bus.connect()) {
            assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> helper(other).Apply(plan.id));
        }
        assertThat(outcome(helper(client).Apply(plan.id).getPath())).isEqualTo("done");
    }

    @Test
    void aUserHasOnePromptAtATime() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        open.add(answered::countDown);
        polkit.prompt("switch-display", answered);
        start();
        String first = applied();
        PlanReply second = plan(helper(client));

        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Apply(second.id));

        answered.countDown();
        assertThat(outcome(first)).isEqualTo("done");
    }

    @Test
    void whoLeavesAtThePromptHasNothingChanged() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        open.add(answered::countDown);
        polkit.prompt("switch-display", answered);
        start();
        DBusConnection leaving = bus.connect();
        String path = helper(leaving).Apply(plan(helper(leaving)).id).getPath();
        Deadline.seconds(10).await("the prompt", () -> polkit.asked().size() == 2);

        leaving.disconnect();

        assertThat(outcome(path)).isEqualTo("cancelled");
        Deadline.seconds(10).await("the prompt to be closed", () -> polkit.cancelled()
                .contains(polkit.asked().getLast().id()));
        answered.countDown();
        // The yes that comes now is nobody's any more: the next one is asked again.
        assertThat(outcome(applied())).isEqualTo("done");
        assertThat(job(client, path).Log()).extracting(e -> e.what).containsExactly("authorizing", "finished");
    }

    @Test
    void aSwitchThatIsCancelledAtThePromptClosesIt() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        open.add(answered::countDown);
        polkit.prompt("switch-display", answered);
        start();
        String path = applied();

        job(client, path).Cancel();

        assertThat(outcome(path)).isEqualTo("cancelled");
        Deadline.seconds(10).await("the prompt to be closed", () -> polkit.cancelled().size() == 1);
        assertThat(kernel.simulated().written()).isEmpty();
    }

    @Test
    void whatChangesWhileSomebodyTypesAPasswordMakesThePlanStale() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        open.add(answered::countDown);
        polkit.prompt("switch-display", answered);
        start();
        String path = applied();
        kernel.change(capture -> capture.with(Map.of(
                "/sys/bus/pci/devices/" + GPU + "/driver_override", Optional.of(new Capture.Text("pci-stub")))));

        answered.countDown();

        assertThat(outcome(path)).isEqualTo("stale");
        assertThat(kernel.simulated().written()).isEmpty();
    }

    @Test
    void aSwitchGoesOnWhenItsCallerHasLeft() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(goOn);
        });
        start();
        DBusConnection leaving = bus.connect();
        String path = helper(leaving).Apply(plan(helper(leaving)).id).getPath();
        await(writing);

        leaving.disconnect();
        goOn.countDown();

        assertThat(outcome(path)).isEqualTo("done");
    }

    @Test
    void theBusHearsThatAStepFailedAndTheOwnerAloneForWhom() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        kernel.simulated().beforeEachWrite(write -> {
            if (writes.incrementAndGet() == 3) {
                kernel.simulated().hold(new Holder(814, "Xorg", "ann", "nvidia0"));
            }
        });
        start();
        DBusConnection stranger = bus.connect();
        open.add(stranger);
        List<JobEntry> overheard = new CopyOnWriteArrayList<>();
        CountDownLatch end = new CountDownLatch(1);
        stranger.addSigHandler(JobInterface.Happened.class, signal -> {
            overheard.addAll(signal.entries());
            if (overheard.getLast().what.equals("finished")) {
                end.countDown();
            }
        });

        String path = applied();
        List<JobEntry> log = JobLog.untilFinished(job(client, path));

        assertThat(end.await(15, TimeUnit.SECONDS)).isTrue();
        assertThat(log).anySatisfy(entry -> assertThat(entry.values).contains("Xorg"));
        assertThat(overheard).extracting(entry -> entry.what).containsExactlyElementsOf(
                log.stream().map(entry -> entry.what).toList());
        assertThat(overheard).allSatisfy(entry -> assertThat(entry.values).isEmpty());
    }

    /** {@code -Dswitchback.rounds=1000} for the figure of the safety design. */
    @Test
    void ofFiftyCallersAtOnceExactlyOneProceeds() throws Exception {
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
                    String id = helper.Plan(GPU, target, List.of(), false).reply().id;
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

                assertThat(answers).as("round %d", round).filteredOn("busy"::equals).hasSize(49);
                String path = answers.stream().filter(a -> !a.equals("busy")).findFirst().orElseThrow();
                assertThat(outcome(path)).as("round %d", round).isEqualTo("done");
                callers.forEach(DBusConnection::disconnect);
            }
        }
    }

    @Test
    void theTwentyFirstCallAtOnceIsOneTooMany() throws Exception {
        start(new CallRate(0.001, 20, System::nanoTime), LONG);
        HelperInterface helper = helper(client);
        for (int i = 0; i < 20; i++) {
            assertThat(helper.Version()).isEqualTo(Names.VERSION);
        }

        assertThatExceptionOfType(LimitReached.class).isThrownBy(helper::Version);
    }

    @Test
    void aHelperThatNobodyCallsLeavesTheBus() throws Exception {
        SystemHelper helper = start(CallRate.UNLIMITED, Duration.ofSeconds(1));
        assertThat(helper(client).Version()).isEqualTo(Names.VERSION);

        assertThat(helper.awaitEnd()).isTrue();

        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        assertThat(driver.NameHasOwner(Names.BUS)).isFalse();
    }

    @Test
    void aHelperStaysWhileAPlanIsOpenAndWhileASwitchRuns() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            await(goOn);
        });
        SystemHelper helper = start(CallRate.UNLIMITED, Duration.ofMillis(300));
        PlanReply plan = plan(helper(client));
        Thread waiting = Thread.ofPlatform().daemon().start(() -> {
            try {
                helper.awaitEnd();
            } catch (InterruptedException stopped) {
                throw new AssertionError(stopped);
            }
        });
        assertThat(waiting.join(Duration.ofMillis(1500))).isFalse();
        String path = helper(client).Apply(plan.id).getPath();
        await(writing);
        assertThat(waiting.join(Duration.ofMillis(1500))).isFalse();

        goOn.countDown();
        assertThat(outcome(path)).isEqualTo("done");
        assertThat(waiting.join(Duration.ofSeconds(10))).isTrue();
    }

    @Test
    void aPlanWhoseCallerHasLeftKeepsNoHelper() throws Exception {
        SystemHelper helper = start(CallRate.UNLIMITED, Duration.ofSeconds(4));
        try (DBusConnection other = bus.connect()) {
            assertThat(plan(helper(other)).id).isNotEmpty();
        }

        assertThat(helper.awaitEnd()).isTrue();
    }

    @Test
    void aHelperThatIsToldToGoPutsBackFirst() throws Exception {
        CountDownLatch writing = new CountDownLatch(4);
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> {
            writing.countDown();
            if (writing.getCount() == 0) {
                await(goOn);
            }
        });
        SystemHelper helper = start();
        Capture before = kernel.capture();
        applied();
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
        assertThat(kernel.capture().text("/sys/bus/pci/devices/" + GPU + "/driver_override"))
                .isEqualTo(before.text("/sys/bus/pci/devices/" + GPU + "/driver_override"));
        assertThat(kernel.capture().linkName("/sys/bus/pci/devices/" + GPU + "/driver"))
                .isEqualTo(before.linkName("/sys/bus/pci/devices/" + GPU + "/driver"));
    }

    @Test
    void withoutAUsableJournalNothingIsSwitched() throws Exception {
        Files.writeString(folder.resolve("run"), "a file where the folder should be");
        start();
        PlanReply plan = plan(helper(client));

        assertThatExceptionOfType(ReadOnly.class).isThrownBy(() -> helper(client).Apply(plan.id));
        assertThat(log).anyMatch(line -> line.contains("can only look"));
        assertThat(kernel.simulated().written()).isEmpty();
    }

    @Test
    void aDriverThatSomebodyElseChangesIsAnnounced() throws Exception {
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
                        new KernelWrite.Sysfs("/sys/bus/pci/drivers/nvidia/unbind", GPU),
                        Duration.ofSeconds(5),
                        waited -> {});

        assertThat(announced.await(15, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void theLogOfTheHelperNamesNothingThatAClientSent() throws Exception {
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
    void whatTheBusShowsIsTheContract() throws Exception {
        start();
        String shown = client.getRemoteObject(Names.BUS, Names.HELPER_PATH, Introspectable.class)
                .Introspect()
                .replaceAll("\\s+", " ");

        assertThat(shown)
                .contains("<interface name=\"org.switchback.Helper1\">")
                .contains("<method name=\"Plan\" > <arg type=\"s\" direction=\"in\"/> <arg type=\"s\" direction=\"in\"/>"
                        + " <arg type=\"as\" direction=\"in\"/> <arg type=\"b\" direction=\"in\"/> <arg type=\"s\" direction=\"out\"/>"
                        + " <arg type=\"s\" direction=\"out\"/> <arg type=\"as\" direction=\"out\"/>"
                        + " <arg type=\"a(sssssssss)\" direction=\"out\"/> <arg type=\"a(sas)\" direction=\"out\"/>"
                        + " <arg type=\"as\" direction=\"out\"/> </method>");
    }

    /** A write that ends in an exception leaves the journal as a killed process does. */
    private String cutOff() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        kernel.simulated().beforeEachWrite(write -> {
            if (writes.incrementAndGet() == 5) {
                throw new IllegalStateException("cut off");
            }
        });
        String outcome = outcome(applied());
        kernel.simulated().beforeEachWrite(write -> {});
        return outcome;
    }

    private Optional<String> override() {
        return kernel.capture().text("/sys/bus/pci/devices/" + GPU + "/driver_override");
    }

    @Test
    void whatIsHalfDoneHasToBePutBackFirst() throws Exception {
        Optional<String> before = override();
        start();
        PlanReply plan = plan(helper(client));
        assertThat(cutOff()).isEqualTo("error");
        assertThat(override()).hasValue("vfio-pci");

        assertThatExceptionOfType(Incomplete.class).isThrownBy(() -> helper(client).Apply(plan.id));
        assertThatExceptionOfType(Incomplete.class).isThrownBy(() -> helper(client).Restore("0000:08:00.0"));
        assertThat(outcome(helper(client).Restore(GPU).getPath())).isEqualTo("put-back");

        assertThat(override()).isEqualTo(before);
        assertThat(outcome(applied())).isEqualTo("done");
    }

    @Test
    void aSwitchThatWasCutOffIsPutBackByTheNextHelper() throws Exception {
        Optional<String> before = override();
        SystemHelper first = start();
        cutOff();
        open.removeLast();
        first.close();
        CountDownLatch goOn = new CountDownLatch(1);
        kernel.simulated().beforeEachWrite(write -> await(goOn));

        start();
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> helper(client).Restore(GPU));
        goOn.countDown();

        List<JobEntry> recovery = JobLog.untilFinished(job(client, Names.JOB_PATH + 1));
        assertThat(recovery.getLast().detail).isEqualTo("put-back");
        assertThat(recovery).extracting(entry -> entry.what).contains("undone");
        assertThat(override()).isEqualTo(before);
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
