package org.switchback.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.plan.Target;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.service.Deadline;
import org.switchback.service.PrivateBus;

/** Connections to the system helper, and the fallback without one. */
@Timeout(60)
class SystemHelperConnectionTest {
    private static final PciAddress GPU = PciAddress.of("0000:04:00.0");
    private static final Consumer<JobEvent> NO_OP_LISTENER = event -> {};

    private final List<AutoCloseable> resources = new ArrayList<>();

    @TempDir
    private Path directory;

    @AfterEach
    void closeResources() throws Exception {
        for (AutoCloseable resource : resources.reversed()) {
            resource.close();
        }
    }

    private <T extends AutoCloseable> T closeLater(T resource) {
        resources.add(resource);
        return resource;
    }

    private HelperConnection connect(String address) {
        return closeLater(new DBusHelperConnections(new BusAddress(address), EmbeddedHelper::readOnly, Duration.ZERO)
                .openThisMachine());
    }

    private MachineSource connectWithin(Duration timeout, String address) {
        long startNanos = System.nanoTime();
        MachineSource source = connect(address).source();
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isLessThan(timeout);
        return source;
    }

    private static MachineSource readOnly(HelperException.FailureKind reason) {
        return new MachineSource.ReadOnlyMachine(reason);
    }

    @Test
    void withoutASystemBusTheHelperIsMissing() {
        assertThat(connectWithin(Duration.ofSeconds(3), "unix:path=" + directory.resolve("nothing")))
                .isEqualTo(readOnly(HelperException.FailureKind.MISSING));
    }

