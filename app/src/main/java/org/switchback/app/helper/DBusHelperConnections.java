package org.switchback.app.helper;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.switchback.app.bus.BusAddress;
import org.switchback.hardware.Capture;
import org.switchback.service.EmbeddedHelper;

/** Connections over D-Bus, to the helper of the system and to helpers inside this process. */
public final class DBusHelperConnections implements HelperConnections {
    /** For the bus alone, which answers in milliseconds, and to come to it, which takes a busy computer seconds. */
    private static final Duration BUS = Duration.ofSeconds(10);
    /** How long a simulated write takes: long enough to follow, short enough to try again. */
    private static final Duration SIMULATED_WRITE = Duration.ofMillis(350);

    private final BusAddress systemBus;
    private final Supplier<EmbeddedHelper> lookOnly;
    private final Duration simulatedWrite;

    /** For this computer's own system bus, or the one that DBUS_SYSTEM_BUS_ADDRESS names. */
    public DBusHelperConnections() {
        this(
                BusAddress.system(System.getenv()),
                EmbeddedHelper::lookOnly,
                SIMULATED_WRITE);
    }

    /**
     * @param systemBus      the bus that the helper is looked for on
     * @param lookOnly       makes the helper that stands in when there is none
     * @param simulatedWrite how long a write takes on a simulated machine; zero for no time
     */
    public DBusHelperConnections(BusAddress systemBus, Supplier<EmbeddedHelper> lookOnly, Duration simulatedWrite) {
        this.systemBus = systemBus;
        this.lookOnly = lookOnly;
        this.simulatedWrite = simulatedWrite;
    }

    @Override
    public HelperConnection thisMachine() {
        try {
            return helperOfTheSystem();
        } catch (HelperProblem problem) {
            return lookOnly(problem.kind());
        }
    }

    @Override
    public HelperConnection lookOnly(HelperProblem.Kind why) {
        return new DBusHelperConnection(new PrivateLine(lookOnly.get()), new Source.LookOnly(why));
    }

    @Override
    public HelperConnection simulated(Capture machine, Source source, Mishap mishap) {
        EmbeddedHelper helper = EmbeddedHelper.simulated(
                machine, simulatedWrite, org.switchback.service.Mishap.valueOf(mishap.name()));
        return new DBusHelperConnection(new PrivateLine(helper), source);
    }

    private HelperConnection helperOfTheSystem() throws HelperProblem {
        BusLine line = line();
        DBusHelperConnection connection = new DBusHelperConnection(line, new Source.ThisMachine());
        try {
            connection.checkVersion();
            return connection;
        } catch (HelperProblem problem) {
            connection.close();
            throw problem;
        }
    }

    /** A bus that does not answer is no bus: a first start must not hang on it. */
    private BusLine line() throws HelperProblem {
        if (!systemBus.socketIsThere()) {
            throw new HelperProblem(HelperProblem.Kind.MISSING);
        }
        CompletableFuture<BusLine> opened = new CompletableFuture<>();
        Thread.ofPlatform().name("helper-bus").daemon().start(() -> {
            try {
                BusLine line = new BusLine(systemBus);
                boolean reachable = line.reachable();
                if (!reachable || !opened.complete(line)) {
                    opened.completeExceptionally(new HelperProblem(HelperProblem.Kind.MISSING));
                    line.close();
                }
            } catch (DBusException | DBusExecutionException failed) {
                opened.completeExceptionally(new HelperProblem(HelperProblem.Kind.MISSING, failed));
            }
        });
        try {
            return opened.get(BUS.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException none) {
            throw new HelperProblem(HelperProblem.Kind.MISSING, none);
        } catch (TimeoutException slow) {
            HelperProblem problem = new HelperProblem(HelperProblem.Kind.NO_ANSWER, slow);
            opened.completeExceptionally(problem);
            throw problem;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new HelperProblem(HelperProblem.Kind.NO_ANSWER, stopped);
        }
    }
}
