package org.switchback.hardware;

import java.util.List;
import java.util.Optional;

/**
 * A region that something other than the GPU's own driver has claimed inside one of the GPU's BARs.
 *
 * @param gpuAddress         address of the function whose BAR it is
 * @param bar         that BAR
 * @param regions     the claim and what is claimed inside it in turn, from the outside in: BOOTFB, simpledrm
 * @param framebuffer the platform device the claim belongs to; empty when there is none, or none can be told
 * @param resolution     what vfio-pci would make of it
 */
public record Overlap(
        PciAddress gpuAddress, Bar bar, List<Region> regions, Optional<FirmwareFramebuffer> framebuffer, OverlapResolution resolution) {

    /** What happens when a virtual machine asks for the BAR. */
    public enum OverlapResolution {
        /** vfio-pci can't reserve the BAR while the region is there. */
        CONFLICT,
        /** vfio-pci removes the region itself when it takes the device (6.0 and later, class 0300 only). */
        EVICTED_BY_VFIO,
        /** The region belongs to the driver the GPU is bound to and goes when that lets go. */
        RELEASED_BY_DRIVER
    }

    public Overlap {
        regions = List.copyOf(regions);
    }

    /** The outermost region of the claim. */
    public Region outermostRegion() {
        return regions.getFirst();
    }

    /** Whether the firmware left it behind, rather than a driver of the GPU. */
    public boolean isFromFirmware() {
        return resolution != OverlapResolution.RELEASED_BY_DRIVER;
    }

    /** The claim's addresses are known: false when the memory map was read without root. */
    public boolean hasAddress() {
        return outermostRegion().range().last() != 0;
    }
}
