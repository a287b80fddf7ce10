package org.switchback.gui;

import com.sun.glass.ui.Timer;
import com.sun.javafx.tk.Toolkit;
import java.lang.reflect.Field;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A timer for JavaFX's pulse that pauses while nothing changes.
 *
 * <p>JavaFX asks its timer to pause a quarter of a second after the last change, and to resume before the next one. On
 * Linux its default timer ({@code com.sun.glass.ui.gtk.GtkTimer}) ignores both and wakes the CPU 60 times a second as
 * long as the program runs, even without a visible window.
 */
final class PausablePulse extends Timer {
    private final Runnable tick;
    private @Nullable Thread thread;
    private volatile boolean paused;
    private volatile boolean stopped;

    private PausablePulse(Runnable tick) {
        super(tick);
        this.tick = tick;
    }

    /**
     * Replaces JavaFX's default timer, which stays if that fails, for instance in a later version of JavaFX.
     *
     * @return whether the timer was replaced
     */
    static boolean install() {
        try {
            Object toolkit = Toolkit.getToolkit();
            Field pulseTimer = accessibleField(toolkit, "pulseTimer");
            Timer defaultTimer = (Timer) pulseTimer.get(toolkit);
            PausablePulse pausable = new PausablePulse(
                    (Runnable) accessibleField(toolkit, "timerRunnable").get(toolkit));
            int millis = accessibleField(toolkit, "PULSE_INTERVAL").getInt(toolkit);
            pulseTimer.set(toolkit, pausable);
            defaultTimer.stop();
            pausable.start(millis);
            return true;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            System.getLogger(PausablePulse.class.getName())
                    .log(System.Logger.Level.DEBUG, "Cannot replace the pulse timer", e);
            return false;
        }
    }

    private static Field accessibleField(Object toolkit, String name) throws ReflectiveOperationException {
        Field field = toolkit.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    @Override
    protected long _start(Runnable runnable) {
        throw new UnsupportedOperationException("No vsync");
    }

    @Override
    protected long _start(Runnable runnable, int periodMillis) {
        Thread newThread = new Thread(() -> runLoop(periodMillis * 1_000_000L), "pulse");
        newThread.setDaemon(true);
        thread = newThread;
        newThread.start();
        return 1;
    }

    private void runLoop(long periodNanos) {
        long next = System.nanoTime();
        while (!stopped) {
            if (paused) {
                LockSupport.park(this);
                next = System.nanoTime();
            } else {
                tick.run();
                next += periodNanos;
                long remaining = next - System.nanoTime();
                if (remaining > 0) {
                    LockSupport.parkNanos(this, remaining);
                } else {
                    next = System.nanoTime();
                }
            }
        }
    }

    @Override
    protected void _stop(long timer) {
        stopped = true;
        LockSupport.unpark(thread);
    }

    /** Called on the thread of the pulse. */
    @Override
    protected void _pause(long timer) {
        paused = true;
    }

    /** Called for every change, so it must be cheap while the pulse runs. */
    @Override
    protected void _resume(long timer) {
        if (paused) {
            paused = false;
            LockSupport.unpark(thread);
        }
    }
}
