package org.switchback.service;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.freedesktop.dbus.DBusPath;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.Incomplete;
import org.switchback.Helper1.Error.ReadOnly;
import org.switchback.Helper1.Error.RestartNeeded;
import org.switchback.Helper1.Error.Stale;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.RecoveryState;
import org.switchback.transaction.TransactionRunner;

/**
 * Manages switches from the request to the end. Several may wait for their authorization, but only one at a time writes
 * to the kernel. It does so on a separate thread, so that writes do not block calls.
 */
final class Jobs {
    private static final long PREPARE_TIMEOUT_SECONDS = 2;

    private final JobRegistry registry;
    private final CallGuard callGuard;
    private final Permissions permissions;
    private final MachineStateReader machineState;
    private final PlanStore plans;
    private final Optional<TransactionRunner> transactions;
    private final ExecutorService switchExecutor;
    private final SleepInhibitor sleepInhibitor;
    private final Consumer<String> log;

    private int pendingAuthorizationCount;
    private @Nullable JobObject runningJob;
    private boolean stopping;
    /**
     * State of the journal when the last switch ended. Not updated during a switch: only the runner may use the
     * journal.
     */
    private volatile RecoveryState recoveryState;

    /**
     * A requested switch.
     *
     * @param action polkit action that the caller needs
     * @param details values for the message of the password prompt
     * @param work performs the switch and returns its outcome
     */
    private record JobRequest(
            Caller caller,
            PolkitAction action,
            PciAddress gpu,
            Map<String, String> details,
            List<PlannedStep> steps,
            SwitchWork work) {}

    /** Performs a switch or a rollback. */
    @FunctionalInterface
    private interface SwitchWork {
        /**
         * Runs on the switch thread.
         *
         * @param awaitSleepLock waits until sleep is inhibited; must be called before the first write
         */
        Outcome run(JobObject job, Runnable awaitSleepLock);
    }

    Jobs(
            JobRegistry registry,
            CallGuard callGuard,
            Permissions permissions,
            MachineStateReader machineState,
            PlanStore plans,
            Optional<TransactionRunner> transactions,
            ExecutorService switchExecutor,
            SleepInhibitor sleepInhibitor,
            Consumer<String> log) {
        this.registry = registry;
        this.callGuard = callGuard;
        this.permissions = permissions;
        this.machineState = machineState;
        this.plans = plans;
        this.transactions = transactions;
        this.switchExecutor = switchExecutor;
        this.sleepInhibitor = sleepInhibitor;
        this.log = log;
        this.recoveryState = transactions.map(TransactionRunner::recoveryState).orElse(new RecoveryState.Clean());
    }

