package org.switchback.service;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.NotConnected;
import org.switchback.job.PlannedStep;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.JobInterface;

/** Exports the jobs on the bus and sends their progress signals. */
final class JobRegistry {
    /** Number of jobs of one user above which that user's oldest ended ones are removed. */
    private static final int MAX_JOBS_PER_USER = 8;

    /** Interval for collecting events into one signal, because sending a signal takes about as long as a step. */
    private static final long PROGRESS_INTERVAL_MILLIS = 40;

    private static final long SHUTDOWN_SECONDS = 2;

    private final AbstractConnection bus;
    private final CallGuard callGuard;
    private final LongSupplier nanoClock;
    private final ScheduledExecutorService progressExecutor = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("progress").daemon().factory());
    private final Deque<JobObject> jobs = new ArrayDeque<>();
    private int createdJobCount;

    JobRegistry(AbstractConnection bus, CallGuard callGuard, LongSupplier nanoClock) {
        this.bus = bus;
        this.callGuard = callGuard;
        this.nanoClock = nanoClock;
    }

    /** Creates and exports a job. Removes the oldest ended jobs. */
    synchronized JobObject create(Caller owner, List<PlannedStep> steps) {
        createdJobCount++;
        JobObject job = new JobObject(
                DBusNames.JOB_PATH_PREFIX + createdJobCount,
                owner,
                steps,
                callGuard,
                nanoClock,
                this::scheduleProgress,
                this::sendProgress);
        try {
            bus.exportObject(job.getObjectPath(), job);
        } catch (DBusException e) {
            throw new IllegalStateException("the path is valid", e);
        }
        jobs.add(job);
        removeOldest(owner.uid());
        return job;
    }

    /**
     * Only ended jobs of that user are removed, the oldest first: an older job may still wait for its authorization.
     */
    private void removeOldest(long uid) {
        List<JobObject> own =
                jobs.stream().filter(job -> job.owner().uid() == uid).toList();
        own.stream()
                .filter(JobObject::isEnded)
                .limit(Math.max(0, own.size() - MAX_JOBS_PER_USER))
                .forEach(ended -> {
                    jobs.remove(ended);
                    bus.unExportObject(ended.getObjectPath());
                });
    }

    private void scheduleProgress(Runnable send) {
        try {
            progressExecutor.schedule(send, PROGRESS_INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ignored) {
            // The helper is exiting; clients see that it leaves the bus.
        }
    }

    private void sendProgress(JobInterface.Progress signal) {
        try {
            bus.sendMessage(signal);
        } catch (NotConnected ignored) {
            // The switch goes on without listeners.
        }
    }

    void cancelAll() {
        List<JobObject> currentJobs;
        synchronized (this) {
            currentJobs = List.copyOf(jobs);
        }
        currentJobs.forEach(JobObject::cancel);
    }

    /** @return whether the last signals were sent in time */
    boolean shutDown() throws InterruptedException {
        progressExecutor.shutdown();
        return progressExecutor.awaitTermination(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
    }
}
