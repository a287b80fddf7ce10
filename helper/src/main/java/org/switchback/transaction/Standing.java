package org.switchback.transaction;

import org.switchback.plan.Request;

/** What the journal says about the last switch of this boot. */
public sealed interface Standing {
    /** Nothing is half done. */
    record Clean() implements Standing {}

    /** A switch was cut off, or failed and could not be put back. */
    record Incomplete(Request request) implements Standing {}

    /** A write never returned or the kernel had an oops: nothing is written before the machine is restarted. */
    record Frozen(Request request, Outcome why) implements Standing {}

    /** A record in the middle of the journal can't be read, so nobody can tell what was done. */
    record Broken() implements Standing {}
}
