package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;

/** A value in the kernel that can be read and changed. Values are texts; the empty text means none. */
public sealed interface Setting {
    /** The driver bound to a function. */
    record Driver(PciAddress function) implements Setting {}

    /** The only driver that the kernel may bind to a function ({@code driver_override}). */
    record DriverOverride(PciAddress function) implements Setting {}

    /** Whether a function may be suspended while idle ({@code power/control}): {@code on} or {@code auto}. */
    record PowerControl(PciAddress function) implements Setting {}

    /**
     * The platform driver of a boot framebuffer, {@code efi-framebuffer.0}. The value is also none if the driver is
     * still bound but a native driver has taken the framebuffer over: there is nothing left to unbind.
     */
    record FramebufferDriver(String device) implements Setting {}

    /**
     * The firmware region with exactly that range inside a BAR of the function. The value is the name of the region, or
     * none.
     */
    record FramebufferRegion(PciAddress function, AddressRange range) implements Setting {}

    /** A kernel module. The value is {@code loaded} or none. */
    record KernelModule(String name) implements Setting {
        /** Value of a loaded module. */
        public static final String LOADED = "loaded";
    }
}
