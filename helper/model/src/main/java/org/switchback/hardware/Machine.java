package org.switchback.hardware;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Everything known about a machine at one moment.
 *
 * @param kernelVersion version of the running kernel
 * @param commandLine kernel command line; empty if unknown
 * @param processorVendor CPU vendor as named by /proc/cpuinfo: {@code GenuineIntel}; empty if unknown
 * @param memoryMap memory map; its addresses are hidden if it was read without root; empty if it could not be read
 * @param devices all PCI functions, by address
 * @param gpus graphics functions that are not bridges, by address
 * @param iommuGroups IOMMU groups by number; empty if the IOMMU is off
 * @param bootFramebuffers platform devices of the boot framebuffer
 * @param deviceUsers processes that have a node of a GPU's function open, as far as the reader may see them
 * @param taint taint flags of the kernel
 * @param lockdown lockdown mode of the kernel
 * @param vfioDriverState whether vfio-pci is available
 * @param firmwareIommuVendor vendor of the IOMMU that the firmware offers
 * @param bootfbModule state of the module that releases BOOTFB
 * @param moduleSignaturePolicy signature that the kernel requires to load a module
 * @param modulesOnDisk whether the running kernel's modules are on disk
 * @param platform what the kernel runs on
 * @param distributionIds {@code ID}, followed by {@code ID_LIKE}, of os-release; empty if unknown
 */
