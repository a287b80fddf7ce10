package org.switchback.hardware;

/**
 * Which IOMMU the firmware offers, told by the ACPI tables it leaves: DMAR (Intel's VT-d specification, chapter 8), IVRS
 * (AMD's IOMMU specification, chapter 5). A firmware whose setup has the IOMMU switched off leaves neither.
 */
public enum FirmwareIommuVendor {
    INTEL,
    AMD,
    NONE,
    /** The tables could not be listed, or they are not ACPI's. */
    UNKNOWN;

    /** Where the kernel lists the tables. */
    public static final String ACPI_TABLES = "/sys/firmware/acpi/tables";

    /** The tables that say so, by their names. */
    public static final String DMAR_TABLE = "DMAR";

    public static final String IVRS_TABLE = "IVRS";

    static FirmwareIommuVendor of(MachineSnapshot capture) {
        if (!capture.hasPath(ACPI_TABLES)) {
            return UNKNOWN;
        }
        if (capture.hasPath(ACPI_TABLES + "/" + DMAR_TABLE)) {
            return INTEL;
        }
        return capture.hasPath(ACPI_TABLES + "/" + IVRS_TABLE) ? AMD : NONE;
    }
}
