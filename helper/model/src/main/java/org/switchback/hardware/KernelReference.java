package org.switchback.hardware;

/**
 * A reference to a GPU inside the kernel that no process with an open node shows.
 *
 * @param kind who holds the reference
 * @param gpu graphics function
 */
public record KernelReference(ReferenceKind kind, PciAddress gpu) {
    /** Who holds a reference. */
    public enum ReferenceKind {
        /**
         * nvidia_drm with modesetting opens each GPU of the driver (nv_drm_dev_load, nvidia-drm-drv.c); unbinding then
         * waits for ever ("non-zero usage count", nv_pci_remove, nv-pci.c). This is the only GPU of the driver.
         */
        NVIDIA_MODESET,
        /** As {@link #NVIDIA_MODESET}, but nvidia_drm drives other GPUs too. */
        NVIDIA_MODESET_SHARED,
        /** nvidia_drm is loaded; whether it uses modesetting could not be read. */
        NVIDIA_MODESET_UNKNOWN,
        /**
         * More references to the module nvidia than its holders and the open nodes explain, and no other GPU is bound
         * to it: buffers shared with another driver, or a file on its way between processes.
         */
        NVIDIA_MODULE,
        /** As {@link #NVIDIA_MODULE}, but the reference may belong to another GPU. */
        NVIDIA_MODULE_SHARED,
        /** An integrated AMD GPU: unbinding amdgpu was reported to hang although no process used it. */
        AMDGPU_INTEGRATED,
        /** The text console (fbcon) is drawn in the framebuffer of the GPU's own driver. */
        TEXT_CONSOLE
    }

    /** Whether the driver cannot be unbound while the reference exists. */
    public boolean isBlockingUnbind() {
        return switch (kind) {
            case NVIDIA_MODESET, NVIDIA_MODESET_SHARED, NVIDIA_MODULE -> true;
            case NVIDIA_MODESET_UNKNOWN, NVIDIA_MODULE_SHARED, AMDGPU_INTEGRATED, TEXT_CONSOLE -> false;
        };
    }
}
