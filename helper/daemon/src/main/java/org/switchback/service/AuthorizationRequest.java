package org.switchback.service;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A pending authorization check. It completes once: with the decision, or without one if it is cancelled. */
final class AuthorizationRequest {
    private final Consumer<Optional<Authorizer.AuthorizationDecision>> callback;
    private boolean completed;
    private Authorizer.@Nullable AuthorizationCheck check;
    private CallerResolver.@Nullable DisconnectWatch disconnectWatch;

    private AuthorizationRequest(Consumer<Optional<Authorizer.AuthorizationDecision>> callback) {
        this.callback = callback;
    }

    /**
     * Starts an authorization check. Returns immediately. The check is cancelled if the caller leaves the bus.
     *
     * @param callback receives the decision, or empty if the check was cancelled; called once, on any thread, possibly
     *     before this method returns
     */
    static AuthorizationRequest start(
            Authorizer authorizer,
            CallerResolver callerResolver,
            Caller caller,
            PolkitAction action,
            Map<String, String> details,
            Consumer<Optional<Authorizer.AuthorizationDecision>> callback) {
        AuthorizationRequest request = new AuthorizationRequest(callback);
        request.attach(callerResolver.onDisconnect(caller, request::cancel));
        if (!request.isCompleted()) {
            request.attach(authorizer.checkAuthorization(
                    caller, action, details, decision -> request.complete(Optional.of(decision))));
        }
        return request;
    }

    /** Cancels the check. Does nothing if it has completed. */
    void cancel() {
        Authorizer.@Nullable AuthorizationCheck pendingCheck;
        synchronized (this) {
            pendingCheck = check;
        }
        if (complete(Optional.empty()) && pendingCheck != null) {
            pendingCheck.cancel();
        }
    }

    private boolean complete(Optional<Authorizer.AuthorizationDecision> decision) {
        CallerResolver.@Nullable DisconnectWatch watch;
        synchronized (this) {
            if (completed) {
                return false;
            }
            completed = true;
            watch = disconnectWatch;
        }
        if (watch != null) {
            watch.cancel();
        }
        callback.accept(decision);
        return true;
    }

    private void attach(CallerResolver.DisconnectWatch watch) {
        boolean alreadyCompleted;
        synchronized (this) {
            disconnectWatch = watch;
            alreadyCompleted = completed;
        }
        if (alreadyCompleted) {
            watch.cancel();
        }
    }

    private void attach(Authorizer.AuthorizationCheck newCheck) {
        boolean alreadyCompleted;
        synchronized (this) {
            check = newCheck;
            alreadyCompleted = completed;
        }
        if (alreadyCompleted) {
            newCheck.cancel();
        }
    }

    private synchronized boolean isCompleted() {
        return completed;
    }
}
