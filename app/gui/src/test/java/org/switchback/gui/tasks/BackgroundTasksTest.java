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
        tasks.run(() -> received.add("called"), result -> received.add("succeeded"), e -> received.add("failed"));
        assertThat(received).isEmpty();
        backgroundQueue.remove().run();
        assertThat(received).containsExactly("called");
        fxQueue.remove().run();
        assertThat(received).containsExactly("called", "succeeded");
    }

    @Test
    void helperExceptionGoesToTheExceptionHandler() {
        tasks.run(
                () -> {
                    throw new HelperException(HelperException.FailureKind.BUSY);
                },
                result -> received.add("succeeded"),
                e -> received.add(e.kind().name()));
        backgroundQueue.remove().run();
        fxQueue.remove().run();
        assertThat(received).containsExactly("BUSY");
    }

    @Test
    void runtimeExceptionGoesToTheExceptionHandler() {
        // Keeps the expected error out of the test log.
        logger.setLevel(Level.OFF);
        tasks.run(
                () -> {
                    throw new IllegalStateException("Expected in this test");
                },
                result -> received.add("succeeded"),
                e -> received.add(e.kind().name()));
        backgroundQueue.remove().run();
        fxQueue.remove().run();
        assertThat(received).containsExactly("NO_ANSWER");
    }

    @Test
    void discardedResultIsNotDelivered() {
        PendingTask pendingTask = tasks.run(() -> 1, result -> received.add("succeeded"), e -> received.add("failed"));
        backgroundQueue.remove().run();
        pendingTask.discardResult();
        fxQueue.remove().run();
        assertThat(received).isEmpty();
    }
}
