package org.switchback.service;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlannedStep;
import org.switchback.transaction.StepEvent;

/** A switch on the bus, from the question whether it may be done to its end. Only its owner and root may look at it. */
final class JobObject implements JobInterface {
    /** A stuck write tells every second that it lasts; what is kept of that has an end. */
    static final int MAX_LOG_EVENTS = 5000;

    private final String path;
    private final Caller owner;
    private final Supplier<List<PlannedStep>> steps;
    private final CallGuard callGuard;
    private final LongSupplier nanoClock;
    private final Executor sendExecutor;
    private final Consumer<Progress> progressSink;
    private final List<JobEvent> events = new ArrayList<>();
    private long authorizedNanos;
    private int sentEventCount;
    private boolean sendScheduled;
    private boolean ended;
    private boolean cancelled;
    private Runnable cancelAction = () -> {};

    /**
     * @param steps makes them anew each time, see {@link #copy}
     * @param sendExecutor does what it is given in a moment: what happens until then is told in one signal. To send one takes
     *     about as long as a step
     */
    JobObject(
            String path,
            Caller owner,
            Supplier<List<PlannedStep>> steps,
            CallGuard callGuard,
            LongSupplier nanoClock,
            Executor sendExecutor,
            Consumer<Progress> progressSink) {
        this.path = path;
        this.owner = owner;
        this.steps = steps;
        this.callGuard = callGuard;
        this.nanoClock = nanoClock;
        this.sendExecutor = sendExecutor;
        this.progressSink = progressSink;
    }

    @Override
    public String getObjectPath() {
        return path;
    }

    @Override
    public List<PlannedStep> Steps() {
        return callGuard.handleCall(caller -> {
            checkOwner(caller);
            return steps.get();
        });
    }

    @Override
    public List<JobEvent> Log() {
        return callGuard.handleCall(caller -> {
            checkOwner(caller);
            synchronized (this) {
                return events.stream().map(JobObject::copy).toList();
            }
        });
    }

    @Override
    public void Cancel() {
        callGuard.handleCall(caller -> {
            checkOwner(caller);
            cancel();
            return true;
        });
    }

    /** A struct takes its fields apart while it is sent, and two threads that send the same one get in each other's way. */
    private static JobEvent copy(JobEvent entry) {
        return new JobEvent(entry.type, entry.step, entry.elapsedMicros, entry.detail, entry.values);
    }

    private void checkOwner(Caller caller) {
        if (caller.uid() != owner.uid() && caller.uid() != 0) {
            throw new NotAuthorized();
        }
    }

    /** Stops it at the next chance. */
    void cancel() {
        Runnable action;
        synchronized (this) {
            if (ended) {
                return;
            }
            cancelled = true;
            action = cancelAction;
        }
        action.run();
    }

    synchronized boolean isCancelled() {
        return cancelled;
    }

    /** What else is to be done on {@link #cancel}; done at once when that has been called already. */
    void onCancelled(Runnable action) {
        synchronized (this) {
            cancelAction = action;
            if (!cancelled) {
                return;
            }
        }
        action.run();
    }

    void recordAuthorizing() {
        addEvent("authorizing", -1, 0, "", List.of());
    }

    synchronized void recordAuthorized() {
        authorizedNanos = nanoClock.getAsLong();
        addEvent("authorized", -1, 0, "", List.of());
    }

    void recordStepEvent(StepEvent event) {
        addEvent(event.phase().wireName(), event.step(), microsSinceAuthorized(), event.detail(), event.values());
    }

    /** Something that speaks against it. */
    void recordFailure(String code, List<String> values) {
        addEvent("failed", -1, microsSinceAuthorized(), code, values);
    }

    /** @param outcome see {@link JobEvent#detail} */
    synchronized void recordFinished(String outcome) {
        if (!ended) {
            addEvent("finished", -1, microsSinceAuthorized(), outcome, List.of());
            ended = true;
        }
    }

    synchronized boolean isEnded() {
        return ended;
    }

    private synchronized long microsSinceAuthorized() {
        return authorizedNanos == 0 ? 0 : (nanoClock.getAsLong() - authorizedNanos) / 1000;
    }

    private synchronized void addEvent(String what, int step, long micros, String detail, List<String> values) {
        if (ended || (what.equals("waiting") && events.size() >= MAX_LOG_EVENTS)) {
            return;
        }
        events.add(new JobEvent(what, step, micros, detail, values));
        if (!sendScheduled) {
            sendScheduled = true;
            sendExecutor.execute(this::sendProgress);
        }
    }

    private void sendProgress() {
        int index;
        List<JobEvent> entries;
        synchronized (this) {
            sendScheduled = false;
            index = sentEventCount;
            sentEventCount = events.size();
            entries = events.subList(index, sentEventCount).stream()
                    .map(JobEvent::redacted)
                    .toList();
        }
        try {
            progressSink.accept(new Progress(path, index, entries));
        } catch (DBusException impossible) {
            throw new IllegalStateException("the path is a good one", impossible);
        }
    }
}
