package org.switchback.protocol;

import java.util.List;

/** What a switch would take: the answer to {@code Plan}. */
public final class PlanReply {
    /** 32 hexadecimal digits; empty when the plan is refused. */
    public final String id;

    /** {@code switch}, {@code switch-display} or {@code restore}: the action that will be asked for. */
    public final String action;

    /** Addresses of every function that moves, graphics first. */
    public final List<String> functions;

    /** In order. With refusals: what would be done without them. */
    public final List<PlannedStep> steps;

    /** All of them; empty when the plan can be applied. */
    public final List<PlannedRefusal> refusals;

    /** The commands that undo all of the steps, in order: not the one in which they are listed, turned round. */
    public final List<String> undoCommands;

    public PlanReply(
            String id,
            String action,
            List<String> functions,
            List<PlannedStep> steps,
            List<PlannedRefusal> refusals,
            List<String> undoCommands) {
        this.id = id;
        this.action = action;
        this.functions = List.copyOf(functions);
        this.steps = List.copyOf(steps);
        this.refusals = List.copyOf(refusals);
        this.undoCommands = List.copyOf(undoCommands);
    }
}
