package org.switchback.client.readiness;

import java.util.List;
import org.switchback.hardware.KebabCase;
import org.switchback.job.RefusalSummary;

/**
 * The result of a readiness check.
 *
 * @param check the check
 * @param status whether the check passed
 * @param code what was found; check and code form the message key
 * @param arguments values for the placeholders of the message; several values for one placeholder are joined to a list
 * @param refusals refusals of the planner; when not empty, their messages replace the message of the code
 */
public record CheckResult(
        ReadinessCheckKind check,
        CheckStatus status,
        String code,
        List<List<String>> arguments,
        List<RefusalSummary> refusals) {
    /** Whether a check passed. */
    public enum CheckStatus {
        READY("✔"),
        /** Something needs attention, but does not block a switch. */
        WARNING("!"),
        /** The GPU cannot be switched right now. */
        BLOCKED("✘"),
        /** The facts could not be read; does not block a switch. */
        UNKNOWN("?");

        private final String symbol;

        CheckStatus(String symbol) {
            this.symbol = symbol;
        }

        /** One character for text output. */
        public String symbol() {
            return symbol;
        }

        /** Name in message keys and JSON: {@code warning}. */
        public String id() {
            return KebabCase.of(this);
        }
    }

    public CheckResult {
        arguments = List.copyOf(arguments);
        refusals = List.copyOf(refusals);
    }
}
