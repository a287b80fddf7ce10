package org.switchback.plan;

import java.util.List;
import org.switchback.hardware.PciAddress;

/**
 * What somebody asks for.
 *
 * @param gpu    the graphics function
 * @param target where it should go
 * @param with   further functions, outside its slot, that should go along; in the order they were named
 * @param nativeDriver whether the GPU's own driver may be bound for a moment on the way to VM mode, where that spares the
 *                     kernel module
 */
public record Request(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver) {
    public Request {
        with = with.stream().distinct().toList();
    }

    /** A request that does not allow the GPU's own driver. */
    public Request(PciAddress gpu, Target target, List<PciAddress> with) {
        this(gpu, target, with, false);
    }
}
