package org.switchback.hardware;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Everything known about a machine at one moment.
 *
 * @param kernel       version of the running kernel
 * @param commandLine  its command line; empty when unknown
 * @param processor    vendor of the processor as /proc/cpuinfo names it: {@code GenuineIntel}; empty when unknown
 * @param memory       the memory map; hidden when it was read without root, empty when it could not be read
 * @param devices      all PCI functions, by address
 * @param gpus         the graphics functions among them that are not bridges, by address
 * @param groups       IOMMU groups by number; empty when the IOMMU is off
 * @param framebuffers platform devices of the firmware's framebuffer
 * @param holders      programs that have a node of a GPU's function open, as far as the reader may see them
 * @param taint        what the kernel says has happened to it
 * @param lockdown     how far it keeps root out
 * @param vfio         whether vfio-pci is there
 * @param iommu        whether the firmware offers an IOMMU, and whose
 * @param bootfb       whether the module that releases BOOTFB is there
 * @param loading      what the kernel asks of a module before it loads it
 * @param modules      whether the running kernel's modules are on disk
 * @param distribution {@code ID} and after it {@code ID_LIKE} of os-release; empty when unknown
 */
public record Machine(
        KernelVersion kernel,
        String commandLine,
        String processor,
        MemoryMap memory,
        Map<PciAddress, PciDevice> devices,
        List<Gpu> gpus,
        Map<Integer, IommuGroup> groups,
        List<FirmwareFramebuffer> framebuffers,
        List<Holder> holders,
        Taint taint,
        Lockdown lockdown,
        VfioDriver vfio,
        FirmwareIommu iommu,
        BootfbModule bootfb,
        ModuleLoading loading,
        ModulesOnDisk modules,
        List<String> distribution) {

    /** Whether the running kernel's modules are on disk: an update of the kernel may take them away under it. */
    public enum ModulesOnDisk {
        THERE,
        GONE,
        UNKNOWN
    }

    /** Whether vfio-pci can be used. */
    public enum VfioDriver {
        LOADED,
        /** On disk, to be loaded. */
        LOADABLE,
        /** Neither loaded nor among the running kernel's modules. */
        MISSING
    }

    public Machine {
        devices = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(devices));
        gpus = List.copyOf(gpus);
        groups = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(groups));
        framebuffers = List.copyOf(framebuffers);
        holders = List.copyOf(holders);
        distribution = List.copyOf(distribution);
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
    public boolean lastPicture(Gpu gpu, Collection<PciAddress> leaving) {
        List<PciDevice> others = gpus.stream()
                .map(Gpu::graphics)
                .filter(other -> !other.address().equals(gpu.address())
                        && !leaving.contains(other.address())
                        && !other.onVfio())
                .toList();
        boolean allDark = others.stream().allMatch(other -> other.tellsDisplays() && other.displays().isEmpty());
        return others.isEmpty() || (allDark && !gpu.graphics().displays().isEmpty());
    }

    /** The group a function is in; empty without an IOMMU. */
    public Optional<IommuGroup> groupOf(PciDevice device) {
        return device.group().map(groups::get);
    }

    /**
     * The kernel option that would switch the IOMMU on: {@code intel_iommu=on}. Empty where the kernel uses it by itself
     * once the firmware offers it, as on AMD, and where nobody can tell (Documentation/admin-guide/kernel-parameters.txt).
     */
    public Optional<String> iommuOption() {
        boolean intel = iommu == FirmwareIommu.INTEL
                || (iommu != FirmwareIommu.AMD && processor.equals("GenuineIntel"));
        return intel ? Optional.of("intel_iommu=on") : Optional.empty();
    }

    /** The option on the command line that keeps the IOMMU off: {@code amd_iommu=off}. */
    public Optional<String> iommuKeptOffBy() {
        return Stream.of("iommu=off", "intel_iommu=off", "amd_iommu=off").filter(this::onCommandLine).findFirst();
    }

    /** Whether the kernel was given that option, word for word. */
    public boolean onCommandLine(String option) {
        return List.of(commandLine.split("\\s+")).contains(option);
    }

    /** Programs that use the function. */
    public List<Holder> holdersOf(PciDevice device) {
        return holders.stream().filter(h -> uses(h, device)).toList();
    }

    static boolean uses(Holder holder, PciDevice device) {
        return device.nodes().contains(holder.node()) || device.firmwareNodes().contains(holder.node());
    }
}
