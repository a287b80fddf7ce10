package org.switchback.job;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/** Phase of a step, reported by an event. */
public enum StepPhase {
    STARTED,
    /** Its write has been running for over a second. Repeated every second. */
    WAITING,
    DONE,
    /** Nothing to do: an earlier release method succeeded, or this one has already failed. */
    SKIPPED,
    /** The switch continues if another release method follows. */
    FAILED,
    UNDOING,
    UNDONE,
    UNDO_FAILED,
    /** The write has not returned and may never return. */
    STUCK;

    /** Spelling on D-Bus and in message keys: {@code undo-failed}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<StepPhase> parse(String wireName) {
        return KebabCase.parse(StepPhase.class, wireName);
    }
}
