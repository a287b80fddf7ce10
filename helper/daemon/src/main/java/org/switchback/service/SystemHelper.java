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
import org.switchback.protocol.DBusNames;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.TransactionRunner;

/** The helper as a process on a message bus: all of it is put together here, and taken down again. */
final class SystemHelper {
    private static final Path SYSTEMD_INHIBIT = Path.of("/usr/bin/systemd-inhibit");
    /** One attempt: dbus-java makes one for every half second of this. */
    private static final int CONNECT_TIMEOUT_MILLIS = 500;

    /** Where the kernel does not tell what changes, it is asked. */
    private static final long POLL_INTERVAL_SECONDS = 2;

    /** A helper that is just going still has the journal for a moment. */
    private static final int JOURNAL_OPEN_ATTEMPTS = 20;

    private static final long JOURNAL_RETRY_MILLIS = 100;
    /** What was sent to the name before it was given back has arrived by then. */
    private static final Duration NAME_RELEASE_GRACE = Duration.ofMillis(100);

    /** Makes an authorizer once the connection to the bus is there. */
    @FunctionalInterface
    interface AuthorizerFactory {
        Authorizer create(DBusConnection bus, ScheduledExecutorService timer) throws DBusException;
    }

    private volatile boolean failed;
    private final Duration idleTimeout;
    private final Consumer<String> log;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timer").daemon().factory());
    private final DBusConnection bus;
    private final Optional<TransactionRunner> transactions;
    private final HelperService service;
    private final Optional<Kernel.DeviceWatch> watch;

    /**
     * Comes to the bus and owns the helper's name there when this returns.
     *
     * @param address of the bus, as D-Bus writes it
     * @param folder of the journal
     * @param authorizer makes the authorizer on this connection to the bus
     * @param rate how many calls a user may make
     * @param idleTimeout how long to stay without being called
     * @param log takes lines about what happens
     * @throws DBusException without the bus, or when it does not give the name
     */
    SystemHelper(
            String address,
            Kernel kernel,
            Path folder,
            AuthorizerFactory authorizer,
            RateLimiter rate,
            Duration idleTimeout,
            Consumer<String> log)
            throws DBusException, InterruptedException {
        this.idleTimeout = idleTimeout;
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
                .withTimeout(CONNECT_TIMEOUT_MILLIS)
                .back()
                .receivingThreadConfig()
                .withMethodCallThreadCount(HelperService.METHOD_CALL_THREADS)
                .connectionConfig()
                .build();
        transactions = openTransactions(kernel, folder);
        service = new HelperService(
                bus,
                new BusCallerResolver(bus),
                authorizer.create(bus, timer),
                kernel,
                transactions,
                SleepInhibitor.ofLogind(SYSTEMD_INHIBIT),
                rate,
                System::nanoTime,
                log);
        bus.requestBusName(DBusNames.BUS_NAME);
        service.refreshAsync();
        watch = kernel.watchDevices(service::refreshAsync);
        if (watch.isEmpty()) {
            timer.scheduleWithFixedDelay(
                    service::refreshAsyncIfDriversChanged,
                    POLL_INTERVAL_SECONDS,
                    POLL_INTERVAL_SECONDS,
                    TimeUnit.SECONDS);
        }
        long often = Math.max(1, idleTimeout.toMillis() / 10);
        timer.scheduleWithFixedDelay(this::exitWhenIdle, often, often, TimeUnit.MILLISECONDS);
    }

    /** Without a journal there is no way back from a switch, so then there is no switch. */
    private Optional<TransactionRunner> openTransactions(Kernel kernel, Path folder) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return Optional.of(TransactionRunner.open(kernel, folder));
            } catch (JournalException problem) {
                if (attempt == JOURNAL_OPEN_ATTEMPTS) {
                    log.accept("can only look: " + problem.getMessage());
                    return Optional.empty();
                }
                Thread.sleep(JOURNAL_RETRY_MILLIS);
            }
        }
    }

    private void exitWhenIdle() {
        try {
            if (!service.isIdleFor(idleTimeout)) {
                return;
            }
            // From here on a call starts another helper. One that came just before is still answered, and what it
            // began is not left alone.
            bus.releaseBusName(DBusNames.BUS_NAME);
            Thread.sleep(NAME_RELEASE_GRACE);
            if (service.isIdleFor(NAME_RELEASE_GRACE)) {
                ended.countDown();
            } else {
                bus.requestBusName(DBusNames.BUS_NAME);
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
        watch.ifPresent(Kernel.DeviceWatch::close);
        service.stop();
        timer.shutdownNow();
        transactions.ifPresent(TransactionRunner::close);
        bus.disconnect();
    }
}
