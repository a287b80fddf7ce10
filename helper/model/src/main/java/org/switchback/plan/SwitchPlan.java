package org.switchback.plan;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * What a request comes to on a machine. A plan made again from fresh facts tells whether an earlier one still holds:
 * {@link #isEquivalentTo}.
 *
 * @param request   what was asked for
 * @param gpu       the GPU as it stands
 * @param functions every function that moves, graphics first
 * @param steps     in order; with refusals, what would be done once they are gone
 * @param refusals  why it is not done now; all of them
 * @param hostSettings  for the way to VM mode: how things stood; for the way back: what is restored
 * @param requiredPermission      what the user has to be asked for
 */
public record SwitchPlan(
        SwitchRequest request,
        Gpu gpu,
        List<PciDevice> functions,
        List<Step> steps,
        List<Refusal> refusals,
        HostSettings hostSettings,
        RequiredPermission requiredPermission) {

    /** What kind of permission it takes. */
    public enum RequiredPermission {
        /** A GPU that drives no display. */
        SWITCH,
        /** A GPU that drives a display, or the firmware's framebuffer is taken away. */
        SWITCH_DISPLAY,
        /** Back to the host. */
        RESTORE
    }

    public SwitchPlan {
        functions = List.copyOf(functions);
        steps = List.copyOf(steps);
        refusals = List.copyOf(refusals);
    }

    /**
     * Whether every fact that the other plan rests on is the same. That a device has fallen asleep or woken up is no such
     * fact: reading it does that.
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

    public boolean isRefused() {
        return !refusals.isEmpty();
    }

    /** All that undoes it once the whole of it has been done, in the order in which that has to be written. */
    public List<KernelWrite> undoWrites() {
        List<Step> bare = steps.stream().map(Step::unwrap).toList();
        return undoOrder(bare).stream()
                .flatMap(i -> bare.get(i).undoWrite().stream())
                .toList();
    }

    /**
     * The order in which steps are undone: last first, but for one thing. A function can be bound again to the driver it had
     * only when its override lets that driver in.
     *
     * @param taken none of them on a rung ({@link Step#unwrap})
     * @return where each stands among them
     */
    public static List<Integer> undoOrder(List<Step> taken) {
        Set<Integer> order = new LinkedHashSet<>();
        for (int i = taken.size() - 1; i >= 0; i--) {
            if (taken.get(i) instanceof Step.ChangeSetting(Setting.Driver(PciAddress function), String before, var a, var u)
                    && !before.isEmpty()) {
                for (int j = i - 1; j >= 0; j--) {
                    if (taken.get(j) instanceof Step.ChangeSetting change
                            && change.setting().equals(new Setting.DriverOverride(function))) {
                        order.add(j);
                        if (change.before().isEmpty() || change.before().equals(before)) {
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
