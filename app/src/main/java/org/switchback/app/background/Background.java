package org.switchback.app.background;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.switchback.app.helper.HelperProblem;

/**
 * Keeps everything that may block off the thread that draws. View models call this from the drawing thread and are
 * called back on it, so they need no locks.
 */
public final class Background {
    private static final System.Logger LOG = System.getLogger(Background.class.getName());

    private final Executor workers;
    private final Executor screen;

    /**
     * @param workers runs what blocks: a thread a call, so that a call that never returns holds up nobody else
     * @param screen  runs a task later on the drawing thread, in the order given
     */
    public Background(Executor workers, Executor screen) {
        this.workers = workers;
        this.screen = screen;
    }

    /** Something that blocks. */
    @FunctionalInterface
    public interface Call<T> {
        T call() throws HelperProblem;
    }

    /**
     * Makes a call away from the drawing thread and hands what comes of it to one of the two receivers, on the drawing
     * thread.
     *
     * @param problem told what went wrong; an error of the program itself is logged and told as {@code NO_ANSWER}
     */
    public <T> Errand run(Call<T> call, Consumer<? super T> answer, Consumer<? super HelperProblem> problem) {
        Errand errand = new Errand();
        workers.execute(() -> {
            try {
                T value = call.call();
                screen.execute(() -> errand.deliver(() -> answer.accept(value)));
            } catch (HelperProblem expected) {
                screen.execute(() -> errand.deliver(() -> problem.accept(expected)));
            } catch (RuntimeException unexpected) {
                LOG.log(System.Logger.Level.ERROR, "A call in the background failed", unexpected);
                HelperProblem told = new HelperProblem(HelperProblem.Kind.NO_ANSWER, unexpected);
                screen.execute(() -> errand.deliver(() -> problem.accept(told)));
            }
        });
        return errand;
    }

    /** Does something away from the drawing thread of which nobody waits for the end. */
    public void run(Runnable task) {
        workers.execute(task);
    }

    /** Runs a task on the drawing thread, after all that were given before; for listeners called on other threads. */
    public void show(Runnable task) {
        screen.execute(task);
    }
}
