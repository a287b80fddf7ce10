package org.switchback.service;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;

/** A message bus for one test. */
public final class PrivateBus implements AutoCloseable {
    /** As the policy of the system bus: owning and calling a name requires an explicit rule. */
    private static final String SYSTEM_BUS_POLICY = """
            <policy context="default">
              <allow user="*"/>
              <deny own="*"/>
              <deny send_type="method_call"/>
              <allow send_type="signal"/>
              <allow send_requested_reply="true" send_type="method_return"/>
              <allow send_requested_reply="true" send_type="error"/>
              <allow receive_type="method_call"/>
              <allow receive_type="method_return"/>
              <allow receive_type="error"/>
              <allow receive_type="signal"/>
              <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
              <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
            </policy>
            """;

    private static final String ALLOW_ALL_POLICY = """
            <policy context="default">
              <allow user="*"/>
              <allow own="*"/>
              <allow send_destination="*" eavesdrop="true"/>
              <allow eavesdrop="true"/>
            </policy>
            """;

    private final Path folder;
    private final Process daemon;

    private PrivateBus(Path folder, Process daemon) {
        this.folder = folder;
        this.daemon = daemon;
    }

    /** Opens a bus without restrictions. */
    public static PrivateBus open() throws IOException, InterruptedException {
        return open(ALLOW_ALL_POLICY, List.of());
    }

    /** Opens a bus with the policy of the system bus and additional rule files. */
    public static PrivateBus openWithSystemPolicy(List<Path> rules) throws IOException, InterruptedException {
        return open(SYSTEM_BUS_POLICY, rules);
    }

    private static PrivateBus open(String policy, List<Path> rules) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("bus");
        // Other users must be able to reach the socket.
        folder.toFile().setExecutable(true, false);
        folder.toFile().setReadable(true, false);
        StringBuilder includes = new StringBuilder();
        for (Path rule : rules) {
            includes.append("<include>")
                    .append(rule.toAbsolutePath().normalize())
                    .append("</include>\n");
        }
        Path services = Files.createDirectory(folder.resolve("services"));
        Path config = folder.resolve("bus.conf");
        Files.writeString(config, """
                <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
                 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
                <busconfig>
                <listen>unix:path=%s</listen>
                <auth>EXTERNAL</auth>
                <servicedir>%s</servicedir>
                %s%s</busconfig>
                """.formatted(folder.resolve("bus"), services, policy, includes));
        // A daemon that outlives its test must not keep the output streams of the test process open.
        Process daemon = new ProcessBuilder("dbus-daemon", "--nofork", "--config-file=" + config)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(folder.resolve("stdout").toFile())
                .redirectError(folder.resolve("stderr").toFile())
                .start();
        PrivateBus bus = new PrivateBus(folder, daemon);
        try {
            Deadline.seconds(10).await("the bus", () -> {
                if (!daemon.isAlive()) {
                    throw new AssertionError(Files.readString(folder.resolve("stderr")));
                }
                return Files.exists(folder.resolve("bus"));
            });
            return bus;
        } catch (RuntimeException | Error e) {
            bus.close();
            throw e;
        }
    }

    public String address() {
        return "unix:path=" + folder.resolve("bus");
    }

    /** Folder for files of the test; deleted when the bus is closed. */
    public Path folder() {
        return folder;
    }

    /** Makes the bus start a program when its name is called. */
    public void addActivatableService(String name, String command) throws IOException {
        Files.writeString(
                folder.resolve("services").resolve(name + ".service"),
                "[D-BUS Service]\nName=%s\nExec=%s\n".formatted(name, command));
    }

    public DBusConnection connect() throws DBusException {
        return DBusConnectionBuilder.forAddress(address()).withShared(false).build();
    }

    @Override
    public void close() {
        daemon.destroy();
        try {
            if (!daemon.waitFor(5, TimeUnit.SECONDS)) {
                daemon.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
            }
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        } catch (IOException ignored) {
            // Some temporary files remain.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
