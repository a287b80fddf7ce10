package org.switchback.app.background;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.switchback.app.helper.HelperProblem;

class BackgroundTest {
    private final Queue<Runnable> work = new ArrayDeque<>();
    private final Queue<Runnable> screen = new ArrayDeque<>();
    private final Background background = new Background(work::add, screen::add);
    private final List<String> told = new ArrayList<>();
    private final Logger log = Logger.getLogger(Background.class.getName());

    @AfterEach
    void logAgain() {
        log.setLevel(null);
    }

    @Test
    void nothingIsCalledBeforeAWorkerDoesIt() {
        background.run(() -> told.add("called"), answer -> told.add("answered"), problem -> told.add("failed"));
        assertThat(told).isEmpty();
        work.remove().run();
        assertThat(told).containsExactly("called");
        screen.remove().run();
        assertThat(told).containsExactly("called", "answered");
    }

    @Test
    void aProblemIsToldInsteadOfAnAnswer() {
        background.run(
                () -> {
                    throw new HelperProblem(HelperProblem.Kind.BUSY);
                },
                answer -> told.add("answered"),
                problem -> told.add(problem.kind().name()));
        work.remove().run();
        screen.remove().run();
        assertThat(told).containsExactly("BUSY");
    }

    @Test
    void anErrorOfTheProgramDoesNotLeaveTheScreenWaiting() {
        // What is provoked here need not be read by whoever reads the log of the tests.
        log.setLevel(Level.OFF);
        background.run(
                () -> {
                    throw new IllegalStateException("on purpose, in a test");
                },
                answer -> told.add("answered"),
                problem -> told.add(problem.kind().name()));
        work.remove().run();
        screen.remove().run();
        assertThat(told).containsExactly("NO_ANSWER");
    }

    @Test
    void aDroppedErrandTellsNobodyAnythingAlsoWhenItsAnswerWaitsAlready() {
        Errand errand = background.run(() -> 1, answer -> told.add("answered"), problem -> told.add("failed"));
        work.remove().run();
        errand.drop();
        screen.remove().run();
        assertThat(told).isEmpty();
    }
}
