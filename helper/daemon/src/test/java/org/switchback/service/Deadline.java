package org.switchback.service;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for conditions until a deadline. */
public final class Deadline {
    private final long deadlineNanos;

    private Deadline(long deadlineNanos) {
        this.deadlineNanos = deadlineNanos;
    }

    public static Deadline seconds(long seconds) {
        return new Deadline(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
    }

    /**
     * Polls the condition until it is true. Exceptions count as false before the deadline.
     *
     * @param description noun phrase for the error message
     * @throws AssertionError after the deadline
     */
    public void await(String description, Callable<Boolean> condition) throws InterruptedException {
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (Exception e) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new AssertionError(description, e);
                }
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new AssertionError("timed out waiting for " + description);
            }
            Thread.sleep(5);
        }
    }
}
