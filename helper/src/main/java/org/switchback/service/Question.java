package org.switchback.service;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A question to the authority that ends once: with its answer, or because it is taken back, which it also is when the
 * caller leaves.
 */
final class Question {
    private final Consumer<Optional<Authority.Verdict>> end;
    private boolean settled;
    private Authority.@Nullable Check check;
    private Callers.@Nullable Watch watch;

    private Question(Consumer<Optional<Authority.Verdict>> end) {
        this.end = end;
    }

    /**
     * Asks. Returns at once.
     *
     * @param end told the answer, or nothing when the question was taken back; called once, on any thread, perhaps
     *     before this returns
     */
    static Question ask(
            Authority authority,
            Callers callers,
            Caller caller,
            Action action,
            Map<String, String> details,
            Consumer<Optional<Authority.Verdict>> end) {
        Question question = new Question(end);
        question.keep(callers.whenGone(caller, question::withdraw));
        if (!question.settled()) {
            question.keep(authority.ask(caller, action, details, verdict -> question.settle(Optional.of(verdict))));
        }
        return question;
    }

    /** Takes it back, unless it has been answered. */
    void withdraw() {
        Authority.@Nullable Check open;
        synchronized (this) {
            open = check;
        }
        if (settle(Optional.empty()) && open != null) {
            open.cancel();
        }
    }

    private boolean settle(Optional<Authority.Verdict> verdict) {
        Callers.@Nullable Watch open;
        synchronized (this) {
            if (settled) {
                return false;
            }
            settled = true;
            open = watch;
        }
        if (open != null) {
            open.end();
        }
        end.accept(verdict);
        return true;
    }

    private void keep(Callers.Watch opened) {
        boolean late;
        synchronized (this) {
            watch = opened;
            late = settled;
        }
        if (late) {
            opened.end();
        }
    }

    private void keep(Authority.Check opened) {
        boolean late;
        synchronized (this) {
            check = opened;
            late = settled;
        }
        if (late) {
            opened.cancel();
        }
    }

    private synchronized boolean settled() {
        return settled;
    }
}
