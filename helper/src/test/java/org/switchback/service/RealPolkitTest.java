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
import org.switchback.hardware.Captures;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.Names;

/** Who may do what, with the real polkitd, this project's policy and the bus rules as they are installed. */
@Timeout(120)
class RealPolkitTest {
    private static final String GPU = "0000:04:00.0";
    private static final int ROOT = 0;
    private static final int NOBODY = 65534;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final SimulatedKernel kernel = new SimulatedKernel(Captures.named("x99-gtx1080-efifb"));

    @TempDir
    private Path folder;

    private PrivateBus bus;

    @BeforeEach
    void openBus() throws Exception {
        RealPolkit.assumeUsable();
        bus = RealPolkit.bus();
        open.add(bus);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private void start(String polkitRules) throws Exception {
        open.add(RealPolkit.start(bus, polkitRules));
        SystemHelper helper = new SystemHelper(
                bus.address(),
                kernel,
                folder.resolve("run"),
                new CallRate(1000, 1000, System::nanoTime),
                Duration.ofMinutes(5),
                log::add);
        open.add(helper::close);
    }

    /** What a call by a user came to: its reply, or the name of the error. */
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
                "--dest=" + Names.BUS,
                path,
                method));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output.startsWith("Error ") ? output.substring(6, output.indexOf(':')) : output;
    }

    private String helper(int uid, String method, String... arguments) throws Exception {
        return call(uid, Names.HELPER_PATH, Names.BUS + "." + method, arguments);
    }

    private static String error(String name) {
        return Names.BUS + ".Error." + name;
    }

    private String outcome(int uid, String job) throws Exception {
        List<String> last = new ArrayList<>();
        Deadline.seconds(20).await("the end of the job", () -> {
            String entries = call(uid, job, Names.BUS + ".Job.Log");
            last.add(entries);
            return entries.contains("finished") || entries.contains("Error");
        });
        return last.getLast();
    }

    @Test
    void everyMethodForRootAndForNobody() throws Exception {
        start("");

        assertThat(helper(ROOT, "Version")).isEqualTo("int32 " + Names.VERSION);
        assertThat(helper(NOBODY, "Version")).isEqualTo("int32 " + Names.VERSION);
        assertThat(helper(ROOT, "Inspect")).startsWith("switchback-capture 1");
        assertThat(helper(NOBODY, "Inspect")).isEqualTo(error("NotAuthorized"));
        assertThat(helper(ROOT, "InspectAll")).contains("Kernel code");
        assertThat(helper(NOBODY, "InspectAll")).isEqualTo(error("NotAuthorized"));
        String[] plan = {"string:" + GPU, "string:vm", "array:string:", "boolean:false"};
        assertThat(helper(ROOT, "Plan", plan)).contains("switch-display");
        assertThat(helper(NOBODY, "Plan", plan)).isEqualTo(error("NotAuthorized"));

        try (DBusConnection root = bus.connect()) {
            HelperInterface helper =
                    root.getRemoteObject(Names.BUS, Names.HELPER_PATH, HelperInterface.class, false);
            String id = helper.Plan(GPU, "vm", List.of(), false).reply().id;
            assertThat(helper(NOBODY, "Apply", "string:" + id)).isEqualTo(error("UnknownPlan"));
            String job = helper.Apply(id).getPath();
            assertThat(outcome(ROOT, job)).contains("done");
            assertThat(call(ROOT, job, Names.BUS + ".Job.Steps")).contains("check-unused");
            assertThat(call(ROOT, job, Names.BUS + ".Job.Cancel")).isEmpty();
            for (String method : List.of("Log", "Steps", "Cancel")) {
                assertThat(call(NOBODY, job, Names.BUS + ".Job." + method)).isEqualTo(error("NotAuthorized"));
            }

            int written = kernel.written().size();
            String refused = helper(NOBODY, "Restore", "string:" + GPU);
            assertThat(refused).startsWith(Names.JOB_PATH);
            // Nobody is there to type a password; or dbus-send has left before polkit looked, which is a no as well.
            assertThat(outcome(NOBODY, refused)).containsAnyOf("no-agent", "cancelled", "denied");
            assertThat(kernel.written()).hasSize(written);
            assertThat(outcome(ROOT, helper.Restore(GPU).getPath())).contains("done");
        }

        String gpu = Names.GPU_PATH + "0000_04_00_0";
        for (int user : List.of(ROOT, NOBODY)) {
            assertThat(call(user, gpu, "org.freedesktop.DBus.Properties.GetAll", "string:" + Names.BUS + ".Gpu"))
                    .contains("GTX 1080");
            assertThat(call(user, Names.HELPER_PATH, "org.freedesktop.DBus.Introspectable.Introspect"))
                    .contains("org.switchback.Helper1");
        }
    }

    @Test
    void onlyRootMayBeTheHelper() throws Exception {
        String owning = "dbus-send --bus=" + bus.address()
                + " --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus"
                + " org.freedesktop.DBus.RequestName string:org.switchback.Helper1 uint32:0";
        for (int user : List.of(ROOT, NOBODY)) {
            Process process = new ProcessBuilder(
                            "setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "sh", "-c", owning)
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
    void aRuleOfTheAdministratorsIsFollowed() throws Exception {
        start(
                """
                polkit.addRule(function(action, subject) {
                    if (action.id == "org.switchback.helper.inspect" && subject.user == "nobody")
                        return polkit.Result.YES;
                    if (action.id == "org.switchback.helper.restore" && action.lookup("address") == "04:00.0")
                        return polkit.Result.NO;
                });
                """);

        assertThat(helper(NOBODY, "Inspect")).startsWith("switchback-capture 1");
        assertThat(helper(NOBODY, "InspectAll")).isEqualTo(error("NotAuthorized"));
    }

    private static final String NOBODY_MAY_LOOK =
            """
            polkit.addRule(function(action, subject) {
                if (action.id == "org.switchback.helper.inspect" && subject.user == "nobody")
                    return polkit.Result.YES;
            });
            """;

    /** A program of the user nobody, which can't read where this JVM's classes are. */
    private Process promptedCaller(String atThePrompt) throws Exception {
        Path library = Files.createDirectory(bus.folder().resolve("lib"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.matches(".*/(helper/target/(test-)?classes|(dbus-java|slf4j)[^/]*\\.jar)")) {
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
        command.addAll(List.of(PromptedCallerMain.class.getName(), bus.address(), atThePrompt));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(bus.folder().resolve("caller").toFile())
                .start();
        open.add(() -> process.destroyForcibly().waitFor(10, TimeUnit.SECONDS));
        return process;
    }

    private List<String> said() throws IOException {
        return Files.readAllLines(bus.folder().resolve("caller"));
    }

    @Test
    void thePromptNamesTheGpuAndItsAddressAndMayBeClosed() throws Exception {
        start(NOBODY_MAY_LOOK);

        Process caller = promptedCaller("close");

        assertThat(caller.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said())
                .containsExactly(
                        "Authentication is required to switch NVIDIA GeForce GTX 1080 (04:00.0), which drives a display,"
                                + " from host mode to VM mode",
                        "org.switchback.Switchback",
                        "authentication-cancelled");
        assertThat(kernel.written()).isEmpty();
    }

    @Test
    void whoIsKilledAtThePromptHasNothingChanged() throws Exception {
        start(NOBODY_MAY_LOOK);
        Process caller = promptedCaller("stay");
        Deadline.seconds(60).await("the prompt", () -> said().size() >= 2);

        caller.destroyForcibly();

        // polkit sees that its agent has gone, the helper that its caller has: whoever sees it first, the answer is no.
        Deadline.seconds(20)
                .await("the end", () -> log.stream()
                        .anyMatch(line ->
                                line.matches(".*: (cancelled|denied|no-agent|authentication-cancelled)")));
        assertThat(kernel.written()).isEmpty();
    }
}
