package org.switchback.transaction;

import org.switchback.hardware.KebabCase;

/** What happens to a step. */
public enum StepPhase {
    STARTED,
    /** Its write has lasted over a second, and has not returned. */
    WAITING,
    DONE,
    /** Nothing had to be done: another rung of the ladder has had the region go, or this one does not hold. */
    SKIPPED,
    /** The switch goes on when a further rung of the ladder may do instead. */
    FAILED,
    UNDOING,
    UNDONE,
    UNDO_FAILED,
    /** Its write has not returned and may never. */
    STUCK;

    /** As the bus spells it. */
    public String wireName() {
        return KebabCase.of(this);
    }
}
