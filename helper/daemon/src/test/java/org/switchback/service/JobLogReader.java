package org.switchback.service;

import java.util.List;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;

/** Polls a job's log until the job has ended. */
public final class JobLogReader {
    private static final long TIMEOUT_NANOS = 30_000_000_000L;

    private JobLogReader() {}

    /** @throws AssertionError if the job does not end within 30 seconds */
    public static List<JobEventStruct> readUntilFinished(JobInterface job) throws InterruptedException {
        long deadline = System.nanoTime() + TIMEOUT_NANOS;
        while (true) {
            List<JobEventStruct> log = List.of();
            try {
                log = job.Log();
            } catch (LimitReached ignored) {
                // Calls were too frequent: wait longer before the next one.
                Thread.sleep(200);
            }
            if (!log.isEmpty() && log.getLast().type.equals("finished")) {
                return log;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not finished: "
                        + log.stream()
                                .map(event -> event.type + " " + event.step)
                                .toList());
            }
            Thread.sleep(5);
        }
    }
}
