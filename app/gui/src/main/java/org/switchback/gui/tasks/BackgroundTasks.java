package org.switchback.gui.tasks;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.switchback.client.HelperException;

/**
 * Runs blocking calls off the FX thread. View models call this on the FX thread and get their results on it, so they
 * need no locks.
 */
public final class BackgroundTasks {
    private static final System.Logger LOGGER = System.getLogger(BackgroundTasks.class.getName());

    private final Executor backgroundExecutor;
    private final Executor fxExecutor;

    /**
     * @param backgroundExecutor runs each blocking call in its own thread, so that one that never returns delays no
     *     other
     * @param fxExecutor runs tasks later on the FX thread, in the order given
     */
    public BackgroundTasks(Executor backgroundExecutor, Executor fxExecutor) {
        this.backgroundExecutor = backgroundExecutor;
        this.fxExecutor = fxExecutor;
    }

    @FunctionalInterface
    public interface BlockingCall<T> {
        T call() throws HelperException;
    }

    /**
     * Makes a blocking call in the background and passes its result to one of the two handlers, on the FX thread.
     *
     * @param onFailure receives the exception of the call; a {@link RuntimeException} is logged and passed on as
     *     {@code NO_ANSWER}
     */
    public <T> PendingTask run(
            BlockingCall<T> call, Consumer<? super T> onSuccess, Consumer<? super HelperException> onFailure) {
        PendingTask pendingTask = new PendingTask();
        backgroundExecutor.execute(() -> {
            try {
                T value = call.call();
                deliver(pendingTask, () -> onSuccess.accept(value));
            } catch (HelperException e) {
                deliver(pendingTask, () -> onFailure.accept(e));
            } catch (RuntimeException e) {
                LOGGER.log(System.Logger.Level.ERROR, "A background call failed", e);
                HelperException failure = new HelperException(HelperException.FailureKind.NO_ANSWER, e);
                deliver(pendingTask, () -> onFailure.accept(failure));
            }
        });
        return pendingTask;
    }

    private void deliver(PendingTask pendingTask, Runnable result) {
        fxExecutor.execute(() -> pendingTask.deliver(result));
    }

    /** Runs a task in the background whose end does not matter. */
    public void run(Runnable task) {
        backgroundExecutor.execute(task);
    }

    /** Runs a task on the FX thread after all earlier ones; for listeners that are called on other threads. */
    public void runOnFxThread(Runnable task) {
        fxExecutor.execute(task);
    }
}
