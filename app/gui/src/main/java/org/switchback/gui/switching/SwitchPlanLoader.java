package org.switchback.gui.switching;

import java.util.List;
import java.util.Optional;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.plan.ReleaseStage.ReleaseMethod;
import org.switchback.plan.Target;

/** Gets plans for one GPU from the helper. Blocks. */
final class SwitchPlanLoader {
    private final HelperConnection connection;
    private final PciAddress gpu;
    private final PlanComparison.PlanHistory planHistory;

    SwitchPlanLoader(HelperConnection connection, PciAddress gpu, PlanComparison.PlanHistory planHistory) {
        this.connection = connection;
        this.gpu = gpu;
        this.planHistory = planHistory;
    }

    /**
     * The machine and the helper's answer.
     *
     * @param plan empty when the helper gave none
     * @param comparison of the plan with the last one that succeeded
     * @param nativeDriverAvailable whether there is a plan that binds the GPU's own driver for a moment
     * @param problem why there is no plan; empty when there is one
     */
    record LoadedPlan(
            Machine machine,
            Optional<PlanReply> plan,
            PlanComparison comparison,
            boolean nativeDriverAvailable,
            Optional<HelperException> problem) {}

    /** @throws HelperException when the machine can't be read */
    LoadedPlan load(Target target, boolean nativeDriverAllowed) throws HelperException {
        Machine machine = SnapshotParser.parse(connection.inspect(false));
        try {
            PlanReply plan = connection.plan(gpu, target, List.of(), nativeDriverAllowed);
            return new LoadedPlan(
                    machine,
                    Optional.of(plan),
                    planHistory.compare(target, plan),
                    nativeDriverAllowed || (needsModule(plan) && nativeDriverSuffices(target)),
                    Optional.empty());
        } catch (HelperException e) {
            return new LoadedPlan(machine, Optional.empty(), PlanComparison.NEW, false, Optional.of(e));
        }
    }

    private static boolean needsModule(PlanReply plan) {
        return usesMethod(plan, ReleaseMethod.MODULE)
                || plan.refusals().stream().anyMatch(refusal -> refusal.code().isAboutModule());
    }

    private boolean nativeDriverSuffices(Target target) throws HelperException {
        return usesMethod(connection.plan(gpu, target, List.of(), true), ReleaseMethod.NATIVE_DRIVER);
    }

    private static boolean usesMethod(PlanReply plan, ReleaseMethod method) {
        return plan.steps().stream()
                .anyMatch(step -> step.releaseMethod().filter(method::equals).isPresent());
    }
}
