package org.switchback.hardware;

import java.util.Optional;

/**
 * The platform device through which the kernel offers the framebuffer that firmware set up (drivers/firmware/sysfb.c).
 *
 * @param device name of the platform device: {@code efi-framebuffer.0}, {@code simple-framebuffer.0}
 * @param driver platform driver bound to it: {@code efi-framebuffer}, {@code simple-framebuffer}; empty when none is
 */
public record FirmwareFramebuffer(String device, Optional<String> driver) {}
