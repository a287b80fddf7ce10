package org.switchback.service;

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
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.freedesktop.dbus.connections.impl.DirectConnection;
import org.freedesktop.dbus.connections.impl.DirectConnectionBuilder;
import org.freedesktop.dbus.connections.transports.AbstractTransport;
import org.freedesktop.dbus.connections.transports.TransportBuilder.SaslAuthMode;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.hardware.Capture;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.LinuxKernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.transaction.JournalProblem;
import org.switchback.transaction.Transactions;

/**
 * The helper inside the process that uses it, on a private connection: for a simulated machine, or to look at this one
 * without the helper of the system.
 */
public final class EmbeddedHelper implements AutoCloseable {
    private static final Consumer<String> NO_LOG = line -> {};
    private static final long MEETING_SECONDS = 30;

    private final DirectConnection server;
    private final DirectConnection client;
    private final HelperService service;
    private final Runnable afterwards;
    private final CompletableFuture<Void> lost = new CompletableFuture<>();

    private EmbeddedHelper(Ends ends, HelperService service, Runnable afterwards) {
        this.server = ends.server;
        this.client = ends.client;
        this.service = service;
        this.afterwards = afterwards;
    }

    private record Ends(DirectConnection server, DirectConnection client) {}

    /**
     * A helper on a simulated kernel, which permits everything.
     *
     * @param machine   what the kernel starts from
     * @param eachWrite how long a write takes, so that a person can follow; zero for no time
     * @param mishap    what goes wrong in it
     */
    public static EmbeddedHelper simulated(Capture machine, Duration eachWrite, Mishap mishap) {
        SimulatedKernel kernel = new SimulatedKernel(
                machine, eachWrite.isZero() ? SimulatedKernel.Pause.NONE : SimulatedKernel.Pause.REAL);
        kernel.pace(eachWrite);
        EmbeddedHelper helper = on(kernel);
        mishap.arrange(kernel, machine, helper::lose);
        return helper;
    }

    /** A helper that looks at this computer and answers every change with ReadOnly. */
    public static EmbeddedHelper lookOnly() {
        LinuxKernel kernel = new LinuxKernel(Path.of("/"));
        return lookOnly(kernel, kernel::close);
    }

    static EmbeddedHelper lookOnly(Kernel kernel, Runnable afterwards) {
        try {
            return start(kernel, Optional.empty(), afterwards);
        } catch (IOException | DBusException failed) {
            throw new IllegalStateException("no helper inside this process", failed);
        }
    }

    /** A helper that permits everything on a kernel. */
    static EmbeddedHelper on(Kernel kernel) {
        try {
            Path journal = Files.createTempDirectory("switchback-journal");
            // The machine ends with the process, so there is nothing that the journal of one that is killed could tell.
            Thread atEnd = new Thread(() -> delete(journal), "helper-end");
            Runtime.getRuntime().addShutdownHook(atEnd);
            Transactions transactions = Transactions.open(kernel, journal);
            return start(kernel, Optional.of(transactions), () -> {
                transactions.close();
                delete(journal);
                forget(atEnd);
            });
        } catch (IOException | JournalProblem | DBusException failed) {
            throw new IllegalStateException("no helper inside this process", failed);
        }
    }

    private static void forget(Thread atEnd) {
        try {
            Runtime.getRuntime().removeShutdownHook(atEnd);
        } catch (IllegalStateException ending) {
            // It runs already.
        }
    }

    private static EmbeddedHelper start(
            Kernel kernel, Optional<Transactions> transactions, Runnable afterwards)
            throws IOException, DBusException {
        Ends ends = meet();
        HelperService service = new HelperService(
                ends.server,
                Callers.ONE_PEER,
                Authority.EVERYTHING,
                kernel,
                transactions,
                SleepLock.NONE,
                CallRate.UNLIMITED,
                System::nanoTime,
                NO_LOG);
        return new EmbeddedHelper(ends, service, afterwards);
    }

    /** Nobody else can come to the socket: its folder is this user's alone, and is gone once both ends have met. */
    private static Ends meet() throws IOException, DBusException {
        Path folder = Files.createTempDirectory("switchback");
        try {
            String address = "unix:path=" + folder.resolve("helper");
            CompletableFuture<AbstractTransport> bound = new CompletableFuture<>();
            DirectConnection server = builder(address + ",listen=true")
                    .transportConfig()
                    .withAfterBindCallback(bound::complete)
                    .back()
                    .receivingThreadConfig()
                    .withMethodCallThreadCount(HelperService.METHOD_THREADS)
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
                bound.get(MEETING_SECONDS, TimeUnit.SECONDS);
                DirectConnection client = builder(address).build();
                met.get(MEETING_SECONDS, TimeUnit.SECONDS);
                return new Ends(server, client);
            } catch (ExecutionException | TimeoutException | DBusException failed) {
                server.disconnect();
                throw new IOException("the two ends did not meet", failed);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new IOException("the two ends did not meet", stopped);
            }
        } finally {
            delete(folder);
        }
    }

    private static DirectConnectionBuilder builder(String address) {
        return DirectConnectionBuilder.forAddress(address)
                .transportConfig()
                .configureSasl()
                .withAuthMode(SaslAuthMode.AUTH_ANONYMOUS)
                .back()
                .back();
    }

    static void delete(Path folder) {
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
    public void whenLost(Runnable action) {
        lost.thenRun(action);
    }

    private void lose() {
        // Not on the thread that writes: the connection waits for its threads to end.
        Thread.ofPlatform().name("helper-lost").daemon().start(server::disconnect);
        lost.complete(null);
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
        afterwards.run();
    }
}
