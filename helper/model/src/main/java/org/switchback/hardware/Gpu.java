package org.switchback.hardware;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A graphics function with its companion functions, which are switched together.
 *
 * <p>The slot of an integrated GPU also holds functions of the board, such as the keyboard's USB controller: see
 * {@link PciDevice#isCompanionOf}.
 *
 * @param graphics function of class 03xx
 * @param companions other functions of the same card or chip, by address
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

    /** Whether every function answers to reads of its config space ({@link PciDevice#isResponding}). */
    public boolean isResponding() {
        return functions().stream().allMatch(PciDevice::isResponding);
    }

    /** Overlaps that keep vfio-pci from reserving a BAR. */
    public List<Overlap> conflicts() {
        return overlaps.stream()
                .filter(overlap -> overlap.resolution() == Overlap.OverlapResolution.CONFLICT)
                .toList();
    }

    /** Overlaps that the firmware left behind. */
    public List<Overlap> firmwareOverlaps() {
        return overlaps.stream().filter(Overlap::isFromFirmware).toList();
    }

    /** The users that keep a driver from being unbound; a process once for each of its open nodes. */
    public List<DeviceUser> blockingUsers() {
        return deviceUsers.stream().filter(DeviceUser::isBlockingUnbind).toList();
    }

    /** The processes and mounts among {@link #blockingUsers}, each with the first of its nodes. */
    public Collection<DeviceUser> blockingProcesses() {
        Map<String, DeviceUser> usersByName = new LinkedHashMap<>();
        blockingUsers().forEach(user -> usersByName.putIfAbsent(user.pid() + " " + user.program(), user));
        return usersByName.values();
    }

    /** The process of the virtual machine that has the GPU; empty if none has. */
    public Optional<DeviceUser> virtualMachineProcess() {
        return deviceUsers.stream()
                .filter(user -> user.deviceNode().startsWith("vfio/"))
                .findFirst();
    }

    /** The driver of each function, in the order of {@link #functions}. */
    public List<Optional<String>> drivers() {
        return functions().stream().map(PciDevice::driver).toList();
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
