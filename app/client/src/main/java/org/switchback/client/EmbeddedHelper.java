package org.switchback.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DirectConnection;
import org.freedesktop.dbus.connections.impl.DirectConnectionBuilder;
import org.freedesktop.dbus.connections.transports.AbstractTransport;
import org.freedesktop.dbus.connections.transports.TransportBuilder.SaslAuthMode;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.kernel.Kernel;
import org.switchback.linux.LinuxKernel;
import org.switchback.service.HelperService;
import org.switchback.simulator.FailureScenario;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.TransactionRunner;

/**
 * A helper inside this process, reached over a private connection: for a simulated machine, or for read-only access to
 * this computer without the system helper.
 */
public final class EmbeddedHelper implements AutoCloseable {
    private static final long CONNECT_TIMEOUT_SECONDS = 30;

    private final ConnectionPair connections;
    private final HelperService service;
    private final Runnable onClose;
    private final CompletableFuture<Void> connectionLost = new CompletableFuture<>();

    private EmbeddedHelper(ConnectionPair connections, HelperService service, Runnable onClose) {
        this.connections = connections;
        this.service = service;
        this.onClose = onClose;
    }

    private record ConnectionPair(DirectConnection server, DirectConnection client) {}

    /**
     * Starts a helper on a simulated kernel. It authorizes every call.
     *
     * @param snapshot initial state of the kernel
     * @param writeDuration how long a write takes, so that people can follow; zero for no delay
     * @param scenario which failure is simulated
     */
    public static EmbeddedHelper simulated(MachineSnapshot snapshot, Duration writeDuration, FailureScenario scenario) {
        SimulatedKernel kernel = new SimulatedKernel(
                snapshot,
                writeDuration.isZero() ? SimulatedKernel.Sleeper.NO_SLEEP : SimulatedKernel.Sleeper.THREAD_SLEEP);
        kernel.setWriteDuration(writeDuration);
        EmbeddedHelper helper = forKernel(kernel);
        scenario.applyTo(kernel, snapshot, helper::dropConnection);
        return helper;
    }

    /** Starts a helper that reads this computer and answers every change with the error ReadOnly. */
    public static EmbeddedHelper readOnly() {
        LinuxKernel kernel = new LinuxKernel(Path.of("/"));
        return readOnly(kernel, kernel::close);
    }

    static EmbeddedHelper readOnly(Kernel kernel, Runnable onClose) {
        try {
            return start(kernel, Optional.empty(), onClose);
        } catch (IOException | DBusException e) {
            throw new IllegalStateException("the embedded helper did not start", e);
        }
    }

    /** Starts a helper on a kernel. It authorizes every call. */
    static EmbeddedHelper forKernel(Kernel kernel) {
        try {
            Path journal = Files.createTempDirectory("switchback-journal");
            // The simulated machine ends with the process, so a journal is useless after the process was killed.
            Thread shutdownHook = new Thread(() -> deleteRecursively(journal), "helper-end");
            Runtime.getRuntime().addShutdownHook(shutdownHook);
            TransactionRunner transactions = TransactionRunner.open(kernel, journal);
            return start(kernel, Optional.of(transactions), () -> {
                transactions.close();
                deleteRecursively(journal);
                removeShutdownHook(shutdownHook);
            });
        } catch (IOException | JournalException | DBusException e) {
            throw new IllegalStateException("the embedded helper did not start", e);
        }
    }

    private static void removeShutdownHook(Thread shutdownHook) {
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException ignored) {
            // The shutdown has started, so the hook already runs.
        }
    }

    private static EmbeddedHelper start(Kernel kernel, Optional<TransactionRunner> transactions, Runnable onClose)
            throws IOException, DBusException {
        ConnectionPair connections = connectPair();
        HelperService service = HelperService.forSinglePeer(connections.server, kernel, transactions);
        return new EmbeddedHelper(connections, service, onClose);
    }

    /**
     * Connects server and client over a socket. No other user can reach it: only this user has access to its directory,
     * which is deleted once both ends are connected.
     */
    private static ConnectionPair connectPair() throws IOException, DBusException {
        Path directory = Files.createTempDirectory("switchback");
        try {
            String address = "unix:path=" + directory.resolve("helper");
            CompletableFuture<AbstractTransport> bound = new CompletableFuture<>();
            DirectConnection server = connectionBuilder(address + ",listen=true")
                    .transportConfig()
                    .withAfterBindCallback(bound::complete)
                    .back()
                    .receivingThreadConfig()
                    .withMethodCallThreadCount(HelperService.METHOD_CALL_THREADS)
                    .connectionConfig()
                    .build();
            CompletableFuture<Void> accepted = new CompletableFuture<>();
            Thread.ofPlatform().name("helper-listen").daemon().start(() -> {
                try {
                    server.listen();
                    accepted.complete(null);
                } catch (IOException | RuntimeException e) {
                    bound.completeExceptionally(e);
                    accepted.completeExceptionally(e);
                }
            });
            try {
                bound.get(CONNECT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
                DirectConnection client = connectionBuilder(address).build();
                accepted.get(CONNECT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
                return new ConnectionPair(server, client);
            } catch (ExecutionException | TimeoutException | DBusException e) {
                server.disconnect();
                throw new IOException("client and server of the embedded helper did not connect", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("client and server of the embedded helper did not connect", e);
            }
        } finally {
            deleteRecursively(directory);
        }
    }

    private static DirectConnectionBuilder connectionBuilder(String address) {
        return DirectConnectionBuilder.forAddress(address)
                .transportConfig()
                .configureSasl()
                .withAuthMode(SaslAuthMode.AUTH_ANONYMOUS)
                .back()
                .back();
    }

    static void deleteRecursively(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException ignored) {
            // A few files stay in the directory for temporary files.
        }
    }

    /** The client end of the connection. It belongs to this helper, which closes it. */
    public DirectConnection client() {
        return connections.client;
    }

    /** Runs an action once when the connection is lost before {@link #close}. */
    public void onConnectionLost(Runnable action) {
        connectionLost.thenRun(action);
    }

    private void dropConnection() {
        // Not on the thread that writes: disconnecting waits for the threads of the connection to end.
        Thread.ofPlatform().name("helper-lost").daemon().start(connections.server::disconnect);
        connectionLost.complete(null);
    }

    /** Rolls back a running switch, waits for the rollback, and closes both ends of the connection. */
    @Override
    public void close() {
        try {
            service.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // The server first: dbus-java's server keeps reading after its client has disconnected.
        connections.server.disconnect();
        connections.client.disconnect();
        onClose.run();
    }
}
