package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;

/**
 * Something in the kernel that has a value and can be given another. Values are texts; the empty text stands for none.
 */
public sealed interface Setting {
    /** The driver bound to a function. */
    record Driver(PciAddress function) implements Setting {}

    /** The only driver a function may bind ({@code driver_override}). */
    record DriverOverride(PciAddress function) implements Setting {}

    /** Whether a function may be suspended when idle ({@code power/control}): {@code on} or {@code auto}. */
    record PowerControl(PciAddress function) implements Setting {}

    /**
     * The platform driver that draws on a firmware framebuffer, {@code efi-framebuffer.0}. None as well when it is bound
     * still but a native driver has taken the framebuffer away: there is nothing left to unbind it from.
     */
    record FramebufferDriver(String device) implements Setting {}

    /**
     * What the firmware's framebuffer has claimed at exactly that range inside a BAR of the function: the region's name, or
     * none.
     */
    record FramebufferRegion(PciAddress function, AddressRange range) implements Setting {}

    /** A kernel module: {@code loaded} or none. */
    record KernelModule(String name) implements Setting {
        /** The value of a module that is loaded. */
        public static final String LOADED = "loaded";
    }
}
