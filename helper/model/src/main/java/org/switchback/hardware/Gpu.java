package org.switchback.hardware;

import java.util.List;
import java.util.stream.Stream;

/**
 * A graphics function with its companion functions, which are switched together.
 *
 * <p>The slot of an integrated GPU also holds unrelated functions, such as the keyboard's USB controller and the crypto
 * processor. A function in an IOMMU group of its own that is not a multimedia device is therefore no companion.
 *
 * @param graphics function of class 03xx
 * @param companions other functions of the slot that share its IOMMU group or are multimedia devices, by address
 * @param overlaps regions inside the BARs of the graphics function, by BAR
 * @param deviceUsers processes that use any of the functions
 * @param possibleUsers processes that have a node open that several GPUs share, and which may use this one
 * @param kernelReferences references inside the kernel that no process shows
 */
public record Gpu(
        PciDevice graphics,
        List<PciDevice> companions,
        List<Overlap> overlaps,
        List<DeviceUser> deviceUsers,
        List<PossibleUser> possibleUsers,
        List<KernelReference> kernelReferences) {
    /** Mode of a GPU, derived from the drivers of its functions. */
    public enum GpuMode {
        /** No function is on vfio-pci, and the graphics function has a driver. */
        HOST,
        /** The graphics function is on vfio-pci, and no function has a driver of the host. */
        VM,
        /**
         * Some functions are on vfio-pci but {@link #VM} does not apply; or the graphics function has no driver and a
         * function has an override to vfio-pci.
         */
        PARTIALLY_SWITCHED,
        /** No function is on vfio-pci or has an override to it, and the graphics function has no driver. */
        UNBOUND
    }

    public Gpu {
        companions = List.copyOf(companions);
        overlaps = List.copyOf(overlaps);
        deviceUsers = List.copyOf(deviceUsers);
        possibleUsers = List.copyOf(possibleUsers);
        kernelReferences = List.copyOf(kernelReferences);
    }

    public PciAddress address() {
        return graphics.address();
    }

    /** The graphics function, followed by the companions. */
    public List<PciDevice> functions() {
        return Stream.concat(Stream.of(graphics), companions.stream()).toList();
    }

    /** This GPU with {@link PciDevice#withoutTransientState} of all functions. */
    public Gpu withoutTransientState() {
        return new Gpu(
                graphics.withoutTransientState(),
                companions.stream().map(PciDevice::withoutTransientState).toList(),
                overlaps,
                deviceUsers,
                possibleUsers,
                kernelReferences);
    }

    public GpuMode mode() {
        long onVfio = functions().stream().filter(PciDevice::isBoundToVfio).count();
        if (onVfio == functions().size()) {
            return GpuMode.VM;
        }
        // A companion without a driver does not keep the group from a virtual machine.
        boolean restIsUnbound = functions().stream()
                .allMatch(function ->
                        function.isBoundToVfio() || function.driver().isEmpty());
        if (onVfio > 0) {
            return graphics.isBoundToVfio() && restIsUnbound ? GpuMode.VM : GpuMode.PARTIALLY_SWITCHED;
        }
        if (graphics.driver().isPresent()) {
            return GpuMode.HOST;
        }
        // A switch that failed early, and whose rollback failed as well, leaves only overrides.
        return functions().stream().anyMatch(PciDevice::hasVfioOverride) ? GpuMode.PARTIALLY_SWITCHED : GpuMode.UNBOUND;
    }

    /** Overlaps that keep vfio-pci from reserving a BAR. */
    public List<Overlap> conflicts() {
        return overlaps.stream()
                .filter(overlap -> overlap.resolution() == Overlap.OverlapResolution.CONFLICT)
                .toList();
    }

    /** Whether the desktop is drawn on the GPU: it is in host mode and has an active connector. */
    public boolean isDesktopGpu() {
        return mode() == GpuMode.HOST && !graphics.activeConnectors().isEmpty();
    }

    /** Whether the GPU may show a picture: a connector is active, or the firmware console lies in its memory. */
    public boolean hasActiveDisplay() {
        return !graphics.activeConnectors().isEmpty() || overlaps.stream().anyMatch(Overlap::isFromFirmware);
    }
}
