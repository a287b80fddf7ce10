package org.switchback.client;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.protocol.JobEvent;

/**
 * Tells what happens to a job in order and nothing twice, whichever of the two ways it is learnt by: signals, and the
 * job's log, which has what happened before anybody listened.
 */
final class JobTracker implements HelperConnection.RunningSwitch {
    static final String HELPER_LOST = "helper-lost";

    private final Consumer<JobEvent> listener;
    private final Executor listenerExecutor;
    private final Runnable cancelAction;
    private final Consumer<JobTracker> logRequester;
    private final Map<Integer, JobEvent> bufferedEvents = new HashMap<>();
    private final CompletableFuture<JobEvent> finishedEvent = new CompletableFuture<>();
    private int deliveredCount;
    private boolean logRequested;
    private boolean logUnavailable;
    private boolean ended;

    /**
     * @param listenerExecutor runs one thing at a time, in order
     * @param cancelAction asks the helper to stop; does not wait for an answer
     * @param logRequester    asks for the log, because a signal has left something out; does not wait for an answer, which comes to
     *     {@link #addLog} or {@link #handleLogUnavailable}
     */
    JobTracker(Consumer<JobEvent> listener, Executor listenerExecutor, Runnable cancelAction, Consumer<JobTracker> logRequester) {
        this.listener = listener;
        this.listenerExecutor = listenerExecutor;
        this.cancelAction = cancelAction;
        this.logRequester = logRequester;
    }

    /**
     * @param index   where the first entry stands in the job's log
     * @param entries as they were signalled
     */
    synchronized void addSignalled(int index, List<JobEvent> entries) {
        // What the log has told already need not be kept.
        for (int i = Math.max(0, deliveredCount - index); i < entries.size(); i++) {
            bufferedEvents.put(index + i, entries.get(i));
        }
        deliverBuffered();
    }

    private void deliverBuffered() {
        @Nullable JobEvent next;
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
    synchronized void addLog(List<JobEvent> log) {
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
            deliver(new JobEvent("finished", -1, 0, HELPER_LOST, List.of()));
        }
    }

    private void deliver(JobEvent entry) {
        bufferedEvents.remove(deliveredCount);
        deliveredCount++;
        ended = entry.type.equals("finished");
        boolean last = ended;
        listenerExecutor.execute(() -> {
            try {
                listener.accept(entry);
            } finally {
                if (last) {
                    finishedEvent.complete(entry);
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
    public JobEvent awaitEnd() throws InterruptedException {
        try {
            return finishedEvent.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("nothing completes it with an exception", impossible);
        }
    }
}
