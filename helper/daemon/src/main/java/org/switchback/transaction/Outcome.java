package org.switchback.transaction;

import org.switchback.hardware.KebabCase;

/** How a switch ended. */
public enum Outcome {
    /** Everything the plan wanted is true. */
    DONE,
    /** A step failed, and everything before it was put back. */
    ROLLED_BACK,
    /** Stopped on request, and everything was put back. */
    CANCELLED,
    /** A step failed, and so did putting back: the GPU is in neither mode. */
    ROLLBACK_FAILED,
    /** A write has not returned. Nothing more was written. */
    STUCK,
    /** The kernel had an oops. Nothing more was written. */
    KERNEL_OOPS,
    /** The journal could not be written, so the kernel was not written to. */
    JOURNAL_UNWRITABLE;

    /** As the bus spells it. */
    public String wireName() {
        return KebabCase.of(this);
    }
}
