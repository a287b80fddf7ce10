package org.switchback.app.helper;

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
import org.switchback.app.bus.BusAddress;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;
import org.switchback.service.Deadline;
import org.switchback.service.EmbeddedHelper;
import org.switchback.service.PrivateBus;

/** What the front end makes of the system's helper, and of there being none. */
@Timeout(60)
class HelperOfTheSystemTest {
    private static final PciAddress GPU = PciAddress.of("0000:04:00.0");
    private static final Consumer<JobEntry> NOBODY = entry -> {};

    private final List<AutoCloseable> open = new ArrayList<>();

    @TempDir
    private Path folder;

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T later(T opened) {
        open.add(opened);
        return opened;
    }

    private HelperConnection connect(String address) {
        return later(new DBusHelperConnections(new BusAddress(address), EmbeddedHelper::lookOnly, Duration.ZERO).thisMachine());
    }

    private Source sourceWithin(Duration time, String address) {
        long began = System.nanoTime();
        Source source = connect(address).source();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(time);
        return source;
    }

    private static Source lookOnly(HelperProblem.Kind why) {
        return new Source.LookOnly(why);
    }

    @Test
    void withoutASystemBusTheHelperIsMissing() {
        assertThat(sourceWithin(Duration.ofSeconds(3), "unix:path=" + folder.resolve("nothing")))
                .isEqualTo(lookOnly(HelperProblem.Kind.MISSING));
    }

