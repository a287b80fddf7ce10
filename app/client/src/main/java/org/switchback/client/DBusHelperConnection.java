package org.switchback.client;

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
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.linux.UeventMonitor;
import org.switchback.plan.Target;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlanReplyTuple;

/** A connection to a helper over a {@link HelperTransport}. */
final class DBusHelperConnection implements HelperConnection {
    /**
     * Much longer than the helper and polkit take when no password is needed: a slow computer may have to start them
     * first.
     */
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(25);
    /**
     * How long a switch may take to start. The helper would carry out a call that timed out all the same, and its
     * progress would be lost.
     */
    private static final Duration START_TIMEOUT = Duration.ofMinutes(2);
    /** The helper closes its password prompt after five minutes. */
    private static final Duration PASSWORD_TIMEOUT = Duration.ofMinutes(5).plusSeconds(10);

    private final HelperTransport transport;
    private final MachineSource source;
    private final ExecutorService listenerExecutor = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("helper-events").daemon().factory());
    private final Set<CompletableFuture<?>> pendingCalls = ConcurrentHashMap.newKeySet();

    private final Map<String, JobTracker> jobTrackers = new HashMap<>();
    /** Signals of jobs whose object path is not known yet, kept while a call that returns such a path is pending. */
    private final Map<String, List<JobInterface.Progress>> unassignedSignals = new HashMap<>();

    private int startingJobs;
    private boolean subscribedToJobs;
    private boolean subscribedToGpus;
    private final List<Runnable> changeListeners = new ArrayList<>();
    private Optional<UeventMonitor> ueventMonitor = Optional.empty();
    private boolean closed;

    DBusHelperConnection(HelperTransport transport, MachineSource source) {
        this.transport = transport;
        this.source = source;
        transport.addDisconnectListener(this::handleHelperLost);
    }

    @Override
    public MachineSource source() {
        return source;
    }

    /** @throws HelperException also when the helper has another protocol version */
    void checkVersion() throws HelperException {
        int version = this.<Integer>call(helperObject(), CALL_TIMEOUT, "Version");
        if (version != DBusNames.PROTOCOL_VERSION) {
            throw new HelperException(HelperException.FailureKind.WRONG_VERSION);
        }
    }

    @Override
    public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
        String text = wholeMap
                ? this.<String>call(helperObject(), PASSWORD_TIMEOUT, "InspectAll")
                : this.<String>call(helperObject(), CALL_TIMEOUT, "Inspect");
        try {
            return MachineSnapshot.parse(text);
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            throw new HelperException(HelperException.FailureKind.FAILED, e);
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver)
            throws HelperException {
        List<String> addresses = with.stream().map(PciAddress::toString).toList();
        return this.<PlanReplyTuple>call(
                        helperObject(),
                        CALL_TIMEOUT,
                        "Plan",
                        gpu.toString(),
                        target.wireName(),
                        addresses,
                        nativeDriver)
                .reply();
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
        return startJob(listener, "Apply", planId);
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException {
        return startJob(listener, "Restore", gpu.toString());
    }

    private JobTracker startJob(Consumer<JobEvent> listener, String method, String argument) throws HelperException {
        subscribeToJobs();
        synchronized (this) {
            startingJobs++;
        }
        JobTracker job;
        String path;
        try {
            path = this.<DBusPath>call(helperObject(), START_TIMEOUT, method, argument)
                    .getPath();
            JobInterface remote = remoteObject(path, JobInterface.class);
            job = new JobTracker(
                    listener, listenerExecutor, () -> cancelJob(remote), tracker -> requestLog(remote, tracker));
            synchronized (this) {
                jobTrackers.put(path, job);
                unassignedSignals
                        .getOrDefault(path, List.of())
                        .forEach(signal -> job.addSignalled(signal.firstIndex(), signal.events()));
            }
            fetchLog(remote, job);
        } finally {
            synchronized (this) {
                startingJobs--;
                if (startingJobs == 0) {
                    unassignedSignals.clear();
                }
            }
        }
        removeEndedJobs();
        return job;
    }

    /** No signal can have been missed, but a helper that died before its first signal sent none. */
    private void fetchLog(JobInterface remote, JobTracker job) {
        try {
            job.addLog(this.<List<JobEventStruct>>call(remote, CALL_TIMEOUT, "Log"));
        } catch (HelperException e) {
            if (e.kind() == HelperException.FailureKind.LOST || e.kind() == HelperException.FailureKind.STOPPED) {
                job.handleHelperLost();
            }
        }
    }

    /** Does not wait: it runs on the thread that delivers signals, where waiting would block the reply. */
    private void requestLog(JobInterface remote, JobTracker job) {
        ReplyFuture<List<JobEventStruct>> reply = new ReplyFuture<>();
        reply.future.whenComplete((log, error) -> {
            if (error == null) {
                job.addLog(log);
            } else {
                job.handleLogUnavailable();
            }
        });
        try {
            transport.connection().callWithCallback(remote, "Log", reply);
        } catch (DBusExecutionException e) {
            job.handleLogUnavailable();
        }
    }

    private void cancelJob(JobInterface job) {
        try {
            transport.connection().callWithCallback(job, "Cancel", new ReplyFuture<@Nullable Object>());
        } catch (DBusExecutionException ignored) {
            // Without a connection there is nothing to cancel.
        }
    }

    private synchronized void subscribeToJobs() throws HelperException {
        if (subscribedToJobs) {
            return;
        }
        try {
            transport.connection().addSigHandler(JobInterface.Progress.class, this::handleProgress);
            subscribedToJobs = true;
        } catch (DBusException | DBusExecutionException e) {
            throw new HelperException(HelperException.FailureKind.STOPPED, e);
        }
    }

    private void handleProgress(JobInterface.Progress signal) {
        if (!transport.isFromHelper(signal)) {
            return;
        }
        synchronized (this) {
            @Nullable JobTracker job = jobTrackers.get(signal.getPath());
            if (job != null) {
                job.addSignalled(signal.firstIndex(), signal.events());
            } else if (startingJobs > 0) {
                unassignedSignals
                        .computeIfAbsent(signal.getPath(), path -> new ArrayList<>())
                        .add(signal);
            }
        }
        removeEndedJobs();
    }

    private synchronized void removeEndedJobs() {
        jobTrackers.values().removeIf(JobTracker::isEnded);
    }

    @Override
    public synchronized void addChangeListener(Runnable listener) {
        changeListeners.add(listener);
        if (subscribedToGpus) {
            return;
        }
        try {
            transport
                    .connection()
                    .addSigHandler(
                            DBusMatchRuleBuilder.create()
                                    .withType(Properties.PropertiesChanged.class)
                                    .withPathNamespace(DBusNames.HELPER_PATH)
                                    .build(),
                            this::handlePropertiesChanged);
            subscribedToGpus = true;
            if (source instanceof MachineSource.ThisMachine || source instanceof MachineSource.ReadOnlyMachine) {
                // Not on this thread, which may be the FX thread: loading the C library takes time.
                runListener(this::startUeventMonitor);
            }
        } catch (DBusException | DBusExecutionException ignored) {
            // A lost connection reports no changes; the next call fails with the reason.
        }
    }

    /**
     * Kernel events also report changes while the system helper is not running, and changes that it does not publish.
     */
    private synchronized void startUeventMonitor() {
        if (!closed) {
            ueventMonitor = UeventMonitor.start(this::notifyChangeListeners);
        }
    }

    private void handlePropertiesChanged(Properties.PropertiesChanged signal) {
        if (transport.isFromHelper(signal)) {
            notifyChangeListeners();
        }
    }

    private synchronized void notifyChangeListeners() {
        changeListeners.forEach(this::runListener);
    }

    private void runListener(Runnable listener) {
        try {
            listenerExecutor.execute(listener);
        } catch (RejectedExecutionException ignored) {
            // The connection is closed; its listeners need no more changes.
        }
    }

    private void handleHelperLost() {
        pendingCalls.forEach(call -> call.completeExceptionally(new HelperException(HelperException.FailureKind.LOST)));
        synchronized (this) {
            jobTrackers.values().forEach(JobTracker::handleHelperLost);
            jobTrackers.clear();
        }
    }

    @Override
    public void close() {
        transport.close();
        handleHelperLost();
        synchronized (this) {
            closed = true;
            ueventMonitor.ifPresent(UeventMonitor::close);
        }
        listenerExecutor.shutdown();
    }

    private HelperInterface helperObject() throws HelperException {
        return remoteObject(DBusNames.HELPER_PATH, HelperInterface.class);
    }

    private <T extends DBusInterface> T remoteObject(String path, Class<T> type) throws HelperException {
        try {
            return transport.remoteObject(path, type);
        } catch (DBusException e) {
            throw new HelperException(HelperException.FailureKind.FAILED, e);
        }
    }

    /** Calls and waits for the reply. dbus-java's own synchronous calls have one timeout for all methods. */
    private <T> T call(DBusInterface object, Duration timeout, String method, Object... arguments)
            throws HelperException {
        ReplyFuture<T> reply = new ReplyFuture<>();
        pendingCalls.add(reply.future);
        try {
            // Checked after the call is registered: a later disconnect completes all registered calls.
            if (transport.isDisconnected()) {
                throw new HelperException(HelperException.FailureKind.STOPPED);
            }
            transport.connection().callWithCallback(object, method, reply, arguments);
            return reply.future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (NotConnected e) {
            throw new HelperException(HelperException.FailureKind.STOPPED, e);
        } catch (DBusExecutionException e) {
            throw new HelperException(HelperException.FailureKind.FAILED, e);
        } catch (TimeoutException e) {
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof HelperException cause
                    ? new HelperException(cause.kind(), cause)
                    : new HelperException(HelperException.FailureKind.FAILED, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HelperException(HelperException.FailureKind.NO_ANSWER, e);
        } finally {
            pendingCalls.remove(reply.future);
        }
    }

    /** Completes a future with the reply or the error of an asynchronous call. */
    private static final class ReplyFuture<T extends @Nullable Object> implements CallbackHandler<T> {
        private final CompletableFuture<T> future = new CompletableFuture<>();

        @Override
        public void handle(T value) {
            future.complete(value);
        }

        @Override
        public void handleError(DBusExecutionException error) {
            @Nullable DBusCallInfo callInfo = AbstractConnection.getCallInfo();
            boolean fromBus = callInfo != null && "org.freedesktop.DBus".equals(callInfo.getSource());
            future.completeExceptionally(new HelperException(toFailureKind(error, fromBus), error));
        }
    }

    /**
     * @param fromBus whether the bus itself answered in place of the helper. dbus-java has no exception types for the
     *     many errors of the bus about starting a service.
     */
    private static HelperException.FailureKind toFailureKind(DBusExecutionException error, boolean fromBus) {
        if (error instanceof HelperError helperError) {
            return switch (helperError) {
                case NotAuthorized e -> HelperException.FailureKind.REFUSED;
                case Undecided e -> HelperException.FailureKind.UNDECIDED;
                case Busy e -> HelperException.FailureKind.BUSY;
                case LimitReached e -> HelperException.FailureKind.LIMIT;
                case UnknownPlan e -> HelperException.FailureKind.UNKNOWN_PLAN;
                case Stale e -> HelperException.FailureKind.STALE;
                case BadArgument e -> HelperException.FailureKind.BAD_ARGUMENT;
                case Incomplete e -> HelperException.FailureKind.INCOMPLETE;
                case ReadOnly e -> HelperException.FailureKind.READ_ONLY;
                case RestartNeeded e -> HelperException.FailureKind.RESTART_NEEDED;
                case Failed e -> HelperException.FailureKind.FAILED;
            };
        }
        return switch (error) {
            case AccessDenied e -> HelperException.FailureKind.REFUSED;
            case ServiceUnknown e -> HelperException.FailureKind.MISSING;
            case NoReply e -> HelperException.FailureKind.LOST;
            case DBusExecutionException e when fromBus -> HelperException.FailureKind.STOPPED;
            default -> HelperException.FailureKind.FAILED;
        };
    }
}
