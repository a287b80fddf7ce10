package org.switchback.service;

import java.util.List;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;

/** Reads a job's log until it has ended. */
public final class JobLogReader {
    private static final long TIMEOUT_NANOS = 30_000_000_000L;

    private JobLogReader() {}

    public static List<JobEventStruct> readUntilFinished(JobInterface job) throws InterruptedException {
        long deadline = System.nanoTime() + TIMEOUT_NANOS;
        while (true) {
            List<JobEventStruct> log = List.of();
            try {
                log = job.Log();
            } catch (LimitReached tooOften) {
                Thread.sleep(200);
            }
            if (!log.isEmpty() && log.getLast().type.equals("finished")) {
                return log;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not finished: "
                        + log.stream().map(e -> e.type + " " + e.step).toList());
            }
            Thread.sleep(5);
        }
    }
}
