package org.switchback.service;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.interfaces.DBus;
import org.junit.jupiter.api.Assumptions;

/**
 * The real polkitd on a private bus, with this project's policy and only the test's rules. It runs in a separate mount
 * namespace, because the paths of its folders are fixed.
 */
final class RealPolkit implements AutoCloseable {
    static final Path HELPER_BUS_RULES = Path.of("../../packaging/dbus/org.switchback.Helper1.conf");
    private static final Path POLICY = Path.of("../../packaging/polkit/org.switchback.helper.policy");
    private static final Path DAEMON = Path.of("/usr/lib/polkit-1/polkitd");
    private static final Path POLKIT_BUS_RULES = Path.of("/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf");

    private final Process daemon;

    private RealPolkit(Process daemon) {
        this.daemon = daemon;
    }

    /** Skips the test if polkitd is not installed or cannot be started by this user. */
    static void assumeUsable() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(DAEMON), "polkitd is not installed at " + DAEMON);
        Process unshare = new ProcessBuilder("unshare", "--mount", "true").start();
        Assumptions.assumeTrue(
                unshare.waitFor(10, TimeUnit.SECONDS) && unshare.exitValue() == 0,
                "polkitd with a separate policy requires root and a mount namespace");
    }

    /** Opens a bus with the installed bus rules of polkitd and the helper. */
    static PrivateBus openBus() throws IOException, InterruptedException {
        return PrivateBus.openWithSystemPolicy(List.of(HELPER_BUS_RULES, POLKIT_BUS_RULES));
    }

    /** @param rules polkit rules in JavaScript */
    static RealPolkit start(PrivateBus bus, String rules) throws Exception {
        Path actions = Files.createDirectory(bus.folder().resolve("actions"));
        Path ruleFolder = Files.createDirectory(bus.folder().resolve("rules"));
        Files.copy(POLICY, actions.resolve(POLICY.getFileName()));
        Files.writeString(ruleFolder.resolve("10-test.rules"), rules);
        for (Path folder : List.of(actions, ruleFolder)) {
            new ProcessBuilder("chmod", "-R", "a+rX", folder.toString()).start().waitFor();
        }
        ProcessBuilder builder = new ProcessBuilder(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind \"$1\" /usr/share/polkit-1/actions && mount --bind \"$2\" /etc/polkit-1/rules.d"
                        + " && exec \"$3\" --no-debug",
                "sh",
                actions.toString(),
                ruleFolder.toString(),
                DAEMON.toString());
        builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
        File output = bus.folder().resolve("polkitd").toFile();
        RealPolkit polkit = new RealPolkit(builder.redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start());
        try (DBusConnection connection = bus.connect()) {
            DBus driver = connection.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
            Deadline.seconds(20).await("polkitd", () -> {
                if (!polkit.daemon.isAlive()) {
                    throw new AssertionError(Files.readString(output.toPath()));
                }
                return driver.NameHasOwner("org.freedesktop.PolicyKit1");
            });
        }
        return polkit;
    }

    @Override
    public void close() throws InterruptedException {
        daemon.destroy();
        if (!daemon.waitFor(5, TimeUnit.SECONDS)) {
            daemon.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        }
    }
}
