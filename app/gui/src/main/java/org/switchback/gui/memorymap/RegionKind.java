package org.switchback.gui.memorymap;

import java.util.Optional;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.PciAddress;

/** What a piece of the address space is; decides its colour and pattern. */
enum RegionKind {
    /** The address space from 0 to the end of the last region. */
    ROOT,
    /** A window that a bridge forwards. */
    WINDOW,
    /** A BAR of a PCI function. */
    BAR,
    /** What the driver of a function has claimed of its BAR. */
    DRIVER,
    /** What somebody else has claimed of a BAR, the firmware's framebuffer above all. */
    OVERLAP,
    RAM,
    /** Kept by the firmware for itself. */
    FIRMWARE,
    /** Any other claim: interrupt controllers, timers, configuration space. */
    OTHER,
    /** Between regions: claimed by nobody. */
    GAP,
    /** The part of a region in which nothing else is claimed. */
    UNCOVERED;

    /** The filter that takes it out of view; empty when none does. */
    Optional<Filter> filter() {
        return switch (this) {
            case BAR, DRIVER, OVERLAP -> Optional.of(Filter.BARS);
            case RAM -> Optional.of(Filter.RAM);
            case FIRMWARE -> Optional.of(Filter.RESERVED);
            case GAP -> Optional.of(Filter.GAPS);
            case ROOT, WINDOW, OTHER, UNCOVERED -> Optional.empty();
        };
    }

    /** Whether somebody has claimed it by name. */
    boolean isRegion() {
        return this != ROOT && this != GAP && this != UNCOVERED;
    }

    /** What lies between the regions inside a region of this kind. */
    RegionKind fillerKind() {
        return this == ROOT || this == WINDOW ? GAP : UNCOVERED;
    }

    /**
     * What a region is by its name and by what it lies in.
     *
     * @param around kind of the region around it
     */
    static RegionKind of(String name, RegionKind around) {
        if (around == OVERLAP) {
            return OVERLAP;
        }
        if (around == BAR || around == DRIVER) {
            return FirmwareRegion.fromRegionName(name).isPresent() ? OVERLAP : DRIVER;
        }
        if (PciAddress.parse(name).isPresent()) {
            return BAR;
        }
        if (name.startsWith("PCI Bus") || name.startsWith("PCI CardBus")) {
            return WINDOW;
        }
        if (name.equals("System RAM") || around == RAM) {
            return RAM;
        }
        return FirmwareRegion.fromRegionName(name).isPresent()
                        || name.equalsIgnoreCase("reserved")
                        || name.startsWith("ACPI")
                        || name.endsWith(" ROM")
                        || name.endsWith(" ROM area")
                ? FIRMWARE
                : OTHER;
    }
}
