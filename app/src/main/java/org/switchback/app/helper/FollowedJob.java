package org.switchback.app.helper;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.protocol.JobEntry;

/**
 * Tells what happens to a job in order and nothing twice, whichever of the two ways it is learnt by: signals, and the
 * job's log, which has what happened before anybody listened.
 */
final class FollowedJob implements HelperConnection.RunningSwitch {
    static final String HELPER_LOST = "helper-lost";

    private final Consumer<JobEntry> listener;
    private final Executor teller;
    private final Runnable cancel;
    private final Map<Integer, JobEntry> early = new HashMap<>();
    private final CompletableFuture<JobEntry> end = new CompletableFuture<>();
    private int told;
    private boolean ended;

    /**
     * @param teller runs one thing at a time, in order
     * @param cancel asks the helper to stop; does not wait for an answer
     */
    FollowedJob(Consumer<JobEntry> listener, Executor teller, Runnable cancel) {
        this.listener = listener;
        this.teller = teller;
        this.cancel = cancel;
    }

    /** @param index where the entry stands in the job's log */
    synchronized void happened(int index, JobEntry entry) {
        if (index >= told) {
            early.put(index, entry);
        }
        @Nullable JobEntry next;
        while (!ended && (next = early.remove(told)) != null) {
            told++;
            tell(next);
        }
    }

    /** @param log from its beginning */
    synchronized void log(List<JobEntry> log) {
        for (int index = told; index < log.size(); index++) {
            happened(index, log.get(index));
        }
    }

    /** The helper is gone, so nothing more will be heard. */
    synchronized void lost() {
        if (!ended) {
            tell(new JobEntry("finished", -1, 0, HELPER_LOST, List.of()));
        }
    }

    private void tell(JobEntry entry) {
        ended = entry.what.equals("finished");
        boolean last = ended;
        teller.execute(() -> {
            try {
                listener.accept(entry);
            } finally {
                if (last) {
                    end.complete(entry);
                }
            }
        });
    }

    synchronized boolean ended() {
        return ended;
    }

    @Override
    public void cancel() {
        if (!ended()) {
            cancel.run();
        }
    }

    @Override
    public JobEntry await() throws InterruptedException {
        try {
            return end.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("nothing completes it with an exception", impossible);
        }
    }
}
