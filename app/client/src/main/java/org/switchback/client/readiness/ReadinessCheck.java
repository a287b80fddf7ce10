package org.switchback.client.readiness;

import org.switchback.hardware.KebabCase;

/** Something that has to be right for a GPU to go to a virtual machine and come back, in the order of the page. */
public enum ReadinessCheck {
    /** The firmware describes an IOMMU. */
    IOMMU_FIRMWARE,
    /** The kernel uses it, so that the GPU has a group. */
    IOMMU_KERNEL,
    /** vfio-pci is loaded or can be. */
    VFIO,
    /** The modules of the running kernel are still on disk. */
    MODULES,
    /** Nobody else's function is in the GPU's group. */
    GROUP,
    /** The functions of the slot go together. */
    FUNCTIONS,
    /** People look at another GPU's picture. */
    DESKTOP,
    /** No program has the GPU open. */
    USERS,
    /** What the firmware left in its BARs can be taken away. */
    FRAMEBUFFER,
    /** Which modules the kernel takes. */
    LOCKDOWN,
    /** The kernel has had no oops. */
    KERNEL,
    /** There is somebody to carry the switch out. */
    HELPER,
    /** The GPU can be brought back to a known state between two virtual machines. */
    RESET,
    /** How large its BARs could be. */
    RESIZABLE_BAR,
    /** Whether it is awake. */
    POWER;

    /** As part of a key of the catalogue, of the name of a node, and for programs: {@code iommu-kernel}. */
    public String id() {
        return KebabCase.of(this);
    }
}
