package org.switchback.plan;

import org.switchback.hardware.PciAddress;

/**
 * Something in the kernel that has a value and can be given another. Values are texts; the empty text stands for none.
 */
public sealed interface Setting {
    /** The driver bound to a function. */
    record Driver(PciAddress function) implements Setting {}

    /** The only driver a function may bind ({@code driver_override}). */
    record Override(PciAddress function) implements Setting {}

    /** Whether a function may be suspended when idle ({@code power/control}): {@code on} or {@code auto}. */
    record PowerControl(PciAddress function) implements Setting {}

    /** The platform driver bound to a firmware framebuffer: {@code efi-framebuffer.0}. */
    record FramebufferDriver(String device) implements Setting {}

    /** A kernel module: {@code loaded} or none. */
    record Module(String name) implements Setting {
        /** The value of a module that is loaded. */
        public static final String LOADED = "loaded";
    }
}
