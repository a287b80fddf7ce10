package org.switchback.service;

import java.util.HashSet;
import java.util.Set;
import org.switchback.Helper1.Error.Busy;

/** Questions that may have a password prompt open: one a user, and a few in all. */
final class Prompts {
    static final int IN_ALL = 3;

    private final Set<Long> users = new HashSet<>();

    /** @throws Busy when the user has one open already, or too many people have */
    synchronized void enter(long uid) {
        if (users.size() >= IN_ALL || !users.add(uid)) {
            throw new Busy();
        }
    }

    synchronized void leave(long uid) {
        users.remove(uid);
    }
}
