package org.switchback.hardware;

/** What the kernel runs on, as far as it decides about the IOMMU. */
public enum MachinePlatform {
    /** Xen, which has the IOMMU and assigns devices itself. The kernel of dom0 sees no IOMMU. */
    XEN,
    /** A virtual machine of Hyper-V. */
    HYPER_V_GUEST,
    /** A virtual machine of another hypervisor; it may have a virtual IOMMU. */
    GUEST,
    /** A board that is described by a device tree instead of ACPI tables. */
    DEVICE_TREE,
    /** A computer with ACPI tables, or unknown. */
    OTHER;

    /** File with the name of the hypervisor: {@code xen} (Documentation/ABI/stable/sysfs-hypervisor-xen). */
    public static final String HYPERVISOR_TYPE = "/sys/hypervisor/type";

    /** Bus of the devices that Hyper-V gives to its virtual machines (Documentation/ABI/stable/sysfs-bus-vmbus). */
    public static final String VMBUS = "/sys/bus/vmbus";

    /** Folder of the device tree (Documentation/ABI/testing/sysfs-firmware-ofw). */
    public static final String DEVICE_TREE_FOLDER = "/sys/firmware/devicetree";

    /** Flag in /proc/cpuinfo of a processor that a hypervisor provides (CPUID leaf 1, ECX bit 31). */
    public static final String HYPERVISOR_FLAG = "hypervisor";

    static MachinePlatform of(MachineSnapshot snapshot) {
        // Without the first file, only dom0 has the driver that reserves devices for other virtual machines.
        if (snapshot.text(HYPERVISOR_TYPE).filter("xen"::equals).isPresent()
                || snapshot.hasPath(SnapshotParser.PCI_DRIVERS + "pciback")) {
            return XEN;
        }
        if (snapshot.hasPath(VMBUS)) {
            return HYPER_V_GUEST;
        }
        boolean isGuest = snapshot.text("/proc/cpuinfo").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("flags"))
                .anyMatch(line -> line.endsWith(" " + HYPERVISOR_FLAG));
        if (isGuest) {
            return GUEST;
        }
        return snapshot.hasPath(DEVICE_TREE_FOLDER) && !snapshot.hasPath(FirmwareIommuVendor.ACPI_TABLES)
                ? DEVICE_TREE
                : OTHER;
    }
}
