package org.switchback.app.helper;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.freedesktop.dbus.DBusCallInfo;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.errors.AccessDenied;
import org.freedesktop.dbus.errors.NoReply;
import org.freedesktop.dbus.errors.ServiceUnknown;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.exceptions.NotConnected;
import org.freedesktop.dbus.interfaces.CallbackHandler;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.Failed;
import org.switchback.Helper1.Error.HelperError;
import org.switchback.Helper1.Error.Incomplete;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.Helper1.Error.ReadOnly;
import org.switchback.Helper1.Error.RestartNeeded;
import org.switchback.Helper1.Error.Stale;
import org.switchback.Helper1.Error.Undecided;
import org.switchback.Helper1.Error.UnknownPlan;
import org.switchback.hardware.Capture;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Uevents;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlanValues;

/** A helper at the other end of a line. */
final class DBusHelperConnection implements HelperConnection {
    /** Much longer than the helper and polkit take when nobody has to type a password: a computer may be slow to start them. */
    private static final Duration ANSWER = Duration.ofSeconds(25);
    /** How long a switch may take to begin. One that is given up would be carried out all the same, and nobody would tell. */
    private static final Duration BEGUN = Duration.ofMinutes(2);
    /** The helper closes its prompt after five minutes. */
    private static final Duration PASSWORD = Duration.ofMinutes(5).plusSeconds(10);

