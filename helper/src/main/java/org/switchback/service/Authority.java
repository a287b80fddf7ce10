package org.switchback.service;

import java.util.Map;
import java.util.function.Consumer;

/** Says who may do what. */
interface Authority {
    /** Answers yes to everything: for a machine that is only simulated, or only looked at, by its own process. */
    Authority EVERYTHING = (caller, action, details, answer) -> {
        answer.accept(Verdict.YES);
        return () -> {};
    };

    /** What was decided. */
    enum Verdict {
        YES,
        NO,
        /** It takes a password, and nobody is there to ask for it. */
        NO_AGENT,
        /** The person closed the prompt, or did not answer it. */
        DISMISSED
    }

    /** A question that may still be open. */
    interface Check {
        /** Takes the question back. An answer may still come, or not. */
        void cancel();
    }

    /**
     * Asks. Returns at once.
     *
     * @param details told to the person who is asked, by name
     * @param answer  called at most once, on any thread, perhaps before this returns; it must not block
     */
    Check ask(Caller caller, Action action, Map<String, String> details, Consumer<Verdict> answer);
}
