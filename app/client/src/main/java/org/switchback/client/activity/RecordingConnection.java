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

/** A connection that records every switch in the activity log: when it has started, and again when it has ended. */
final class RecordingConnection implements HelperConnection {
    /** For reading the machine after a switch and writing the file. */
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

    /** A plan that was returned, and the machine it was made for. */
    private record IssuedPlan(
            PciAddress gpu,
            Target target,
            List<PlannedStep> steps,
            List<PciAddress> functions,
            MachineSnapshot snapshot) {}

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

    /** The recorder and the caller both need the machine right after a switch: they share one call. */
    private MachineSnapshot inspectOrShare() throws HelperException {
        @Nullable CompletableFuture<MachineSnapshot> inspection;
        synchronized (this) {
            inspection = inspectionAfterSwitch;
            inspectionAfterSwitch = null;
        }
        if (inspection == null) {
            return connection.inspect(false);
        }
        try {
            return inspection.get();
        } catch (ExecutionException e) {
            // The recorder's call failed; the caller's own call reports the reason.
            return connection.inspect(false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, e);
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> companions, boolean nativeDriver)
            throws HelperException {
        PlanReply reply = connection.plan(gpu, target, companions, nativeDriver);
        if (!reply.id().isEmpty()) {
            synchronized (this) {
                issuedPlans.put(
                        reply.id(), new IssuedPlan(gpu, target, reply.steps(), reply.functions(), lastSnapshot));
            }
        }
        return reply;
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
        @Nullable IssuedPlan issued;
        synchronized (this) {
            issued = issuedPlans.remove(planId);
        }
        if (issued == null) {
            return connection.apply(planId, listener);
        }
        SwitchRecorder recorder = new SwitchRecorder(issued);
        return recorder.startSwitch(() -> connection.apply(planId, event -> recorder.handleEvent(event, listener)));
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException {
        MachineSnapshot snapshot;
        synchronized (this) {
            snapshot = lastSnapshot;
        }
        Machine machine = SnapshotParser.parse(snapshot);
        List<PciAddress> functions = machine.gpu(gpu).stream()
                .flatMap(found -> found.functions().stream())
                .map(PciDevice::address)
                .toList();
        // The rollback undoes the steps of the incomplete switch.
        List<PlannedStep> steps = activityLog
                .findLatest(connection.source(), gpu, record -> true)
                .filter(record -> !record.isReportedDone())
                .map(SwitchRecord::steps)
                .orElse(List.of());
        SwitchRecorder recorder = new SwitchRecorder(new IssuedPlan(gpu, Target.HOST, steps, functions, snapshot));
        return recorder.startSwitch(() -> connection.restore(gpu, event -> recorder.handleEvent(event, listener)));
    }

    @Override
    public void addChangeListener(Runnable listener) {
        connection.addChangeListener(listener);
    }

    /** Waits up to 5 seconds for a record that is still being written. */
    @Override
    public void close() {
        awaitPendingWrite();
        connection.close();
    }

    private void awaitPendingWrite() {
        CompletableFuture<Void> write;
        synchronized (this) {
            write = pendingWrite;
        }
        try {
            write.get(WRITE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException ignored) {
            // The record stays in the log without an end: outcome unknown.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface SwitchStarter {
        RunningSwitch start() throws HelperException;
    }

    /** Records one switch while it runs. */
    private final class SwitchRecorder {
        private final String id = UUID.randomUUID().toString();
        private final Instant startedAt = clock.instant();
        private final IssuedPlan plan;
        private final MachineSnapshot snapshotBefore;
        private final List<JobEvent> events = new ArrayList<>();
        private boolean ended;

        SwitchRecorder(IssuedPlan plan) {
            this.plan = plan;
            this.snapshotBefore = SwitchRecord.filterSnapshot(plan.snapshot(), plan.functions());
        }

        RunningSwitch startSwitch(SwitchStarter starter) throws HelperException {
            RunningSwitch running;
            try {
                running = starter.start();
            } catch (HelperException e) {
                if (e.kind() == HelperException.FailureKind.INCOMPLETE) {
                    // Not recorded: an earlier switch has to be rolled back first.
                    throw e;
                }
                activityLog.put(createRecord(Optional.of(e.kind()), Optional.empty()));
                throw e;
            }
            // After the start, so that no switch waits for a file.
            saveStarted();
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    running.cancel();
                }

                @Override
                public JobEvent.Finished awaitEnd() throws InterruptedException {
                    JobEvent.Finished finished = running.awaitEnd();
                    awaitPendingWrite();
                    return finished;
                }
            };
        }

        private synchronized void saveStarted() {
            if (!ended) {
                activityLog.put(createRecord(Optional.empty(), Optional.empty()));
            }
        }

        void handleEvent(JobEvent event, Consumer<JobEvent> listener) {
            addEvent(event);
            if (!(event instanceof JobEvent.Finished)) {
                listener.accept(event);
                return;
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            CompletableFuture<MachineSnapshot> after = new CompletableFuture<>();
            synchronized (RecordingConnection.this) {
                pendingWrite = done;
                inspectionAfterSwitch = after;
            }
            // On another thread: this one delivers events. Before the listener: it may ask for the same snapshot at
            // once.
            Thread.ofVirtual().name("record").start(() -> {
                try {
                    saveFinished(after);
                } finally {
                    done.complete(null);
                }
            });
            listener.accept(event);
        }

        private synchronized void addEvent(JobEvent event) {
            // A long write sends one waiting event a second; they are not recorded.
            if (!(event instanceof JobEvent.StepChanged step) || step.phase() != StepPhase.WAITING) {
                events.add(event);
            }
        }

        private void saveFinished(CompletableFuture<MachineSnapshot> after) {
            Optional<MachineSnapshot> snapshotAfter = Optional.empty();
            try {
                MachineSnapshot snapshot = connection.inspect(false);
                after.complete(snapshot);
                snapshotAfter = Optional.of(SwitchRecord.filterSnapshot(snapshot, plan.functions()));
            } catch (HelperException e) {
                after.completeExceptionally(e);
            }
            synchronized (this) {
                ended = true;
                activityLog.put(createRecord(Optional.empty(), snapshotAfter));
            }
        }

        private synchronized SwitchRecord createRecord(
                Optional<HelperException.FailureKind> startFailure, Optional<MachineSnapshot> snapshotAfter) {
            return new SwitchRecord(
                    id,
                    startedAt,
                    initiator,
                    SwitchRecord.machineName(connection.source()),
                    plan.gpu(),
                    plan.target(),
                    plan.steps(),
                    events,
                    startFailure,
                    snapshotBefore,
                    snapshotAfter);
        }
    }
}
