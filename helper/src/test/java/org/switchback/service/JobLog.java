package org.switchback.service;

import java.util.List;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;

/** Reads a job's log until it has ended. */
final class JobLog {
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private JobLog() {}

    static List<JobEntry> untilFinished(JobInterface job) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            List<JobEntry> log = List.of();
            try {
                log = job.Log();
            } catch (LimitReached tooOften) {
                Thread.sleep(200);
            }
            if (!log.isEmpty() && log.getLast().what.equals("finished")) {
                return log;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not finished: "
                        + log.stream().map(e -> e.what + " " + e.step).toList());
            }
            Thread.sleep(5);
        }
    }
}