public record Machine(
        KernelVersion kernelVersion,
        String commandLine,
        String processorVendor,
        MemoryMap memoryMap,
        Map<PciAddress, PciDevice> devices,
        List<Gpu> gpus,
        Map<Integer, IommuGroup> iommuGroups,
        List<BootFramebuffer> bootFramebuffers,
        List<DeviceUser> deviceUsers,
        KernelTaint taint,
        Lockdown lockdown,
        VfioDriverState vfioDriverState,
        FirmwareIommuVendor firmwareIommuVendor,
        BootfbModule bootfbModule,
        ModuleSignaturePolicy moduleSignaturePolicy,
        ModulesOnDisk modulesOnDisk,
        MachinePlatform platform,
        List<String> distributionIds) {

    /** Whether the running kernel's modules are on disk: a kernel update may remove them while the kernel runs. */
    public enum ModulesOnDisk {
        PRESENT,
        MISSING,
        UNKNOWN
    }

    /** Whether vfio-pci is available. */
    public enum VfioDriverState {
        LOADED,
        /** On disk, but not loaded. */
        LOADABLE,
        /** Neither loaded nor on disk for the running kernel. */
        MISSING
    }

    public Machine {
        devices = Collections.unmodifiableMap(new TreeMap<>(devices));
        gpus = List.copyOf(gpus);
        iommuGroups = Collections.unmodifiableMap(new TreeMap<>(iommuGroups));
        bootFramebuffers = List.copyOf(bootFramebuffers);
        deviceUsers = List.copyOf(deviceUsers);
        distributionIds = List.copyOf(distributionIds);
    }

    /** Returns the PCI function with that address; empty if there is none. */
    public Optional<PciDevice> device(PciAddress address) {
        return Optional.ofNullable(devices.get(address));
    }

    /** Returns the GPU whose graphics function has that address; empty if there is none. */
    public Optional<Gpu> gpu(PciAddress address) {
        return gpus.stream().filter(gpu -> gpu.address().equals(address)).findFirst();
    }

    /**
     * Whether no screen would work after the GPU is switched away. True if there is no other GPU, or this GPU has the
     * only active connector; false if another GPU does not report its connectors.
     *
     * @param leavingFunctions every function that leaves the host together with the GPU
     */
    public boolean isLastDisplayGpu(Gpu gpu, Collection<PciAddress> leavingFunctions) {
        List<PciDevice> otherGpus = gpus.stream()
                .map(Gpu::graphics)
                .filter(other -> !other.address().equals(gpu.address())
                        && !leavingFunctions.contains(other.address())
                        && !other.isBoundToVfio())
                .toList();
        boolean allOthersInactive = otherGpus.stream()
                .allMatch(
                        other -> other.hasDrmCard() && other.activeConnectors().isEmpty());
        return otherGpus.isEmpty()
                || (allOthersInactive && !gpu.graphics().activeConnectors().isEmpty());
    }

    /** Returns the IOMMU group of a function; empty without an IOMMU. */
    public Optional<IommuGroup> iommuGroupOf(PciDevice device) {
        return device.iommuGroup().map(iommuGroups::get);
    }

    /**
     * Returns the functions that share an IOMMU group with any of the given functions, without those functions
     * themselves and without bridges. The kernel passes a group to a virtual machine only as a whole, and ignores the
     * bridges in it (vfio_dev_viable, drivers/vfio/group.c).
     */
    public List<PciDevice> iommuNeighboursOf(Collection<PciDevice> functions) {
        Set<PciAddress> ownAddresses =
                functions.stream().map(PciDevice::address).collect(Collectors.toSet());
        return functions.stream()
                .flatMap(function -> iommuGroupOf(function).stream())
                .flatMap(group -> group.members().stream())
                .filter(member -> !member.isBridge() && !ownAddresses.contains(member.address()))
                .distinct()
                .toList();
    }

    /**
     * Returns the kernel option that would enable the IOMMU: {@code intel_iommu=on}. Empty if the kernel enables the
     * IOMMU by default once the firmware offers it, as on AMD, or if the vendor is unknown
     * (Documentation/admin-guide/kernel-parameters.txt).
     */
    public Optional<String> iommuEnableOption() {
        boolean intel = firmwareIommuVendor == FirmwareIommuVendor.INTEL
                || (firmwareIommuVendor != FirmwareIommuVendor.AMD && processorVendor.equals("GenuineIntel"));
        return intel ? Optional.of("intel_iommu=on") : Optional.empty();
    }

    /**
     * Returns the option on the kernel command line that disables the IOMMU: {@code amd_iommu=off}; empty if there is
     * none. The options of another vendor's IOMMU have no effect; a later {@code on} overrides {@code off}
     * (intel_iommu_setup, drivers/iommu/intel/iommu.c).
     */
    public Optional<String> iommuDisableOption() {
        KernelCommandLine parameters = kernelParameters();
        Stream.Builder<String> options = Stream.builder();
        if (parameters.hasItem("iommu", "off")) {
            options.add("iommu=off");
        }
        if (firmwareIommuVendor != FirmwareIommuVendor.AMD
                && parameters
                        .lastItem("intel_iommu", List.of("on", "off"))
                        .filter("off"::equals)
                        .isPresent()) {
            options.add("intel_iommu=off");
        }
        if (firmwareIommuVendor != FirmwareIommuVendor.INTEL && parameters.hasItem("amd_iommu", "off")) {
            options.add("amd_iommu=off");
        }
        return options.build().findFirst();
    }

    /**
     * Returns why a function has no IOMMU group, judged by the groups of all functions.
     *
     * @param device a function without a group
     */
    public MissingGroupReason missingGroupReason(PciDevice device) {
        if (platform == MachinePlatform.XEN) {
            return MissingGroupReason.XEN;
        }
        if (!iommuGroups.isEmpty()) {
            // The option concerns the graphics of the processor, which are on the root bus.
            boolean isIntegrated = device.pciClass().isDisplay()
                    && device.ids().vendor() == 0x8086
                    && device.parentBridges().isEmpty();
            return isIntegrated && hasKernelOption("intel_iommu=igfx_off")
                    ? MissingGroupReason.GRAPHICS_EXCLUDED
                    : MissingGroupReason.NOT_COVERED;
        }
        if (iommuDisableOption().isPresent()) {
            return MissingGroupReason.DISABLED;
        }
        boolean isOffered =
                firmwareIommuVendor == FirmwareIommuVendor.INTEL || firmwareIommuVendor == FirmwareIommuVendor.AMD;
        return switch (platform) {
            case HYPER_V_GUEST -> isOffered ? MissingGroupReason.NOT_ENABLED : MissingGroupReason.HYPER_V_GUEST;
            case GUEST -> isOffered ? MissingGroupReason.NOT_ENABLED : MissingGroupReason.GUEST;
            case DEVICE_TREE -> MissingGroupReason.DEVICE_TREE;
            case XEN, OTHER -> MissingGroupReason.NOT_ENABLED;
        };
    }

    /** The parameters of the kernel command line. */
    public KernelCommandLine kernelParameters() {
        return KernelCommandLine.parse(commandLine);
    }

    /**
     * Whether the kernel command line contains that option, alone or as an item of a comma-separated list:
     * {@code intel_iommu=on} is also in {@code intel_iommu=on,sm_on}.
     */
    public boolean hasKernelOption(String option) {
        int equals = option.indexOf('=');
        return equals < 0
                ? !kernelParameters().find(option).isEmpty()
                : kernelParameters().hasItem(option.substring(0, equals), option.substring(equals + 1));
    }

    /**
     * Whether the kernel option {@code intel_iommu=relax_rmrr} lifts a 1:1 mapping that the firmware requires. The
     * option is a patch that only some kernels have.
     */
    public RmrrRelaxation rmrrRelaxation() {
        if (firmwareIommuVendor != FirmwareIommuVendor.INTEL) {
            return RmrrRelaxation.NOT_INTEL;
        }
        if (hasKernelOption("intel_iommu=relax_rmrr")) {
            return RmrrRelaxation.WITHOUT_EFFECT;
        }
        return kernelVersion.release().endsWith("-pve") ? RmrrRelaxation.AVAILABLE : RmrrRelaxation.PATCH_NEEDED;
    }

    /** Whether the kernel option {@code intel_iommu=relax_rmrr} can be used. */
    public enum RmrrRelaxation {
        /** The IOMMU is not Intel's, so there is no such option. */
        NOT_INTEL,
        /** The kernel is one of Proxmox, which has the option. */
        AVAILABLE,
        /** The kernel probably does not know the option. */
        PATCH_NEEDED,
        /** The option is on the command line, but the kernel does not know it. */
        WITHOUT_EFFECT
    }

    /** Returns the virtual functions that a physical function provides (SR-IOV), by address. */
    public List<PciDevice> virtualFunctionsOf(PciDevice physicalFunction) {
        return devices.values().stream()
                .filter(device -> device.physicalFunction()
                        .filter(physicalFunction.address()::equals)
                        .isPresent())
                .toList();
    }

    /** Returns the processes that use the function. */
    public List<DeviceUser> deviceUsersOf(PciDevice device) {
        return deviceUsers.stream().filter(user -> isUserOf(user, device)).toList();
    }

    /** Returns the functions that the NVIDIA driver is bound to; they share some device nodes. */
    public List<PciDevice> boundToNvidia() {
        return devices.values().stream().filter(Machine::isBoundToNvidia).toList();
    }

    private static boolean isBoundToNvidia(PciDevice device) {
        return device.driver().filter(DeviceNodes.NVIDIA::equals).isPresent();
    }

    static boolean isUserOf(DeviceUser user, PciDevice device) {
        return device.deviceNodes().contains(user.deviceNode())
                || device.framebufferNodes().contains(user.deviceNode());
    }
}