    @Test
    void aSocketThatNobodyListensToIsNoSystemBus() throws Exception {
        Path socket = folder.resolve("bus");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket))
                .close();
        assertThat(Files.exists(socket)).isTrue();

        assertThat(sourceWithin(Duration.ofSeconds(5), "unix:path=" + socket))
                .isEqualTo(lookOnly(HelperProblem.Kind.MISSING));
    }

    @Test
    void aBusThatDoesNotAnswerKeepsNobodyWaiting() throws Exception {
        Path socket = folder.resolve("bus");
        later(ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket)));

        assertThat(sourceWithin(Duration.ofSeconds(15), "unix:path=" + socket))
                .isEqualTo(lookOnly(HelperProblem.Kind.NO_ANSWER));
    }

    @Test
    void aBusThatKnowsNoHelperHasNone() throws Exception {
        assertThat(sourceWithin(Duration.ofSeconds(3), later(PrivateBus.open()).address()))
                .isEqualTo(lookOnly(HelperProblem.Kind.MISSING));
    }

    @Test
    void aHelperThatDoesNotStartIsStopped() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        bus.activate(Names.BUS, "/bin/false");

        assertThat(connect(bus.address()).source()).isEqualTo(lookOnly(HelperProblem.Kind.STOPPED));
    }

    @Test
    void aHelperThatTheBusKeepsAwayIsRefused() throws Exception {
        Path rules = folder.resolve("rules.conf");
        Files.writeString(
                rules, "<busconfig><policy context=\"default\"><allow own=\"" + Names.BUS + "\"/></policy></busconfig>");
        PrivateBus bus = later(PrivateBus.likeTheSystem(List.of(rules)));
        later(new FakeHelper(bus));

        assertThat(connect(bus.address()).source()).isEqualTo(lookOnly(HelperProblem.Kind.REFUSED));
    }

    @Test
    void aHelperOfAnotherVersionIsNotUsed() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        later(new FakeHelper(bus)).version(Names.VERSION + 1);

        assertThat(connect(bus.address()).source()).isEqualTo(lookOnly(HelperProblem.Kind.WRONG_VERSION));
    }

    @Test
    void aHelperThatIsThereIsUsed() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        later(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());

        assertThat(connection.source()).isEqualTo(new Source.ThisMachine());
        assertThat(connection.inspect(false).entries()).isEmpty();
        assertThat(connection.plan(GPU, "vm", List.of(), false).functions).containsExactly(GPU.toString());
    }

    @Test
    void aHelperThatGoesDuringACallIsLost() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper helper = later(new FakeHelper(bus));
        helper.silent();
        HelperConnection connection = connect(bus.address());
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<HelperProblem> call = caller.submit(
                    () -> catchThrowableOfType(HelperProblem.class, () -> connection.inspect(false)));
            assertThat(helper.inspected()).isTrue();

            helper.vanish();

            assertThat(call.get(5, TimeUnit.SECONDS).kind()).isEqualTo(HelperProblem.Kind.LOST);
        }
    }

    @Test
    void aHelperThatGoesDuringASwitchEndsItAsLost() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper helper = later(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        List<JobEntry> told = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", told::add);
        helper.happens(FakeHelper.entry("authorized", ""));
        Deadline.seconds(10).await("the first entry", () -> told.size() == 1);

        helper.vanish();

        assertThat(running.await().detail).isEqualTo("helper-lost");
        assertThat(told).extracting(entry -> entry.what).containsExactly("authorized", "finished");
    }

    @Test
    void aBusThatGoesDuringASwitchEndsItAsLost() throws Exception {
        PrivateBus bus = PrivateBus.open();
        FakeHelper helper = new FakeHelper(bus);
        HelperConnection connection = connect(bus.address());
        HelperConnection.RunningSwitch running = connection.apply("any", NOBODY);

        bus.close();

        assertThat(running.await().detail).isEqualTo("helper-lost");
        HelperProblem problem = catchThrowableOfType(HelperProblem.class, () -> connection.inspect(false));
        assertThat(problem.kind()).isEqualTo(HelperProblem.Kind.STOPPED);
        helper.close();
    }

    @Test
    void aHelperThatEndedForWantOfCallsAndCameBackIsUsedOn() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper first = new FakeHelper(bus);
        HelperConnection connection = connect(bus.address());
        assertThat(connection.apply("any", NOBODY)).isNotNull();
        first.close();
        FakeHelper second = later(new FakeHelper(bus));
        assertThat(connection.inspect(false)).isNotNull();
        CountDownLatch changed = new CountDownLatch(1);
        connection.onChange(changed::countDown);

        second.gpuChanges();
        HelperConnection.RunningSwitch running = connection.apply("any", NOBODY);
        second.happens(FakeHelper.entry("finished", "done"));

        assertThat(running.await().detail).isEqualTo("done");
        assertThat(changed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatHappensBeforeTheAnswerIsToldInOrderAndOnce() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper helper = later(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        helper.whenApplied(() -> {
            helper.happens(FakeHelper.entry("authorizing", ""));
            helper.happensUnheard(FakeHelper.entry("authorized", ""));
            helper.happens(FakeHelper.entry("waiting", ""));
            helper.happens(FakeHelper.entry("waiting", ""));
        });
        List<JobEntry> told = new CopyOnWriteArrayList<>();

        HelperConnection.RunningSwitch running = connection.apply("any", told::add);
        helper.happens(FakeHelper.entry("finished", "done"));

        assertThat(running.await().detail).isEqualTo("done");
        assertThat(told)
                .extracting(entry -> entry.what)
                .containsExactly("authorizing", "authorized", "waiting", "waiting", "finished");
    }

    @Test
    void theNamesThatASignalLeavesOutAreReadFromTheLog() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper helper = later(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        List<JobEntry> told = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", told::add);

        helper.happens(new JobEntry("failed", 3, 1_000, "in-use", List.of("Xorg", "814", "ann", "/dev/dri/card0")));
        helper.happens(FakeHelper.entry("finished", "put-back"));

        assertThat(running.await().detail).isEqualTo("put-back");
        assertThat(told).extracting(entry -> entry.what).containsExactly("failed", "finished");
        assertThat(told.getFirst().values).containsExactly("Xorg", "814", "ann", "/dev/dri/card0");
    }

    @Test
    void whatOthersSendInTheHelpersNameIsNotBelieved() throws Exception {
        PrivateBus bus = later(PrivateBus.open());
        FakeHelper helper = later(new FakeHelper(bus));
        HelperConnection connection = connect(bus.address());
        DBusConnection liar = bus.connect();
        later(liar);
        List<JobEntry> told = new CopyOnWriteArrayList<>();
        HelperConnection.RunningSwitch running = connection.apply("any", told::add);

        liar.sendMessage(
                new JobInterface.Happened(FakeHelper.JOB, 0, List.of(FakeHelper.entry("finished", "a lie"))));
        helper.happens(FakeHelper.entry("finished", "done"));

        assertThat(running.await().detail).isEqualTo("done");
        assertThat(told).extracting(entry -> entry.detail).containsExactly("done");
    }
}
