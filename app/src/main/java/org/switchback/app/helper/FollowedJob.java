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
    private final Consumer<FollowedJob> ask;
    private final Map<Integer, JobEntry> early = new HashMap<>();
    private final CompletableFuture<JobEntry> end = new CompletableFuture<>();
    private int told;
    private boolean asked;
    private boolean nobodyAnswers;
    private boolean ended;

    /**
     * @param teller runs one thing at a time, in order
     * @param cancel asks the helper to stop; does not wait for an answer
     * @param ask    asks for the log, because a signal has left something out; does not wait for an answer, which comes to
     *     {@link #log} or {@link #noLog}
     */
    FollowedJob(Consumer<JobEntry> listener, Executor teller, Runnable cancel, Consumer<FollowedJob> ask) {
        this.listener = listener;
        this.teller = teller;
        this.cancel = cancel;
        this.ask = ask;
    }

    /**
     * @param index   where the first entry stands in the job's log
     * @param entries as they were signalled
     */
    synchronized void happened(int index, List<JobEntry> entries) {
        // What the log has told already need not be kept.
        for (int i = Math.max(0, told - index); i < entries.size(); i++) {
            early.put(index + i, entries.get(i));
        }
        tellEarly();
    }

    private void tellEarly() {
        @Nullable JobEntry next;
        while (!ended && (next = early.get(told)) != null) {
            if (next.abridged() && !nobodyAnswers) {
                if (!asked) {
                    asked = true;
                    ask.accept(this);
                }
                return;
            }
            tell(next);
        }
    }

    /** @param log from its beginning */
    synchronized void log(List<JobEntry> log) {
        asked = false;
        while (!ended && told < log.size()) {
            tell(log.get(told));
        }
        tellEarly();
    }

    /** The log can't be had; what the signals say has to do. */
    synchronized void noLog() {
        nobodyAnswers = true;
        tellEarly();
    }

    /** The helper is gone, so nothing more will be heard. */
    synchronized void lost() {
        if (!ended) {
            tell(new JobEntry("finished", -1, 0, HELPER_LOST, List.of()));
        }
    }

    private void tell(JobEntry entry) {
        early.remove(told);
        told++;
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
