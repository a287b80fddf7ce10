package org.switchback.job;

import java.util.List;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Refusal;
import org.switchback.plan.SwitchPlan;

/**
 * The reply to a plan request.
 *
 * @param id 32 hexadecimal digits; empty if the plan is refused
 * @param permission permission that the user needs
 * @param functions functions to switch, the graphics function first; empty if there is no such GPU
 * @param steps steps in order; if there are refusals, the steps that would be executed without them
 * @param refusals all reasons why the plan cannot be executed; empty if it can be applied
 * @param undoCommands shell commands that undo all steps, in execution order, which is not simply the reverse order of
 *     the steps
 */
public record PlanReply(
        String id,
        SwitchPlan.RequiredPermission permission,
        List<PciAddress> functions,
        List<PlannedStep> steps,
        List<RefusalSummary> refusals,
        List<String> undoCommands) {
    public PlanReply {
        functions = List.copyOf(functions);
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
        undoCommands = List.copyOf(undoCommands);
    }

    /** @param id ID of the plan; empty if it is refused */
    public static PlanReply of(String id, SwitchPlan plan) {
        return new PlanReply(
                id,
                plan.requiredPermission(),
                plan.functions().stream().map(PciDevice::address).toList(),
                PlannedStep.listOf(plan),
                plan.refusals().stream().map(RefusalSummary::of).toList(),
                plan.undoWrites().stream().map(KernelWrite::shellCommand).toList());
    }

    /** The reply to a request that does not name a GPU. */
    public static PlanReply invalidRequest(Refusal refusal) {
        return new PlanReply(
                "",
                SwitchPlan.RequiredPermission.SWITCH,
                List.of(),
                List.of(),
                List.of(RefusalSummary.of(refusal)),
                List.of());
    }

    public boolean isRefused() {
        return !refusals.isEmpty();
    }
}
