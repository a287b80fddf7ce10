package org.switchback.client.readiness;

import org.switchback.hardware.KebabCase;

/** A precondition for switching a GPU to VM mode and back, in the order of the readiness page. */
public enum ReadinessCheckKind {
    /** The firmware describes an IOMMU. */
    IOMMU_FIRMWARE,
    /** The kernel uses the IOMMU, so the GPU has an IOMMU group. */
    IOMMU_KERNEL,
    /** vfio-pci is loaded or can be loaded. */
    VFIO,
    /** The modules of the running kernel are still on disk. */
    MODULES,
    /** The functions of the GPU answer to reads of their config space. */
    RESPONSE,
    /** The kernel has assigned addresses to its BARs. */
    MEMORY,
    /** No function of another device is in the GPU's IOMMU group. */
    GROUP,
    /** The firmware requires no 1:1 mappings for the IOMMU group. */
    DIRECT_MAPPINGS,
    /** All functions of the slot are switched together. */
    FUNCTIONS,
    /** The desktop is displayed by another GPU. */
    DESKTOP,
    /** No program has the GPU open. */
    USERS,
    /** The kernel itself holds no reference to the GPU. */
    REFERENCES,
    /** The firmware regions in its BARs can be released. */
    FRAMEBUFFER,
    /** The kernel's restrictions on module signatures. */
    LOCKDOWN,
    /** The kernel has had no oops. */
    KERNEL,
    /** What the options on the kernel command line do that guides recommend. */
    KERNEL_OPTIONS,
    /** A helper is available to run the switch. */
    HELPER,
    /** The GPU can be reset between two virtual machines. */
    RESET,
    /** The possible sizes of its resizable BAR. */
    RESIZABLE_BAR,
    /** The runtime power state. */
    POWER;

    /** Name in message keys, node ids and JSON: {@code iommu-kernel}. */
    public String id() {
        return KebabCase.of(this);
    }
}
