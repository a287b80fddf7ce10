package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.linux.LinuxKernel;
import org.switchback.linux.SnapshotFileTree;
import org.switchback.plan.Target;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;

/**
 * The training run for the JVM's AOT cache. It runs the helper on a private bus twice: first on this computer, where
 * every call is refused because polkit is missing, then on a tree of files, where a switch begins, detects that its
 * writes have no effect, and is rolled back. Changes nothing on this computer.
 */
final class AotTraining {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(1);
    private static final long POLL_INTERVAL_MILLIS = 10;

    private AotTraining() {}

    /**
     * @param snapshot machine with a GPU in host mode, which the training switches
     * @param bus address of a private bus without a helper and without polkit
     */
    static void run(MachineSnapshot snapshot, String bus) throws DBusException, IOException, InterruptedException {
        Path directory = Files.createTempDirectory("switchback-aot");
        try (DBusConnection client =
                DBusConnectionBuilder.forAddress(bus).withShared(false).build()) {
            try (LinuxKernel kernel = new LinuxKernel(Path.of("/"))) {
                kernel.prepare();
                runHelper(client, bus, kernel, directory.resolve("run"), PolkitAuthorizer::new, AotTraining::inspect);
            }
            Path tree = directory.resolve("tree");
            SnapshotFileTree.write(withVfioLoaded(snapshot), tree);
            String gpu =
                    SnapshotParser.parse(snapshot).gpus().getFirst().address().toString();
            try (LinuxKernel kernel = new LinuxKernel(tree)) {
                runHelper(
                        client,
                        bus,
                        kernel,
                        directory.resolve("tree-run"),
                        (connection, timer) -> Authorizer.ALLOW_ALL,
                        helper -> trySwitch(client, helper, gpu));
            }
        } finally {
            deleteRecursively(directory);
        }
    }

    /**
     * Marks vfio-pci as loaded: loading a module would change this computer, even if the kernel's files are in a tree.
     */
    private static MachineSnapshot withVfioLoaded(MachineSnapshot snapshot) {
        return snapshot.withChanges(Map.of(
                SnapshotParser.PCI_DRIVERS + PciDevice.VFIO_PCI, Optional.of(new MachineSnapshot.DirectoryEntry())));
    }

    @FunctionalInterface
    private interface ClientCalls {
        void run(HelperInterface helper) throws DBusException, InterruptedException;
    }

    private static void runHelper(
            DBusConnection client,
            String bus,
            LinuxKernel kernel,
            Path journalFolder,
            SystemHelper.AuthorizerFactory authorizer,
            ClientCalls calls)
            throws DBusException, InterruptedException {
        CountDownLatch ready = new CountDownLatch(1);
        client.addSigHandler(DBus.NameOwnerChanged.class, signal -> {
            if (signal.name.equals(DBusNames.BUS_NAME) && !signal.newOwner.isEmpty()) {
                ready.countDown();
            }
        });
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                if (ready.await(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                    calls.run(client.getRemoteObject(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, HelperInterface.class));
                }
            } catch (DBusException | DBusExecutionException ignored) {
                // Without polkit every call is refused.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        HelperMain.run(bus, kernel, journalFolder, authorizer, IDLE_TIMEOUT);
        caller.join();
    }

    private static void inspect(HelperInterface helper) {
        helper.Version();
        helper.Inspect();
    }

    private static void trySwitch(DBusConnection client, HelperInterface helper, String gpu)
            throws DBusException, InterruptedException {
        inspect(helper);
        String plan =
                helper.Plan(gpu, Target.VM.wireName(), List.of(), false).reply().id();
        JobInterface job =
                client.getRemoteObject(DBusNames.BUS_NAME, helper.Apply(plan).getPath(), JobInterface.class);
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (job.Log().stream().noneMatch(JobEventStruct::isFinished) && System.nanoTime() < deadline) {
            Thread.sleep(POLL_INTERVAL_MILLIS);
        }
    }

    private static void deleteRecursively(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
