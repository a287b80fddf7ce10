package org.switchback.hardware;

/**
 * Which IOMMU the firmware offers, told by the ACPI tables it leaves: DMAR (Intel's VT-d specification, chapter 8), IVRS
 * (AMD's IOMMU specification, chapter 5). A firmware whose setup has the IOMMU switched off leaves neither.
 */
public enum FirmwareIommu {
    INTEL,
    AMD,
    NONE,
    /** The tables could not be listed, or they are not ACPI's. */
    UNKNOWN;

    /** Where the kernel lists the tables. */
    public static final String TABLES = "/sys/firmware/acpi/tables";

    /** The tables that say so, by their names. */
    public static final String DMAR = "DMAR";

    public static final String IVRS = "IVRS";

    static FirmwareIommu of(Capture capture) {
        if (!capture.has(TABLES)) {
            return UNKNOWN;
        }
        if (capture.has(TABLES + "/" + DMAR)) {
            return INTEL;
        }
        return capture.has(TABLES + "/" + IVRS) ? AMD : NONE;
    }
}
