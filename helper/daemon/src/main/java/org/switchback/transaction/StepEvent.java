package org.switchback.transaction;

import java.time.Duration;
import java.util.List;

/**
 * Something that happened while a plan was carried out.
 *
 * @param phase  what
 * @param step   to which step, counted from 0
 * @param elapsed  the beginning of the switch
 * @param detail for FAILED and UNDO_FAILED why: an errno (after {@code load-} that of loading a module, after
 *               {@code release-} that of the framebuffer module), {@code in-use}, {@code changed}, {@code not-true},
 *               {@code still-there}, {@code not-proven}, {@code not-reserved}, {@code not-back}; empty otherwise
 * @param values what the reason is about: the holder, the value found instead, the BAR
 */
public record StepEvent(StepPhase phase, int step, Duration elapsed, String detail, List<String> values) {
    public StepEvent {
        values = List.copyOf(values);
    }
}
