package org.switchback.client;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.protocol.JobEventStruct;

/**
 * Tells what happens to a job in order and nothing twice, whichever of the two ways it is learnt by: signals, and the
 * job's log, which has what happened before anybody listened.
 */
final class JobTracker implements HelperConnection.RunningSwitch {
    private final Consumer<JobEvent> listener;
    private final Executor listenerExecutor;
    private final Runnable cancelAction;
    private final Consumer<JobTracker> logRequester;
    private final Map<Integer, JobEventStruct> bufferedEvents = new HashMap<>();
    private final CompletableFuture<JobEvent.Finished> finishedEvent = new CompletableFuture<>();
    private int deliveredCount;
    private boolean logRequested;
    private boolean logUnavailable;
    private boolean ended;

    /**
     * @param listenerExecutor runs one thing at a time, in order
     * @param cancelAction asks the helper to stop; does not wait for an answer
     * @param logRequester asks for the log, because a signal has left something out; does not wait for an answer, which
     *     comes to {@link #addLog} or {@link #handleLogUnavailable}
     */
    JobTracker(
            Consumer<JobEvent> listener,
            Executor listenerExecutor,
            Runnable cancelAction,
            Consumer<JobTracker> logRequester) {
        this.listener = listener;
        this.listenerExecutor = listenerExecutor;
        this.cancelAction = cancelAction;
        this.logRequester = logRequester;
    }

    /**
     * @param index where the first entry stands in the job's log
     * @param entries as they were signalled
     */
    synchronized void addSignalled(int index, List<JobEventStruct> entries) {
        // What the log has told already need not be kept.
        for (int i = Math.max(0, deliveredCount - index); i < entries.size(); i++) {
            bufferedEvents.put(index + i, entries.get(i));
        }
        deliverBuffered();
    }

    private void deliverBuffered() {
        @Nullable JobEventStruct next;
        while (!ended && (next = bufferedEvents.get(deliveredCount)) != null) {
            if (next.isRedacted() && !logUnavailable) {
                if (!logRequested) {
                    logRequested = true;
                    logRequester.accept(this);
                }
                return;
            }
            deliver(next);
        }
    }

    /** @param log from its beginning */
    synchronized void addLog(List<JobEventStruct> log) {
        logRequested = false;
        while (!ended && deliveredCount < log.size()) {
            deliver(log.get(deliveredCount));
        }
        deliverBuffered();
    }

    /** The log can't be had; what the signals say has to do. */
    synchronized void handleLogUnavailable() {
        logUnavailable = true;
        deliverBuffered();
    }

    /** The helper is gone, so nothing more will be heard. */
    synchronized void handleHelperLost() {
        if (!ended) {
            deliver(new JobEvent.Finished(Outcome.HELPER_LOST, Duration.ZERO));
        }
    }

    private void deliver(JobEventStruct struct) {
        bufferedEvents.remove(deliveredCount);
        deliveredCount++;
        // An event that this version does not know changes nothing that it could show.
        struct.decode().ifPresent(this::deliver);
    }

    private void deliver(JobEvent event) {
        ended = event instanceof JobEvent.Finished;
        listenerExecutor.execute(() -> {
            try {
                listener.accept(event);
            } finally {
                if (event instanceof JobEvent.Finished finished) {
                    finishedEvent.complete(finished);
                }
            }
        });
    }

    synchronized boolean isEnded() {
        return ended;
    }

    @Override
    public void cancel() {
        if (!isEnded()) {
            cancelAction.run();
        }
    }

    @Override
    public JobEvent.Finished awaitEnd() throws InterruptedException {
        try {
            return finishedEvent.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("nothing completes it with an exception", impossible);
        }
    }
}
