package org.switchback.gui.tasks;

/**
 * A call under way. The call itself cannot be stopped, since the kernel may be what blocks it; its result can be left
 * unread. Belongs to the drawing thread.
 */
public final class PendingTask {
    private boolean discarded;

    PendingTask() {}

    /** The receivers are not told any more. */
    public void discardResult() {
        discarded = true;
    }

    void deliver(Runnable result) {
        if (!discarded) {
            result.run();
        }
    }
}
