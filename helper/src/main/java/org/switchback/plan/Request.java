package org.switchback.plan;

import java.util.List;
import org.switchback.hardware.PciAddress;

/**
 * What somebody asks for.
 *
 * @param gpu    the graphics function
 * @param target where it should go
 * @param with   further functions, outside its slot, that should go along; in the order they were named
 */
public record Request(PciAddress gpu, Target target, List<PciAddress> with) {
    public Request {
        with = with.stream().distinct().toList();
    }
}