    private final Line line;
    private final Source source;
    private final ExecutorService teller = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("helper-events").daemon().factory());
    private final Set<CompletableFuture<?>> calls = ConcurrentHashMap.newKeySet();

    private final Object lock = new Object();
    private final Map<String, FollowedJob> jobs = new HashMap<>();
    /** Signals of jobs whose path is not known yet, while a call that will give one is under way. */
    private final Map<String, List<JobInterface.Happened>> unclaimed = new HashMap<>();

    private int starting;
    private boolean followsJobs;
    private boolean followsGpus;
    private final List<Runnable> changeListeners = new ArrayList<>();
    private Optional<Uevents> watch = Optional.empty();
    private boolean closed;

    DBusHelperConnection(Line line, Source source) {
        this.line = line;
        this.source = source;
        line.whenLost(this::lost);
    }

    @Override
    public Source source() {
        return source;
    }

    /** @throws HelperProblem also when there is another version than ours */
    void checkVersion() throws HelperProblem {
        int version = this.<Integer>call(helper(), ANSWER, "Version");
        if (version != Names.VERSION) {
            throw new HelperProblem(HelperProblem.Kind.WRONG_VERSION);
        }
    }

    @Override
    public Capture inspect(boolean wholeMap) throws HelperProblem {
        String text = wholeMap
                ? this.<String>call(helper(), PASSWORD, "InspectAll")
                : this.<String>call(helper(), ANSWER, "Inspect");
        try {
            return Capture.parse(text);
        } catch (Capture.MalformedCapture odd) {
            throw new HelperProblem(HelperProblem.Kind.FAILED, odd);
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
            throws HelperProblem {
        List<String> addresses = with.stream().map(PciAddress::toString).toList();
        return this.<PlanValues>call(helper(), ANSWER, "Plan", gpu.toString(), target, addresses, nativeDriver)
                .reply();
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEntry> listener) throws HelperProblem {
        return start(listener, "Apply", planId);
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEntry> listener) throws HelperProblem {
        return start(listener, "Restore", gpu.toString());
    }

    private FollowedJob start(Consumer<JobEntry> listener, String method, String argument) throws HelperProblem {
        followJobs();
        synchronized (lock) {
            starting++;
        }
        FollowedJob job;
        String path;
        try {
            path = this.<DBusPath>call(helper(), BEGUN, method, argument).getPath();
            JobInterface remote = object(path, JobInterface.class);
            job = new FollowedJob(listener, teller, () -> cancel(remote), followed -> askForLog(remote, followed));
            synchronized (lock) {
                jobs.put(path, job);
                unclaimed.getOrDefault(path, List.of()).forEach(h -> job.happened(h.index(), h.entries()));
            }
            catchUp(remote, job);
        } finally {
            synchronized (lock) {
                starting--;
                if (starting == 0) {
                    unclaimed.clear();
                }
            }
        }
        forgetEnded();
        return job;
    }

    /** Signals cannot have been missed, but a helper that died before the first of them left none. */
    private void catchUp(JobInterface remote, FollowedJob job) {
        try {
            job.log(this.<List<JobEntry>>call(remote, ANSWER, "Log"));
        } catch (HelperProblem gone) {
            if (gone.kind() == HelperProblem.Kind.LOST || gone.kind() == HelperProblem.Kind.STOPPED) {
                job.lost();
            }
        }
    }

    /** Does not wait: on the thread of a signal that would keep the answer from coming. */
    private void askForLog(JobInterface remote, FollowedJob job) {
        Answer<List<JobEntry>> answer = new Answer<>();
        answer.future.whenComplete((log, failed) -> {
            if (failed == null) {
                job.log(log);
            } else {
                job.noLog();
            }
        });
        try {
            line.connection().callWithCallback(remote, "Log", answer);
        } catch (DBusExecutionException gone) {
            job.noLog();
        }
    }

    private void cancel(JobInterface job) {
        try {
            line.connection().callWithCallback(job, "Cancel", new Answer<@Nullable Object>());
        } catch (DBusExecutionException gone) {
            // Then there is nothing to cancel.
        }
    }

    private void followJobs() throws HelperProblem {
        synchronized (lock) {
            if (followsJobs) {
                return;
            }
            try {
                line.connection().addSigHandler(JobInterface.Happened.class, this::happened);
                followsJobs = true;
            } catch (DBusException | DBusExecutionException gone) {
                throw new HelperProblem(HelperProblem.Kind.STOPPED, gone);
            }
        }
    }

    private void happened(JobInterface.Happened signal) {
        if (!line.fromHelper(signal)) {
            return;
        }
        synchronized (lock) {
            @Nullable FollowedJob job = jobs.get(signal.getPath());
            if (job != null) {
                job.happened(signal.index(), signal.entries());
            } else if (starting > 0) {
                unclaimed.computeIfAbsent(signal.getPath(), path -> new ArrayList<>()).add(signal);
            }
        }
        forgetEnded();
    }

    private void forgetEnded() {
        synchronized (lock) {
            jobs.values().removeIf(FollowedJob::ended);
        }
    }

    @Override
    public void onChange(Runnable listener) {
        synchronized (lock) {
            changeListeners.add(listener);
            if (followsGpus) {
                return;
            }
            try {
                line.connection()
                        .addSigHandler(
                                DBusMatchRuleBuilder.create()
                                        .withType(Properties.PropertiesChanged.class)
                                        .withPathNamespace(Names.HELPER_PATH)
                                        .build(),
                                this::changed);
                followsGpus = true;
                if (source instanceof Source.ThisMachine || source instanceof Source.LookOnly) {
                    // Off this thread, which may be the one that draws: the C library is looked up.
                    tell(this::followThisComputer);
                }
            } catch (DBusException | DBusExecutionException gone) {
                // A connection that is gone tells of no change; the next call says so.
            }
        }
    }

    /** The kernel tells what the helper of the system can't while it is not there, and what it does not publish. */
    private void followThisComputer() {
        synchronized (lock) {
            if (!closed) {
                watch = Uevents.watch(this::tellAll);
            }
        }
    }

    private void changed(Properties.PropertiesChanged signal) {
        if (line.fromHelper(signal)) {
            tellAll();
        }
    }

    private void tellAll() {
        synchronized (lock) {
            changeListeners.forEach(this::tell);
        }
    }

    private void tell(Runnable listener) {
        try {
            teller.execute(listener);
        } catch (RejectedExecutionException closed) {
            // Nobody wants to know any more.
        }
    }

    private void lost() {
        calls.forEach(call -> call.completeExceptionally(new HelperProblem(HelperProblem.Kind.LOST)));
        synchronized (lock) {
            jobs.values().forEach(FollowedJob::lost);
            jobs.clear();
        }
    }

    @Override
    public void close() {
        line.close();
        lost();
        synchronized (lock) {
            closed = true;
            watch.ifPresent(Uevents::close);
        }
        teller.shutdown();
    }

    private HelperInterface helper() throws HelperProblem {
        return object(Names.HELPER_PATH, HelperInterface.class);
    }

    private <T extends DBusInterface> T object(String path, Class<T> type) throws HelperProblem {
        try {
            return line.object(path, type);
        } catch (DBusException odd) {
            throw new HelperProblem(HelperProblem.Kind.FAILED, odd);
        }
    }

    /** Calls and waits; not with dbus-java's own waiting, which has one patience for everything. */
    private <T> T call(DBusInterface object, Duration patience, String method, Object... arguments)
            throws HelperProblem {
        Answer<T> answer = new Answer<>();
        calls.add(answer.future);
        try {
            // Looked at after the call is listed: one that is cut from here on ends all calls that are.
            if (line.cut()) {
                throw new HelperProblem(HelperProblem.Kind.STOPPED);
            }
            line.connection().callWithCallback(object, method, answer, arguments);
            return answer.future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (NotConnected gone) {
            throw new HelperProblem(HelperProblem.Kind.STOPPED, gone);
        } catch (DBusExecutionException odd) {
            throw new HelperProblem(HelperProblem.Kind.FAILED, odd);
        } catch (TimeoutException slow) {
            throw new HelperProblem(HelperProblem.Kind.NO_ANSWER, slow);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof HelperProblem problem
                    ? new HelperProblem(problem.kind(), problem)
                    : new HelperProblem(HelperProblem.Kind.FAILED, failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new HelperProblem(HelperProblem.Kind.NO_ANSWER, stopped);
        } finally {
            calls.remove(answer.future);
        }
    }

    /** What comes back from a call. */
    private static final class Answer<T extends @Nullable Object> implements CallbackHandler<T> {
        private final CompletableFuture<T> future = new CompletableFuture<>();

        @Override
        public void handle(T value) {
            future.complete(value);
        }

        @Override
        public void handleError(DBusExecutionException error) {
            @Nullable DBusCallInfo answered = AbstractConnection.getCallInfo();
            boolean byBus = answered != null && "org.freedesktop.DBus".equals(answered.getSource());
            future.completeExceptionally(new HelperProblem(kind(error, byBus), error));
        }
    }

    /**
     * @param byBus the bus itself answered, in the helper's place. Of its many errors about starting a service dbus-java
     *     keeps no name.
     */
    private static HelperProblem.Kind kind(DBusExecutionException error, boolean byBus) {
        if (error instanceof HelperError known) {
            return switch (known) {
                case NotAuthorized e -> HelperProblem.Kind.REFUSED;
                case Undecided e -> HelperProblem.Kind.UNDECIDED;
                case Busy e -> HelperProblem.Kind.BUSY;
                case LimitReached e -> HelperProblem.Kind.LIMIT;
                case UnknownPlan e -> HelperProblem.Kind.UNKNOWN_PLAN;
                case Stale e -> HelperProblem.Kind.STALE;
                case BadArgument e -> HelperProblem.Kind.BAD_ARGUMENT;
                case Incomplete e -> HelperProblem.Kind.INCOMPLETE;
                case ReadOnly e -> HelperProblem.Kind.READ_ONLY;
                case RestartNeeded e -> HelperProblem.Kind.RESTART_NEEDED;
                case Failed e -> HelperProblem.Kind.FAILED;
            };
        }
        return switch (error) {
            case AccessDenied e -> HelperProblem.Kind.REFUSED;
            case ServiceUnknown e -> HelperProblem.Kind.MISSING;
            case NoReply e -> HelperProblem.Kind.LOST;
            case DBusExecutionException e when byBus -> HelperProblem.Kind.STOPPED;
            default -> HelperProblem.Kind.FAILED;
        };
    }
}
