package org.switchback.job;

import java.util.List;
import org.switchback.plan.Refusal;
import org.switchback.plan.RefusalCode;

/**
 * A reason why a plan cannot be executed, in a form suitable for display.
 *
 * @param details arguments of the message, in the order of {@link Refusal#details}
 */
public record RefusalSummary(RefusalCode code, List<String> details) {
    public RefusalSummary {
        details = List.copyOf(details);
    }

    public static RefusalSummary of(Refusal refusal) {
        return new RefusalSummary(refusal.code(), refusal.details());
    }
}
