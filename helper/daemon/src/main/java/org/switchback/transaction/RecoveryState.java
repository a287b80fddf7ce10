package org.switchback.transaction;

import org.switchback.job.Outcome;
import org.switchback.plan.SwitchRequest;

/** State of the last switch of this boot, according to the journal. */
public sealed interface RecoveryState {
    /** The last switch ended, completely or rolled back; or there was none. */
    record Clean() implements RecoveryState {}

    /** A switch was interrupted, or failed and its rollback failed too. */
    record RollbackPending(SwitchRequest request) implements RecoveryState {}

    /**
     * A write never returned, or the kernel had an oops: nothing is written before the machine is restarted.
     *
     * @param outcome {@link Outcome#STUCK} or {@link Outcome#KERNEL_OOPS}
     */
    record RestartRequired(SwitchRequest request, Outcome outcome) implements RecoveryState {}

    /** A record of the journal is unreadable, so the progress of the switch is unknown. */
    record JournalCorrupt() implements RecoveryState {}
}
