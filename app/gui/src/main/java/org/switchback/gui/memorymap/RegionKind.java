package org.switchback.gui.memorymap;

import java.util.Optional;
import java.util.Set;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.PciAddress;

/** The kind of a part of the address space; determines colour and pattern. */
enum RegionKind {
    /** The address space from 0 to the end of the last region. */
    ROOT,
    /** An address window that a PCI bridge forwards. */
    WINDOW,
    /** A BAR of a PCI function. */
    BAR,
    /** A region inside a BAR that the function's driver has requested. */
    DRIVER,
    /** A region inside a BAR that does not belong to the function's driver, typically the boot framebuffer. */
    OVERLAP,
    RAM,
    /** Reserved by the firmware. */
    FIRMWARE,
    /** Any other region: interrupt controllers, timers, configuration space. */
    OTHER,
    /** Unclaimed addresses between regions. */
    GAP,
    /** The part of a region that has no child region. */
    UNCLAIMED;

    /** The filter that can hide items of this kind, if any. */
    Optional<Filter> filter() {
        return switch (this) {
            case BAR, DRIVER, OVERLAP -> Optional.of(Filter.BARS);
            case RAM -> Optional.of(Filter.RAM);
            case FIRMWARE -> Optional.of(Filter.RESERVED);
            case GAP -> Optional.of(Filter.GAPS);
            case ROOT, WINDOW, OTHER, UNCLAIMED -> Optional.empty();
        };
    }

    /** Whether the filters show items of this kind. */
    boolean isShown(Set<Filter> shownFilters) {
        return filter().map(shownFilters::contains).orElse(true);
    }

    /** Whether items of this kind are regions of the listing. */
    boolean isRegion() {
        return this != ROOT && this != GAP && this != UNCLAIMED;
    }

    /** The kind of the addresses between the children of an item of this kind. */
    RegionKind fillerKind() {
        return this == ROOT || this == WINDOW ? GAP : UNCLAIMED;
    }

    /**
     * The kind of a region.
     *
     * @param name as listed in {@code /proc/iomem}
     * @param parentKind kind of the parent
     */
    static RegionKind of(String name, RegionKind parentKind) {
        if (parentKind == OVERLAP) {
            return OVERLAP;
        }
        if (parentKind == BAR || parentKind == DRIVER) {
            return FirmwareRegionKind.fromRegionName(name).isPresent() ? OVERLAP : DRIVER;
        }
        if (PciAddress.parse(name).isPresent()) {
            return BAR;
        }
        if (name.startsWith("PCI Bus") || name.startsWith("PCI CardBus")) {
            return WINDOW;
        }
        if (name.equals("System RAM") || parentKind == RAM) {
            return RAM;
        }
        return FirmwareRegionKind.fromRegionName(name).isPresent()
                        || name.equalsIgnoreCase("reserved")
                        || name.startsWith("ACPI")
                        || name.endsWith(" ROM")
                        || name.endsWith(" ROM area")
                ? FIRMWARE
                : OTHER;
    }
}
