package org.switchback.hardware;

import java.util.Optional;

/**
 * The platform device through which the kernel offers the framebuffer that firmware set up (drivers/firmware/sysfb.c).
 *
 * @param platformDevice  name of the platform device: {@code efi-framebuffer.0}, {@code simple-framebuffer.0}
 * @param driver  platform driver bound to it: {@code efi-framebuffer}, {@code simple-framebuffer}; empty when none is
 * @param registered whether that driver has the framebuffer. Before 6.0 a native driver that takes it away leaves the platform
 *                driver bound to nothing, and to unbind it then frees the framebuffer a second time
 *                (remove_conflicting_framebuffers, drivers/video/fbdev/core/fbmem.c).
 */
public record FirmwareFramebuffer(String platformDevice, Optional<String> driver, boolean registered) {
    /** Whether the driver has lost the framebuffer to a native one. */
    public boolean isTakenOver() {
        return driver.isPresent() && !registered;
    }
}
