package org.switchback.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Opens connections over D-Bus to the system helper and to helpers inside this process. */
public final class DBusHelperConnections implements HelperConnections {
    /**
     * For connecting to the bus, without the helper. The bus answers in milliseconds, but scheduling the thread can
     * take seconds on a busy computer.
     */
    private static final Duration BUS_TIMEOUT = Duration.ofSeconds(10);
    /** How long a simulated write takes: long enough to follow, short enough for repeated tries. */
    private static final Duration DEFAULT_WRITE_DURATION = Duration.ofMillis(350);

    private final BusAddress systemBus;
    private final Supplier<EmbeddedHelper> readOnlyHelpers;
    private final Duration simulatedWriteDuration;

    /** Uses the system bus of this computer, or the one that DBUS_SYSTEM_BUS_ADDRESS names. */
    public DBusHelperConnections() {
        this(BusAddress.ofSystemBus(System.getenv()), EmbeddedHelper::readOnly, DEFAULT_WRITE_DURATION);
    }

    /**
     * @param systemBus the bus of the system helper
     * @param readOnlyHelpers creates the fallback for a missing system helper
     * @param simulatedWriteDuration how long a write takes on a simulated snapshot; zero for no delay
     */
    public DBusHelperConnections(
            BusAddress systemBus, Supplier<EmbeddedHelper> readOnlyHelpers, Duration simulatedWriteDuration) {
        this.systemBus = systemBus;
        this.readOnlyHelpers = readOnlyHelpers;
        this.simulatedWriteDuration = simulatedWriteDuration;
    }

    @Override
    public HelperConnection openThisMachine() {
        try {
            return openSystemHelper();
        } catch (HelperException e) {
            return openReadOnly(e.kind());
        }
    }

    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind reason) {
        return new DBusHelperConnection(
                new EmbeddedTransport(readOnlyHelpers.get()), new MachineSource.ReadOnlyMachine(reason));
    }

    @Override
    public HelperConnection openSimulated(MachineSnapshot snapshot, MachineSource source, FailureScenario scenario) {
        EmbeddedHelper helper = EmbeddedHelper.simulated(snapshot, simulatedWriteDuration, scenario);
        return new DBusHelperConnection(new EmbeddedTransport(helper), source);
    }

    private HelperConnection openSystemHelper() throws HelperException {
        SystemBusTransport transport = openTransport();
        DBusHelperConnection connection = new DBusHelperConnection(transport, new MachineSource.ThisMachine());
        try {
            connection.checkVersion();
            return connection;
        } catch (HelperException e) {
            connection.close();
            throw e;
        }
    }

    /** Connects with a timeout: the first start must not hang on a bus that does not answer. */
    private SystemBusTransport openTransport() throws HelperException {
        if (!systemBus.isSocketPresent()) {
            throw new HelperException(HelperException.FailureKind.MISSING);
        }
        CompletableFuture<SystemBusTransport> pendingTransport = new CompletableFuture<>();
        Thread.ofPlatform().name("helper-bus").daemon().start(() -> {
            try {
                SystemBusTransport transport = new SystemBusTransport(systemBus);
                boolean reachable = transport.isReachable();
                if (!reachable || !pendingTransport.complete(transport)) {
                    pendingTransport.completeExceptionally(new HelperException(HelperException.FailureKind.MISSING));
                    transport.close();
                }
            } catch (DBusException | DBusExecutionException e) {
                pendingTransport.completeExceptionally(new HelperException(HelperException.FailureKind.MISSING, e));
            }
        });
        try {
            return pendingTransport.get(BUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new HelperException(HelperException.FailureKind.MISSING, e);
        } catch (TimeoutException e) {
            HelperException timeout = new HelperException(HelperException.FailureKind.NO_ANSWER, e);
            pendingTransport.completeExceptionally(timeout);
            throw timeout;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, e);
        }
    }
}
