package org.switchback.hardware;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Everything known about a machine at one moment.
 *
 * @param kernelVersion       version of the running kernel
 * @param commandLine  its command line; empty when unknown
 * @param processorVendor    vendor of the processor as /proc/cpuinfo names it: {@code GenuineIntel}; empty when unknown
 * @param memoryMap       the memory map; hidden when it was read without root, empty when it could not be read
 * @param devices      all PCI functions, by address
 * @param gpus         the graphics functions among them that are not bridges, by address
 * @param iommuGroups       IOMMU groups by number; empty when the IOMMU is off
 * @param firmwareFramebuffers platform devices of the firmware's framebuffer
 * @param deviceUsers      programs that have a node of a GPU's function open, as far as the reader may see them
 * @param taint        what the kernel says has happened to it
 * @param lockdown     how far it keeps root out
 * @param vfioDriverState         whether vfio-pci is there
 * @param firmwareIommuVendor        whether the firmware offers an IOMMU, and whose
 * @param bootfbModule       whether the module that releases BOOTFB is there
 * @param moduleSignaturePolicy      what the kernel asks of a module before it loads it
 * @param modulesOnDisk      whether the running kernel's modules are on disk
 * @param distributionIds {@code ID} and after it {@code ID_LIKE} of os-release; empty when unknown
 */
public record Machine(
        KernelVersion kernelVersion,
        String commandLine,
        String processorVendor,
        MemoryMap memoryMap,
        Map<PciAddress, PciDevice> devices,
        List<Gpu> gpus,
        Map<Integer, IommuGroup> iommuGroups,
        List<FirmwareFramebuffer> firmwareFramebuffers,
        List<DeviceUser> deviceUsers,
        KernelTaint taint,
        Lockdown lockdown,
        VfioDriverState vfioDriverState,
        FirmwareIommuVendor firmwareIommuVendor,
        BootfbModule bootfbModule,
        ModuleSignaturePolicy moduleSignaturePolicy,
        ModulesOnDisk modulesOnDisk,
        List<String> distributionIds) {

    /** Whether the running kernel's modules are on disk: an update of the kernel may take them away under it. */
    public enum ModulesOnDisk {
        PRESENT,
        MISSING,
        UNKNOWN
    }

    /** Whether vfio-pci can be used. */
    public enum VfioDriverState {
        LOADED,
        /** On disk, to be loaded. */
        LOADABLE,
        /** Neither loaded nor among the running kernel's modules. */
        MISSING
    }

    public Machine {
        devices = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(devices));
        gpus = List.copyOf(gpus);
        iommuGroups = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(iommuGroups));
        firmwareFramebuffers = List.copyOf(firmwareFramebuffers);
        deviceUsers = List.copyOf(deviceUsers);
        distributionIds = List.copyOf(distributionIds);
    }

    public Optional<PciDevice> device(PciAddress address) {
        return Optional.ofNullable(devices.get(address));
    }

    public Optional<Gpu> gpu(PciAddress address) {
        return gpus.stream().filter(gpu -> gpu.address().equals(address)).findFirst();
    }

    /**
     * Whether this computer shows no picture once a GPU has left the host: there is no other, or it has the only screen that
     * is on. False where another does not say whether a screen of its own is on.
     *
     * @param leaving every function that leaves with it
     */
    public boolean isLastDisplayGpu(Gpu gpu, Collection<PciAddress> leaving) {
        List<PciDevice> others = gpus.stream()
                .map(Gpu::graphics)
                .filter(other -> !other.address().equals(gpu.address())
                        && !leaving.contains(other.address())
                        && !other.isBoundToVfio())
                .toList();
        boolean allDark = others.stream().allMatch(other -> other.hasDrmCard() && other.activeConnectors().isEmpty());
        return others.isEmpty() || (allDark && !gpu.graphics().activeConnectors().isEmpty());
    }

    /** The group a function is in; empty without an IOMMU. */
    public Optional<IommuGroup> iommuGroupOf(PciDevice device) {
        return device.iommuGroup().map(iommuGroups::get);
    }

    /**
     * Devices that share an IOMMU group with any of the functions, without those functions themselves and without bridges:
     * the kernel hands out a group as a whole, and ignores the bridges in it (vfio_dev_viable, drivers/vfio/group.c).
     */
    public List<PciDevice> iommuNeighboursOf(Collection<PciDevice> functions) {
        Set<PciAddress> own = functions.stream().map(PciDevice::address).collect(Collectors.toSet());
        return functions.stream()
                .flatMap(function -> iommuGroupOf(function).stream())
                .flatMap(group -> group.members().stream())
                .filter(member -> !member.isBridge() && !own.contains(member.address()))
                .distinct()
                .toList();
    }

    /**
     * The kernel option that would switch the IOMMU on: {@code intel_iommu=on}. Empty where the kernel uses it by itself
     * once the firmware offers it, as on AMD, and where nobody can tell (Documentation/admin-guide/kernel-parameters.txt).
     */
    public Optional<String> iommuEnableOption() {
        boolean intel = firmwareIommuVendor == FirmwareIommuVendor.INTEL
                || (firmwareIommuVendor != FirmwareIommuVendor.AMD && processorVendor.equals("GenuineIntel"));
        return intel ? Optional.of("intel_iommu=on") : Optional.empty();
    }

    /** The option on the command line that keeps the IOMMU off: {@code amd_iommu=off}. */
    public Optional<String> iommuDisableOption() {
        return Stream.of("iommu=off", "intel_iommu=off", "amd_iommu=off").filter(this::hasKernelOption).findFirst();
    }

    /** Whether the kernel was given that option, word for word. */
    public boolean hasKernelOption(String option) {
        return List.of(commandLine.split("\\s+")).contains(option);
    }

    /** Programs that use the function. */
    public List<DeviceUser> deviceUsersOf(PciDevice device) {
        return deviceUsers.stream().filter(h -> isUserOf(h, device)).toList();
    }

    static boolean isUserOf(DeviceUser holder, PciDevice device) {
        return device.deviceNodes().contains(holder.deviceNode()) || device.framebufferNodes().contains(holder.deviceNode());
    }
}
