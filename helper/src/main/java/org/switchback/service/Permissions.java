package org.switchback.service;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.Helper1.Error.Undecided;

/** Asks the authority on behalf of callers. */
final class Permissions {
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
     * @throws NotAuthorized when it is a no, or the caller has gone
     * @throws Undecided     when there is none
     */
    void require(Caller caller, Action action) {
        if (!action.mayPrompt()) {
            decide(caller, action);
            return;
        }
        enter(caller);
        try {
            decide(caller, action);
        } finally {
            leave(caller);
        }
    }

    private void decide(Caller caller, Action action) {
        CompletableFuture<Optional<Authority.Verdict>> decision = new CompletableFuture<>();
        Question question = ask(caller, action, Map.of(), decision::complete);
        Optional<Authority.Verdict> verdict;
        try {
            verdict = decision.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("a verdict is no failure", impossible);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            question.withdraw();
            throw new Undecided();
        }
        switch (verdict.orElse(Authority.Verdict.NO)) {
            case YES -> {}
            case NO, NO_AGENT, DISMISSED -> throw new NotAuthorized();
            case UNDECIDED -> throw new Undecided();
        }
    }
}
