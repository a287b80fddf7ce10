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

/** Connections over D-Bus, to the helper of the system and to helpers inside this process. */
public final class DBusHelperConnections implements HelperConnections {
    /** For the bus alone, which answers in milliseconds, and to come to it, which takes a busy computer seconds. */
    private static final Duration BUS_TIMEOUT = Duration.ofSeconds(10);
    /** How long a simulated write takes: long enough to follow, short enough to try again. */
    private static final Duration DEFAULT_WRITE_DURATION = Duration.ofMillis(350);

    private final BusAddress systemBus;
    private final Supplier<EmbeddedHelper> readOnlyHelpers;
    private final Duration simulatedWriteDuration;

    /** For this computer's own system bus, or the one that DBUS_SYSTEM_BUS_ADDRESS names. */
    public DBusHelperConnections() {
        this(BusAddress.ofSystemBus(System.getenv()), EmbeddedHelper::readOnly, DEFAULT_WRITE_DURATION);
    }

    /**
     * @param systemBus the bus that the helper is looked for on
     * @param readOnlyHelpers makes the helper that stands in when there is none
     * @param simulatedWriteDuration how long a write takes on a simulated machine; zero for no time
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
        } catch (HelperException problem) {
            return openReadOnly(problem.kind());
        }
    }

    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind why) {
        return new DBusHelperConnection(
                new EmbeddedTransport(readOnlyHelpers.get()), new MachineSource.ReadOnlyMachine(why));
    }

    @Override
    public HelperConnection openSimulated(MachineSnapshot machine, MachineSource source, FailureScenario scenario) {
        EmbeddedHelper helper = EmbeddedHelper.simulated(machine, simulatedWriteDuration, scenario);
        return new DBusHelperConnection(new EmbeddedTransport(helper), source);
    }

    private HelperConnection openSystemHelper() throws HelperException {
        SystemBusTransport line = openTransport();
        DBusHelperConnection connection = new DBusHelperConnection(line, new MachineSource.ThisMachine());
        try {
            connection.checkVersion();
            return connection;
        } catch (HelperException problem) {
            connection.close();
            throw problem;
        }
    }

    /** A bus that does not answer is no bus: a first start must not hang on it. */
    private SystemBusTransport openTransport() throws HelperException {
        if (!systemBus.isSocketPresent()) {
            throw new HelperException(HelperException.FailureKind.MISSING);
        }
        CompletableFuture<SystemBusTransport> opened = new CompletableFuture<>();
        Thread.ofPlatform().name("helper-bus").daemon().start(() -> {
            try {
                SystemBusTransport line = new SystemBusTransport(systemBus);
                boolean reachable = line.isReachable();
                if (!reachable || !opened.complete(line)) {
                    opened.completeExceptionally(new HelperException(HelperException.FailureKind.MISSING));
                    line.close();
                }
            } catch (DBusException | DBusExecutionException failed) {
                opened.completeExceptionally(new HelperException(HelperException.FailureKind.MISSING, failed));
            }
        });
        try {
            return opened.get(BUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException none) {
            throw new HelperException(HelperException.FailureKind.MISSING, none);
        } catch (TimeoutException slow) {
            HelperException problem = new HelperException(HelperException.FailureKind.NO_ANSWER, slow);
            opened.completeExceptionally(problem);
            throw problem;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, stopped);
        }
    }
}
