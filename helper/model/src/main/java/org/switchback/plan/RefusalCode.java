package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/** The kinds of {@link Refusal}, as D-Bus, JSON and the keys of the messages name them. */
public enum RefusalCode {
    NO_SUCH_DEVICE,
    NOT_A_GPU,
    ALREADY_IN_VM_MODE,
    ALREADY_IN_HOST_MODE,
    IOMMU_OFF,
    VFIO_MISSING,
    IN_USE,
    GROUP_SHARED,
    BRIDGE_NOT_MOVABLE,
    STORAGE_NOT_MOVABLE,
    NETWORK_NOT_MOVABLE,
    FRAMEBUFFER_NOT_REMOVABLE,
    FRAMEBUFFER_ORPHANED,
    MODULE_MISSING,
    MODULE_UNSIGNED,
    UNKNOWN_REGION,
    KERNEL_OOPS,
    /** A code that this version does not know; the first detail is its name. */
    UNKNOWN;

    /** {@code already-in-vm-mode}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<RefusalCode> parse(String wireName) {
        return KebabCase.parse(RefusalCode.class, wireName);
    }

    /** Whether it is about a region in a BAR that can't be released. */
    public boolean isAboutFirmwareRegion() {
        return switch (this) {
            case FRAMEBUFFER_NOT_REMOVABLE, FRAMEBUFFER_ORPHANED, UNKNOWN_REGION, MODULE_MISSING, MODULE_UNSIGNED ->
                true;
            default -> false;
        };
    }

    /** Whether only the kernel module could release the region, and it can't be loaded. */
    public boolean isAboutModule() {
        return this == MODULE_MISSING || this == MODULE_UNSIGNED;
    }
}
