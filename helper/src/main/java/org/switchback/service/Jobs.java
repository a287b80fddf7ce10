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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;
import org.switchback.protocol.PlannedStep;
import org.switchback.transaction.JournalProblem;
import org.switchback.transaction.Outcome;
import org.switchback.transaction.Standing;
import org.switchback.transaction.Transactions;

/**
 * Switches from the call that asks for them to their end. Several may be at a prompt; one writes to the kernel, on a
 * thread of its own, so that no write keeps a call waiting.
 */
final class Jobs {
    /** Jobs that have ended and can still be looked at. */
    private static final int KEPT = 8;

    private static final long READY_SECONDS = 2;

    /** Nobody sees more than so many pictures of progress a second. */
    private static final long PROGRESS_MILLIS = 40;

    private final AbstractConnection bus;
    private final Gate gate;
    private final Permissions permissions;
    private final Facts facts;
    private final OpenPlans plans;
    private final Optional<Transactions> transactions;
    private final ExecutorService mutations;
    private final SleepLock sleepLock;
    private final LongSupplier nanos;
    private final Consumer<String> log;

    private final ScheduledExecutorService progress = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("progress").daemon().factory());
    private final Deque<JobObject> shown = new ArrayDeque<>();
    private int made;
    private int asking;
    private @Nullable JobObject running;
    private boolean stopping;
    /** What the journal said when the last switch ended: while one runs the journal is the runner's alone. */
    private volatile Standing standing;

    /**
     * @param action  what has to be permitted
     * @param details told to the person who is asked
     * @param work    does it, and answers how it ended
     */
    private record Order(
            Caller caller,
            Action action,
            PciAddress gpu,
            Map<String, String> details,
            Supplier<List<PlannedStep>> steps,
            Function<JobObject, String> work) {}

    Jobs(
            AbstractConnection bus,
            Gate gate,
            Permissions permissions,
            Facts facts,
            OpenPlans plans,
            Optional<Transactions> transactions,
            ExecutorService mutations,
            SleepLock sleepLock,
            LongSupplier nanos,
            Consumer<String> log) {
        this.bus = bus;
        this.gate = gate;
        this.permissions = permissions;
        this.facts = facts;
        this.plans = plans;
        this.transactions = transactions;
        this.mutations = mutations;
        this.sleepLock = sleepLock;
        this.nanos = nanos;
        this.log = log;
        this.standing = transactions.map(Transactions::standing).orElse(new Standing.Clean());
    }

    /** Puts back what an earlier process was in the middle of, if it was. Returns at once. */
    void recover() {
        if (standing instanceof Standing.Incomplete(Request request)) {
            Transactions open = writable();
            log.accept("putting back an interrupted switch of " + request.gpu());
            JobObject job = show(new Caller("", 0), List::of);
            synchronized (this) {
                running = job;
            }
            mutations.execute(
                    () -> carryOut(job, request.gpu(), sleepLock.take(), j -> open.putBack(j::event).word()));
        }
    }

    /** Makes ready for a switch, which is likely to come now. Returns at once. */
    void expectOne() {
        if (transactions.isPresent()) {
            aside(facts::prepare);
        }
    }

    /** Starts the switch that an open plan describes. */
    DBusPath apply(Caller caller, String planId) {
        // Before anything is made ready for it.
        writable();
        plans.check(caller, planId);
        return claimed(caller, open -> {
            checkClean();
            SwitchPlan plan = plans.take(caller, planId);
            // Before the whole look, so that a later one sees whatever changes after this.
            Capture seen = facts.of(plan);
            if (!holds(plan)) {
                throw new Stale();
            }
            return order(
                    caller,
                    Action.of(plan.risk()),
                    plan,
                    () -> PlanReplies.steps(plan),
                    job -> run(plan, seen, job, open));
        });
    }

    /** Puts back what is half done on that GPU, or else takes it to host mode. */
    DBusPath restore(Caller caller, PciAddress address) {
        return claimed(caller, open -> {
            Planner.Answer answer = facts.planNow(new Request(address, Target.HOST, List.of()));
            if (standing instanceof Standing.Incomplete(Request half) && half.gpu().equals(address)) {
                // Also where the GPU has gone meanwhile: what else was changed is put back all the same.
                Map<String, String> details =
                        answer instanceof Planner.Answer.Planned(SwitchPlan plan) ? details(plan) : gone(address);
                return new Order(
                        caller, Action.RESTORE, address, details, List::of, job -> open.putBack(job::event).word());
            }
            if (!(answer instanceof Planner.Answer.Planned(SwitchPlan plan))) {
                throw new BadArgument();
            }
            if (standing instanceof Standing.Broken) {
                return order(
                        caller, Action.RESTORE, plan, () -> PlanReplies.steps(plan), job -> runAnew(plan, job, open));
            }
            checkClean();
            return order(
                    caller,
                    Action.RESTORE,
                    plan,
                    () -> PlanReplies.steps(plan),
                    job -> run(plan, Capture.EMPTY, job, open));
        });
    }

    private static Order order(
            Caller caller, Action action, SwitchPlan plan, Supplier<List<PlannedStep>> steps, Function<JobObject, String> work) {
        return new Order(caller, action, plan.gpu().address(), details(plan), steps, work);
    }

    /** @param seen what the plan rested on when it held; the users of the functions are looked for by its first step */
    private String run(SwitchPlan plan, Capture seen, JobObject job, Transactions open) {
        if (!facts.of(plan).equals(seen) && !holds(plan)) {
            return "stale";
        }
        // Only a restore gets here with a plan that is refused: nobody has seen it beforehand.
        for (Refusal refusal : plan.refusals()) {
            job.failed(refusal.code(), refusal.details());
        }
        return plan.refused() ? "refused" : open.run(plan, job::cancelled, job::event).word();
    }

    /** With a journal that can't be read, what the kernel says is all there is to go by. */
    private String runAnew(SwitchPlan plan, JobObject job, Transactions open) {
        try {
            open.setBrokenAside();
            return run(plan, Capture.EMPTY, job, open);
        } catch (JournalProblem unwritable) {
            return Outcome.JOURNAL_UNWRITABLE.word();
        }
    }

    private boolean holds(SwitchPlan plan) {
        return facts.planNow(plan.request()) instanceof Planner.Answer.Planned(SwitchPlan now) && now.sameAs(plan);
    }

    private Transactions writable() {
        return transactions.orElseThrow(ReadOnly::new);
    }

    private void checkClean() {
        switch (standing) {
            case Standing.Clean() -> {}
            case Standing.Incomplete incomplete -> throw new Incomplete();
            case Standing.Broken() -> throw new Incomplete();
            case Standing.Frozen frozen -> throw new RestartNeeded();
        }
    }

    /** What the prompt of polkit and its audit log say. */
    private static Map<String, String> details(SwitchPlan plan) {
        Map<String, String> details = new TreeMap<>();
        details.put("gpu", plan.gpu().graphics().name());
        details.put("address", plan.gpu().address().brief());
        details.put("from", words(plan.gpu().mode()));
        details.put("to", words(plan.request().target() == Target.VM ? Gpu.Mode.VM : Gpu.Mode.HOST));
        details.put("plan", PlanReplies.hash(plan));
        return details;
    }

    /** As {@link #details}, for a GPU that is no longer there. */
    private static Map<String, String> gone(PciAddress address) {
        return Map.of(
                "gpu", address.brief(),
                "address", address.brief(),
                "from", words(Gpu.Mode.MIXED),
                "to", words(Gpu.Mode.HOST));
    }

    private static String words(Gpu.Mode mode) {
        return switch (mode) {
            case HOST -> "host mode";
            case VM -> "VM mode";
            case MIXED -> "half switched";
            case UNBOUND -> "no driver";
        };
    }

    /**
     * Makes an order while nobody else can, and asks whether it may be carried out.
     *
     * @throws Busy when something is being written, or the caller's user is at a prompt, or too many people are
     */
    private DBusPath claimed(Caller caller, Function<Transactions, Order> prepare) {
        Transactions open = writable();
        synchronized (this) {
            if (stopping || running != null) {
                throw new Busy();
            }
            permissions.enter(caller);
            asking++;
        }
        // What takes time and changes nothing is done before the question, not between its answer and the switch.
        CompletableFuture<SleepLock.Held> ready = new CompletableFuture<>();
        JobObject job;
        Order order;
        try {
            mutations.execute(() -> makeReady(ready));
            order = prepare.apply(open);
            job = show(caller, order.steps());
        } catch (RuntimeException notBegun) {
            ready.thenAccept(SleepLock.Held::close);
            unclaim(caller);
            throw notBegun;
        }
        job.authorizing();
        await(ready);
        Question question = permissions.ask(
                caller, order.action(), order.details(), verdict -> decided(job, order, ready, verdict));
        job.whenCancelled(question::withdraw);
        return new DBusPath(job.getObjectPath());
    }

    private void makeReady(CompletableFuture<SleepLock.Held> ready) {
        try {
            facts.prepare();
        } catch (RuntimeException unexpected) {
            log.accept("making ready failed: " + Trouble.text(unexpected));
        } finally {
            ready.complete(sleepLock.take());
        }
    }

    /** Does not wait long: the switch, on the same thread as what makes ready for it, comes after that anyway. */
    private static void await(CompletableFuture<SleepLock.Held> ready) {
        try {
            ready.get(READY_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException slow) {
            // Then the switch waits.
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void unclaim(Caller caller) {
        asking--;
        permissions.leave(caller);
    }

    private void decided(
            JobObject job,
            Order order,
            CompletableFuture<SleepLock.Held> ready,
            Optional<Authority.Verdict> verdict) {
        String why = verdict.map(v -> switch (v) {
                    case YES -> "";
                    case NO -> "denied";
                    case NO_AGENT -> "no-agent";
                    case DISMISSED -> "authentication-cancelled";
                    case UNDECIDED -> "undecided";
                })
                .orElse("cancelled");
        synchronized (this) {
            unclaim(order.caller());
            if (why.isEmpty() && (stopping || running != null)) {
                why = "busy";
            } else if (why.isEmpty()) {
                running = job;
                mutations.execute(() -> carryOut(job, order.gpu(), ready.join(), order.work()));
            }
        }
        log.accept(order.action().word() + " of " + order.gpu() + " for user "
                + order.caller().uid() + ": " + (why.isEmpty() ? "authorized" : why));
        if (!why.isEmpty()) {
            ready.thenAccept(SleepLock.Held::close);
            job.finished(why);
        }
    }

    private void carryOut(JobObject job, PciAddress gpu, SleepLock.Held held, Function<JobObject, String> work) {
        job.authorized();
        String outcome = "error";
        try (held) {
            outcome = work.apply(job);
        } catch (RuntimeException unexpected) {
            log.accept("a switch failed: " + Trouble.text(unexpected));
        }
        standing = transactions.map(Transactions::standing).orElse(standing);
        // Whoever reads that it has finished may start the next one.
        synchronized (this) {
            gate.touch();
            running = null;
        }
        log.accept("switch of " + gpu + ": " + outcome);
        job.finished(outcome);
        facts.now();
    }

    /** Does something harmless between two switches; leaves it out while one runs. Returns at once. */
    synchronized void aside(Runnable action) {
        if (!stopping && running == null) {
            mutations.execute(() -> {
                try {
                    action.run();
                } catch (RuntimeException unexpected) {
                    log.accept("reading the machine failed: " + Trouble.text(unexpected));
                }
            });
        }
    }

    private JobObject show(Caller owner, Supplier<List<PlannedStep>> steps) {
        synchronized (this) {
            made++;
            JobObject job = new JobObject(
                    Names.JOB_PATH + made, owner, steps, gate, nanos, this::inAMoment, this::announce);
            try {
                bus.exportObject(job.getObjectPath(), job);
            } catch (DBusException impossible) {
                throw new IllegalStateException("a number makes a good object path", impossible);
            }
            shown.add(job);
            // Not the oldest alone: that one may wait at a prompt while others come and go.
            for (Iterator<JobObject> old = shown.iterator(); shown.size() > KEPT && old.hasNext(); ) {
                JobObject candidate = old.next();
                if (candidate.ended()) {
                    old.remove();
                    bus.unExportObject(candidate.getObjectPath());
                }
            }
            return job;
        }
    }

    private void inAMoment(Runnable tell) {
        try {
            progress.schedule(tell, PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException stopped) {
            // Whoever follows the job hears that the helper has gone.
        }
    }

    private void announce(JobInterface.Happened signal) {
        try {
            bus.sendMessage(signal);
        } catch (NotConnected gone) {
            // The switch goes on without anybody to tell.
        }
    }

    /** Whether the helper may go: nobody is being asked, nothing runs, nothing is half done. */
    synchronized boolean idle() {
        return asking == 0 && running == null && standing instanceof Standing.Clean;
    }

    /** Lets nothing begin any more, has what runs put back, and waits for that. */
    void stop() throws InterruptedException {
        List<JobObject> all;
        synchronized (this) {
            stopping = true;
            all = List.copyOf(shown);
        }
        all.forEach(JobObject::cancel);
        mutations.shutdown();
        // The transaction has deadlines of its own, so this ends.
        boolean ended = mutations.awaitTermination(1, TimeUnit.HOURS);
        if (!ended) {
            log.accept("a switch did not end");
        }
        progress.shutdown();
        if (!progress.awaitTermination(READY_SECONDS, TimeUnit.SECONDS)) {
            log.accept("how a switch ended was not told");
        }
    }
}
