package org.switchback.plan;

import java.util.List;
import org.switchback.hardware.PciAddress;

/**
 * What somebody asks for.
 *
 * @param gpu    the graphics function
 * @param target where it should go
 * @param extraFunctions   further functions, outside its slot, that should go along; in the order they were named
 * @param nativeDriverAllowed whether the GPU's own driver may be bound for a moment on the way to VM mode, where that spares the
 *                     kernel module
 */
public record SwitchRequest(PciAddress gpu, Target target, List<PciAddress> extraFunctions, boolean nativeDriverAllowed) {
    public SwitchRequest {
        extraFunctions = extraFunctions.stream().distinct().toList();
    }

    /** A request that does not allow the GPU's own driver. */
    public SwitchRequest(PciAddress gpu, Target target, List<PciAddress> extraFunctions) {
        this(gpu, target, extraFunctions, false);
    }
}
