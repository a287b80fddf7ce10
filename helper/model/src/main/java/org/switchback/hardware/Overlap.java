package org.switchback.hardware;

import java.util.List;
import java.util.Optional;

/**
 * A region inside one of a GPU's BARs, other than a reservation of vfio-pci.
 *
 * @param gpuAddress address of the function with the BAR
 * @param bar BAR that contains the region
 * @param regions the region and the regions nested inside it, from the outermost to the innermost: BOOTFB, simpledrm
 * @param framebuffer platform device that the region belongs to; empty if there is none or it is unknown
 * @param resolution what happens when vfio-pci needs the BAR
 */
public record Overlap(
        PciAddress gpuAddress,
        Bar bar,
        List<Region> regions,
        Optional<BootFramebuffer> framebuffer,
        OverlapResolution resolution) {

    /** What happens when a virtual machine requests the BAR. */
    public enum OverlapResolution {
        /** vfio-pci cannot reserve the BAR while the region exists. */
        CONFLICT,
        /** vfio-pci removes the region when it binds the device (Linux 6.0 and later, class 0300 only). */
        EVICTED_BY_VFIO,
        /** The region belongs to the driver bound to the GPU and is released when that driver is unbound. */
        RELEASED_BY_DRIVER
    }

    public Overlap {
        regions = List.copyOf(regions);
    }

    /** The outermost of the nested regions. */
    public Region outermostRegion() {
        return regions.getFirst();
    }

    /** Whether the region was left behind by the firmware, rather than by a driver of the GPU. */
    public boolean isFromFirmware() {
        return resolution != OverlapResolution.RELEASED_BY_DRIVER;
    }

    /** Whether the addresses of the region are known; false if the memory map was read without root. */
    public boolean hasAddress() {
        return outermostRegion().range().last() != 0;
    }
}
