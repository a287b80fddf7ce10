package org.switchback.job;

import java.util.List;

/**
 * Why a step, or undoing it, failed.
 *
 * @param reason an errno name ({@code EBUSY}; after {@code load-} that of loading a module, after {@code release-} that
 *     of the framebuffer module), {@code in-use}, {@code changed}, {@code not-true}, {@code still-there},
 *     {@code not-proven}, {@code not-reserved} or {@code not-back}
 * @param values what the reason is about: the program that uses the function, the value found instead, the BAR
 */
public record StepFailure(String reason, List<String> values) {
    public StepFailure {
        values = List.copyOf(values);
    }
}
