package org.switchback.service;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A question to the authority that ends once: with its answer, or because it is taken back, which it also is when the
 * caller leaves.
 */
final class AuthorizationRequest {
    private final Consumer<Optional<Authorizer.AuthorizationDecision>> callback;
    private boolean completed;
    private Authorizer.@Nullable AuthorizationCheck check;
    private CallerResolver.@Nullable DisconnectWatch disconnectWatch;

    private AuthorizationRequest(Consumer<Optional<Authorizer.AuthorizationDecision>> callback) {
        this.callback = callback;
    }

    /**
     * Asks. Returns at once.
     *
     * @param end told the answer, or nothing when the question was taken back; called once, on any thread, perhaps
     *     before this returns
     */
    static AuthorizationRequest start(
            Authorizer authority,
            CallerResolver callers,
            Caller caller,
            PolkitAction action,
            Map<String, String> details,
            Consumer<Optional<Authorizer.AuthorizationDecision>> end) {
        AuthorizationRequest question = new AuthorizationRequest(end);
        question.attach(callers.onDisconnect(caller, question::cancel));
        if (!question.isCompleted()) {
            question.attach(authority.checkAuthorization(
                    caller, action, details, verdict -> question.complete(Optional.of(verdict))));
        }
        return question;
    }

    /** Takes it back, unless it has been answered. */
    void cancel() {
        Authorizer.@Nullable AuthorizationCheck open;
        synchronized (this) {
            open = check;
        }
        if (complete(Optional.empty()) && open != null) {
            open.cancel();
        }
    }

    private boolean complete(Optional<Authorizer.AuthorizationDecision> verdict) {
        CallerResolver.@Nullable DisconnectWatch open;
        synchronized (this) {
            if (completed) {
                return false;
            }
            completed = true;
            open = disconnectWatch;
        }
        if (open != null) {
            open.cancel();
        }
        callback.accept(verdict);
        return true;
    }

    private void attach(CallerResolver.DisconnectWatch opened) {
        boolean late;
        synchronized (this) {
            disconnectWatch = opened;
            late = completed;
        }
        if (late) {
            opened.cancel();
        }
    }

    private void attach(Authorizer.AuthorizationCheck opened) {
        boolean late;
        synchronized (this) {
            check = opened;
            late = completed;
        }
        if (late) {
            opened.cancel();
        }
    }

    private synchronized boolean isCompleted() {
        return completed;
    }
}
