package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;

/**
 * A rung of the ladder that ends with a firmware framebuffer out of a BAR: one way to have it go. The next rung is taken
 * only when the region is still there. See {@link Ladder}.
 *
 * @param way    what is done
 * @param reason why it is this one and no gentler one
 * @param claim  what has to go
 * @param part   what a step does on this rung
 */
public record Rung(Way way, Reason reason, Claim claim, Part part) {
    /**
     * A region in a BAR.
     *
     * @param function whose BAR it is
     * @param bar      index of the BAR
     * @param region   its name in /proc/iomem
     * @param range    as listed
     */
    public record Claim(PciAddress function, int bar, String region, AddressRange range) {
        /** Whether it is still there. */
        public Setting.FirmwareRegion setting() {
            return new Setting.FirmwareRegion(function, range);
        }
    }

    /** The ways to have a region go, the gentlest first. */
    public enum Way {
        /** The platform driver is unbound, and bound again on the way back. */
        UNBIND,
        /** The GPU's own driver is bound for a moment and has it removed. */
        NATIVE_DRIVER,
        /** The project's kernel module has its owner let go of it. */
        MODULE;

        /** As the bus spells it. */
        public String word() {
            return Spelling.of(this);
        }
    }

    /** Why a rung is taken. */
    public enum Reason {
        /** The region belongs to the platform driver, comes and goes with it. */
        GOES_WITH_DRIVER,
        /** Whoever asked allows the GPU's own driver to bind. */
        ALLOWED,
        /** No driver has it, so there is none to unbind. */
        NO_DRIVER,
        /** It belongs to the platform device and stays when the driver is unbound. */
        OUTLIVES_DRIVER;

        /** As the bus spells it. */
        public String word() {
            return Spelling.of(this);
        }
    }

    /** What a step does on its rung. */
    public enum Part {
        /** Comes before; not done when the region has gone already. */
        PREPARES,
        /** Has the region go: whether it has is read from /proc/iomem. */
        RELEASES,
        /** Puts back what came before, whatever came of it; not done when there is nothing to put back. */
        CLEANS_UP
    }
}
