package org.switchback.job;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/**
 * How a switch ended according to the helper. {@link SwitchRun.Result} also takes the resulting state of the GPU into
 * account.
 */
public enum Outcome {
    /** Every step of the plan succeeded. */
    DONE,
    /** A step failed, and everything before it was rolled back. */
    ROLLED_BACK,
    /** Cancelled on request and rolled back; or the caller disconnected before the switch began. */
    CANCELLED,
    /** A step failed, and rolling back failed as well: the GPU is partially switched. */
    ROLLBACK_FAILED,
    /** A write has not returned. Nothing more was written. */
    STUCK,
    /** The kernel had an oops. Nothing more was written. */
    KERNEL_OOPS,
    /** The journal could not be written, so nothing was written to the kernel. */
    JOURNAL_UNWRITABLE,
    /** The user is not authorized, or the password was wrong. */
    DENIED,
    /** A password is needed, and no authentication agent runs in the user's session. */
    NO_AGENT,
    /** The user closed the password prompt, or did not answer it in time. */
    AUTHENTICATION_CANCELLED,
    /** polkit is not running, failed, or did not reply in time. */
    UNDECIDED,
    /** The machine changed after the plan was made. */
    STALE,
    /** Another switch started while this one waited for its authorization. */
    BUSY,
    /** The plan is refused; earlier {@link JobEvent.Refused} events give the reasons. */
    REFUSED,
    /** The helper failed unexpectedly. */
    ERROR,
    /** The connection to the helper was lost. Reported by the client. */
    HELPER_LOST;

    /** Spelling on D-Bus, in JSON and in message keys: {@code rolled-back}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<Outcome> parse(String wireName) {
        return KebabCase.parse(Outcome.class, wireName);
    }

    /** Whether changes may remain that cannot be seen from the bound drivers. */
    public boolean isIncomplete() {
        return switch (this) {
            case ROLLBACK_FAILED, STUCK, KERNEL_OOPS -> true;
            default -> false;
        };
    }
}
