package org.switchback.transaction;

import org.switchback.plan.SwitchRequest;

/** What the journal says about the last switch of this boot. */
public sealed interface RecoveryState {
    /** Nothing is half done. */
    record Clean() implements RecoveryState {}

    /** A switch was cut off, or failed and could not be put back. */
    record RollbackPending(SwitchRequest request) implements RecoveryState {}

    /** A write never returned or the kernel had an oops: nothing is written before the machine is restarted. */
    record RestartRequired(SwitchRequest request, Outcome outcome) implements RecoveryState {}

    /** A record in the middle of the journal can't be read, so nobody can tell what was done. */
    record JournalCorrupt() implements RecoveryState {}
}
