package org.switchback.service;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.NotConnected;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.Incomplete;
import org.switchback.Helper1.Error.ReadOnly;
import org.switchback.Helper1.Error.RestartNeeded;
import org.switchback.Helper1.Error.Stale;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.PlannedStep;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.Outcome;
import org.switchback.transaction.RecoveryState;
import org.switchback.transaction.TransactionRunner;

/**
 * Switches from the call that asks for them to their end. Several may be at a prompt; one writes to the kernel, on a
 * thread of its own, so that no write keeps a call waiting.
 */
final class Jobs {
    /** Jobs that have ended and can still be looked at. */
    private static final int MAX_ENDED_JOBS = 8;

    private static final long PREPARE_TIMEOUT_SECONDS = 2;

    /** Nobody sees more than so many pictures of progress a second. */
    private static final long PROGRESS_INTERVAL_MILLIS = 40;

    private final AbstractConnection bus;
    private final CallGuard callGuard;
    private final Permissions permissions;
    private final MachineStateReader machineState;
    private final PlanStore plans;
    private final Optional<TransactionRunner> transactions;
    private final ExecutorService switchExecutor;
    private final SleepInhibitor sleepInhibitor;
    private final LongSupplier nanoClock;
    private final Consumer<String> log;

    private final ScheduledExecutorService progressExecutor = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("progress").daemon().factory());
    private final Deque<JobObject> exportedJobs = new ArrayDeque<>();
    private int createdJobCount;
    private int pendingAuthorizationCount;
    private @Nullable JobObject runningJob;
    private boolean stopping;
    /** What the journal said when the last switch ended: while one runs the journal is the runner's alone. */
    private volatile RecoveryState recoveryState;

    /**
     * @param action  what has to be permitted
     * @param details told to the person who is asked
     * @param work    does it, and answers how it ended
     */
    private record JobRequest(
            Caller caller,
            PolkitAction action,
            PciAddress gpu,
            Map<String, String> details,
            Supplier<List<PlannedStep>> steps,
            Function<JobObject, String> work) {}

    Jobs(
            AbstractConnection bus,
            CallGuard callGuard,
            Permissions permissions,
            MachineStateReader machineState,
            PlanStore plans,
            Optional<TransactionRunner> transactions,
            ExecutorService switchExecutor,
            SleepInhibitor sleepInhibitor,
            LongSupplier nanoClock,
            Consumer<String> log) {
        this.bus = bus;
        this.callGuard = callGuard;
        this.permissions = permissions;
        this.machineState = machineState;
        this.plans = plans;
        this.transactions = transactions;
        this.switchExecutor = switchExecutor;
        this.sleepInhibitor = sleepInhibitor;
        this.nanoClock = nanoClock;
        this.log = log;
        this.recoveryState = transactions.map(TransactionRunner::recoveryState).orElse(new RecoveryState.Clean());
    }

    /** Puts back what an earlier process was in the middle of, if it was. Returns at once. */
    void recover() {
        if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest request)) {
            TransactionRunner open = requireWritable();
            log.accept("putting back an interrupted switch of " + request.gpu());
            JobObject job = exportJob(new Caller("", 0), List::of);
            synchronized (this) {
                runningJob = job;
            }
            switchExecutor.execute(
                    () -> executeJob(job, request.gpu(), sleepInhibitor.acquire(), j -> open.rollBack(j::recordStepEvent).wireName()));
        }
    }

    /** Makes ready for a switch, which is likely to come now. Returns at once. */
    void prepareForSwitch() {
        if (transactions.isPresent()) {
            runBetweenSwitches(machineState::prepare);
        }
    }

    /** Starts the switch that an open plan describes. */
    DBusPath apply(Caller caller, String planId) {
        // Before anything is made ready for it.
        requireWritable();
        plans.requirePlan(caller, planId);
        return submit(caller, open -> {
            requireClean();
            SwitchPlan plan = plans.take(caller, planId);
            // Before the whole look, so that a later one sees whatever changes after this.
            MachineSnapshot seen = machineState.readSwitchSnapshot(plan);
            if (!isUpToDate(plan)) {
                throw new Stale();
            }
            return newJobRequest(
                    caller,
                    PolkitAction.of(plan.requiredPermission()),
                    plan,
                    () -> PlanReplyMapper.toPlannedSteps(plan),
                    job -> run(plan, seen, job, open));
        });
    }

    /** Puts back what is half done on that GPU, or else takes it to host mode. */
    DBusPath restore(Caller caller, PciAddress address) {
        return submit(caller, open -> {
            Planner.PlanningResult answer = machineState.readAndPlan(new SwitchRequest(address, Target.HOST, List.of()));
            if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest half) && half.gpu().equals(address)) {
                // Also where the GPU has gone meanwhile: what else was changed is put back all the same.
                Map<String, String> details =
                        answer instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan) ? authorizationDetails(plan) : missingGpuDetails(address);
                return new JobRequest(
                        caller, PolkitAction.RESTORE, address, details, List::of, job -> open.rollBack(job::recordStepEvent).wireName());
            }
            if (!(answer instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan))) {
                throw new BadArgument();
            }
            if (recoveryState instanceof RecoveryState.JournalCorrupt) {
                return newJobRequest(
                        caller, PolkitAction.RESTORE, plan, () -> PlanReplyMapper.toPlannedSteps(plan), job -> archiveJournalAndRun(plan, job, open));
            }
            requireClean();
            return newJobRequest(
                    caller,
                    PolkitAction.RESTORE,
                    plan,
                    () -> PlanReplyMapper.toPlannedSteps(plan),
                    job -> run(plan, MachineSnapshot.EMPTY, job, open));
        });
    }

    private static JobRequest newJobRequest(
            Caller caller, PolkitAction action, SwitchPlan plan, Supplier<List<PlannedStep>> steps, Function<JobObject, String> work) {
        return new JobRequest(caller, action, plan.gpu().address(), authorizationDetails(plan), steps, work);
    }

    /** @param seen what the plan rested on when it held; the users of the functions are looked for by its first step */
    private String run(SwitchPlan plan, MachineSnapshot seen, JobObject job, TransactionRunner open) {
        if (!machineState.readSwitchSnapshot(plan).equals(seen) && !isUpToDate(plan)) {
            return "stale";
        }
        // Only a restore gets here with a plan that is refused: nobody has seen it beforehand.
        for (Refusal refusal : plan.refusals()) {
            job.recordFailure(refusal.code(), refusal.details());
        }
        return plan.isRefused() ? "refused" : open.run(plan, job::isCancelled, job::recordStepEvent).wireName();
    }

    /** With a journal that can't be read, what the kernel says is all there is to go by. */
    private String archiveJournalAndRun(SwitchPlan plan, JobObject job, TransactionRunner open) {
        try {
            open.archiveCorruptJournal();
            return run(plan, MachineSnapshot.EMPTY, job, open);
        } catch (JournalException unwritable) {
            return Outcome.JOURNAL_UNWRITABLE.wireName();
        }
    }

    private boolean isUpToDate(SwitchPlan plan) {
        return machineState.readAndPlan(plan.request()) instanceof Planner.PlanningResult.PlanCreated(SwitchPlan now) && now.isEquivalentTo(plan);
    }

    private TransactionRunner requireWritable() {
        return transactions.orElseThrow(ReadOnly::new);
    }

    private void requireClean() {
        switch (recoveryState) {
            case RecoveryState.Clean() -> {}
            case RecoveryState.RollbackPending incomplete -> throw new Incomplete();
            case RecoveryState.JournalCorrupt() -> throw new Incomplete();
            case RecoveryState.RestartRequired frozen -> throw new RestartNeeded();
        }
    }

    /** What the prompt of polkit and its audit log say. */
    private static Map<String, String> authorizationDetails(SwitchPlan plan) {
        Map<String, String> details = new TreeMap<>();
        details.put("gpu", plan.gpu().graphics().name());
        details.put("address", plan.gpu().address().toShortString());
        details.put("from", modeText(plan.gpu().mode()));
        details.put("to", modeText(plan.request().target() == Target.VM ? Gpu.GpuMode.VM : Gpu.GpuMode.HOST));
        details.put("plan", PlanReplyMapper.planHash(plan));
        return details;
    }

    /** As {@link #authorizationDetails}, for a GPU that is no longer there. */
    private static Map<String, String> missingGpuDetails(PciAddress address) {
        return Map.of(
                "gpu", address.toShortString(),
                "address", address.toShortString(),
                "from", modeText(Gpu.GpuMode.PARTIALLY_SWITCHED),
                "to", modeText(Gpu.GpuMode.HOST));
    }

    private static String modeText(Gpu.GpuMode mode) {
        return switch (mode) {
            case HOST -> "host mode";
            case VM -> "VM mode";
            case PARTIALLY_SWITCHED -> "half switched";
            case UNBOUND -> "no driver";
        };
    }

    /**
     * Makes an order while nobody else can, and asks whether it may be carried out.
     *
     * @throws Busy when something is being written, or the caller's user is at a prompt, or too many people are
     */
    private DBusPath submit(Caller caller, Function<TransactionRunner, JobRequest> prepare) {
        TransactionRunner open = requireWritable();
        synchronized (this) {
            if (stopping || runningJob != null) {
                throw new Busy();
            }
            permissions.acquirePrompt(caller);
            pendingAuthorizationCount++;
        }
        // What takes time and changes nothing is done before the question, not between its answer and the switch.
        CompletableFuture<SleepInhibitor.InhibitorLock> ready = new CompletableFuture<>();
        JobObject job;
        JobRequest order;
        try {
            switchExecutor.execute(() -> prepare(ready));
            order = prepare.apply(open);
            job = exportJob(caller, order.steps());
        } catch (RuntimeException notBegun) {
            ready.thenAccept(SleepInhibitor.InhibitorLock::close);
            endAuthorization(caller);
            throw notBegun;
        }
        job.recordAuthorizing();
        awaitPrepared(ready);
        AuthorizationRequest question = permissions.requestAuthorization(
                caller, order.action(), order.details(), verdict -> handleDecision(job, order, ready, verdict));
        job.onCancelled(question::cancel);
        return new DBusPath(job.getObjectPath());
    }

    private void prepare(CompletableFuture<SleepInhibitor.InhibitorLock> ready) {
        try {
            machineState.prepare();
        } catch (RuntimeException unexpected) {
            log.accept("making ready failed: " + ExceptionFormatter.format(unexpected));
        } finally {
            ready.complete(sleepInhibitor.acquire());
        }
    }

    /** Does not wait long: the switch, on the same thread as what makes ready for it, comes after that anyway. */
    private static void awaitPrepared(CompletableFuture<SleepInhibitor.InhibitorLock> ready) {
        try {
            ready.get(PREPARE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException slow) {
            // Then the switch waits.
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void endAuthorization(Caller caller) {
        pendingAuthorizationCount--;
        permissions.releasePrompt(caller);
    }

    private void handleDecision(
            JobObject job,
            JobRequest order,
            CompletableFuture<SleepInhibitor.InhibitorLock> ready,
            Optional<Authorizer.AuthorizationDecision> verdict) {
        String why = verdict.map(v -> switch (v) {
                    case GRANTED -> "";
                    case DENIED -> "denied";
                    case NO_AGENT -> "no-agent";
                    case DISMISSED -> "authentication-cancelled";
                    case UNDECIDED -> "undecided";
                })
                .orElse("cancelled");
        synchronized (this) {
            endAuthorization(order.caller());
            if (why.isEmpty() && (stopping || runningJob != null)) {
                why = "busy";
            } else if (why.isEmpty()) {
                runningJob = job;
                switchExecutor.execute(() -> executeJob(job, order.gpu(), ready.join(), order.work()));
            }
        }
        log.accept(order.action().wireName() + " of " + order.gpu() + " for user "
                + order.caller().uid() + ": " + (why.isEmpty() ? "authorized" : why));
        if (!why.isEmpty()) {
            ready.thenAccept(SleepInhibitor.InhibitorLock::close);
            job.recordFinished(why);
        }
    }

    private void executeJob(JobObject job, PciAddress gpu, SleepInhibitor.InhibitorLock held, Function<JobObject, String> work) {
        job.recordAuthorized();
        String outcome = "error";
        try (held) {
            outcome = work.apply(job);
        } catch (RuntimeException unexpected) {
            log.accept("a switch failed: " + ExceptionFormatter.format(unexpected));
        }
        recoveryState = transactions.map(TransactionRunner::recoveryState).orElse(recoveryState);
        // Whoever reads that it has finished may start the next one.
        synchronized (this) {
            callGuard.recordActivity();
            runningJob = null;
        }
        log.accept("switch of " + gpu + ": " + outcome);
        job.recordFinished(outcome);
        machineState.read();
    }

    /** Does something harmless between two switches; leaves it out while one runs. Returns at once. */
    synchronized void runBetweenSwitches(Runnable action) {
        if (!stopping && runningJob == null) {
            switchExecutor.execute(() -> {
                try {
                    action.run();
                } catch (RuntimeException unexpected) {
                    log.accept("reading the machine failed: " + ExceptionFormatter.format(unexpected));
                }
            });
        }
    }

    private JobObject exportJob(Caller owner, Supplier<List<PlannedStep>> steps) {
        synchronized (this) {
            createdJobCount++;
            JobObject job = new JobObject(
                    DBusNames.JOB_PATH_PREFIX + createdJobCount, owner, steps, callGuard, nanoClock, this::scheduleProgress, this::sendProgress);
            try {
                bus.exportObject(job.getObjectPath(), job);
            } catch (DBusException impossible) {
                throw new IllegalStateException("a number makes a good object path", impossible);
            }
            exportedJobs.add(job);
            // Not the oldest alone: that one may wait at a prompt while others come and go.
            for (Iterator<JobObject> old = exportedJobs.iterator(); exportedJobs.size() > MAX_ENDED_JOBS && old.hasNext(); ) {
                JobObject candidate = old.next();
                if (candidate.isEnded()) {
                    old.remove();
                    bus.unExportObject(candidate.getObjectPath());
                }
            }
            return job;
        }
    }

    private void scheduleProgress(Runnable tell) {
        try {
            progressExecutor.schedule(tell, PROGRESS_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException stopped) {
            // Whoever follows the job hears that the helper has gone.
        }
    }

    private void sendProgress(JobInterface.Progress signal) {
        try {
            bus.sendMessage(signal);
        } catch (NotConnected gone) {
            // The switch goes on without anybody to tell.
        }
    }

    /** Whether the helper may go: nobody is being asked, nothing runs, nothing is half done. */
    synchronized boolean isIdle() {
        return pendingAuthorizationCount == 0 && runningJob == null && recoveryState instanceof RecoveryState.Clean;
    }

    /** Lets nothing begin any more, has what runs put back, and waits for that. */
    void stop() throws InterruptedException {
        List<JobObject> all;
        synchronized (this) {
            stopping = true;
            all = List.copyOf(exportedJobs);
        }
        all.forEach(JobObject::cancel);
        switchExecutor.shutdown();
        // The transaction has deadlines of its own, so this ends.
        boolean ended = switchExecutor.awaitTermination(1, TimeUnit.HOURS);
        if (!ended) {
            log.accept("a switch did not end");
        }
        progressExecutor.shutdown();
        if (!progressExecutor.awaitTermination(PREPARE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            log.accept("how a switch ended was not told");
        }
    }
}
