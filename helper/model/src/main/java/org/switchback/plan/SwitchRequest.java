package org.switchback.plan;

import java.util.List;
import org.switchback.hardware.PciAddress;

/**
 * A request to switch a GPU.
 *
 * @param gpu graphics function
 * @param target mode to switch to
 * @param extraFunctions additional functions to switch, outside the GPU's slot, in the order in which they were named;
 *     without duplicates
 * @param nativeDriverAllowed whether the GPU's own driver may be bound temporarily while switching to VM mode, where
 *     that makes the kernel module unnecessary
 */
public record SwitchRequest(
        PciAddress gpu, Target target, List<PciAddress> extraFunctions, boolean nativeDriverAllowed) {
    public SwitchRequest {
        extraFunctions = extraFunctions.stream().distinct().toList();
    }

    /** A request that does not allow the GPU's own driver to be bound. */
    public SwitchRequest(PciAddress gpu, Target target, List<PciAddress> extraFunctions) {
        this(gpu, target, extraFunctions, false);
    }
}
