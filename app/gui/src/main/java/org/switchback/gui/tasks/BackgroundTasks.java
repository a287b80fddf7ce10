package org.switchback.gui.tasks;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.switchback.client.HelperException;

/**
 * Keeps everything that may block off the thread that draws. View models call this from the drawing thread and are
 * called back on it, so they need no locks.
 */
public final class BackgroundTasks {
    private static final System.Logger LOGGER = System.getLogger(BackgroundTasks.class.getName());

    private final Executor backgroundExecutor;
    private final Executor fxExecutor;

    /**
     * @param backgroundExecutor runs what blocks: a thread a call, so that a call that never returns holds up nobody else
     * @param fxExecutor  runs a task later on the drawing thread, in the order given
     */
    public BackgroundTasks(Executor backgroundExecutor, Executor fxExecutor) {
        this.backgroundExecutor = backgroundExecutor;
        this.fxExecutor = fxExecutor;
    }

    /** Something that blocks. */
    @FunctionalInterface
    public interface BlockingCall<T> {
        T call() throws HelperException;
    }

    /**
     * Makes a call away from the drawing thread and hands what comes of it to one of the two receivers, on the drawing
     * thread.
     *
     * @param problem told what went wrong; an error of the program itself is logged and told as {@code NO_ANSWER}
     */
    public <T> PendingTask run(BlockingCall<T> call, Consumer<? super T> answer, Consumer<? super HelperException> problem) {
        PendingTask errand = new PendingTask();
        backgroundExecutor.execute(() -> {
            try {
                T value = call.call();
                fxExecutor.execute(() -> errand.deliver(() -> answer.accept(value)));
            } catch (HelperException expected) {
                fxExecutor.execute(() -> errand.deliver(() -> problem.accept(expected)));
            } catch (RuntimeException unexpected) {
                LOGGER.log(System.Logger.Level.ERROR, "A call in the background failed", unexpected);
                HelperException told = new HelperException(HelperException.FailureKind.NO_ANSWER, unexpected);
                fxExecutor.execute(() -> errand.deliver(() -> problem.accept(told)));
            }
        });
        return errand;
    }

    /** Does something away from the drawing thread of which nobody waits for the end. */
    public void run(Runnable task) {
        backgroundExecutor.execute(task);
    }

    /** Runs a task on the drawing thread, after all that were given before; for listeners called on other threads. */
    public void runOnFxThread(Runnable task) {
        fxExecutor.execute(task);
    }
}
