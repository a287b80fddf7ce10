package org.switchback.plan;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * The plan for a request on a machine. A new plan from a fresh reading of the machine tells whether an earlier one is
 * still valid: {@link #isEquivalentTo}.
 *
 * @param request request that was planned
 * @param gpu current state of the GPU
 * @param functions functions to switch, the graphics function first
 * @param steps steps in order; if there are refusals, the steps that would be executed without them
 * @param refusals all reasons why the plan cannot be executed now
 * @param hostSettings settings saved when switching to VM mode, or restored when switching to the host
 * @param requiredPermission permission that the user needs
 */
public record SwitchPlan(
        SwitchRequest request,
        Gpu gpu,
        List<PciDevice> functions,
        List<Step> steps,
        List<Refusal> refusals,
        HostSettings hostSettings,
        RequiredPermission requiredPermission) {

    /** The permission that a plan requires. */
    public enum RequiredPermission {
        /** Switch to VM mode a GPU without an active display. */
        SWITCH,
        /** Switch to VM mode a GPU with an active display, or one whose memory contains the boot framebuffer. */
        SWITCH_DISPLAY,
        /** As {@link #SWITCH}, together with functions that are not the GPU's own. */
        SWITCH_WITH_OTHERS,
        /** As {@link #SWITCH_DISPLAY}, together with functions that are not the GPU's own. */
        SWITCH_DISPLAY_WITH_OTHERS,
        /** Switch a GPU back to the host. */
        RESTORE
    }

    public SwitchPlan {
        functions = List.copyOf(functions);
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
    }

    /**
     * Whether both plans are based on the same machine state. Runtime suspend is ignored, because reading a device can
     * wake it up.
     */
    public boolean isEquivalentTo(SwitchPlan other) {
        return withoutTransientState().equals(other.withoutTransientState());
    }

    private SwitchPlan withoutTransientState() {
        return new SwitchPlan(
                request,
                gpu.withoutTransientState(),
                functions.stream().map(PciDevice::withoutTransientState).toList(),
                steps,
                refusals,
                hostSettings,
                requiredPermission);
    }

    /** Functions that are switched together with the GPU but are not its own. */
    public List<PciDevice> otherFunctions() {
        return functions.stream()
                .filter(function -> !gpu.functions().contains(function))
                .toList();
    }

    public boolean isRefused() {
        return !refusals.isEmpty();
    }

    /** Returns the writes that undo the completely executed plan, in execution order. */
    public List<KernelWrite> undoWrites() {
        List<Step> unwrapped = steps.stream().map(Step::unwrap).toList();
        return undoOrder(unwrapped).stream()
                .flatMap(i -> unwrapped.get(i).undoWrite().stream())
                .toList();
    }

    /**
     * Returns the order in which executed steps are undone: last first, with one exception. A function can only be
     * bound to its earlier driver once its driver override allows that driver, so those override changes are undone
     * before the driver change.
     *
     * @param executedSteps executed steps, none of them a {@link Step.FallbackStep} (see {@link Step#unwrap})
     * @return indices into the list
     */
    public static List<Integer> undoOrder(List<Step> executedSteps) {
        Set<Integer> order = new LinkedHashSet<>();
        for (int i = executedSteps.size() - 1; i >= 0; i--) {
            if (executedSteps.get(i) instanceof Step.ChangeSetting driverChange
                    && driverChange.setting() instanceof Setting.Driver(PciAddress function)
                    && !driverChange.before().isEmpty()) {
                for (int j = i - 1; j >= 0; j--) {
                    if (executedSteps.get(j) instanceof Step.ChangeSetting change
                            && change.setting().equals(new Setting.DriverOverride(function))) {
                        order.add(j);
                        if (change.before().isEmpty() || change.before().equals(driverChange.before())) {
                            break;
                        }
                    }
                }
            }
            order.add(i);
        }
        return List.copyOf(order);
    }
}
