package org.switchback.plan;

import java.util.List;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciDevice;

/**
 * What a request comes to on a machine. A plan made again from fresh facts tells whether an earlier one still holds:
 * {@link #sameAs}.
 *
 * @param request   what was asked for
 * @param gpu       the GPU as it stands
 * @param functions every function that moves, graphics first
 * @param steps     in order; with refusals, what would be done once they are gone
 * @param refusals  why it is not done now; all of them
 * @param remember  for the way to VM mode: how things stood; for the way back: what is restored
 * @param risk      what the user has to be asked for
 */
public record SwitchPlan(
        Request request,
        Gpu gpu,
        List<PciDevice> functions,
        List<Step> steps,
        List<Refusal> refusals,
        HostSettings remember,
        Risk risk) {

    /** What kind of permission it takes. */
    public enum Risk {
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
    public boolean sameAs(SwitchPlan other) {
        return settled().equals(other.settled());
    }

    private SwitchPlan settled() {
        return new SwitchPlan(
                request,
                gpu.settled(),
                functions.stream().map(PciDevice::settled).toList(),
                steps,
                refusals,
                remember,
                risk);
    }

    public boolean refused() {
        return !refusals.isEmpty();
    }
}
