package org.switchback.hardware;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One PCI function as /sys/bus/pci/devices shows it.
 *
 * @param address        where it sits
 * @param ids            who made it and what it is
 * @param pciClass           its class
 * @param headerType     low seven bits of the header type register: 0 endpoint, 1 bridge; empty when config space could
 *                       not be read
 * @param driver         bound driver; empty when none is
 * @param driverOverride the only driver it may bind; empty when any may
 * @param bars           BARs and ROM that have an address, by index
 * @param iommuGroup          number of its IOMMU group; empty without an IOMMU
 * @param parentBridges        bridges above it, from the root complex down; empty directly on a root bus
 * @param bootVga        firmware's VGA device; false for every other class, whatever the firmware drew on
 * @param power          its power management
 * @param resetMethods   in the order the kernel tries them; empty when it has none or does not say (before 5.15)
 * @param resizableBarSizes      sizes a BAR can take, by BAR index: bit n set means 2^(n+20) bytes
 * @param link           PCI Express link; empty when it has none
 * @param deviceNodes          device nodes of its driver that programs open to use it, without {@code /dev/}: {@code dri/card0}
 * @param framebufferNodes  nodes through which programs use it without a driver of its own: those of the firmware's
 *                       framebuffer that lies in its BARs, {@code fb0}
 * @param activeConnectors       connectors with a screen that is switched on: {@code HDMI-A-1}
 */
public record PciDevice(
        PciAddress address,
        DeviceIds ids,
        PciClass pciClass,
        Optional<Integer> headerType,
        Optional<String> driver,
        Optional<String> driverOverride,
        List<Bar> bars,
        Optional<Integer> iommuGroup,
        List<PciAddress> parentBridges,
        boolean bootVga,
        PowerManagement power,
        List<String> resetMethods,
        Map<Integer, Long> resizableBarSizes,
        Optional<LinkState> link,
        List<String> deviceNodes,
        List<String> framebufferNodes,
        List<String> activeConnectors) {

    /** Name of the driver that gives a function to virtual machines. */
    public static final String VFIO_PCI = "vfio-pci";

    /**
     * @param vendor     vendor ID, 16 bits
     * @param device     device ID, 16 bits
     * @param vendorName short name of the vendor; its ID in hexadecimal when it is unknown
     * @param deviceName name of the device; both IDs, {@code 1234:1111}, when it is unknown: it stands alone as well
     */
    public record DeviceIds(int vendor, int device, String vendorName, String deviceName) {
        /** As {@code lspci -n} prints it: {@code 10de:1b80}. */
        @Override
        public String toString() {
            return String.format("%04x:%04x", vendor, device);
        }
    }

    /**
     * @param control       {@code on} or {@code auto} (Documentation/ABI/testing/sysfs-devices-power); empty when unknown
     * @param runtimeStatus {@code active}, {@code suspended}, …; empty when unknown
     * @param powerState         {@code D0} to {@code D3cold}; empty when unknown
     */
    public record PowerManagement(String control, String runtimeStatus, String powerState) {}

    /**
     * @param speed    now, as printed: {@code 8.0 GT/s PCIe}
     * @param width    lanes in use now
     * @param maxSpeed the most the device can
     * @param maxWidth lanes the device has
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

    /** Maker and model: {@code NVIDIA GeForce GTX 1080}; {@code 1234:1111} when neither is known. */
    public String name() {
        return ids.deviceName().startsWith(ids.vendorName()) ? ids.deviceName()
                : ids.vendorName() + " " + ids.deviceName();
    }

    /** Without what it changes by itself from one moment to the next: it falls asleep and slows its link down. */
    public PciDevice withoutTransientState() {
        return new PciDevice(
                address,
                ids,
                pciClass,
                headerType,
                driver,
                driverOverride,
                bars,
                iommuGroup,
                parentBridges,
                bootVga,
                new PowerManagement(power.control(), "", ""),
                resetMethods,
                resizableBarSizes,
                Optional.empty(),
                deviceNodes,
                framebufferNodes,
                activeConnectors);
    }

    /** The most a BAR can be resized to, bytes; empty when its size is fixed or not known to be otherwise. */
    public Optional<Long> maxBarSize(int bar) {
        return Optional.ofNullable(resizableBarSizes.get(bar))
                .filter(sizes -> sizes != 0)
                .map(sizes -> 1L << Math.min(63, 63 - Long.numberOfLeadingZeros(sizes) + 20));
    }

    /** Whether its driver says which screens are on. */
    public boolean hasDrmCard() {
        return deviceNodes.stream().anyMatch(node -> node.startsWith("dri/card"));
    }

    public boolean isBoundToVfio() {
        return driver.filter(VFIO_PCI::equals).isPresent();
    }

    /** Whether it may bind no driver but vfio-pci. */
    public boolean hasVfioOverride() {
        return driverOverride.filter(VFIO_PCI::equals).isPresent();
    }

    /** Bridges are told by their header as well as by their class: some misreport one of them. */
    public boolean isBridge() {
        return pciClass.isBridge() || headerType.filter(type -> type != 0).isPresent();
    }
}
