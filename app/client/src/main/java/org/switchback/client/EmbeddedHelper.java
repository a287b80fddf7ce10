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
 * The helper inside the process that uses it, on a private connection: for a simulated machine, or to look at this one
 * without the helper of the system.
 */
public final class EmbeddedHelper implements AutoCloseable {
    private static final long CONNECT_TIMEOUT_SECONDS = 30;

    private final DirectConnection server;
    private final DirectConnection client;
    private final HelperService service;
    private final Runnable onClose;
    private final CompletableFuture<Void> connectionLost = new CompletableFuture<>();

    private EmbeddedHelper(ConnectionPair ends, HelperService service, Runnable onClose) {
        this.server = ends.server;
        this.client = ends.client;
        this.service = service;
        this.onClose = onClose;
    }

    private record ConnectionPair(DirectConnection server, DirectConnection client) {}

    /**
     * A helper on a simulated kernel, which permits everything.
     *
     * @param machine what the kernel starts from
     * @param eachWrite how long a write takes, so that a person can follow; zero for no time
     * @param mishap what goes wrong in it
     */
    public static EmbeddedHelper simulated(MachineSnapshot machine, Duration eachWrite, FailureScenario mishap) {
        SimulatedKernel kernel = new SimulatedKernel(
                machine, eachWrite.isZero() ? SimulatedKernel.Sleeper.NO_SLEEP : SimulatedKernel.Sleeper.THREAD_SLEEP);
        kernel.setWriteDuration(eachWrite);
        EmbeddedHelper helper = forKernel(kernel);
        mishap.applyTo(kernel, machine, helper::dropConnection);
        return helper;
    }

    /** A helper that looks at this computer and answers every change with ReadOnly. */
    public static EmbeddedHelper readOnly() {
        LinuxKernel kernel = new LinuxKernel(Path.of("/"));
        return readOnly(kernel, kernel::close);
    }

    static EmbeddedHelper readOnly(Kernel kernel, Runnable afterwards) {
        try {
            return start(kernel, Optional.empty(), afterwards);
        } catch (IOException | DBusException failed) {
            throw new IllegalStateException("no helper inside this process", failed);
        }
    }

    /** A helper that permits everything on a kernel. */
    static EmbeddedHelper forKernel(Kernel kernel) {
        try {
            Path journal = Files.createTempDirectory("switchback-journal");
            // The machine ends with the process, so there is nothing that the journal of one that is killed could tell.
            Thread atEnd = new Thread(() -> deleteRecursively(journal), "helper-end");
            Runtime.getRuntime().addShutdownHook(atEnd);
            TransactionRunner transactions = TransactionRunner.open(kernel, journal);
            return start(kernel, Optional.of(transactions), () -> {
                transactions.close();
                deleteRecursively(journal);
                removeShutdownHook(atEnd);
            });
        } catch (IOException | JournalException | DBusException failed) {
            throw new IllegalStateException("no helper inside this process", failed);
        }
    }

    private static void removeShutdownHook(Thread atEnd) {
        try {
            Runtime.getRuntime().removeShutdownHook(atEnd);
        } catch (IllegalStateException ending) {
            // It runs already.
        }
    }

    private static EmbeddedHelper start(Kernel kernel, Optional<TransactionRunner> transactions, Runnable afterwards)
            throws IOException, DBusException {
        ConnectionPair ends = connectPair();
        HelperService service = HelperService.forSinglePeer(ends.server, kernel, transactions);
        return new EmbeddedHelper(ends, service, afterwards);
    }

    /** Nobody else can come to the socket: its folder is this user's alone, and is gone once both ends have met. */
    private static ConnectionPair connectPair() throws IOException, DBusException {
        Path folder = Files.createTempDirectory("switchback");
        try {
            String address = "unix:path=" + folder.resolve("helper");
            CompletableFuture<AbstractTransport> bound = new CompletableFuture<>();
            DirectConnection server = connectionBuilder(address + ",listen=true")
                    .transportConfig()
                    .withAfterBindCallback(bound::complete)
                    .back()
                    .receivingThreadConfig()
                    .withMethodCallThreadCount(HelperService.METHOD_CALL_THREADS)
                    .connectionConfig()
                    .build();
            CompletableFuture<Void> met = new CompletableFuture<>();
            Thread.ofPlatform().name("helper-listen").daemon().start(() -> {
                try {
                    server.listen();
                    met.complete(null);
                } catch (IOException | RuntimeException failed) {
                    bound.completeExceptionally(failed);
                    met.completeExceptionally(failed);
                }
            });
            try {
                bound.get(CONNECT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
                DirectConnection client = connectionBuilder(address).build();
                met.get(CONNECT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
                return new ConnectionPair(server, client);
            } catch (ExecutionException | TimeoutException | DBusException failed) {
                server.disconnect();
                throw new IOException("the two ends did not meet", failed);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new IOException("the two ends did not meet", stopped);
            }
        } finally {
            deleteRecursively(folder);
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

    static void deleteRecursively(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> leavesFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : leavesFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException left) {
            // A few files stay in the folder for temporary ones.
        }
    }

    /** The client's end. It belongs to this helper, which closes it. */
    public DirectConnection client() {
        return client;
    }

    /** Calls back once when the connection is cut before {@link #close}. */
    public void onConnectionLost(Runnable action) {
        connectionLost.thenRun(action);
    }

    private void dropConnection() {
        // Not on the thread that writes: the connection waits for its threads to end.
        Thread.ofPlatform().name("helper-lost").daemon().start(server::disconnect);
        connectionLost.complete(null);
    }

    /** Has a running switch put back, waits for that, and ends both ends of the connection. */
    @Override
    public void close() {
        try {
            service.stop();
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        // The server first: dbus-java's server does not stop reading when its client has gone.
        server.disconnect();
        client.disconnect();
        onClose.run();
    }
}