    /** Starts rolling back a switch that an earlier process did not finish, if any. Returns immediately. */
    void recover() {
        if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest request)) {
            TransactionRunner runner = requireWritable();
            log.accept("rolling back an interrupted switch of " + request.gpu());
            JobObject job = registry.create(new Caller("", Caller.ROOT_UID), List.of());
            synchronized (this) {
                runningJob = job;
            }
            switchExecutor.execute(() -> executeJob(job, request.gpu(), rollBack(runner)));
        }
    }

    /** Prepares for a switch that is likely to follow. Returns immediately. */
    void prepareForSwitch() {
        if (transactions.isPresent()) {
            runBetweenSwitches(machineState::prepare);
        }
    }

    /** Starts the switch of a stored plan. */
    DBusPath apply(Caller caller, String planId) {
        // Checked first, so that nothing is prepared for a request that cannot succeed.
        requireWritable();
        plans.requirePlan(caller, planId);
        return submit(caller, runner -> {
            requireClean();
            PlanStore.StoredPlan stored = plans.take(caller, planId);
            SwitchPlan plan = stored.plan();
            // Read before anything else, so that run() notices changes from here on.
            MachineSnapshot snapshot = machineState.readSwitchSnapshot(plan);
            boolean unchanged = snapshot.equals(stored.snapshot()) && !machineState.isInUse(plan);
            if (!unchanged && !isUpToDate(plan)) {
                throw new Stale();
            }
            return newJobRequest(
                    caller,
                    PolkitAction.of(plan.requiredPermission()),
                    plan,
                    (job, awaitSleepLock) -> run(plan, snapshot, job, awaitSleepLock, runner));
        });
    }

    /** Starts rolling back an interrupted switch of the GPU; if there is none, starts switching it to host mode. */
    DBusPath restore(Caller caller, PciAddress address) {
        return submit(caller, runner -> {
            Planner.PlanningResult result =
                    machineState.readAndPlan(new SwitchRequest(address, Target.HOST, List.of()));
            if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest interrupted)
                    && interrupted.gpu().equals(address)) {
                // Even if the GPU has been removed in the meantime, because other changes must be rolled back as well.
                Gpu.GpuMode modeBefore = interrupted.target() == Target.VM ? Gpu.GpuMode.HOST : Gpu.GpuMode.VM;
                Map<String, String> details = result instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan)
                        ? authorizationDetails(plan, modeBefore)
                        : missingGpuDetails(address, modeBefore);
                return new JobRequest(caller, PolkitAction.RESTORE, address, details, List.of(), rollBack(runner));
            }
            if (!(result instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan))) {
                throw new BadArgument();
            }
            if (recoveryState instanceof RecoveryState.JournalCorrupt) {
                return newJobRequest(
                        caller,
                        PolkitAction.RESTORE,
                        plan,
                        (job, awaitSleepLock) -> archiveJournalAndRun(plan, job, awaitSleepLock, runner));
            }
            requireClean();
            return newJobRequest(
                    caller,
                    PolkitAction.RESTORE,
                    plan,
                    (job, awaitSleepLock) -> run(plan, MachineSnapshot.EMPTY, job, awaitSleepLock, runner));
        });
    }

    private static JobRequest newJobRequest(Caller caller, PolkitAction action, SwitchPlan plan, SwitchWork work) {
        return new JobRequest(
                caller,
                action,
                plan.gpu().address(),
                authorizationDetails(plan, plan.request().target() == Target.VM ? Gpu.GpuMode.VM : Gpu.GpuMode.HOST),
                PlannedStep.listOf(plan),
                work);
    }

    /**
     * Executes the plan if it is still up to date. Device users need no check here, because the plan's first step
     * checks for them.
     *
     * @param snapshot machine state for which the plan was last known to be up to date
     */
    private Outcome run(
            SwitchPlan plan,
            MachineSnapshot snapshot,
            JobObject job,
            Runnable awaitSleepLock,
            TransactionRunner runner) {
        if (!machineState.readSwitchSnapshot(plan).equals(snapshot) && !isUpToDate(plan)) {
            return Outcome.STALE;
        }
        // Only a restore can have a refused plan: its plan was not returned to the caller before.
        plan.refusals().forEach(refusal -> job.recordRefusal(RefusalSummary.of(refusal)));
        if (plan.isRefused()) {
            return Outcome.REFUSED;
        }
        awaitSleepLock.run();
        return runner.run(plan, job::isCancelled, job::recordStep);
    }

    private static SwitchWork rollBack(TransactionRunner runner) {
        return (job, awaitSleepLock) -> {
            awaitSleepLock.run();
            return runner.rollBack(job::recordStep);
        };
    }

    /** Executes the plan after archiving a corrupt journal. The plan is based on the kernel's current state alone. */
    private Outcome archiveJournalAndRun(
            SwitchPlan plan, JobObject job, Runnable awaitSleepLock, TransactionRunner runner) {
        try {
            runner.archiveCorruptJournal();
            return run(plan, MachineSnapshot.EMPTY, job, awaitSleepLock, runner);
        } catch (JournalException ignored) {
            // The outcome reports it.
            return Outcome.JOURNAL_UNWRITABLE;
        }
    }

    private boolean isUpToDate(SwitchPlan plan) {
        return machineState.readAndPlan(plan.request())
                        instanceof Planner.PlanningResult.PlanCreated(SwitchPlan current)
                && current.isEquivalentTo(plan);
    }

    private TransactionRunner requireWritable() {
        return transactions.orElseThrow(ReadOnly::new);
    }

    private void requireClean() {
        switch (recoveryState) {
            case RecoveryState.Clean() -> {}
            case RecoveryState.RollbackPending pending -> throw new Incomplete();
            case RecoveryState.JournalCorrupt() -> throw new Incomplete();
            case RecoveryState.RestartRequired required -> throw new RestartNeeded();
        }
    }

    /**
     * Values for polkit's prompt and its audit log. Everything that is switched is in them.
     *
     * @param modeAfter mode of the GPU after the switch or the rollback
     */
    private static Map<String, String> authorizationDetails(SwitchPlan plan, Gpu.GpuMode modeAfter) {
        Map<String, String> details = new TreeMap<>();
        String others = plan.otherFunctions().stream()
                .map(function -> function.name() + " (" + function.address().toShortString() + ")")
                .collect(Collectors.joining(", "));
        String name = plan.gpu().graphics().name();
        // The message for the way back has no place of its own for other devices.
        boolean isRestore = plan.requiredPermission() == SwitchPlan.RequiredPermission.RESTORE;
        details.put("gpu", isRestore && !others.isEmpty() ? name + ", " + others : name);
        details.put("others", others);
        details.put("address", plan.gpu().address().toShortString());
        details.put("from", modeText(plan.gpu().mode()));
        details.put("to", modeText(modeAfter));
        details.put("plan", planHash(plan));
        return details;
    }

    /** As {@link #authorizationDetails}, for a GPU that no longer exists. */
    private static Map<String, String> missingGpuDetails(PciAddress address, Gpu.GpuMode modeAfter) {
        return Map.of(
                "gpu", address.toShortString(),
                "address", address.toShortString(),
                "from", modeText(Gpu.GpuMode.PARTIALLY_SWITCHED),
                "to", modeText(modeAfter));
    }

    private static String modeText(Gpu.GpuMode mode) {
        return switch (mode) {
            case HOST -> "host mode";
            case VM -> "VM mode";
            case PARTIALLY_SWITCHED -> "partially switched";
            case UNBOUND -> "no driver";
        };
    }

    /**
     * Creates a job and requests its authorization. The switch starts when it is authorized.
     *
     * @param createRequest creates the request; may throw a {@link org.switchback.Helper1.Error.HelperError}
     * @return object path of the job
     * @throws Busy if a switch is running, the user already has an open prompt, or the limit of prompts is reached
     */
    private DBusPath submit(Caller caller, Function<TransactionRunner, JobRequest> createRequest) {
        TransactionRunner runner = requireWritable();
        synchronized (this) {
            if (stopping || runningJob != null) {
                throw new Busy();
            }
            permissions.acquirePrompt(caller);
            pendingAuthorizationCount++;
        }
        // Slow preparations that change nothing run before the prompt, not between the authorization and the switch.
        CompletableFuture<Void> prepared;
        JobObject job;
        JobRequest request;
        try {
            prepared = CompletableFuture.runAsync(this::prepare, switchExecutor);
            request = createRequest.apply(runner);
            job = registry.create(caller, request.steps());
        } catch (RuntimeException e) {
            endAuthorization(caller);
            throw e;
        }
        job.recordAuthorizing();
        awaitPrepared(prepared);
        AuthorizationRequest authorization = permissions.requestAuthorization(
                caller, request.action(), request.details(), decision -> handleDecision(job, request, decision));
        job.onCancelled(authorization::cancel);
        return new DBusPath(job.getObjectPath());
    }

    private void prepare() {
        try {
            machineState.prepare();
        } catch (RuntimeException e) {
            log.accept("preparing for a switch failed: " + ExceptionLogFormatter.format(e));
        }
    }

    /** Waits for the preparations, but not long: the switch runs on the same thread and so starts after them anyway. */
    private static void awaitPrepared(CompletableFuture<Void> prepared) {
        try {
            prepared.get(PREPARE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException ignored) {
            // The switch starts after the preparations.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void endAuthorization(Caller caller) {
        pendingAuthorizationCount--;
        permissions.releasePrompt(caller);
    }

    private void handleDecision(
            JobObject job, JobRequest request, Optional<Authorizer.AuthorizationDecision> decision) {
        Optional<Outcome> refusal = decision.map(Jobs::outcomeOf).orElse(Optional.of(Outcome.CANCELLED));
        synchronized (this) {
            endAuthorization(request.caller());
            if (refusal.isEmpty() && (stopping || runningJob != null)) {
                refusal = Optional.of(Outcome.BUSY);
            } else if (refusal.isEmpty()) {
                runningJob = job;
                switchExecutor.execute(() -> executeJob(job, request.gpu(), request.work()));
            }
        }
        log.accept(request.action().wireName() + " of " + request.gpu() + " for user "
                + request.caller().uid() + ": " + refusal.map(Outcome::wireName).orElse("authorized"));
        refusal.ifPresent(job::recordFinished);
    }

    /** @return empty if the switch may begin */
    private static Optional<Outcome> outcomeOf(Authorizer.AuthorizationDecision decision) {
        return switch (decision) {
            case GRANTED -> Optional.empty();
            case DENIED -> Optional.of(Outcome.DENIED);
            case NO_AGENT -> Optional.of(Outcome.NO_AGENT);
            case DISMISSED -> Optional.of(Outcome.AUTHENTICATION_CANCELLED);
            case UNDECIDED -> Optional.of(Outcome.UNDECIDED);
        };
    }

    private void executeJob(JobObject job, PciAddress gpu, SwitchWork work) {
        job.recordAuthorized();
        // Only now, because anybody may request a switch. Meanwhile the machine is read.
        CompletableFuture<SleepInhibitor.InhibitorLock> lock = CompletableFuture.supplyAsync(
                sleepInhibitor::acquire, Thread.ofPlatform().name("sleep-lock").daemon()::start);
        Outcome outcome = Outcome.ERROR;
        try {
            outcome = work.run(job, lock::join);
        } catch (RuntimeException e) {
            log.accept("a switch failed: " + ExceptionLogFormatter.format(e));
        } finally {
            lock.thenAccept(SleepInhibitor.InhibitorLock::close);
        }
        recoveryState = transactions.map(TransactionRunner::recoveryState).orElse(recoveryState);
        // Before the last event, because a client that receives it may start the next switch.
        synchronized (this) {
            callGuard.recordActivity();
            runningJob = null;
        }
        log.accept("switch of " + gpu + ": " + outcome.wireName());
        job.recordFinished(outcome);
        // Updates the properties of the GPU objects.
        machineState.read();
    }

    /** Runs a read-only action on the switch thread; skips it while a switch is running. Returns immediately. */
    synchronized void runBetweenSwitches(Runnable action) {
        if (!stopping && runningJob == null) {
            switchExecutor.execute(() -> {
                try {
                    action.run();
                } catch (RuntimeException e) {
                    log.accept("reading the machine failed: " + ExceptionLogFormatter.format(e));
                }
            });
        }
    }

    /** Whether a switch or a rollback is running. */
    synchronized boolean isSwitching() {
        return runningJob != null;
    }

    /** Whether no authorization is pending, no switch is running, and none needs a rollback. */
    synchronized boolean isIdle() {
        return pendingAuthorizationCount == 0 && runningJob == null && recoveryState instanceof RecoveryState.Clean;
    }

    /** Rejects new switches, cancels the running one and waits until it has been rolled back. */
    void stop() throws InterruptedException {
        synchronized (this) {
            stopping = true;
        }
        registry.cancelAll();
        switchExecutor.shutdown();
        // A transaction has its own timeouts, so this returns earlier.
        boolean ended = switchExecutor.awaitTermination(1, TimeUnit.HOURS);
        if (!ended) {
            log.accept("a switch did not end");
        }
        if (!registry.shutDown()) {
            log.accept("the last progress signals were not sent");
        }
    }

    /** SHA-256 of the plan's steps in hexadecimal, for polkit's audit log. */
    private static String planHash(SwitchPlan plan) {
        String text = PlannedStep.listOf(plan).stream()
                .map(step -> String.join(
                        "\t", step.kind().wireName(), step.subject(), step.before(), step.after(), step.shellCommand()))
                .collect(Collectors.joining("\n"));
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
