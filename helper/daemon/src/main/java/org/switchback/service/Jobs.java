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
import org.switchback.job.PlannedRefusal;
import org.switchback.job.PlannedStep;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.RecoveryState;
import org.switchback.transaction.TransactionRunner;

/**
 * Switches from the call that asks for them to their end. Several may be at a prompt; one writes to the kernel, on a
 * thread of its own, so that no write keeps a call waiting.
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
    /** What the journal said when the last switch ended: while one runs the journal is the runner's alone. */
    private volatile RecoveryState recoveryState;

    /**
     * @param action what has to be permitted
     * @param details told to the person who is asked
     * @param work does it, and answers how it ended
     */
    private record JobRequest(
            Caller caller,
            PolkitAction action,
            PciAddress gpu,
            Map<String, String> details,
            List<PlannedStep> steps,
            Function<JobObject, Outcome> work) {}

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

    /** Puts back what an earlier process was in the middle of, if it was. Returns at once. */
    void recover() {
        if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest request)) {
            TransactionRunner open = requireWritable();
            log.accept("putting back an interrupted switch of " + request.gpu());
            JobObject job = registry.create(new Caller("", 0), List.of());
            synchronized (this) {
                runningJob = job;
            }
            switchExecutor.execute(
                    () -> executeJob(job, request.gpu(), sleepInhibitor.acquire(), j -> open.rollBack(j::recordStep)));
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
            PlanStore.StoredPlan stored = plans.take(caller, planId);
            SwitchPlan plan = stored.plan();
            // Read before anything else, so that run() notices changes from here on.
            MachineSnapshot facts = machineState.readSwitchSnapshot(plan);
            boolean unchanged = facts.equals(stored.facts()) && !machineState.isInUse(plan);
            if (!unchanged && !isUpToDate(plan)) {
                throw new Stale();
            }
            return newJobRequest(
                    caller, PolkitAction.of(plan.requiredPermission()), plan, job -> run(plan, facts, job, open));
        });
    }

    /** Puts back what is half done on that GPU, or else takes it to host mode. */
    DBusPath restore(Caller caller, PciAddress address) {
        return submit(caller, open -> {
            Planner.PlanningResult answer =
                    machineState.readAndPlan(new SwitchRequest(address, Target.HOST, List.of()));
            if (recoveryState instanceof RecoveryState.RollbackPending(SwitchRequest half)
                    && half.gpu().equals(address)) {
                // Also where the GPU has gone meanwhile: what else was changed is put back all the same.
                Map<String, String> details = answer instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan)
                        ? authorizationDetails(plan)
                        : missingGpuDetails(address);
                return new JobRequest(
                        caller,
                        PolkitAction.RESTORE,
                        address,
                        details,
                        List.of(),
                        job -> open.rollBack(job::recordStep));
            }
            if (!(answer instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan))) {
                throw new BadArgument();
            }
            if (recoveryState instanceof RecoveryState.JournalCorrupt) {
                return newJobRequest(caller, PolkitAction.RESTORE, plan, job -> archiveJournalAndRun(plan, job, open));
            }
            requireClean();
            return newJobRequest(
                    caller, PolkitAction.RESTORE, plan, job -> run(plan, MachineSnapshot.EMPTY, job, open));
        });
    }

    private static JobRequest newJobRequest(
            Caller caller, PolkitAction action, SwitchPlan plan, Function<JobObject, Outcome> work) {
        return new JobRequest(
                caller, action, plan.gpu().address(), authorizationDetails(plan), PlannedStep.listOf(plan), work);
    }

    /** @param facts what the plan rested on when it was up to date; its first step looks for users of the functions */
    private Outcome run(SwitchPlan plan, MachineSnapshot facts, JobObject job, TransactionRunner open) {
        if (!machineState.readSwitchSnapshot(plan).equals(facts) && !isUpToDate(plan)) {
            return Outcome.STALE;
        }
        // Only a restore gets here with a refused plan, which nobody has seen before.
        plan.refusals().forEach(refusal -> job.recordRefusal(PlannedRefusal.of(refusal)));
        return plan.isRefused() ? Outcome.REFUSED : open.run(plan, job::isCancelled, job::recordStep);
    }

    /** With a corrupt journal there is only the kernel's own state to go by. */
    private Outcome archiveJournalAndRun(SwitchPlan plan, JobObject job, TransactionRunner open) {
        try {
            open.archiveCorruptJournal();
            return run(plan, MachineSnapshot.EMPTY, job, open);
        } catch (JournalException e) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
    }

    private boolean isUpToDate(SwitchPlan plan) {
        return machineState.readAndPlan(plan.request()) instanceof Planner.PlanningResult.PlanCreated(SwitchPlan now)
                && now.isEquivalentTo(plan);
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
        details.put("plan", planHash(plan));
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
        JobRequest request;
        try {
            switchExecutor.execute(() -> prepare(ready));
            request = prepare.apply(open);
            job = registry.create(caller, request.steps());
        } catch (RuntimeException notBegun) {
            ready.thenAccept(SleepInhibitor.InhibitorLock::close);
            endAuthorization(caller);
            throw notBegun;
        }
        job.recordAuthorizing();
        awaitPrepared(ready);
        AuthorizationRequest question = permissions.requestAuthorization(
                caller, request.action(), request.details(), verdict -> handleDecision(job, request, ready, verdict));
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
            JobRequest request,
            CompletableFuture<SleepInhibitor.InhibitorLock> ready,
            Optional<Authorizer.AuthorizationDecision> decision) {
        Optional<Outcome> refusal = decision.map(Jobs::outcomeOf).orElse(Optional.of(Outcome.CANCELLED));
        synchronized (this) {
            endAuthorization(request.caller());
            if (refusal.isEmpty() && (stopping || runningJob != null)) {
                refusal = Optional.of(Outcome.BUSY);
            } else if (refusal.isEmpty()) {
                runningJob = job;
                switchExecutor.execute(() -> executeJob(job, request.gpu(), ready.join(), request.work()));
            }
        }
        log.accept(request.action().wireName() + " of " + request.gpu() + " for user "
                + request.caller().uid() + ": " + refusal.map(Outcome::wireName).orElse("authorized"));
        refusal.ifPresent(outcome -> {
            ready.thenAccept(SleepInhibitor.InhibitorLock::close);
            job.recordFinished(outcome);
        });
    }

    /** @return empty when the switch may begin */
    private static Optional<Outcome> outcomeOf(Authorizer.AuthorizationDecision decision) {
        return switch (decision) {
            case GRANTED -> Optional.empty();
            case DENIED -> Optional.of(Outcome.DENIED);
            case NO_AGENT -> Optional.of(Outcome.NO_AGENT);
            case DISMISSED -> Optional.of(Outcome.AUTHENTICATION_CANCELLED);
            case UNDECIDED -> Optional.of(Outcome.UNDECIDED);
        };
    }

    private void executeJob(
            JobObject job, PciAddress gpu, SleepInhibitor.InhibitorLock lock, Function<JobObject, Outcome> work) {
        job.recordAuthorized();
        Outcome outcome = Outcome.ERROR;
        try (lock) {
            outcome = work.apply(job);
        } catch (RuntimeException e) {
            log.accept("a switch failed: " + ExceptionFormatter.format(e));
        }
        recoveryState = transactions.map(TransactionRunner::recoveryState).orElse(recoveryState);
        // Before the last event: a client that reads it may start the next switch.
        synchronized (this) {
            callGuard.recordActivity();
            runningJob = null;
        }
        log.accept("switch of " + gpu + ": " + outcome.wireName());
        job.recordFinished(outcome);
        // Updates the properties of the GPU objects.
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

    /** Whether the helper may go: nobody is being asked, nothing runs, nothing is half done. */
    synchronized boolean isIdle() {
        return pendingAuthorizationCount == 0 && runningJob == null && recoveryState instanceof RecoveryState.Clean;
    }

    /** Lets nothing begin any more, has what runs put back, and waits for that. */
    void stop() throws InterruptedException {
        synchronized (this) {
            stopping = true;
        }
        registry.cancelAll();
        switchExecutor.shutdown();
        // The transaction has deadlines of its own, so this ends.
        boolean ended = switchExecutor.awaitTermination(1, TimeUnit.HOURS);
        if (!ended) {
            log.accept("a switch did not end");
        }
        if (!registry.shutDown()) {
            log.accept("the last progress signals were not sent");
        }
    }

    /** SHA-256 over what the plan does, in hexadecimal: polkit's audit log contains it. */
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
