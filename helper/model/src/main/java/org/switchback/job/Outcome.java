package org.switchback.job;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/**
 * How a switch ended, as the helper reports it. Whether the GPU is where it should be is told by
 * {@link SwitchRun.Result}.
 */
public enum Outcome {
    /** Every step of the plan succeeded. */
    DONE,
    /** A step failed, and everything before it was rolled back. */
    ROLLED_BACK,
    /** Stopped on request, and everything was rolled back. Also: the caller left before the switch began. */
    CANCELLED,
    /** A step failed, and so did rolling back: the GPU is partially switched. */
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
    /** The person closed the password prompt. */
    AUTHENTICATION_CANCELLED,
    /** polkit did not decide in time. */
    UNDECIDED,
    /** The machine changed after the plan was made. */
    STALE,
    /** Another switch began while this one waited for its authorization. */
    BUSY,
    /** The plan is refused; a {@link JobEvent.Refused} before it says why. */
    REFUSED,
    /** The helper failed. */
    ERROR,
    /** The connection to the helper was lost. Reported by the client. */
    HELPER_LOST;

    /** As D-Bus, JSON and the messages write it: {@code rolled-back}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<Outcome> parse(String wireName) {
        return KebabCase.parse(Outcome.class, wireName);
    }

    /** Whether something may be left over that the drivers do not show. */
    public boolean isIncomplete() {
        return switch (this) {
            case ROLLBACK_FAILED, STUCK, KERNEL_OOPS -> true;
            default -> false;
        };
    }
}
