package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.KebabCase;

/**
 * A rung of the ladder that ends with a firmware framebuffer out of a BAR: one way to have it go. The next rung is taken
 * only when the region is still there. See {@link ReleaseStrategy}.
 *
 * @param method    what is done
 * @param reason why it is this one and no gentler one
 * @param region  what has to go
 * @param role   what a step does on this rung
 */
public record ReleaseStage(ReleaseMethod method, ReleaseReason reason, BarRegion region, StepRole role) {
    /**
     * A region in a BAR.
     *
     * @param function whose BAR it is
     * @param bar      index of the BAR
     * @param name   its name in /proc/iomem
     * @param range    as listed
     */
    public record BarRegion(PciAddress function, int bar, String name, AddressRange range) {
        /** Whether it is still there. */
        public Setting.FramebufferRegion toSetting() {
            return new Setting.FramebufferRegion(function, range);
        }
    }

    /** The ways to have a region go, the gentlest first. */
    public enum ReleaseMethod {
        /** The platform driver is unbound, and bound again on the way back. */
        UNBIND,
        /** The GPU's own driver is bound for a moment and has it removed. */
        NATIVE_DRIVER,
        /** The project's kernel module has its owner let go of it. */
        MODULE;

        /** As the bus spells it. */
        public String wireName() {
            return KebabCase.of(this);
        }
    }

    /** Why a rung is taken. */
    public enum ReleaseReason {
        /** The region belongs to the platform driver, comes and goes with it. */
        OWNED_BY_PLATFORM_DRIVER,
        /** Whoever asked allows the GPU's own driver to bind. */
        NATIVE_DRIVER_ALLOWED,
        /** No driver has it, so there is none to unbind. */
        NO_DRIVER,
        /** It belongs to the platform device and stays when the driver is unbound. */
        OWNED_BY_PLATFORM_DEVICE;

        /** As the bus spells it. */
        public String wireName() {
            return KebabCase.of(this);
        }
    }

    /** What a step does on its rung. */
    public enum StepRole {
        /** Comes before; not done when the region has gone already. */
        PREPARE,
        /** Has the region go: whether it has is read from /proc/iomem. */
        RELEASE,
        /** Puts back what came before, whatever came of it; not done when there is nothing to put back. */
        CLEAN_UP
    }
}
