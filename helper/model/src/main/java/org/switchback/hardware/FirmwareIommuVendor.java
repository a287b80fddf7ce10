package org.switchback.hardware;

/**
 * Vendor of the IOMMU that the firmware offers, identified by its ACPI tables: DMAR (Intel VT-d specification, chapter
 * 8) or IVRS (AMD IOMMU specification, chapter 5). Firmware with the IOMMU disabled in its setup provides neither.
 */
public enum FirmwareIommuVendor {
    INTEL,
    AMD,
    NONE,
    /** The tables could not be listed, or the firmware has no ACPI tables. */
    UNKNOWN;

    /** Directory in which the kernel lists the ACPI tables. */
    public static final String ACPI_TABLES = "/sys/firmware/acpi/tables";

    /** Name of Intel's ACPI table. */
    public static final String DMAR_TABLE = "DMAR";

    /** Name of AMD's ACPI table. */
    public static final String IVRS_TABLE = "IVRS";

    static FirmwareIommuVendor of(MachineSnapshot snapshot) {
        if (!snapshot.hasPath(ACPI_TABLES)) {
            return UNKNOWN;
        }
        if (snapshot.hasPath(ACPI_TABLES + "/" + DMAR_TABLE)) {
            return INTEL;
        }
        return snapshot.hasPath(ACPI_TABLES + "/" + IVRS_TABLE) ? AMD : NONE;
    }
}
