package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.connections.impl.DirectConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.LinuxKernel;
import org.switchback.plan.Target;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.DBusNames;

/**
 * Plays a switch there and back on a simulated machine, and reads this one: what the helper does in earnest, so that the
 * JVM can be trained for it. Changes nothing on this computer.
 */
final class AotTraining {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(1);
    private static final long POLL_INTERVAL_MILLIS = 10;

    private AotTraining() {}

    /** @throws IllegalStateException when the machine has no GPU that can be switched there and back */
    static void runSimulatedSwitches(MachineSnapshot machine) throws DBusException, InterruptedException {
        try (LinuxKernel kernel = new LinuxKernel(Path.of("/"))) {
            kernel.prepare();
            kernel.readSnapshot();
            kernel.verifyVfio(List.of());
        }
        String gpu = SnapshotParser.parse(machine).gpus().getFirst().address().toString();
        try (EmbeddedHelper helper = EmbeddedHelper.simulated(machine, Duration.ZERO, FailureScenario.NONE)) {
            DirectConnection line = helper.client();
            HelperInterface remote = line.getRemoteObject(DBusNames.HELPER_PATH, HelperInterface.class);
            remote.Version();
            remote.Inspect();
            for (Target target : Target.values()) {
                String plan = remote.Plan(gpu, target.wireName(), List.of(), false).reply().id;
                DBusPath job = remote.Apply(plan);
                awaitDone(line.getRemoteObject(job.getPath(), JobInterface.class));
            }
        }
    }

    /**
     * Has this computer's helper come to a bus, where it is asked, and leave. Nobody there permits anything, so it is looked at
     * and nothing else.
     *
     * @param bus the address of a bus that has no such helper
     */
    static void runOnBus(String bus) throws DBusException, IOException, InterruptedException {
        Path journal = Files.createTempDirectory("switchback-rehearsal");
        try (LinuxKernel kernel = new LinuxKernel(Path.of("/"));
                DBusConnection line =
                        DBusConnectionBuilder.forAddress(bus).withShared(false).build()) {
            CountDownLatch there = new CountDownLatch(1);
            line.addSigHandler(DBus.NameOwnerChanged.class, signal -> {
                if (signal.name.equals(DBusNames.BUS_NAME)) {
                    there.countDown();
                }
            });
            Thread asking = Thread.ofPlatform().start(() -> callHelper(line, there));
            HelperMain.run(bus, kernel, journal, IDLE_TIMEOUT);
            asking.join();
        } finally {
            EmbeddedHelper.deleteRecursively(journal);
        }
    }

    private static void callHelper(DBusConnection line, CountDownLatch there) {
        try {
            if (there.await(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                HelperInterface remote = line.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class);
                remote.Version();
                remote.Inspect();
            }
        } catch (DBusException | DBusExecutionException refused) {
            // A bus without polkit.
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    private static void awaitDone(JobInterface job) throws InterruptedException {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (job.Log().stream().noneMatch(entry -> entry.detail.equals("done"))) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the rehearsal did not come to its end");
            }
            Thread.sleep(POLL_INTERVAL_MILLIS);
        }
    }
}
