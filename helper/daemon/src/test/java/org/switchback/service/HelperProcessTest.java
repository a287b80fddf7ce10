package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        List<String> command = new ArrayList<>(List.of(
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
        assertThat(machine().firmwareFramebuffers()).isEqualTo(before.firmwareFramebuffers());
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

    /** A body with a file descriptor in its signature ends dbus-java's reader thread with an exception. */
    @Test
    void helperWhoseReaderDiesIsReplacedWithinSeconds() throws Exception {
        HelperInterface helper = activateHelperInMidSwitch();

        RawBusClient.send(bus.address(), DBusNames.BUS_NAME, DBusNames.HELPER_PATH, DBusNames.BUS_NAME, "Apply", "h");

        // 5 s on an idle computer; this one runs tests.
        Deadline.seconds(10).await("the next helper", () -> helper.Version() == DBusNames.PROTOCOL_VERSION);
        assertThat(JobLogReader.readUntilFinished(job(DBusNames.JOB_PATH_PREFIX + 1))
                        .getLast()
                        .detail)
                .isEqualTo("rolled-back");
        assertOriginalState();
    }

    @Test
    void messageFloodCostsAtMostOneRestart() throws Exception {
        HelperInterface helper = activateHelperInMidSwitch();
        DBus driver = client.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
        String first = driver.GetNameOwner(DBusNames.BUS_NAME);

        String flood = "x".repeat(8 << 20);
        try (DBusConnection floodingClient = bus.connect()) {
            HelperInterface floodedHelper = floodingClient.getRemoteObject(
                    DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class, false);
            Deadline.seconds(60).await("the end of the first helper", () -> {
                floodingClient.callMethodAsync(floodedHelper, "Apply", flood);
                return !driver.NameHasOwner(DBusNames.BUS_NAME)
                        || !driver.GetNameOwner(DBusNames.BUS_NAME).equals(first);
            });
        }

        // Takes 5 s on an idle computer; longer while tests are running.
        Deadline.seconds(20).await("the next helper", () -> helper.Version() == DBusNames.PROTOCOL_VERSION);
        assertThat(JobLogReader.readUntilFinished(job(DBusNames.JOB_PATH_PREFIX + 1))
                        .getLast()
                        .detail)
                .isEqualTo("rolled-back");
        assertOriginalState();
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
