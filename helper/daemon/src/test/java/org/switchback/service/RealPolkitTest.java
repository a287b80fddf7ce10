package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.bus.CallLimits;
import org.switchback.hardware.TestSnapshots;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.simulator.SimulatedKernel;

/** Tests authorization with the real polkitd, this project's policy and the installed bus rules. */
@Timeout(120)
class RealPolkitTest {
    private static final String GPU = "0000:04:00.0";
    private static final int ROOT = 0;
    private static final int NOBODY = 65534;

    private final List<AutoCloseable> closeables = new ArrayList<>();
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("x99-gtx1080-efifb"));

    @TempDir
    private Path folder;

    private PrivateBus bus;

    @BeforeEach
    void openBus() throws Exception {
        RealPolkit.assumeUsable();
        bus = RealPolkit.openBus();
        closeables.add(bus);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
    }

    private void start(String polkitRules) throws Exception {
        closeables.add(RealPolkit.start(bus, polkitRules));
        SystemHelper helper = new SystemHelper(
                bus.address(),
                kernel,
                folder.resolve("run"),
                PolkitAuthorizer::new,
                CallLimits.NONE,
                Duration.ofMinutes(5),
                log::add);
        closeables.add(helper::close);
    }

    /** Calls a method as a user and returns the reply, or the name of the error. */
    private String call(int uid, String path, String method, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + uid,
                "--regid=" + uid,
                "--clear-groups",
                "dbus-send",
                "--bus=" + bus.address(),
                "--print-reply=literal",
                "--dest=" + DBusNames.BUS_NAME,
                path,
                method));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output.startsWith("Error ") ? output.substring(6, output.indexOf(':')) : output;
    }

    private String callHelper(int uid, String method, String... arguments) throws Exception {
        return call(uid, DBusNames.HELPER_PATH, DBusNames.BUS_NAME + "." + method, arguments);
    }

    private static String errorName(String name) {
        return DBusNames.BUS_NAME + ".Error." + name;
    }

    /** Waits for the end of the job and returns its log, or the name of the error. */
    private String awaitLog(int uid, String job) throws Exception {
        List<String> logs = new ArrayList<>();
        Deadline.seconds(20).await("the end of the job", () -> {
            String events = call(uid, job, DBusNames.BUS_NAME + ".Job.Log");
            logs.add(events);
            return events.contains("finished") || events.contains("Error");
        });
        return logs.getLast();
    }

    @Test
    void everyMethodChecksAuthorizationForRootAndNobody() throws Exception {
        start("");

        assertThat(callHelper(ROOT, "Version")).isEqualTo("int32 " + DBusNames.PROTOCOL_VERSION);
        assertThat(callHelper(NOBODY, "Version")).isEqualTo("int32 " + DBusNames.PROTOCOL_VERSION);
        assertThat(callHelper(ROOT, "Inspect")).startsWith("switchback-capture 1");
        assertThat(callHelper(NOBODY, "Inspect")).isEqualTo(errorName("NotAuthorized"));
        assertThat(callHelper(ROOT, "InspectAll")).contains("Kernel code");
        assertThat(callHelper(NOBODY, "InspectAll")).isEqualTo(errorName("NotAuthorized"));
        String[] plan = {"string:" + GPU, "string:vm", "array:string:", "boolean:false"};
        assertThat(callHelper(ROOT, "Plan", plan)).contains("switch-display");
        assertThat(callHelper(NOBODY, "Plan", plan)).isEqualTo(errorName("NotAuthorized"));

        try (DBusConnection root = bus.connect()) {
            HelperInterface helper =
                    root.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class, false);
            String id = helper.Plan(GPU, "vm", List.of(), false).reply().id();
            assertThat(callHelper(NOBODY, "Apply", "string:" + id)).isEqualTo(errorName("UnknownPlan"));
            String job = helper.Apply(id).getPath();
            assertThat(awaitLog(ROOT, job)).contains("done");
            assertThat(call(ROOT, job, DBusNames.BUS_NAME + ".Job.Steps")).contains("check-unused");
            assertThat(call(ROOT, job, DBusNames.BUS_NAME + ".Job.Cancel")).isEmpty();
            for (String method : List.of("Log", "Steps", "Cancel")) {
                assertThat(call(NOBODY, job, DBusNames.BUS_NAME + ".Job." + method))
                        .isEqualTo(errorName("NotAuthorized"));
            }

            int writeCount = kernel.writes().size();
            String restoreJob = callHelper(NOBODY, "Restore", "string:" + GPU);
            assertThat(restoreJob).startsWith(DBusNames.JOB_PATH_PREFIX);
            // No authentication agent is running; or dbus-send exits before polkit checks it, which also denies or is
            // an
            // error of polkit's.
            assertThat(awaitLog(NOBODY, restoreJob)).containsAnyOf("no-agent", "cancelled", "denied", "undecided");
            assertThat(kernel.writes()).hasSize(writeCount);
            assertThat(awaitLog(ROOT, helper.Restore(GPU).getPath())).contains("done");
        }

        String gpu = DBusNames.GPU_PATH_PREFIX + "0000_04_00_0";
        for (int user : List.of(ROOT, NOBODY)) {
            assertThat(call(
                            user,
                            gpu,
                            "org.freedesktop.DBus.Properties.GetAll",
                            "string:" + DBusNames.BUS_NAME + ".Gpu"))
                    .contains("GTX 1080");
            assertThat(call(user, DBusNames.HELPER_PATH, "org.freedesktop.DBus.Introspectable.Introspect"))
                    .contains("org.switchback.Helper1");
        }
    }

    @Test
    void onlyRootCanOwnTheBusName() throws Exception {
        String requestName = "dbus-send --bus=" + bus.address()
                + " --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus"
                + " org.freedesktop.DBus.RequestName string:org.switchback.Helper1 uint32:0";
        for (int user : List.of(ROOT, NOBODY)) {
            Process process = new ProcessBuilder(
                            "setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "sh", "-c", requestName)
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (user == ROOT) {
                assertThat(output).contains("uint32 1");
            } else {
                assertThat(output).contains("org.freedesktop.DBus.Error.AccessDenied");
            }
        }
    }

    @Test
    void administratorsPolkitRuleIsApplied() throws Exception {
        start("""
                polkit.addRule(function(action, subject) {
                    if (action.id == "org.switchback.helper.inspect" && subject.user == "nobody")
                        return polkit.Result.YES;
                    if (action.id == "org.switchback.helper.restore" && action.lookup("address") == "04:00.0")
                        return polkit.Result.NO;
                });
                """);

        assertThat(callHelper(NOBODY, "Inspect")).startsWith("switchback-capture 1");
        assertThat(callHelper(NOBODY, "InspectAll")).isEqualTo(errorName("NotAuthorized"));
    }

    private static final String NOBODY_CAN_INSPECT = """
            polkit.addRule(function(action, subject) {
                if (action.id == "org.switchback.helper.inspect" && subject.user == "nobody")
                    return polkit.Result.YES;
            });
            """;

    /**
     * Starts {@link PromptedCallerMain} as the user nobody, who cannot read this JVM's class path: copies the classes.
     */
    private Process startPromptedCaller(String promptAction) throws Exception {
        Path library = Files.createDirectory(bus.folder().resolve("lib"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.matches(".*/(helper/[a-z]+/target/((test-)?classes|switchback-[^/]*\\.jar)"
                    + "|(dbus-java|slf4j)[^/]*\\.jar)")) {
                new ProcessBuilder("cp", "-r", entry, library.resolve(Integer.toString(entry.hashCode())) + ".jar")
                        .start()
                        .waitFor();
            }
        }
        new ProcessBuilder("chmod", "-R", "a+rX", library.toString()).start().waitFor();
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + NOBODY,
                "--regid=" + NOBODY,
                "--clear-groups",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp"));
        try (Stream<Path> jars = Files.list(library)) {
            command.add(jars.map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
        }
        command.addAll(List.of(PromptedCallerMain.class.getName(), bus.address(), promptAction));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(bus.folder().resolve("caller").toFile())
                .start();
        closeables.add(() -> process.destroyForcibly().waitFor(10, TimeUnit.SECONDS));
        return process;
    }

    private List<String> callerOutput() throws IOException {
        return Files.readAllLines(bus.folder().resolve("caller"));
    }

    @Test
    void promptNamesTheGpuAndCanBeDismissed() throws Exception {
        start(NOBODY_CAN_INSPECT);

        Process caller = startPromptedCaller("close");

        assertThat(caller.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(callerOutput())
                .containsExactly(
                        "Authentication is required to switch NVIDIA GeForce GTX 1080 (04:00.0), which drives"
                                + " a display, from host mode to VM mode",
                        "org.switchback.Switchback",
                        "authentication-cancelled");
        assertThat(kernel.writes()).isEmpty();
    }

    @Test
    void killingTheCallerAtThePromptChangesNothing() throws Exception {
        start(NOBODY_CAN_INSPECT);
        Process caller = startPromptedCaller("stay");
        Deadline.seconds(60).await("the prompt", () -> callerOutput().size() >= 2);

        caller.destroyForcibly();

        // polkit detects the lost agent and the helper the lost caller, in any order; either ends the switch.
        Deadline.seconds(20).await("the end", () -> log.stream()
                .anyMatch(line -> line.matches(".*: (cancelled|denied|no-agent|authentication-cancelled)")));
        assertThat(kernel.writes()).isEmpty();
    }
}
