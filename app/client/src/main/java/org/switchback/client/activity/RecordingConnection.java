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
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedStep;
import org.switchback.job.StepPhase;
import org.switchback.plan.Target;

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
    private @Nullable CompletableFuture<MachineSnapshot> inspectionAfterSwitch;
    private CompletableFuture<Void> pendingWrite = CompletableFuture.completedFuture(null);

    RecordingConnection(
            HelperConnection connection, ActivityLog activityLog, SwitchRecord.SwitchInitiator initiator, Clock clock) {
        this.connection = connection;
        this.activityLog = activityLog;
        this.initiator = initiator;
        this.clock = clock;
    }

    /** A plan that was given out, and the machine it was made for. */
    private record IssuedPlan(PciAddress gpu, Target target, PlanReply plan, MachineSnapshot snapshot) {}

    @Override
    public MachineSource source() {
        return connection.source();
    }

    @Override
    public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
        MachineSnapshot snapshot = wholeMap ? connection.inspect(true) : inspectOrShare();
        if (!wholeMap) {
            synchronized (this) {
                lastSnapshot = snapshot;
            }
        }
        return snapshot;
    }

    /** The record and the caller both need the machine right after a switch: they share one call. */
    private MachineSnapshot inspectOrShare() throws HelperException {
        @Nullable CompletableFuture<MachineSnapshot> shared;
        synchronized (this) {
            shared = inspectionAfterSwitch;
            inspectionAfterSwitch = null;
        }
        if (shared == null) {
            return connection.inspect(false);
        }
        try {
            return shared.get();
        } catch (ExecutionException e) {
            // It failed for the record; the caller's own call tells why.
            return connection.inspect(false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, e);
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver)
            throws HelperException {
        PlanReply reply = connection.plan(gpu, target, with, nativeDriver);
        if (!reply.id().isEmpty()) {
            synchronized (this) {
                issuedPlans.put(reply.id(), new IssuedPlan(gpu, target, reply, lastSnapshot));
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
        SwitchRecorder recording = new SwitchRecorder(
                planned.gpu(),
                planned.target(),
                planned.plan().steps(),
                planned.plan().functions(),
                planned.snapshot());
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
        List<PlannedStep> steps = activityLog
                .findLatest(connection.source(), gpu, attempt -> true)
                .filter(attempt -> !attempt.isReportedDone())
                .map(SwitchRecord::steps)
                .orElse(List.of());
        SwitchRecorder recording = new SwitchRecorder(gpu, Target.HOST, steps, functions, machine);
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
        private final Target target;
        private final List<PlannedStep> steps;
        private final List<PciAddress> functions;
        private final MachineSnapshot snapshotBefore;
        private final List<JobEvent> events = new ArrayList<>();
        private boolean ended;

        SwitchRecorder(
                PciAddress gpu,
                Target target,
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
                activityLog.put(createRecord(Optional.of(problem.kind()), Optional.empty()));
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
                public JobEvent.Finished awaitEnd() throws InterruptedException {
                    JobEvent.Finished end = running.awaitEnd();
                    awaitPendingWrite();
                    return end;
                }
            };
        }

        private synchronized void saveStarted() {
            if (!ended) {
                activityLog.put(createRecord(Optional.empty(), Optional.empty()));
            }
        }

        void handleEvent(JobEvent entry, Consumer<JobEvent> listener) {
            addEvent(entry);
            if (!(entry instanceof JobEvent.Finished)) {
                listener.accept(entry);
                return;
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            CompletableFuture<MachineSnapshot> after = new CompletableFuture<>();
            synchronized (RecordingConnection.this) {
                pendingWrite = done;
                inspectionAfterSwitch = after;
            }
            try {
                listener.accept(entry);
            } finally {
                // On another thread: the reply to a call would wait for this one, which delivers events.
                Thread.ofVirtual().name("record").start(() -> {
                    try {
                        saveFinished(after);
                    } finally {
                        done.complete(null);
                    }
                });
            }
        }

        private synchronized void addEvent(JobEvent entry) {
            // A write that lasts is told of once a second.
            if (!(entry instanceof JobEvent.StepChanged step) || step.phase() != StepPhase.WAITING) {
                events.add(entry);
            }
        }

        private void saveFinished(CompletableFuture<MachineSnapshot> after) {
            Optional<MachineSnapshot> kept = Optional.empty();
            try {
                MachineSnapshot snapshot = connection.inspect(false);
                after.complete(snapshot);
                kept = Optional.of(SwitchRecord.filterSnapshot(snapshot, functions));
            } catch (HelperException e) {
                after.completeExceptionally(e);
            }
            synchronized (this) {
                ended = true;
                activityLog.put(createRecord(Optional.empty(), kept));
            }
        }

        private synchronized SwitchRecord createRecord(
                Optional<HelperException.FailureKind> startFailure, Optional<MachineSnapshot> after) {
            return new SwitchRecord(
                    id,
                    startedAt,
                    initiator,
                    SwitchRecord.machineName(connection.source()),
                    gpu,
                    target,
                    steps,
                    events,
                    startFailure,
                    snapshotBefore,
                    after);
        }
    }
}
