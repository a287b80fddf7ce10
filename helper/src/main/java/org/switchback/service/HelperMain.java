package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.base.IncomingMessageThread;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.switchback.hardware.Capture;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.LinuxKernel;
import org.switchback.protocol.Names;

/**
 * Starts the helper. System properties, for tests: {@code switchback.root} is where the kernel's files are looked for,
 * {@code switchback.run} the folder of the journal, {@code switchback.idle} the seconds to stay without being called.
 */
public final class HelperMain {
    private static final String SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket";
    private static final Consumer<String> LOG = line -> System.err.println("switchback-helper: " + line);

    private static final double CALLS_PER_SECOND = 10;
    private static final double CALLS_AT_ONCE = 20;

    private HelperMain() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length == 1 && args[0].equals("--version")) {
            System.out.println("switchback-helper 0.1.0");
            return;
        }
        if (args.length >= 2 && args[0].equals("--rehearse")) {
            System.exit(rehearse(Path.of(args[1]), Arrays.stream(args).skip(2).findFirst()));
        }
        int code;
        try (LinuxKernel kernel = new LinuxKernel(Path.of(System.getProperty("switchback.root", "/")))) {
            code = run(
                    Optional.ofNullable(System.getenv("DBUS_SYSTEM_BUS_ADDRESS")).orElse(SYSTEM_BUS),
                    kernel,
                    Path.of(System.getProperty("switchback.run", "/run/switchback")),
                    Duration.ofSeconds(Long.getLong("switchback.idle", 60)));
        }
        System.exit(code);
    }

    private static int rehearse(Path capture, Optional<String> bus) throws InterruptedException {
        try {
            Rehearsal.play(Capture.parse(Files.readString(capture)));
        } catch (IOException | Capture.MalformedCapture | DBusException | RuntimeException failed) {
            LOG.accept("no rehearsal: " + Trouble.text(failed));
            return 1;
        }
        try {
            if (bus.isPresent()) {
                Rehearsal.answer(bus.get());
            }
        } catch (IOException | DBusException | DBusExecutionException failed) {
            LOG.accept("no rehearsal on a bus: " + Trouble.text(failed));
        }
        return 0;
    }

    /** @return the exit code: 0 when nobody needed it any more, 1 when it could not be or go on */
    static int run(String bus, Kernel kernel, Path folder, Duration idle) throws InterruptedException {
        SystemHelper helper;
        try {
            helper = new SystemHelper(
                    bus,
                    kernel,
                    folder,
                    new CallRate(CALLS_PER_SECOND, CALLS_AT_ONCE, System::nanoTime),
                    idle,
                    LOG);
        } catch (DBusException | DBusExecutionException notOnBus) {
            LOG.accept("can't be on the system bus as " + Names.BUS);
            return 1;
        }
        Thread.setDefaultUncaughtExceptionHandler((thread, unexpected) -> {
            LOG.accept("thread " + thread.getName() + " ended: " + Trouble.text(unexpected));
            // The one that reads the bus: without it the helper would own its name and be deaf.
            if (thread instanceof IncomingMessageThread) {
                helper.fail();
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(helper)));
        return helper.awaitEnd() ? 0 : 1;
    }

    private static void close(SystemHelper helper) {
        try {
            helper.close();
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
