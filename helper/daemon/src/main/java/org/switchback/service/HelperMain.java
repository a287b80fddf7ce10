package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.base.IncomingMessageThread;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.switchback.bus.BusTransport;
import org.switchback.bus.CallLimits;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.kernel.Kernel;
import org.switchback.linux.LinuxKernel;
import org.switchback.protocol.DBusNames;

/**
 * Starts the helper. System properties, for tests: {@code switchback.root} is the root of the kernel's files,
 * {@code switchback.run} the folder of the journal, {@code switchback.idle} the idle timeout in seconds.
 */
public final class HelperMain {
    private static final String SYSTEM_BUS_ADDRESS = "unix:path=/run/dbus/system_bus_socket";
    private static final Consumer<String> LOG = line -> System.err.println("switchback-helper: " + line);

    /** The calls of root come first, and two threads are left for them. */
    private static final CallLimits CALL_LIMITS =
            new CallLimits(10, 20, 3, HelperService.METHOD_CALL_THREADS - 2, Caller.ROOT_UID);

    private HelperMain() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length == 1 && args[0].equals("--version")) {
            System.out.println("switchback-helper 0.1.0");
            return;
        }
        if (args.length == 3 && args[0].equals("--train-aot")) {
            System.exit(trainAot(Path.of(args[1]), args[2]));
        }
        int code;
        try (LinuxKernel kernel = new LinuxKernel(Path.of(System.getProperty("switchback.root", "/")))) {
            code = run(
                    Optional.ofNullable(System.getenv("DBUS_SYSTEM_BUS_ADDRESS"))
                            .orElse(SYSTEM_BUS_ADDRESS),
                    kernel,
                    Path.of(System.getProperty("switchback.run", "/run/switchback")),
                    Duration.ofSeconds(Long.getLong("switchback.idle", 60)));
        }
        System.exit(code);
    }

    private static int trainAot(Path snapshot, String bus) throws InterruptedException {
        try {
            AotTraining.run(MachineSnapshot.parse(Files.readString(snapshot)), bus);
            return 0;
        } catch (IOException | MachineSnapshot.MalformedSnapshotException | DBusException | RuntimeException e) {
            LOG.accept("AOT training failed: " + ExceptionLogFormatter.format(e));
            return 1;
        }
    }

    /**
     * Runs the helper until it exits.
     *
     * @param bus address of the message bus
     * @param journalFolder folder of the journal
     * @param idleTimeout time without calls after which the helper exits
     * @return exit code: 0 after the idle timeout, 1 if the helper could not start or continue
     */
    static int run(String bus, Kernel kernel, Path journalFolder, Duration idleTimeout) throws InterruptedException {
        return run(bus, kernel, journalFolder, PolkitAuthorizer::new, idleTimeout);
    }

    /** As {@link #run(String, Kernel, Path, Duration)}, with a given authorizer instead of polkit. */
    static int run(
            String bus,
            Kernel kernel,
            Path journalFolder,
            SystemHelper.AuthorizerFactory authorizer,
            Duration idleTimeout)
            throws InterruptedException {
        Thread.setDefaultUncaughtExceptionHandler(HelperMain::handleUncaughtException);
        SystemHelper helper;
        try {
            helper = new SystemHelper(bus, kernel, journalFolder, authorizer, CALL_LIMITS, idleTimeout, LOG);
        } catch (DBusException | DBusExecutionException ignored) {
            // Without a stack trace: the usual cause is a bus that is not running, or that refuses the name.
            LOG.accept("can't be on the system bus as " + DBusNames.BUS_NAME);
            return 1;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(helper)));
        return helper.awaitEnd() ? 0 : 1;
    }

    private static void handleUncaughtException(Thread thread, Throwable e) {
        LOG.accept("thread " + thread.getName() + " ended: " + ExceptionLogFormatter.format(e));
        // Without the threads that read from the bus, the helper would own its name but receive no calls. An orderly
        // exit waits for replies that never arrive; the next helper rolls back from the journal instead.
        if (thread instanceof IncomingMessageThread || thread.getName().equals(BusTransport.READER_THREAD_NAME)) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static void close(SystemHelper helper) {
        try {
            helper.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
