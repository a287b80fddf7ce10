package org.switchback.service;

import java.util.Map;
import java.util.function.Consumer;

/** Decides whether a caller may perform an action. */
interface Authorizer {
    /** Grants everything: for a helper within the client's process, whose machine is simulated or read-only. */
    Authorizer ALLOW_ALL = (caller, action, details, callback) -> {
        callback.accept(AuthorizationDecision.GRANTED);
        return () -> {};
    };

    /** Result of an authorization check. */
    enum AuthorizationDecision {
        GRANTED,
        DENIED,
        /** A password is needed, and no authentication agent is running. */
        NO_AGENT,
        /** The user closed the password prompt, or did not answer it in time. */
        DISMISSED,
        /**
         * polkit is not running, failed, or did not reply in time. Not authorized, but reported separately from a
         * denial.
         */
        UNDECIDED
    }

    /** A check that may still be pending. */
    interface AuthorizationCheck {
        /** Cancels the check. Its callback may still be called. */
        void cancel();
    }

    /**
     * Starts an authorization check. Returns immediately.
     *
     * @param details values for the message of the password prompt, by name
     * @param callback receives the decision once, on any thread, possibly before this method returns: within 12 seconds
     *     if the action may not prompt, within 300 seconds if it may. Not called after the check was cancelled. It must
     *     not block.
     */
    AuthorizationCheck checkAuthorization(
            Caller caller, PolkitAction action, Map<String, String> details, Consumer<AuthorizationDecision> callback);
}
