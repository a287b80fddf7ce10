package org.switchback.service;

import java.util.Map;
import java.util.function.Consumer;

/** Says who may do what. */
interface Authorizer {
    /** Answers yes to everything: for a machine that is only simulated, or only looked at, by its own process. */
    Authorizer ALLOW_ALL = (caller, action, details, answer) -> {
        answer.accept(AuthorizationDecision.GRANTED);
        return () -> {};
    };

    /** What was decided. */
    enum AuthorizationDecision {
        GRANTED,
        DENIED,
        /** It takes a password, and nobody is there to ask for it. */
        NO_AGENT,
        /** The person closed the prompt, or did not answer it. */
        DISMISSED,
        /** The authority is not there, or failed, or was silent. It counts as a no and is called by its name. */
        UNDECIDED
    }

    /** A question that may still be open. */
    interface AuthorizationCheck {
        /** Takes the question back. An answer may still come, or not. */
        void cancel();
    }

    /**
     * Asks. Returns at once.
     *
     * @param details told to the person who is asked, by name
     * @param answer called once, on any thread, perhaps before this returns, and within 12 seconds where the action may
     *     not prompt and 300 where it may; not any more after the question was taken back. It must not block.
     */
    AuthorizationCheck checkAuthorization(
            Caller caller, PolkitAction action, Map<String, String> details, Consumer<AuthorizationDecision> answer);
}
