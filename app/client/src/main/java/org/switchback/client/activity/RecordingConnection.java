package org.switchback.client.activity;

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
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedStep;

/** A connection that writes down every switch: when it has begun, and again when it has ended. */
final class RecordingConnection implements HelperConnection {
    /** For the look at the machine after a switch and the writing of a file. */
    private static final long WRITE_TIMEOUT_SECONDS = 5;

    private final HelperConnection connection;
    private final ActivityLog activityLog;
    private final SwitchRecord.SwitchInitiator initiator;
    private final Clock clock;
    private final Map<String, IssuedPlan> issuedPlans = new HashMap<>();
    private MachineSnapshot lastSnapshot = MachineSnapshot.EMPTY;
    private CompletableFuture<Void> pendingWrite = CompletableFuture.completedFuture(null);

    RecordingConnection(HelperConnection connection, ActivityLog activityLog, SwitchRecord.SwitchInitiator initiator, Clock clock) {
        this.connection = connection;
        this.activityLog = activityLog;
        this.initiator = initiator;
        this.clock = clock;
    }

    /** A plan that was given out, and the machine it was made for. */
    private record IssuedPlan(PciAddress gpu, String target, PlanReply plan, MachineSnapshot snapshot) {}

    @Override
    public MachineSource source() {
        return connection.source();
    }

    @Override
    public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
        MachineSnapshot capture = connection.inspect(wholeMap);
        if (!wholeMap) {
            synchronized (this) {
                lastSnapshot = capture;
            }
        }
        return capture;
    }

    @Override
    public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
            throws HelperException {
        PlanReply reply = connection.plan(gpu, target, with, nativeDriver);
        if (!reply.id.isEmpty()) {
            synchronized (this) {
                issuedPlans.put(reply.id, new IssuedPlan(gpu, target, reply, lastSnapshot));
            }
        }
        return reply;
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
        @Nullable IssuedPlan planned;
        synchronized (this) {
            planned = issuedPlans.remove(planId);
        }
        if (planned == null) {
            return connection.apply(planId, listener);
        }
        List<PciAddress> functions = planned.plan().functions.stream()
                .flatMap(address -> PciAddress.parse(address).stream())
                .toList();
        SwitchRecorder recording = new SwitchRecorder(
                planned.gpu(), planned.target(), planned.plan().steps, functions, planned.snapshot());
        return recording.startSwitch(() -> connection.apply(planId, entry -> recording.handleEvent(entry, listener)));
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException {
        MachineSnapshot machine;
        synchronized (this) {
            machine = lastSnapshot;
        }
        Machine now = SnapshotParser.parse(machine);
        List<PciAddress> functions = now.gpu(gpu).stream()
                .flatMap(card -> card.functions().stream())
                .map(PciDevice::address)
                .toList();
        // What is put back are the steps of the attempt that was left half done.
        List<PlannedStep> steps = activityLog.findLatest(connection.source(), gpu, attempt -> true)
                .filter(attempt -> !attempt.isSuccessful())
                .map(SwitchRecord::steps)
                .orElse(List.of());
        SwitchRecorder recording = new SwitchRecorder(gpu, "host", steps, functions, machine);
        return recording.startSwitch(() -> connection.restore(gpu, entry -> recording.handleEvent(entry, listener)));
    }

    @Override
    public void addChangeListener(Runnable listener) {
        connection.addChangeListener(listener);
    }

    /** Waits a little for what is still being written down. */
    @Override
    public void close() {
        awaitPendingWrite();
        connection.close();
    }

    private void awaitPendingWrite() {
        CompletableFuture<Void> last;
        synchronized (this) {
            last = pendingWrite;
        }
        try {
            last.get(WRITE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException left) {
            // The attempt stays in the log as one whose end nobody heard.
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private interface SwitchStarter {
        RunningSwitch start() throws HelperException;
    }

    /** One attempt as it comes about. */
    private final class SwitchRecorder {
        private final String id = UUID.randomUUID().toString();
        private final Instant startedAt = clock.instant();
        private final PciAddress gpu;
        private final String target;
        private final List<PlannedStep> steps;
        private final List<PciAddress> functions;
        private final MachineSnapshot snapshotBefore;
        private final List<JobEvent> events = new ArrayList<>();
        private boolean ended;

        SwitchRecorder(
                PciAddress gpu,
                String target,
                List<PlannedStep> steps,
                List<PciAddress> functions,
                MachineSnapshot machine) {
            this.gpu = gpu;
            this.target = target;
            this.steps = steps;
            this.functions = functions;
            this.snapshotBefore = SwitchRecord.filterSnapshot(machine, functions);
        }

        RunningSwitch startSwitch(SwitchStarter start) throws HelperException {
            RunningSwitch running;
            try {
                running = start.start();
            } catch (HelperException problem) {
                if (problem.kind() == HelperException.FailureKind.INCOMPLETE) {
                    // No attempt of its own: an earlier one has to be put back first.
                    throw problem;
                }
                addEvent(new JobEvent(SwitchRecord.EXCEPTION, -1, 0, problem.kind().name(), List.of()));
                activityLog.put(createRecord(Optional.empty()));
                throw problem;
            }
            // Only now, so that no switch waits for a file.
            saveStarted();
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    running.cancel();
                }

                @Override
                public JobEvent awaitEnd() throws InterruptedException {
                    JobEvent end = running.awaitEnd();
                    awaitPendingWrite();
                    return end;
                }
            };
        }

        private synchronized void saveStarted() {
            if (!ended) {
                activityLog.put(createRecord(Optional.empty()));
            }
        }

        void handleEvent(JobEvent entry, Consumer<JobEvent> listener) {
            addEvent(entry);
            if (!entry.type.equals("finished")) {
                listener.accept(entry);
                return;
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            synchronized (RecordingConnection.this) {
                pendingWrite = done;
            }
            try {
                listener.accept(entry);
            } finally {
                // Not here: this is the thread that tells what happens, and the answer to a question would wait for it.
                Thread.ofVirtual().name("record").start(() -> {
                    try {
                        saveFinished();
                    } finally {
                        done.complete(null);
                    }
                });
            }
        }

        private synchronized void addEvent(JobEvent entry) {
            // A write that lasts is told of once a second.
            if (!entry.type.equals("waiting")) {
                events.add(entry);
            }
        }

        private void saveFinished() {
            Optional<MachineSnapshot> after;
            try {
                after = Optional.of(SwitchRecord.filterSnapshot(connection.inspect(false), functions));
            } catch (HelperException blind) {
                after = Optional.empty();
            }
            synchronized (this) {
                ended = true;
                activityLog.put(createRecord(after));
            }
        }

        private synchronized SwitchRecord createRecord(Optional<MachineSnapshot> after) {
            return new SwitchRecord(
                    id, startedAt, initiator, SwitchRecord.machineName(connection.source()), gpu, target, steps, events, snapshotBefore, after);
        }
    }
}
