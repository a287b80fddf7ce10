package org.switchback.hardware;

import java.util.List;
import java.util.Optional;

/**
 * A region that something other than the GPU's own driver has claimed inside one of the GPU's BARs.
 *
 * @param gpu         address of the function whose BAR it is
 * @param bar         that BAR
 * @param regions     the claim and what is claimed inside it in turn, from the outside in: BOOTFB, simpledrm
 * @param framebuffer the platform device the claim belongs to; empty when there is none, or none can be told
 * @param verdict     what vfio-pci would make of it
 */
public record Overlap(
        PciAddress gpu, Bar bar, List<Region> regions, Optional<FirmwareFramebuffer> framebuffer, Verdict verdict) {

    /** What happens when a virtual machine asks for the BAR. */
    public enum Verdict {
        /** vfio-pci can't reserve the BAR while the region is there. */
        REFUSED,
        /** vfio-pci removes the region itself when it takes the device (6.0 and later, class 0300 only). */
        EVICTED,
        /** The region belongs to the driver the GPU is bound to and goes when that lets go. */
        LEAVES_WITH_DRIVER
    }

    public Overlap {
        regions = List.copyOf(regions);
    }

    /** The outermost region of the claim. */
    public Region region() {
        return regions.getFirst();
    }

    /** Whether the firmware left it behind, rather than a driver of the GPU. */
    public boolean fromFirmware() {
        return verdict != Verdict.LEAVES_WITH_DRIVER;
    }

    /** The claim's addresses are known: false when the memory map was read without root. */
    public boolean addressed() {
        return region().range().last() != 0;
    }
}
