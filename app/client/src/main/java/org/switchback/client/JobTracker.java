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
 * Merges the signals and the log of a job into one ordered stream without duplicates. The log also has the events from
 * before the first signal was received.
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
     * @param listenerExecutor runs one task at a time, in order
     * @param cancelAction asks the helper to stop; does not wait for a reply
     * @param logRequester requests the log when a signal has a redacted event; does not wait for the reply, which is
     *     passed to {@link #addLog} or {@link #handleLogUnavailable}
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
     * @param index position of the first event in the job's log, counted from 0
     * @param events as they were signalled
     */
    synchronized void addSignalled(int index, List<JobEventStruct> events) {
        // Events that were already delivered from the log are not buffered.
        for (int i = Math.max(0, deliveredCount - index); i < events.size(); i++) {
            bufferedEvents.put(index + i, events.get(i));
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

    /** @param log all events from the beginning */
    synchronized void addLog(List<JobEventStruct> log) {
        logRequested = false;
        while (!ended && deliveredCount < log.size()) {
            deliver(log.get(deliveredCount));
        }
        deliverBuffered();
    }

    /** The log cannot be read: delivers the redacted events of the signals instead. */
    synchronized void handleLogUnavailable() {
        logUnavailable = true;
        deliverBuffered();
    }

    /** The helper is lost, so no more events will arrive: delivers {@link Outcome#HELPER_LOST}. */
    synchronized void handleHelperLost() {
        if (!ended) {
            deliver(new JobEvent.Finished(Outcome.HELPER_LOST, Duration.ZERO));
        }
    }

    private void deliver(JobEventStruct struct) {
        bufferedEvents.remove(deliveredCount);
        deliveredCount++;
        // Events that this version does not know are skipped: they change nothing that it shows.
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
        } catch (ExecutionException e) {
            throw new IllegalStateException("the future never completes with an exception", e);
        }
    }
}