    @Test
    void unusedSocketMeansTheHelperIsMissing() throws Exception {
        Path socket = directory.resolve("bus");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket))
                .close();
        assertThat(Files.exists(socket)).isTrue();

        assertThat(connectWithin(Duration.ofSeconds(5), "unix:path=" + socket))
                .isEqualTo(readOnly(HelperException.FailureKind.MISSING));
    }

    @Test
    void unresponsiveBusTimesOut() throws Exception {
        Path socket = directory.resolve("bus");
        closeLater(ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket)));

        assertThat(connectWithin(Duration.ofSeconds(15), "unix:path=" + socket))
                .isEqualTo(readOnly(HelperException.FailureKind.NO_ANSWER));
    }

    @Test
    void busWithoutHelperMeansTheHelperIsMissing() throws Exception {
        assertThat(connectWithin(
                        Duration.ofSeconds(3), closeLater(PrivateBus.open()).address()))
                .isEqualTo(readOnly(HelperException.FailureKind.MISSING));
    }

    @Test
    void helperThatFailsToStartIsStopped() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        bus.addActivatableService(DBusNames.BUS_NAME, "/bin/false");

        assertThat(connect(bus.address()).source()).isEqualTo(readOnly(HelperException.FailureKind.STOPPED));
    }

    @Test
    void helperDeniedByBusPolicyIsRefused() throws Exception {
        Path rules = directory.resolve("rules.conf");
        Files.writeString(
                rules,
                "<busconfig><policy context=\"default\"><allow own=\"" + DBusNames.BUS_NAME
                        + "\"/></policy></busconfig>");
        PrivateBus bus = closeLater(PrivateBus.openWithSystemPolicy(List.of(rules)));
        closeLater(new FakeHelper(bus));

        assertThat(connect(bus.address()).source()).isEqualTo(readOnly(HelperException.FailureKind.REFUSED));
    }

    @Test
    void helperWithAnotherVersionIsNotUsed() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        closeLater(new FakeHelper(bus)).setVersion(DBusNames.PROTOCOL_VERSION + 1);

        assertThat(connect(bus.address()).source()).isEqualTo(readOnly(HelperException.FailureKind.WRONG_VERSION));
    }

    @Test
    void runningHelperIsUsed() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        closeLater(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());

        assertThat(connection.source()).isEqualTo(new MachineSource.ThisMachine());
        assertThat(connection.inspect(false).entries()).isEmpty();
        assertThat(connection.plan(GPU, Target.VM, List.of(), false).functions())
                .containsExactly(GPU);
    }

    @Test
    void helperExitDuringACallIsLost() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper helper = closeLater(new FakeHelper(bus));
        helper.blockInspect();
        HelperConnection connection = connect(bus.address());
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<HelperException> call =
                    caller.submit(() -> catchThrowableOfType(HelperException.class, () -> connection.inspect(false)));
            assertThat(helper.awaitInspectCall()).isTrue();

            helper.releaseBusName();

            assertThat(call.get(5, TimeUnit.SECONDS).kind()).isEqualTo(HelperException.FailureKind.LOST);
        }
    }

    @Test
    void helperExitDuringASwitchEndsItAsLost() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper helper = closeLater(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        List<JobEvent> events = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", events::add);
        helper.emitEvent(FakeHelper.createEvent("authorized", ""));
        Deadline.seconds(10).await("the first event", () -> events.size() == 1);

        helper.releaseBusName();

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("helper-lost");
        assertThat(events).extracting(WireEvents::type).containsExactly("authorized", "finished");
    }

    @Test
    void busDisconnectDuringASwitchEndsItAsLost() throws Exception {
        PrivateBus bus = PrivateBus.open();
        FakeHelper helper = new FakeHelper(bus);
        HelperConnection connection = connect(bus.address());
        HelperConnection.RunningSwitch running = connection.apply("any", NO_OP_LISTENER);

        bus.close();

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("helper-lost");
        HelperException exception = catchThrowableOfType(HelperException.class, () -> connection.inspect(false));
        assertThat(exception.kind()).isEqualTo(HelperException.FailureKind.STOPPED);
        helper.close();
    }

    @Test
    void connectionSurvivesARestartOfTheIdleHelper() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper first = new FakeHelper(bus);
        HelperConnection connection = connect(bus.address());
        assertThat(connection.apply("any", NO_OP_LISTENER)).isNotNull();
        first.close();
        FakeHelper second = closeLater(new FakeHelper(bus));
        assertThat(connection.inspect(false)).isNotNull();
        CountDownLatch changed = new CountDownLatch(1);
        connection.addChangeListener(changed::countDown);

        second.emitGpuChanged();
        HelperConnection.RunningSwitch running = connection.apply("any", NO_OP_LISTENER);
        second.emitEvent(FakeHelper.createEvent("finished", "done"));

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("done");
        assertThat(changed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void eventsBeforeTheReplyAreDeliveredOnceAndInOrder() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper helper = closeLater(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        helper.setApplyAction(() -> {
            helper.emitEvent(FakeHelper.createEvent("authorizing", ""));
            helper.appendToLog(FakeHelper.createEvent("authorized", ""));
            helper.emitEvent(FakeHelper.createEvent("waiting", ""));
            helper.emitEvent(FakeHelper.createEvent("waiting", ""));
        });
        List<JobEvent> events = new CopyOnWriteArrayList<>();

        HelperConnection.RunningSwitch running = connection.apply("any", events::add);
        helper.emitEvent(FakeHelper.createEvent("finished", "done"));

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("done");
        assertThat(events)
                .extracting(WireEvents::type)
                .containsExactly("authorizing", "authorized", "waiting", "waiting", "finished");
    }

    @Test
    void redactedSignalValuesAreReadFromTheLog() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper helper = closeLater(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        List<JobEvent> events = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", events::add);

        helper.emitEvent(
                new JobEventStruct("failed", 3, 1_000, "in-use", List.of("Xorg", "814", "ann", "/dev/dri/card0")));
        helper.emitEvent(FakeHelper.createEvent("finished", "rolled-back"));

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("rolled-back");
        assertThat(events).extracting(WireEvents::type).containsExactly("failed", "finished");
        assertThat(WireEvents.values(events.getFirst())).containsExactly("Xorg", "814", "ann", "/dev/dri/card0");
    }

    @Test
    void signalsFromOtherSendersAreIgnored() throws Exception {
        PrivateBus bus = closeLater(PrivateBus.open());
        FakeHelper helper = closeLater(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        DBusConnection otherSender = bus.connect();
        closeLater(otherSender);
        List<JobEvent> events = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", events::add);

        otherSender.sendMessage(new JobInterface.Progress(
                FakeHelper.JOB_OBJECT_PATH, 0, List.of(FakeHelper.createEvent("finished", "denied"))));
        helper.emitEvent(FakeHelper.createEvent("finished", "done"));

        assertThat(running.awaitEnd().outcome().wireName()).isEqualTo("done");
        assertThat(events).extracting(WireEvents::detail).containsExactly("done");
    }
}
