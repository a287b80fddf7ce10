package org.switchback.job;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/** What happens to a step. */
public enum StepPhase {
    STARTED,
    /** Its write has lasted over a second and has not returned. Repeated every second. */
    WAITING,
    DONE,
    /** Nothing was left to do: an earlier release method worked, or this one has failed already. */
    SKIPPED,
    /** The switch goes on when another release method follows. */
    FAILED,
    UNDOING,
    UNDONE,
    UNDO_FAILED,
    /** Its write has not returned and may never return. */
    STUCK;

    /** As D-Bus and the messages write it: {@code undo-failed}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<StepPhase> parse(String wireName) {
        return KebabCase.parse(StepPhase.class, wireName);
    }
}
