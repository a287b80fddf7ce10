package org.switchback.service;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepPhase;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlannedStepStruct;

/** The D-Bus object of a switch, from the authorization request to the end. Only its owner and root may use it. */
final class JobObject implements JobInterface {
    /** Limits the log: a stuck write adds an event every second. */
    static final int MAX_LOG_EVENTS = 5000;

    private final String path;
    private final Caller owner;
    private final List<PlannedStep> steps;
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

    /** @param sendExecutor runs its tasks after a short delay, so that one signal carries several events */
    JobObject(
            String path,
            Caller owner,
            List<PlannedStep> steps,
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

    Caller owner() {
        return owner;
    }

    /** Creates new structs for each call, because dbus-java's serialization of a struct is not thread-safe. */
    @Override
    public List<PlannedStepStruct> Steps() {
        return callGuard.handleCall(caller -> {
            checkOwner(caller);
            return steps.stream().map(PlannedStepStruct::encode).toList();
        });
    }

    @Override
    public List<JobEventStruct> Log() {
        return callGuard.handleCall(caller -> {
            checkOwner(caller);
            synchronized (this) {
                return events.stream().map(JobEventStruct::encode).toList();
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

    private void checkOwner(Caller caller) {
        if (caller.uid() != owner.uid() && caller.uid() != Caller.ROOT_UID) {
            throw new NotAuthorized();
        }
    }

    /** Stops the switch between two steps. Does nothing if it has ended. */
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

    /** Sets an action that {@link #cancel} runs; runs it immediately if the job has already been cancelled. */
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
        add(new JobEvent.Authorizing());
    }

    synchronized void recordAuthorized() {
        authorizedNanos = nanoClock.getAsLong();
        add(new JobEvent.Authorized());
    }

    void recordStep(JobEvent.StepChanged event) {
        add(event.withElapsed(elapsed()));
    }

    void recordRefusal(RefusalSummary refusal) {
        add(new JobEvent.Refused(refusal, elapsed()));
    }

    synchronized void recordFinished(Outcome outcome) {
        if (!ended) {
            add(new JobEvent.Finished(outcome, elapsed()));
            ended = true;
        }
    }

    synchronized boolean isEnded() {
        return ended;
    }

    private synchronized Duration elapsed() {
        return authorizedNanos == 0 ? Duration.ZERO : Duration.ofNanos(nanoClock.getAsLong() - authorizedNanos);
    }

    private synchronized void add(JobEvent event) {
        boolean isWaiting = event instanceof JobEvent.StepChanged step && step.phase() == StepPhase.WAITING;
        if (ended || (isWaiting && events.size() >= MAX_LOG_EVENTS)) {
            return;
        }
        events.add(event);
        if (!sendScheduled) {
            sendScheduled = true;
            sendExecutor.execute(this::sendProgress);
        }
    }

    private void sendProgress() {
        int firstIndex;
        List<JobEventStruct> unsent;
        synchronized (this) {
            sendScheduled = false;
            firstIndex = sentEventCount;
            sentEventCount = events.size();
            unsent = events.subList(firstIndex, sentEventCount).stream()
                    .map(event -> JobEventStruct.encode(event).redacted())
                    .toList();
        }
        try {
            progressSink.accept(new Progress(path, firstIndex, unsent));
        } catch (DBusException e) {
            throw new IllegalStateException("the path is valid", e);
        }
    }
}
