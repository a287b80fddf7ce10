package org.switchback.job;

import java.util.List;

/**
 * Why a step, or undoing a step, failed.
 *
 * @param reason errno name ({@code EBUSY}; with the prefix {@code load-} for loading a module, with {@code release-}
 *     for the framebuffer module), {@code in-use}, {@code changed}, {@code not-true}, {@code still-there},
 *     {@code not-proven}, {@code not-reserved} or {@code not-back}
 * @param values arguments of the message: the program that uses the function, the value that was read, the BAR
 */
public record StepFailure(String reason, List<String> values) {
    public StepFailure {
        values = List.copyOf(values);
    }
}
