package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/**
 * The answer to {@code Plan}.
 */
public final class PlanReply extends Struct {
    /** 32 hexadecimal digits; empty when the plan is refused. */
    @Position(0)
    public final String id;

    /** {@code switch}, {@code switch-display} or {@code restore}: the action that will be asked for. */
    @Position(1)
    public final String action;

    /** Addresses of every function that moves, graphics first. */
    @Position(2)
    public final List<String> functions;

    /** In order. With refusals: what would be done without them. */
    @Position(3)
    public final List<PlannedStep> steps;

    /** All of them; empty when the plan can be applied. */
    @Position(4)
    public final List<PlannedRefusal> refusals;

    public PlanReply(
            String id,
            String action,
            List<String> functions,
            List<PlannedStep> steps,
            List<PlannedRefusal> refusals) {
        this.id = id;
        this.action = action;
        this.functions = functions;
        this.steps = steps;
        this.refusals = refusals;
    }
}
