package org.switchback.app.background;

/**
 * A call under way. The call itself cannot be stopped, since the kernel may be what blocks it; its result can be left
 * unread. Belongs to the drawing thread.
 */
public final class Errand {
    private boolean dropped;

    Errand() {}

    /** The receivers are not told any more. */
    public void drop() {
        dropped = true;
    }

    void deliver(Runnable result) {
        if (!dropped) {
            result.run();
        }
    }
}
