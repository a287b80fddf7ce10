package org.switchback.service;

import java.util.HashSet;
import java.util.Set;
import org.switchback.Helper1.Error.Busy;

/** Questions that may have a password prompt open: one a user, and a few in all. */
final class PromptLimiter {
    static final int MAX_PROMPTS = 3;

    private final Set<Long> users = new HashSet<>();

    /** @throws Busy when the user has one open already, or too many people have */
    synchronized void acquire(long uid) {
        if (users.size() >= MAX_PROMPTS || !users.add(uid)) {
            throw new Busy();
        }
    }

    synchronized void release(long uid) {
        users.remove(uid);
    }
}
