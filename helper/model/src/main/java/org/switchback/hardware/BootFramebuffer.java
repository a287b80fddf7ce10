package org.switchback.hardware;

import java.util.Optional;

/**
 * A platform device through which the kernel offers the framebuffer that the firmware set up
 * (drivers/firmware/sysfb.c).
 *
 * @param platformDevice name of the platform device: {@code efi-framebuffer.0}, {@code simple-framebuffer.0}
 * @param driver bound platform driver: {@code efi-framebuffer}, {@code simple-framebuffer}; empty if none is bound
 * @param registered whether that driver still has the framebuffer registered. Before Linux 6.0, a native driver that
 *     takes the framebuffer over leaves the platform driver bound without a framebuffer; unbinding it then frees the
 *     framebuffer a second time (remove_conflicting_framebuffers, drivers/video/fbdev/core/fbmem.c).
 */
public record BootFramebuffer(String platformDevice, Optional<String> driver, boolean registered) {
    /** Whether a native driver has taken the framebuffer over from the bound platform driver. */
    public boolean isTakenOver() {
        return driver.isPresent() && !registered;
    }
}
