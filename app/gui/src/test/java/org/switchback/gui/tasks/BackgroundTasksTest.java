package org.switchback.gui.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;

class BackgroundTasksTest {
    private final Queue<Runnable> backgroundQueue = new ArrayDeque<>();
    private final Queue<Runnable> fxQueue = new ArrayDeque<>();
    private final BackgroundTasks tasks = new BackgroundTasks(backgroundQueue::add, fxQueue::add);
    private final List<String> received = new ArrayList<>();
    private final Logger logger = Logger.getLogger(BackgroundTasks.class.getName());

    @AfterEach
    void restoreLogLevel() {
        logger.setLevel(null);
    }

    @Test
    void callRunsOnTheBackgroundExecutor() {
        tasks.run(() -> received.add("called"), answer -> received.add("answered"), problem -> received.add("failed"));
        assertThat(received).isEmpty();
        backgroundQueue.remove().run();
        assertThat(received).containsExactly("called");
        fxQueue.remove().run();
        assertThat(received).containsExactly("called", "answered");
    }

    @Test
    void helperExceptionGoesToTheExceptionHandler() {
        tasks.run(
                () -> {
                    throw new HelperException(HelperException.FailureKind.BUSY);
                },
                answer -> received.add("answered"),
                problem -> received.add(problem.kind().name()));
        backgroundQueue.remove().run();
        fxQueue.remove().run();
        assertThat(received).containsExactly("BUSY");
    }

    @Test
    void runtimeExceptionGoesToTheExceptionHandler() {
        // What is provoked here need not be read by whoever reads the log of the tests.
        logger.setLevel(Level.OFF);
        tasks.run(
                () -> {
                    throw new IllegalStateException("on purpose, in a test");
                },
                answer -> received.add("answered"),
                problem -> received.add(problem.kind().name()));
        backgroundQueue.remove().run();
        fxQueue.remove().run();
        assertThat(received).containsExactly("NO_ANSWER");
    }

    @Test
    void discardedResultIsNotDelivered() {
        PendingTask errand = tasks.run(() -> 1, answer -> received.add("answered"), problem -> received.add("failed"));
        backgroundQueue.remove().run();
        errand.discardResult();
        fxQueue.remove().run();
        assertThat(received).isEmpty();
    }
}
