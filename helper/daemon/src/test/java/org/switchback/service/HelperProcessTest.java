package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.interfaces.DBus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;

/** Tests the helper as a separate process that is killed, terminated or flooded. */
@Timeout(120)
class HelperProcessTest {
    private static final PciAddress GPU = PciAddress.of("0000:04:00.0");

    private final List<AutoCloseable> closeables = new ArrayList<>();

    @TempDir
    private Path folder;

    private PrivateBus bus;
    private DBusConnection client;

    @BeforeEach
    void openBus() throws Exception {
        bus = PrivateBus.open();
        closeables.add(bus);
        closeables.add(new FakePolkit(bus));
        client = bus.connect();
        closeables.add(client);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
    }

    private Process startJava(String mainClass, String address, String... arguments) throws IOException {
        return startJava(List.of(), mainClass, address, arguments);
    }

    private Process startJava(List<String> prefix, String mainClass, String address, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                mainClass));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", address);
        Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("stderr").toFile()))
                .start();
        closeables.add(() -> process.destroyForcibly().waitFor(10, TimeUnit.SECONDS));
        return process;
    }

    private Process startHelper(int blockedWrite) throws Exception {
        Process process = startJava(
                FileKernelHelperMain.class.getName(), bus.address(), folder.toString(), Integer.toString(blockedWrite));
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        Deadline.seconds(30).await("the helper", () -> {
            if (!process.isAlive()) {
                throw new AssertionError(Files.readString(folder.resolve("stderr")));
            }
            return driver.NameHasOwner(DBusNames.BUS_NAME);
        });
        return process;
    }

    private JobInterface job(String path) throws Exception {
        return client.getRemoteObject(DBusNames.BUS_NAME, path, JobInterface.class, false);
    }

    private String applyPlan() throws Exception {
        HelperInterface helper =
                client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class, false);
        return helper.Apply(helper.Plan(GPU.toString(), "vm", List.of(), false)
                        .reply()
                        .id())
                .getPath();
    }

    private Machine machine() throws IOException, MachineSnapshot.MalformedSnapshotException {
        return SnapshotParser.parse(MachineSnapshot.parse(Files.readString(folder.resolve("machine"))));
    }

    private static String describe(PciDevice function) {
        return function.driver() + " " + function.driverOverride() + " "
                + function.power().control();
    }

    private void assertOriginalState() throws Exception {
        Machine before = TestSnapshots.parseMachine(FileKernelHelperMain.MACHINE);
        Gpu gpu = machine().gpu(GPU).orElseThrow();
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.HOST);
        assertThat(gpu.functions())
                .extracting(HelperProcessTest::describe)
                .containsExactlyElementsOf(before.gpu(GPU).orElseThrow().functions().stream()
                        .map(HelperProcessTest::describe)
                        .toList());
        assertThat(machine().bootFramebuffers()).isEqualTo(before.bootFramebuffers());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 5, 8})
    void nextHelperRollsBackAfterKill(int write) throws Exception {
        Process first = startHelper(write);
        applyPlan();
        Deadline.seconds(30).await("the write", () -> Files.exists(FileKernelHelperMain.waitingFile(folder)));

        first.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        startHelper(0);

        List<JobEventStruct> recovery = JobLogReader.readUntilFinished(job(DBusNames.JOB_PATH_PREFIX + 1));
        assertThat(recovery.getLast().detail).isEqualTo("rolled-back");
        assertOriginalState();
        assertThat(JobLogReader.readUntilFinished(job(applyPlan())).getLast().detail)
                .isEqualTo("done");
    }

    @Test
    void aotTrainingRunsTwoHelpersAndASwitchAndExits() throws Exception {
        Path machine = Files.writeString(
                folder.resolve("snapshot"),
                TestSnapshots.load(FileKernelHelperMain.MACHINE).toText());
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        List<String> owners = new CopyOnWriteArrayList<>();
        client.addSigHandler(DBus.NameOwnerChanged.class, signal -> {
            if (signal.name.equals(DBusNames.BUS_NAME)) {
                owners.add(signal.newOwner.isEmpty() ? "none" : "the helper");
            }
        });

        Process training =
                startJava(HelperMain.class.getName(), bus.address(), "--train-aot", machine.toString(), bus.address());

        assertThat(training.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readAllLines(folder.resolve("stderr")))
                .as("the log of the switch on the tree of files")
                .last()
                .isEqualTo("switchback-helper: switch of 0000:04:00.0: rolled-back");
        assertThat(training.exitValue()).isZero();
        Deadline.seconds(10)
                .await("the helper to exit", () -> owners.equals(List.of("the helper", "none", "the helper", "none")));
        assertThat(driver.NameHasOwner(DBusNames.BUS_NAME)).isFalse();
    }

    @Test
    void terminatedHelperRollsBackBeforeExit() throws Exception {
        Process helper = startHelper(5);
        applyPlan();
        Deadline.seconds(30).await("the write", () -> Files.exists(FileKernelHelperMain.waitingFile(folder)));

        helper.destroy();
        assertThat(helper.waitFor(500, TimeUnit.MILLISECONDS)).isFalse();
        Files.createFile(FileKernelHelperMain.continueFile(folder));

        assertThat(helper.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertOriginalState();
    }

    /** Starts the helper by the bus, has it begin a switch, and waits for a write that blocks. */
    private HelperInterface activateHelperInMidSwitch() throws Exception {
        Path script = folder.resolve("helper");
        Files.writeString(script, """
                #!/bin/sh
                DBUS_SYSTEM_BUS_ADDRESS='%s' exec '%s' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx24m \\
                    -XX:+ExitOnOutOfMemoryError -cp '%s' %s '%s' 5 >>'%s' 2>&1
                """.formatted(
                        bus.address(),
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        System.getProperty("java.class.path"),
                        FileKernelHelperMain.class.getName(),
                        folder,
                        folder.resolve("stderr")));
        assertThat(script.toFile().setExecutable(true)).isTrue();
        bus.addActivatableService(DBusNames.BUS_NAME, script.toString());
        HelperInterface helper =
                client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class, true);
        helper.Apply(helper.Plan(GPU.toString(), "vm", List.of(), false).reply().id());
        Deadline.seconds(30).await("the write", () -> Files.exists(FileKernelHelperMain.waitingFile(folder)));
        return helper;
    }

    /** The thread that reads the bus should never die; should it do so all the same, nothing may hang. */
    @Test
    void helperWhoseReaderDiesIsReplacedWithinSeconds() throws Exception {
        HelperInterface helper = activateHelperInMidSwitch();
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);

        Files.createFile(FileKernelHelperMain.killReaderFile(folder));
        Deadline.seconds(10).await("the end of the helper", () -> !driver.NameHasOwner(DBusNames.BUS_NAME));

        // 5 s on an idle computer; this one runs tests.
        Deadline.seconds(10).await("the next helper", () -> helper.Version() == DBusNames.PROTOCOL_VERSION);
        assertThat(JobLogReader.readUntilFinished(job(DBusNames.JOB_PATH_PREFIX + 1))
                        .getLast()
                        .detail)
                .isEqualTo("rolled-back");
        assertOriginalState();
    }

    private static Map<String, RawMessage> hostileMessages() {
        String name = DBusNames.BUS_NAME;
        String path = DBusNames.HELPER_PATH;
        String busPath = "/org/freedesktop/DBus";
        String bus = "org.freedesktop.DBus";
        RawMessage apply = RawMessage.call(name, path, name, "Apply");
        Map<String, RawMessage> messages = new LinkedHashMap<>();
        messages.put("a descriptor that was not sent", apply.withBody("h", new byte[4]));
        messages.put("a text of 20 MB", apply.withBody("s", RawMessage.string("x".repeat(20 << 20))));
        messages.put("nested variants", apply.withBody("v", RawMessage.nestedVariants(60)));
        messages.put("nested arrays", apply.withBody("a".repeat(32) + "y", new byte[4]));
        messages.put("250,000 variants", apply.withBody("av", RawMessage.variants(250_000)));
        messages.put("a dictionary", apply.withBody("a{sv}", new byte[8]));
        messages.put("a path of 100 kB", RawMessage.call(name, "/" + "a".repeat(100_000), name, "Apply"));
        messages.put("an unknown object", RawMessage.call(name, "/x", "a.b", "C"));
        messages.put("no interface", RawMessage.call(name, path, "", "Apply"));
        messages.put(
                "a forged signal of the bus",
                RawMessage.signal(name, busPath, bus, "NameAcquired")
                        .withBody("s", RawMessage.string("org.example.Forged")));
        messages.put(
                "a signal with a descriptor",
                RawMessage.signal(name, busPath, bus, "NameLost").withBody("h", new byte[4]));
        messages.put("a reply to nothing", RawMessage.reply(name, 5).withBody("h", new byte[4]));
        return messages;
    }

    /** 1 s on an idle computer; this one runs tests. */
    private static void assertAnswers(HelperInterface helper) throws Exception {
        assertThat(CompletableFuture.supplyAsync(helper::Version).get(5, TimeUnit.SECONDS))
                .isEqualTo(DBusNames.PROTOCOL_VERSION);
    }

    @Test
    void hostileMessagesDisturbNeitherTheHelperNorItsSwitch() throws Exception {
        HelperInterface helper = activateHelperInMidSwitch();
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        String owner = driver.GetNameOwner(DBusNames.BUS_NAME);

        assertThat(helper.IsSwitching()).isTrue();
        for (RawMessage message : hostileMessages().values()) {
            try (RawBusClient attacker = new RawBusClient(bus.address())) {
                for (int i = 0; i < 6; i++) {
                    attacker.send(message);
                }
                assertAnswers(helper);
            }
        }

        assertThat(driver.GetNameOwner(DBusNames.BUS_NAME)).isEqualTo(owner);
        Files.createFile(FileKernelHelperMain.continueFile(folder));
        assertThat(JobLogReader.readUntilFinished(job(DBusNames.JOB_PATH_PREFIX + 1))
                        .getLast()
                        .detail)
                .isEqualTo("done");
        assertThat(helper.IsSwitching()).isFalse();
    }

    /** Twelve messages of 8 MiB are more than the memory of the helper. */
    @Test
    void largeMessagesDoNotExhaustTheMemory() throws Exception {
        HelperInterface helper = activateHelperInMidSwitch();
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        String owner = driver.GetNameOwner(DBusNames.BUS_NAME);
        RawMessage call = RawMessage.call(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, DBusNames.BUS_NAME, "Apply")
                .withBody("s", RawMessage.string("x".repeat(8 << 20)));

        try (RawBusClient attacker = new RawBusClient(bus.address())) {
            for (int i = 0; i < 12; i++) {
                attacker.send(call);
            }
            assertAnswers(helper);
        }

        assertThat(driver.GetNameOwner(DBusNames.BUS_NAME)).isEqualTo(owner);
    }

    @ParameterizedTest
    @CsvSource({
        "org.switchback.Helper1, Version, no-reply, 60000, 1",
        "org.switchback.Helper1, Version, reply, 20000, 100",
        "org.freedesktop.DBus.Introspectable, Introspect, no-reply, 60000, 1",
        "org.freedesktop.DBus.Peer, Ping, no-reply, 60000, 1",
        "org.example.Unknown, Call, no-reply, 60000, 1"
    })
    void floodOfAnotherUserDelaysNoAnswer(
            String interfaceName, String member, String reply, String callCount, String connectionCount)
            throws Exception {
        assumeThat(new UnixSystem().getUid())
                .as("runs a process of another user")
                .isZero();
        HelperInterface helper = activateHelperInMidSwitch();

        Process flood = startJava(
                List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                FloodMain.class.getName(),
                bus.address(),
                bus.address(),
                interfaceName,
                member,
                reply,
                callCount,
                connectionCount);
        Duration longest = Duration.ZERO;
        int calls = 0;
        while (flood.isAlive()) {
            long start = System.nanoTime();
            assertAnswers(helper);
            Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
            longest = elapsed.compareTo(longest) > 0 ? elapsed : longest;
            calls++;
        }

        assertThat(flood.exitValue())
                .as(Files.readString(folder.resolve("stderr")))
                .isZero();
        // 1 s on an idle computer; this one runs tests.
        assertThat(longest).as("%d calls", calls).isLessThan(Duration.ofSeconds(3));
        System.out.printf("%s %s: %d calls, longest %d ms%n", member, reply, calls, longest.toMillis());
    }

    @Test
    void helperExitsWithOneLogLineWithoutABus() throws Exception {
        Process helper = startJava(HelperMain.class.getName(), "unix:path=" + folder.resolve("nothing"));

        assertThat(helper.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(helper.exitValue()).isEqualTo(1);
        assertThat(Files.readAllLines(folder.resolve("stderr")))
                .containsExactly("switchback-helper: can't be on the system bus as org.switchback.Helper1");
    }

    @Test
    void helperExitsWhenTheBusStops() throws Exception {
        Process helper = startHelper(0);

        closeables.remove(bus);
        bus.close();

        assertThat(helper.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(helper.exitValue()).isEqualTo(1);
    }
}
