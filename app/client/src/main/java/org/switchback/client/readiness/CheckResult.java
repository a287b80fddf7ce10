package org.switchback.client.readiness;

import java.util.List;
import org.switchback.hardware.KebabCase;
import org.switchback.job.PlannedRefusal;

/**
 * What a check came to.
 *
 * @param check which one
 * @param status in short
 * @param code what was found; with the check it names the sentence in the catalogue
 * @param arguments for its placeholders; several things for one of them become a list
 * @param refusals of the plan, whose own sentences are said in place of that one
 */
public record CheckResult(
        ReadinessCheck check,
        CheckStatus status,
        String code,
        List<List<String>> arguments,
        List<PlannedRefusal> refusals) {
    /** What a check came to, in short. */
    public enum CheckStatus {
        READY("✔"),
        /** Should be done, but is in nobody's way. */
        WARNING("!"),
        /** The GPU cannot be switched as things are. */
        BLOCKED("✘"),
        /** It could not be measured, and so it blocks nothing. */
        UNKNOWN("?");

        private final String symbol;

        CheckStatus(String symbol) {
            this.symbol = symbol;
        }

        /** One character. */
        public String symbol() {
            return symbol;
        }

        /** As part of a key of the catalogue and for programs: {@code to-do}. */
        public String id() {
            return KebabCase.of(this);
        }
    }

    public CheckResult {
        arguments = List.copyOf(arguments);
        refusals = List.copyOf(refusals);
    }
}
