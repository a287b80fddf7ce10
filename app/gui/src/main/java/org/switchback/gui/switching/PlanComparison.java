package org.switchback.gui.switching;

import org.switchback.job.PlanReply;
import org.switchback.plan.Target;

/** How a plan compares with the last one that succeeded for the same GPU and the same end. */
public enum PlanComparison {
    /** None has succeeded yet. */
    NEW,
    /** It has other steps. */
    CHANGED,
    /** It has the same steps, so they need not be shown again. */
    SAME;

    /** Source of the plans that have succeeded. May block. */
    @FunctionalInterface
    public interface PlanHistory {
        PlanComparison compare(Target target, PlanReply plan);
    }
}
