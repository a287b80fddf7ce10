package org.switchback.service;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
import org.switchback.bus.BusTransport;
import org.switchback.bus.BusTransportProvider;
import org.switchback.bus.CallLimits;
import org.switchback.kernel.Kernel;
import org.switchback.protocol.DBusNames;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.TransactionRunner;

/** The helper as a process on a message bus: creates its parts, exits when idle and closes them. */
final class SystemHelper {
    private static final Path SYSTEMD_INHIBIT = Path.of("/usr/bin/systemd-inhibit");
    /** Allows one attempt to connect: dbus-java makes one for every 500 ms of its timeout. */
    private static final int CONNECT_TIMEOUT_MILLIS = 500;

    /** Poll interval on kernels that do not report changes. */
    private static final long POLL_INTERVAL_SECONDS = 2;

    /** An exiting helper still locks the journal for a short time. */
    private static final int JOURNAL_OPEN_ATTEMPTS = 20;

    private static final long JOURNAL_RETRY_MILLIS = 100;
    /** Calls that were sent before the bus name was released have arrived after this time. */
    private static final Duration NAME_RELEASE_GRACE = Duration.ofMillis(100);

    /** Creates an authorizer for a bus connection. */
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
     * Connects to the bus and acquires the helper's name.
     *
     * @param address D-Bus address of the bus
     * @param journalFolder folder of the journal
     * @param authorizerFactory creates the authorizer for the connection to the bus
     * @param limits of the calls of each user
     * @param idleTimeout time without calls after which the helper exits
     * @param log receives log lines
     * @throws DBusException if the bus cannot be reached or refuses the name
     */
    SystemHelper(
            String address,
            Kernel kernel,
            Path journalFolder,
            AuthorizerFactory authorizerFactory,
            CallLimits limits,
            Duration idleTimeout,
            Consumer<String> log)
            throws DBusException, InterruptedException {
        this.idleTimeout = idleTimeout;
        this.log = log;
        CompletableFuture<BusTransport> transport = new CompletableFuture<>();
        bus = DBusConnectionBuilder.forAddress(BusTransportProvider.addressOf(address))
                .withShared(false)
                .withDisconnectCallback(new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(IOException cause) {
                        log.accept("the connection to the bus was lost");
                        fail();
                    }
                })
                .transportConfig()
                .withTimeout(CONNECT_TIMEOUT_MILLIS)
                .withPreConnectCallback(created -> {
                    ((BusTransport) created).setLimits(limits);
                    transport.complete((BusTransport) created);
                })
                .back()
                .receivingThreadConfig()
                .withMethodCallThreadCount(HelperService.METHOD_CALL_THREADS)
                .connectionConfig()
                .build();
        transactions = openTransactions(kernel, journalFolder);
        service = new HelperService(
                bus,
                new BusCallerResolver(bus, transport.join()),
                authorizerFactory.create(bus, timer),
                kernel,
                transactions,
                SleepInhibitor.ofLogind(SYSTEMD_INHIBIT, log),
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
        long checkIntervalMillis = Math.max(1, idleTimeout.toMillis() / 10);
        timer.scheduleWithFixedDelay(
                this::exitWhenIdle, checkIntervalMillis, checkIntervalMillis, TimeUnit.MILLISECONDS);
    }

    /**
     * @return empty if the journal cannot be used: a switch without a journal could not be rolled back after a crash
     */
    private Optional<TransactionRunner> openTransactions(Kernel kernel, Path journalFolder)
            throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return Optional.of(TransactionRunner.open(kernel, journalFolder));
            } catch (JournalException e) {
                if (attempt == JOURNAL_OPEN_ATTEMPTS) {
                    log.accept("read-only: " + e.getMessage());
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
            // From here on, a call starts another helper. A call that arrived just before is still handled, and this
            // helper stays if that call has started something.
            bus.releaseBusName(DBusNames.BUS_NAME);
            Thread.sleep(NAME_RELEASE_GRACE);
            if (service.isIdleFor(NAME_RELEASE_GRACE)) {
                ended.countDown();
            } else {
                bus.requestBusName(DBusNames.BUS_NAME);
            }
        } catch (DBusException | DBusExecutionException ignored) {
            // Without the name the helper receives no calls.
            log.accept("the bus name was lost");
            fail();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Makes the helper exit after an error that it cannot continue from. */
    void fail() {
        failed = true;
        ended.countDown();
    }

    /**
     * Waits until the helper should exit.
     *
     * @return true after the idle timeout, false after an error
     */
    boolean awaitEnd() throws InterruptedException {
        ended.await();
        return !failed;
    }

    /** Cancels a running switch, waits until it has been rolled back, and disconnects from the bus. */
    void close() throws InterruptedException {
        watch.ifPresent(Kernel.DeviceWatch::close);
        service.stop();
        timer.shutdownNow();
        transactions.ifPresent(TransactionRunner::close);
        bus.disconnect();
    }
}
