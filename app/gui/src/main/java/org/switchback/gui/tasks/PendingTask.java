package org.switchback.gui.tasks;

/**
 * A running background call. It cannot be interrupted, since the kernel may block it, but its result can be discarded.
 * Confined to the FX thread.
 */
public final class PendingTask {
    private boolean discarded;

    PendingTask() {}

    /** From now on neither handler is called. */
    public void discardResult() {
        discarded = true;
    }

    void deliver(Runnable result) {
        if (!discarded) {
            result.run();
        }
    }
}
