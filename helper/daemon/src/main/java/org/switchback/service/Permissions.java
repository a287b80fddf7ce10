package org.switchback.service;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.Helper1.Error.Undecided;

/** Checks the authorization of callers and limits the number of open password prompts. */
final class Permissions {
    private final Authorizer authorizer;
    private final CallerResolver callerResolver;
    private final OpenPromptLimiter promptLimiter = new OpenPromptLimiter();

    Permissions(Authorizer authorizer, CallerResolver callerResolver) {
        this.authorizer = authorizer;
        this.callerResolver = callerResolver;
    }

    /**
     * Reserves a password prompt for the caller. Required before {@link #requestAuthorization} for an action that may
     * prompt.
     *
     * @throws Busy if the user already has one, or the limit of prompts is reached
     */
    void acquirePrompt(Caller caller) {
        promptLimiter.acquire(caller.uid());
    }

    /** Releases the caller's reserved prompt. */
    void releasePrompt(Caller caller) {
        promptLimiter.release(caller.uid());
    }

    /** As {@link AuthorizationRequest#start}. */
    AuthorizationRequest requestAuthorization(
            Caller caller,
            PolkitAction action,
            Map<String, String> details,
            Consumer<Optional<Authorizer.AuthorizationDecision>> callback) {
        return AuthorizationRequest.start(authorizer, callerResolver, caller, action, details, callback);
    }

    /**
     * Waits for the authorization. An action that may prompt reserves a prompt first, so that waiting calls never block
     * all of the threads that handle calls.
     *
     * @throws Busy if no prompt can be reserved
     * @throws NotAuthorized if the caller is not authorized or has disconnected
     * @throws Undecided if there is no decision
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
        CompletableFuture<Optional<Authorizer.AuthorizationDecision>> future = new CompletableFuture<>();
        AuthorizationRequest request = requestAuthorization(caller, action, Map.of(), future::complete);
        Optional<Authorizer.AuthorizationDecision> decision;
        try {
            decision = future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the future is never completed exceptionally", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            request.cancel();
            throw new Undecided();
        }
        switch (decision.orElse(Authorizer.AuthorizationDecision.DENIED)) {
            case GRANTED -> {}
            case DENIED, NO_AGENT, DISMISSED -> throw new NotAuthorized();
            case UNDECIDED -> throw new Undecided();
        }
    }
}
