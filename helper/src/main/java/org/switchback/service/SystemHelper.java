package org.switchback.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.IDisconnectCallback;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.switchback.kernel.Kernel;
import org.switchback.protocol.Names;
import org.switchback.transaction.JournalProblem;
import org.switchback.transaction.Transactions;

/** The helper as a process on a message bus: all of it is put together here, and taken down again. */
final class SystemHelper {
    private static final Path SYSTEMD_INHIBIT = Path.of("/usr/bin/systemd-inhibit");
    /** One attempt: dbus-java makes one for every half second of this. */
    private static final int CONNECT_MILLIS = 500;

    /** Where the kernel does not tell what changes, it is asked. */
    private static final long WATCH_SECONDS = 2;

    /** A helper that is just going still has the journal for a moment. */
    private static final int JOURNAL_TRIES = 20;

    private static final long JOURNAL_PAUSE_MILLIS = 100;
    /** What was sent to the name before it was given back has arrived by then. */
    private static final Duration LAST_CALLS = Duration.ofMillis(100);

    private volatile boolean failed;
    private final Duration idle;
    private final Consumer<String> log;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timer").daemon().factory());
    private final DBusConnection bus;
    private final Optional<Transactions> transactions;
    private final HelperService service;
    private final Optional<Kernel.Watch> watch;

    /**
     * Comes to the bus and owns the helper's name there when this returns.
     *
     * @param address of the bus, as D-Bus writes it
     * @param folder  of the journal
     * @param rate    how many calls a user may make
     * @param idle    how long to stay without being called
     * @param log     takes lines about what happens
     * @throws DBusException without the bus, or when it does not give the name
     */
    SystemHelper(
            String address, Kernel kernel, Path folder, CallRate rate, Duration idle, Consumer<String> log)
            throws DBusException, InterruptedException {
        this.idle = idle;
        this.log = log;
        bus = DBusConnectionBuilder.forAddress(address)
                .withShared(false)
                .withDisconnectCallback(new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(IOException cause) {
                        log.accept("the bus is gone");
                        fail();
                    }
                })
                .transportConfig()
                .withTimeout(CONNECT_MILLIS)
                .back()
                .receivingThreadConfig()
                .withMethodCallThreadCount(HelperService.METHOD_THREADS)
                .connectionConfig()
                .build();
        transactions = open(kernel, folder);
        service = new HelperService(
                bus,
                new BusCallers(bus),
                new Polkit(bus, timer),
                kernel,
                transactions,
                SleepLock.ofLogind(SYSTEMD_INHIBIT),
                rate,
                System::nanoTime,
                log);
        bus.requestBusName(Names.BUS);
        service.look();
        watch = kernel.watch(service::look);
        if (watch.isEmpty()) {
            timer.scheduleWithFixedDelay(service::lookAgain, WATCH_SECONDS, WATCH_SECONDS, TimeUnit.SECONDS);
        }
        long often = Math.max(1, idle.toMillis() / 10);
        timer.scheduleWithFixedDelay(this::leaveWhenIdle, often, often, TimeUnit.MILLISECONDS);
    }

    /** Without a journal there is no way back from a switch, so then there is no switch. */
    private Optional<Transactions> open(Kernel kernel, Path folder) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return Optional.of(Transactions.open(kernel, folder));
            } catch (JournalProblem problem) {
                if (attempt == JOURNAL_TRIES) {
                    log.accept("can only look: " + problem.getMessage());
                    return Optional.empty();
                }
                Thread.sleep(JOURNAL_PAUSE_MILLIS);
            }
        }
    }

    private void leaveWhenIdle() {
        try {
            if (!service.idleFor(idle)) {
                return;
            }
            // From here on a call starts another helper. One that came just before is still answered, and what it
            // began is not left alone.
            bus.releaseBusName(Names.BUS);
            Thread.sleep(LAST_CALLS);
            if (service.idleFor(LAST_CALLS)) {
                ended.countDown();
            } else {
                bus.requestBusName(Names.BUS);
            }
        } catch (DBusException | DBusExecutionException lostName) {
            log.accept("the name is gone");
            fail();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    /** Something went wrong that it can't go on with. */
    void fail() {
        failed = true;
        ended.countDown();
    }

    /**
     * Waits until nobody needs this helper any more, or it can't go on.
     *
     * @return true when nobody needs it
     */
    boolean awaitEnd() throws InterruptedException {
        ended.await();
        return !failed;
    }

    /** Has a running switch put back, waits for that, and leaves the bus. */
    void close() throws InterruptedException {
        watch.ifPresent(Kernel.Watch::close);
        service.stop();
        timer.shutdownNow();
        transactions.ifPresent(Transactions::close);
        bus.disconnect();
    }
}
