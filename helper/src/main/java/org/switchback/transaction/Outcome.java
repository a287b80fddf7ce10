package org.switchback.transaction;

import org.switchback.hardware.Spelling;

/** How a switch ended. */
public enum Outcome {
    /** Everything the plan wanted is true. */
    DONE,
    /** A step failed, and everything before it was put back. */
    PUT_BACK,
    /** Stopped on request, and everything was put back. */
    CANCELLED,
    /** A step failed, and so did putting back: the GPU is in neither mode. */
    MIXED,
    /** A write has not returned. Nothing more was written. */
    STUCK,
    /** The kernel had an oops. Nothing more was written. */
    KERNEL_DIED,
    /** The journal could not be written, so the kernel was not written to. */
    JOURNAL_UNWRITABLE;

    /** As the bus spells it. */
    public String word() {
        return Spelling.of(this);
    }
}
