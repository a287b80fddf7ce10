package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.KebabCase;

/** The kinds of {@link Refusal}. */
public enum RefusalCode {
    NO_SUCH_DEVICE,
    NOT_A_GPU,
    ALREADY_IN_VM_MODE,
    ALREADY_IN_HOST_MODE,
    IOMMU_OFF,
    VFIO_MISSING,
    IN_USE,
    KERNEL_REFERENCE,
    GROUP_SHARED,
    GROUP_SHARED_NOT_MOVABLE,
    HAS_VIRTUAL_FUNCTIONS,
    BRIDGE_NOT_MOVABLE,
    STORAGE_NOT_MOVABLE,
    NETWORK_NOT_MOVABLE,
    SYSTEM_DEVICE_NOT_MOVABLE,
    FRAMEBUFFER_NOT_REMOVABLE,
    FRAMEBUFFER_ORPHANED,
    MODULE_MISSING,
    MODULE_UNSIGNED,
    UNKNOWN_REGION,
    KERNEL_OOPS,
    NOT_RESPONDING,
    MEMORY_UNASSIGNED,
    DIRECT_MAPPING,
    /** A code that this version does not know; the first detail is its name. */
    UNKNOWN;

    /** Spelling on D-Bus, in JSON and in message keys: {@code already-in-vm-mode}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<RefusalCode> parse(String wireName) {
        return KebabCase.parse(RefusalCode.class, wireName);
    }

    /** Whether the reason is a region in a BAR that cannot be released. */
    public boolean isAboutFirmwareRegion() {
        return switch (this) {
            case FRAMEBUFFER_NOT_REMOVABLE, FRAMEBUFFER_ORPHANED, UNKNOWN_REGION, MODULE_MISSING, MODULE_UNSIGNED ->
                true;
            default -> false;
        };
    }

    /** Whether the reason is another device in the IOMMU group. */
    public boolean isAboutSharedGroup() {
        return this == GROUP_SHARED || this == GROUP_SHARED_NOT_MOVABLE;
    }

    /** Whether only the kernel module could release the region, but it cannot be loaded. */
    public boolean isAboutModule() {
        return this == MODULE_MISSING || this == MODULE_UNSIGNED;
    }
}
