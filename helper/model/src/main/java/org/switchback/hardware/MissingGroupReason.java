package org.switchback.hardware;

/** Why a function has no IOMMU group. */
public enum MissingGroupReason {
    /** Xen has the IOMMU. */
    XEN,
    /** {@code igfx_off} excludes the integrated GPU, while other functions have a group. */
    GRAPHICS_EXCLUDED,
    /** Other functions have a group: the IOMMU is on, but does not cover this one. */
    NOT_COVERED,
    /** A kernel option disables the IOMMU. */
    DISABLED,
    /** A virtual machine of Hyper-V, which offers it no IOMMU. */
    HYPER_V_GUEST,
    /** A virtual machine without a virtual IOMMU. */
    GUEST,
    /** A device tree that describes no IOMMU for the function. */
    DEVICE_TREE,
    /** The firmware or the kernel does not enable the IOMMU. */
    NOT_ENABLED
}
