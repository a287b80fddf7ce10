package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciAddress;

/**
 * A stage of a {@link ReleaseStrategy}: one method to remove a boot framebuffer from a BAR. The next stage is executed
 * only if the region still exists.
 *
 * @param method how the region is removed
 * @param reason why this method is used and no less invasive one
 * @param region region to remove
 * @param role role of the step in this stage
 */
public record ReleaseStage(ReleaseMethod method, ReleaseReason reason, BarRegion region, StepRole role) {
    /**
     * A region in a BAR.
     *
     * @param function function with the BAR
     * @param bar index of the BAR
     * @param name name of the region in /proc/iomem
     * @param range addresses of the region
     */
    public record BarRegion(PciAddress function, int bar, String name, AddressRange range) {
        /** The setting whose value tells whether the region still exists. */
        public Setting.FramebufferRegion toSetting() {
            return new Setting.FramebufferRegion(function, range);
        }
    }

    /** The methods to release a region, the least invasive first. */
    public enum ReleaseMethod {
        /**
         * vfio-pci evicts the region when it binds the function (vfio_pci_core_init_dev, Linux 6.0 and later, class
         * 0300 only). It has no stage of its own.
         */
        VFIO_PCI,
        /** Unbinds the platform driver; switching to the host binds it again. */
        UNBIND,
        /** Binds the GPU's own driver temporarily, which removes the region. */
        NATIVE_DRIVER,
        /** Loads this project's kernel module, which makes the owner release the region. */
        MODULE;

        /** Spelling on the bus. */
        public String wireName() {
            return KebabCase.of(this);
        }

        /** @return empty for any other text */
        public static Optional<ReleaseMethod> parse(String wireName) {
            return KebabCase.parse(ReleaseMethod.class, wireName);
        }
    }

    /** Why a method is used. */
    public enum ReleaseReason {
        /** vfio-pci evicts boot framebuffers from functions of class 0300. */
        VGA_CLASS,
        /** The platform driver owns the region: unbinding the driver removes it. */
        OWNED_BY_PLATFORM_DRIVER,
        /** The request allows the GPU's own driver to be bound. */
        NATIVE_DRIVER_ALLOWED,
        /** No driver is bound to the platform device, so there is none to unbind. */
        NO_DRIVER,
        /** The platform device owns the region: it stays when the driver is unbound. */
        OWNED_BY_PLATFORM_DEVICE;

        /** Spelling on the bus. */
        public String wireName() {
            return KebabCase.of(this);
        }

        /** @return empty for any other text */
        public static Optional<ReleaseReason> parse(String wireName) {
            return KebabCase.parse(ReleaseReason.class, wireName);
        }
    }

    /** Role of a step in its stage. */
    public enum StepRole {
        /** Prepares the release; skipped if the region is already gone. */
        PREPARE,
        /** Releases the region; /proc/iomem tells whether that succeeded. */
        RELEASE,
        /** Undoes the preparation whether or not the release succeeded; skipped if there is nothing to undo. */
        CLEAN_UP
    }
}
