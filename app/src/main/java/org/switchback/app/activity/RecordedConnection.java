package org.switchback.app.activity;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedStep;

/** A connection that writes down every switch: when it has begun, and again when it has ended. */
final class RecordedConnection implements HelperConnection {
    /** For the look at the machine after a switch and the writing of a file. */
    private static final long PATIENCE_SECONDS = 5;

    private final HelperConnection connection;
    private final ActivityLog log;
    private final Attempt.By by;
    private final Clock clock;
    private final Map<String, Planned> plans = new HashMap<>();
    private Capture seen = Capture.EMPTY;
    private CompletableFuture<Void> written = CompletableFuture.completedFuture(null);

    RecordedConnection(HelperConnection connection, ActivityLog log, Attempt.By by, Clock clock) {
        this.connection = connection;
        this.log = log;
        this.by = by;
        this.clock = clock;
    }

    /** A plan that was given out, and the machine it was made for. */
    private record Planned(PciAddress gpu, String target, PlanReply plan, Capture machine) {}

    @Override
    public Source source() {
        return connection.source();
    }

    @Override
    public Capture inspect(boolean wholeMap) throws HelperProblem {
        Capture capture = connection.inspect(wholeMap);
        if (!wholeMap) {
            synchronized (this) {
                seen = capture;
            }
        }
        return capture;
    }

    @Override
    public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
            throws HelperProblem {
        PlanReply reply = connection.plan(gpu, target, with, nativeDriver);
        if (!reply.id.isEmpty()) {
            synchronized (this) {
                plans.put(reply.id, new Planned(gpu, target, reply, seen));
            }
        }
        return reply;
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEntry> listener) throws HelperProblem {
        @Nullable Planned planned;
        synchronized (this) {
            planned = plans.remove(planId);
        }
        if (planned == null) {
            return connection.apply(planId, listener);
        }
        List<PciAddress> functions = planned.plan().functions.stream()
                .flatMap(address -> PciAddress.parse(address).stream())
                .toList();
        Recording recording = new Recording(
                planned.gpu(), planned.target(), planned.plan().steps, functions, planned.machine());
        return recording.of(() -> connection.apply(planId, entry -> recording.heard(entry, listener)));
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEntry> listener) throws HelperProblem {
        Capture machine;
        synchronized (this) {
            machine = seen;
        }
        Machine now = MachineReader.read(machine);
        List<PciAddress> functions = now.gpu(gpu).stream()
                .flatMap(card -> card.functions().stream())
                .map(PciDevice::address)
                .toList();
        // What is put back are the steps of the attempt that was left half done.
        List<PlannedStep> steps = log.newest(connection.source(), gpu, attempt -> true)
                .filter(attempt -> !attempt.succeeded())
                .map(Attempt::steps)
                .orElse(List.of());
        Recording recording = new Recording(gpu, "host", steps, functions, machine);
        return recording.of(() -> connection.restore(gpu, entry -> recording.heard(entry, listener)));
    }

    @Override
    public void onChange(Runnable listener) {
        connection.onChange(listener);
    }

    /** Waits a little for what is still being written down. */
    @Override
    public void close() {
        settle();
        connection.close();
    }

    private void settle() {
        CompletableFuture<Void> last;
        synchronized (this) {
            last = written;
        }
        try {
            last.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException left) {
            // The attempt stays in the log as one whose end nobody heard.
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Start {
        RunningSwitch start() throws HelperProblem;
    }

    /** One attempt as it comes about. */
    private final class Recording {
        private final String id = UUID.randomUUID().toString();
        private final Instant began = clock.instant();
        private final PciAddress gpu;
        private final String target;
        private final List<PlannedStep> steps;
        private final List<PciAddress> functions;
        private final Capture before;
        private final List<JobEntry> entries = new ArrayList<>();
        private boolean ended;

        Recording(
                PciAddress gpu,
                String target,
                List<PlannedStep> steps,
                List<PciAddress> functions,
                Capture machine) {
            this.gpu = gpu;
            this.target = target;
            this.steps = steps;
            this.functions = functions;
            this.before = Attempt.concerning(machine, functions);
        }

        RunningSwitch of(Start start) throws HelperProblem {
            RunningSwitch running;
            try {
                running = start.start();
            } catch (HelperProblem problem) {
                if (problem.kind() == HelperProblem.Kind.INCOMPLETE) {
                    // No attempt of its own: an earlier one has to be put back first.
                    throw problem;
                }
                add(new JobEntry(Attempt.PROBLEM, -1, 0, problem.kind().name(), List.of()));
                log.put(attempt(Optional.empty()));
                throw problem;
            }
            // Only now, so that no switch waits for a file.
            begun();
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    running.cancel();
                }

                @Override
                public JobEntry await() throws InterruptedException {
                    JobEntry end = running.await();
                    settle();
                    return end;
                }
            };
        }

        private synchronized void begun() {
            if (!ended) {
                log.put(attempt(Optional.empty()));
            }
        }

        void heard(JobEntry entry, Consumer<JobEntry> listener) {
            add(entry);
            if (!entry.what.equals("finished")) {
                listener.accept(entry);
                return;
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            synchronized (RecordedConnection.this) {
                written = done;
            }
            try {
                listener.accept(entry);
            } finally {
                // Not here: this is the thread that tells what happens, and the answer to a question would wait for it.
                Thread.ofVirtual().name("record").start(() -> {
                    try {
                        conclude();
                    } finally {
                        done.complete(null);
                    }
                });
            }
        }

        private synchronized void add(JobEntry entry) {
            // A write that lasts is told of once a second.
            if (!entry.what.equals("waiting")) {
                entries.add(entry);
            }
        }

        private void conclude() {
            Optional<Capture> after;
            try {
                after = Optional.of(Attempt.concerning(connection.inspect(false), functions));
            } catch (HelperProblem blind) {
                after = Optional.empty();
            }
            synchronized (this) {
                ended = true;
                log.put(attempt(after));
            }
        }

        private synchronized Attempt attempt(Optional<Capture> after) {
            return new Attempt(
                    id, began, by, Attempt.where(connection.source()), gpu, target, steps, entries, before, after);
        }
    }
}
