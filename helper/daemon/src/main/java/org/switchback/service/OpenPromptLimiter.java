package org.switchback.service;

import java.util.HashSet;
import java.util.Set;
import org.switchback.Helper1.Error.Busy;

/**
 * Limits open password prompts: one for each user, and {@link #MAX_PROMPTS} of all users together. Root's does not
 * count among those, so that others can't keep the boot unit or the removal of the package from switching a GPU.
 */
final class OpenPromptLimiter {
    static final int MAX_PROMPTS = 3;

    private final Set<Long> users = new HashSet<>();

    /** @throws Busy if the user already has an open prompt, or the total limit is reached */
    synchronized void acquire(long uid) {
        long others = users.stream().filter(user -> user != Caller.ROOT_UID).count();
        if ((uid != Caller.ROOT_UID && others >= MAX_PROMPTS) || !users.add(uid)) {
            throw new Busy();
        }
    }

    synchronized void release(long uid) {
        users.remove(uid);
    }
}
