package org.switchback.service;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.NotAuthorized;

/** Asks the authority on behalf of callers. */
final class Permissions {
    /** In this time the authority has said no itself, if it got no answer. */
    private static final Duration DECISION = Duration.ofSeconds(Polkit.DECISION_SECONDS + 1);
    /** Somebody has to find the password. */
    private static final Duration PROMPT = Duration.ofMinutes(5);

    private final Authority authority;
    private final Callers callers;
    private final Prompts prompts = new Prompts();

    Permissions(Authority authority, Callers callers) {
        this.authority = authority;
        this.callers = callers;
    }

    /**
     * Takes one of the few places there are for a question with a prompt. Goes before {@link #ask}.
     *
     * @throws Busy when there is none
     */
    void enter(Caller caller) {
        prompts.enter(caller.uid());
    }

    /** Gives the place back. */
    void leave(Caller caller) {
        prompts.leave(caller.uid());
    }

    /** As {@link Question#ask}. */
    Question ask(
            Caller caller,
            Action action,
            Map<String, String> details,
            Consumer<Optional<Authority.Verdict>> end) {
        return Question.ask(authority, callers, caller, action, details, end);
    }

    /**
     * Waits for the answer. Only for an action that may not prompt, or within the few prompts there can be: there are more
     * method threads than those.
     *
     * @throws NotAuthorized unless it is a yes
     */
    void require(Caller caller, Action action) {
        if (!action.mayPrompt()) {
            decide(caller, action, DECISION);
            return;
        }
        enter(caller);
        try {
            decide(caller, action, PROMPT);
        } finally {
            leave(caller);
        }
    }

    private void decide(Caller caller, Action action, Duration patience) {
        CompletableFuture<Optional<Authority.Verdict>> decision = new CompletableFuture<>();
        Question question = ask(caller, action, Map.of(), decision::complete);
        try {
            if (!decision.get(patience.toMillis(), TimeUnit.MILLISECONDS).equals(Optional.of(Authority.Verdict.YES))) {
                throw new NotAuthorized();
            }
        } catch (TimeoutException slow) {
            question.withdraw();
            throw new NotAuthorized();
        } catch (ExecutionException impossible) {
            throw new NotAuthorized();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new NotAuthorized();
        }
    }
}
