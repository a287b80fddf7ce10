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
    private final Authorizer authorizer;
    private final CallerResolver callerResolver;
    private final PromptLimiter promptLimiter = new PromptLimiter();

    Permissions(Authorizer authorizer, CallerResolver callerResolver) {
        this.authorizer = authorizer;
        this.callerResolver = callerResolver;
    }

    /**
     * Takes one of the few places there are for a question with a prompt. Goes before {@link #requestAuthorization}.
     *
     * @throws Busy when there is none
     */
    void acquirePrompt(Caller caller) {
        promptLimiter.acquire(caller.uid());
    }

    /** Gives the place back. */
    void releasePrompt(Caller caller) {
        promptLimiter.release(caller.uid());
    }

    /** As {@link AuthorizationRequest#start}. */
    AuthorizationRequest requestAuthorization(
            Caller caller,
            PolkitAction action,
            Map<String, String> details,
            Consumer<Optional<Authorizer.AuthorizationDecision>> end) {
        return AuthorizationRequest.start(authorizer, callerResolver, caller, action, details, end);
    }

    /**
     * Waits for the answer. Only for an action that may not prompt, or within the few prompts there can be: there are
     * more method threads than those.
     *
     * @throws NotAuthorized when it is a no, or the caller has gone
     * @throws Undecided when there is none
     */
    void requireAuthorization(Caller caller, PolkitAction action) {
        if (!action.canPrompt()) {
            awaitDecision(caller, action);
            return;
        }
        acquirePrompt(caller);
        try {
            awaitDecision(caller, action);
        } finally {
            releasePrompt(caller);
        }
    }

    private void awaitDecision(Caller caller, PolkitAction action) {
        CompletableFuture<Optional<Authorizer.AuthorizationDecision>> decision = new CompletableFuture<>();
        AuthorizationRequest question = requestAuthorization(caller, action, Map.of(), decision::complete);
        Optional<Authorizer.AuthorizationDecision> verdict;
        try {
            verdict = decision.get();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("a verdict is no failure", impossible);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            question.cancel();
            throw new Undecided();
        }
        switch (verdict.orElse(Authorizer.AuthorizationDecision.DENIED)) {
            case GRANTED -> {}
            case DENIED, NO_AGENT, DISMISSED -> throw new NotAuthorized();
            case UNDECIDED -> throw new Undecided();
        }
    }
}
