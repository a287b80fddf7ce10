package org.switchback.hardware;

import java.util.List;
import java.util.stream.Stream;

/**
 * A graphics function and the other functions of its slot, which move together.
 *
 * <p>In a processor with graphics the slot also holds functions that have nothing to do with it, the USB controller of
 * the keyboard and the crypto processor among them. What is in an IOMMU group of its own and plays no sound stays.
 *
 * @param graphics   function of class 03xx
 * @param companions the other functions of the slot that are in its group or are multimedia, by address
 * @param overlaps   what lies in the BARs of the graphics function, by BAR
 * @param deviceUsers    programs that use any of the functions
 */
public record Gpu(PciDevice graphics, List<PciDevice> companions, List<Overlap> overlaps, List<DeviceUser> deviceUsers) {
    /** Whose hands the functions are in. */
    public enum GpuMode {
        /** The host's: none is on vfio-pci, the graphics function has a driver. */
        HOST,
        /** A virtual machine's for the taking: all are on vfio-pci. */
        VM,
        /** Some are on vfio-pci and some are not, or the graphics function has no driver and one is reserved for vfio-pci. */
        PARTIALLY_SWITCHED,
        /** Nobody's: none is on vfio-pci or reserved for it, and the graphics function has no driver. */
        UNBOUND
    }

    public Gpu {
        companions = List.copyOf(companions);
        overlaps = List.copyOf(overlaps);
        deviceUsers = List.copyOf(deviceUsers);
    }

    public PciAddress address() {
        return graphics.address();
    }

    /** Graphics first, then the companions. */
    public List<PciDevice> functions() {
        return Stream.concat(Stream.of(graphics), companions.stream()).toList();
    }

    /** With its functions {@link PciDevice#withoutTransientState}. */
    public Gpu withoutTransientState() {
        return new Gpu(
                graphics.withoutTransientState(),
                companions.stream().map(PciDevice::withoutTransientState).toList(),
                overlaps,
                deviceUsers);
    }

    public GpuMode mode() {
        long onVfio = functions().stream().filter(PciDevice::isBoundToVfio).count();
        if (onVfio == functions().size()) {
            return GpuMode.VM;
        }
        // A companion without any driver does not keep the group from a virtual machine.
        boolean restIsFree = functions().stream().allMatch(f -> f.isBoundToVfio() || f.driver().isEmpty());
        if (onVfio > 0) {
            return graphics.isBoundToVfio() && restIsFree ? GpuMode.VM : GpuMode.PARTIALLY_SWITCHED;
        }
        if (graphics.driver().isPresent()) {
            return GpuMode.HOST;
        }
        // What a switch leaves that got no further, and whose putting back did not either.
        return functions().stream().anyMatch(PciDevice::hasVfioOverride) ? GpuMode.PARTIALLY_SWITCHED : GpuMode.UNBOUND;
    }

    /** What vfio-pci could not live with. */
    public List<Overlap> conflicts() {
        return overlaps.stream().filter(o -> o.resolution() == Overlap.OverlapResolution.CONFLICT).toList();
    }

    /** Whether the desktop is drawn on it: it is in host mode and one of its connectors is active. */
    public boolean isDesktopGpu() {
        return mode() == GpuMode.HOST && !graphics.activeConnectors().isEmpty();
    }

    /** Whether it shows a picture that people may be looking at: a screen switched on, or the firmware's console. */
    public boolean hasActiveDisplay() {
        return !graphics.activeConnectors().isEmpty() || overlaps.stream().anyMatch(Overlap::isFromFirmware);
    }
}
