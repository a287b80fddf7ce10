package org.switchback.gui;

import com.sun.glass.ui.Timer;
import com.sun.javafx.tk.Toolkit;
import java.lang.reflect.Field;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The timer of JavaFX's pulse, which rests while nothing moves.
 *
 * <p>JavaFX asks its timer to pause a quarter of a second after the last change, and to go on before the next one. On
 * Linux its own timer does neither ({@code com.sun.glass.ui.gtk.GtkTimer}) and wakes the computer 60 times a second for
 * as long as the program runs, also when no window is in view.
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
     * Takes the place of JavaFX's own timer; that one goes on where it can't be replaced, in a later JavaFX for instance.
     *
     * @return whether it did
     */
    static boolean install() {
        try {
            Object toolkit = Toolkit.getToolkit();
            Field pulse = accessibleField(toolkit, "pulseTimer");
            Timer own = (Timer) pulse.get(toolkit);
            PausablePulse resting = new PausablePulse((Runnable) accessibleField(toolkit, "timerRunnable").get(toolkit));
            int millis = accessibleField(toolkit, "PULSE_INTERVAL").getInt(toolkit);
            pulse.set(toolkit, resting);
            own.stop();
            resting.start(millis);
            return true;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError other) {
            System.getLogger(PausablePulse.class.getName())
                    .log(System.Logger.Level.DEBUG, "The pulse can't rest", other);
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
        throw new UnsupportedOperationException("there is no vsync to follow");
    }

    @Override
    protected long _start(Runnable runnable, int periodMillis) {
        Thread started = new Thread(() -> runLoop(periodMillis * 1_000_000L), "pulse");
        started.setDaemon(true);
        thread = started;
        started.start();
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
                long left = next - System.nanoTime();
                if (left > 0) {
                    LockSupport.parkNanos(this, left);
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

    /** Called on the pulse's own thread. */
    @Override
    protected void _pause(long timer) {
        paused = true;
    }

    /** Called for every change, so it costs nothing while the pulse goes on. */
    @Override
    protected void _resume(long timer) {
        if (paused) {
            paused = false;
            LockSupport.unpark(thread);
        }
    }
}
