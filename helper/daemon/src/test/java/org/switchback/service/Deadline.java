package org.switchback.service;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits for something to become true, and not for ever. */
public final class Deadline {
    private final long deadlineNanos;

    private Deadline(long deadlineNanos) {
        this.deadlineNanos = deadlineNanos;
    }

    public static Deadline seconds(long seconds) {
        return new Deadline(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
    }

    public void await(String what, Callable<Boolean> condition) throws InterruptedException {
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (Exception notYet) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new AssertionError(what, notYet);
                }
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new AssertionError("waited too long for: " + what);
            }
            Thread.sleep(5);
        }
    }
}
