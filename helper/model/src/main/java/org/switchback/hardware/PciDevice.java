package org.switchback.hardware;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A PCI function as described by /sys/bus/pci/devices.
 *
 * @param address address of the function
 * @param ids vendor and device
 * @param pciClass class of the function
 * @param headerType low seven bits of the header type register: 0 endpoint, 1 bridge; {@link #NO_RESPONSE} if reading
 *     config space returned only ones; empty if config space could not be read
 * @param driver bound driver; empty if there is none
 * @param driverOverride the only driver that the kernel may bind; empty if any may be bound
 * @param bars BARs and ROM that have an address, by index
 * @param hasUnassignedMemory whether the kernel has found no address for a memory BAR; false if unknown
 * @param iommuGroup number of its IOMMU group; empty without an IOMMU
 * @param parentBridges bridges above it, from the root complex down; empty for a function on a root bus
 * @param physicalFunction function that provides it, if it is a virtual function (SR-IOV); empty for every other
 * @param bootVga whether it is the firmware's VGA device; false for every other class, even if the firmware used it as
 *     display
 * @param power power management
 * @param resetMethods reset methods in the order in which the kernel tries them; empty if there are none or the kernel
 *     does not report them (before 5.15)
 * @param resizableBarSizes sizes that a BAR can take, by BAR index: bit n means 2^(n+20) bytes
 * @param link PCI Express link; empty if there is none
 * @param deviceNodes device nodes of its driver that processes open to use it, without {@code /dev/}: {@code dri/card0}
 * @param framebufferNodes device nodes that give access to it without its own driver, through the boot framebuffer in
 *     its BARs: {@code fb0}
 * @param activeConnectors connectors with an active screen: {@code HDMI-A-1}
 */
public record PciDevice(
        PciAddress address,
        DeviceIds ids,
        PciClass pciClass,
        Optional<Integer> headerType,
        Optional<String> driver,
        Optional<String> driverOverride,
        List<Bar> bars,
        boolean hasUnassignedMemory,
        Optional<Integer> iommuGroup,
        List<PciAddress> parentBridges,
        Optional<PciAddress> physicalFunction,
        boolean bootVga,
        PowerManagement power,
        List<String> resetMethods,
        Map<Integer, Long> resizableBarSizes,
        Optional<LinkState> link,
        List<String> deviceNodes,
        List<String> framebufferNodes,
        List<String> activeConnectors) {

    /**
     * The {@link #headerType} read from a function that does not answer. The root complex completes such a read with
     * ones (PCI Express Base Specification 6.0, section 2.3.2); no header layout has this number.
     */
    public static final int NO_RESPONSE = 0x7f;

    /** Name of the driver that passes a function to virtual machines. */
    public static final String VFIO_PCI = "vfio-pci";

    /**
     * Vendor and device.
     *
     * @param vendor vendor ID, 16 bits
     * @param device device ID, 16 bits
     * @param vendorName short name of the vendor; if unknown, its ID in hexadecimal
     * @param deviceName name of the device; if unknown, both IDs, {@code 1234:1111}, so that it can stand alone
     */
    public record DeviceIds(int vendor, int device, String vendorName, String deviceName) {
        /** Vendors of GPUs that a hypervisor emulates: QEMU, Red Hat (QXL and virtio), VMware and VirtualBox. */
        private static final Set<Integer> EMULATED_VENDORS = Set.of(0x1234, 0x1b36, 0x1af4, 0x15ad, 0x80ee);

        /** Whether the device is emulated by a hypervisor. */
        public boolean isEmulated() {
            return EMULATED_VENDORS.contains(vendor);
        }

        /** Both IDs, as {@code lspci -n} prints them: {@code 10de:1b80}. */
        @Override
        public String toString() {
            return String.format("%04x:%04x", vendor, device);
        }
    }

    /**
     * Power management.
     *
     * @param control {@code on} or {@code auto} (Documentation/ABI/testing/sysfs-devices-power); empty if unknown
     * @param runtimeStatus {@code active}, {@code suspended}, …; empty if unknown
     * @param powerState {@code D0} to {@code D3cold}; empty if unknown
     * @param d3coldAllowed whether the kernel may remove the function's power ({@code d3cold_allowed},
     *     Documentation/ABI/testing/sysfs-bus-pci); empty if unknown
     */
    public record PowerManagement(
            String control, String runtimeStatus, String powerState, Optional<Boolean> d3coldAllowed) {
        /** Whether the power of the function is removed. */
        public boolean isInD3cold() {
            return powerState.equals("D3cold");
        }
    }

    /**
     * PCI Express link.
     *
     * @param speed current speed as printed: {@code 8.0 GT/s PCIe}
     * @param width number of lanes in use
     * @param maxSpeed highest speed of the device; empty if unknown
     * @param maxWidth number of lanes of the device; 0 if unknown
     */
    public record LinkState(String speed, int width, String maxSpeed, int maxWidth) {}

    public PciDevice {
        bars = List.copyOf(bars);
        parentBridges = List.copyOf(parentBridges);
        resetMethods = List.copyOf(resetMethods);
        resizableBarSizes = Map.copyOf(resizableBarSizes);
        deviceNodes = List.copyOf(deviceNodes);
        framebufferNodes = List.copyOf(framebufferNodes);
        activeConnectors = List.copyOf(activeConnectors);
    }

    /**
     * Vendor and device name: {@code NVIDIA GeForce GTX 1080}; {@code 1234:1111} if neither is known. A virtual
     * function has the name of its physical function and says what it is.
     */
    public String name() {
        String name = ids.deviceName().startsWith(ids.vendorName())
                ? ids.deviceName()
                : ids.vendorName() + " " + ids.deviceName();
        return physicalFunction.isPresent() ? name + " (virtual function)" : name;
    }

    /**
     * Whether the function belongs to the same card or chip as a graphics function in its slot: it has the vendor ID of
     * the GPU and a class that graphics cards have. In the slot of an APU, functions with another vendor ID belong to
     * the board: the crypto processor, the USB controllers of the keyboard and the disks, and the board's sound. The
     * functions of emulated cards have the IDs of different models, so those in the same IOMMU group belong together.
     */
    public boolean isCompanionOf(PciDevice graphics) {
        if (!address.isSameSlot(graphics.address) || address.equals(graphics.address)) {
            return false;
        }
        if (physicalFunction.isPresent() || graphics.physicalFunction.isPresent()) {
            return false;
        }
        return graphics.ids.isEmulated()
                ? iommuGroup.equals(graphics.iommuGroup) || pciClass.isMultimedia()
                : ids.vendor() == graphics.ids.vendor() && pciClass.isOnGraphicsCards();
    }

    /** This function without state that changes without a switch: runtime suspend and link speed. */
    public PciDevice withoutTransientState() {
        return new PciDevice(
                address,
                ids,
                pciClass,
                headerType,
                driver,
                driverOverride,
                bars,
                hasUnassignedMemory,
                iommuGroup,
                parentBridges,
                physicalFunction,
                bootVga,
                new PowerManagement(power.control(), "", "", power.d3coldAllowed()),
                resetMethods,
                resizableBarSizes,
                Optional.empty(),
                deviceNodes,
                framebufferNodes,
                activeConnectors);
    }

    /** The BARs in memory, by index. */
    public List<Bar> memoryBars() {
        return bars.stream()
                .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
                .toList();
    }

    /** The BARs in memory, in the order in which a memory map lists them. */
    public List<Bar> memoryBarsByAddress() {
        return memoryBars().stream()
                .sorted(Comparator.comparing(bar -> bar.range().first(), Long::compareUnsigned))
                .toList();
    }

    /** The largest size of a resizable BAR in bytes; empty if the size is fixed or unknown. */
    public Optional<Long> maxBarSize(int bar) {
        return Optional.ofNullable(resizableBarSizes.get(bar))
                .filter(sizes -> sizes != 0)
                .map(sizes -> 1L << Math.min(63, 63 - Long.numberOfLeadingZeros(sizes) + 20));
    }

    /** Whether its driver provides a DRM card, and thus reports which connectors are active. */
    public boolean hasDrmCard() {
        return deviceNodes.stream().anyMatch(node -> node.startsWith("dri/card"));
    }

    public boolean isBoundToVfio() {
        return driver.filter(VFIO_PCI::equals).isPresent();
    }

    /** Whether its driver override allows only vfio-pci. */
    public boolean hasVfioOverride() {
        return driverOverride.filter(VFIO_PCI::equals).isPresent();
    }

    /** Whether it is a bridge by class or by header type: some devices report only one of them correctly. */
    public boolean isBridge() {
        return pciClass.isBridge()
                || headerType.filter(type -> type != 0 && type != NO_RESPONSE).isPresent();
    }

    /**
     * Whether the function answers to reads of its config space. True if config space could not be read, for instance
     * because the function is suspended.
     */
    public boolean isResponding() {
        return headerType.filter(type -> type == NO_RESPONSE).isEmpty();
    }
}
