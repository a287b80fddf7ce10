package org.switchback.job;

import java.util.List;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Refusal;
import org.switchback.plan.SwitchPlan;

/**
 * The answer to a request for a plan.
 *
 * @param id 32 hexadecimal digits; empty when the plan is refused
 * @param permission what the user has to be authorized for
 * @param functions every function that moves, graphics first; empty when there is no such GPU
 * @param steps in order. With refusals, what would be done without them
 * @param refusals all of them; empty when the plan can be applied
 * @param undoCommands the shell commands that undo all steps, in the order in which they have to be run; this is not
 *     the reverse of the steps' order
 */
public record PlanReply(
        String id,
        SwitchPlan.RequiredPermission permission,
        List<PciAddress> functions,
        List<PlannedStep> steps,
        List<PlannedRefusal> refusals,
        List<String> undoCommands) {
    public PlanReply {
        functions = List.copyOf(functions);
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
        undoCommands = List.copyOf(undoCommands);
    }

    /** @param id empty for a plan that is refused */
    public static PlanReply of(String id, SwitchPlan plan) {
        return new PlanReply(
                id,
                plan.requiredPermission(),
                plan.functions().stream().map(PciDevice::address).toList(),
                PlannedStep.listOf(plan),
                plan.refusals().stream().map(PlannedRefusal::of).toList(),
                plan.undoWrites().stream().map(KernelWrite::shellCommand).toList());
    }

    /** The answer to a request that names nothing that could be planned for. */
    public static PlanReply invalidRequest(Refusal refusal) {
        return new PlanReply(
                "",
                SwitchPlan.RequiredPermission.SWITCH,
                List.of(),
                List.of(),
                List.of(PlannedRefusal.of(refusal)),
                List.of());
    }

    public boolean isRefused() {
        return !refusals.isEmpty();
    }
}
