package org.switchback.hardware;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Version of a Linux kernel.
 *
 * @param major first number
 * @param minor second number
 * @param release complete output of {@code uname -r}
 */
public record KernelVersion(int major, int minor, String release) {
    private static final Pattern MAJOR_MINOR = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*", Pattern.DOTALL);

    /**
     * Parses the output of {@code uname -r}.
     *
     * @return version 0.0 with the text as release if the text does not start with two numbers
     */
    public static KernelVersion parse(String release) {
        Matcher matcher = MAJOR_MINOR.matcher(release.strip());
        return matcher.matches()
                ? new KernelVersion(
                        Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)), release.strip())
                : new KernelVersion(0, 0, release.strip());
    }

    public boolean isAtLeast(int requiredMajor, int requiredMinor) {
        return major > requiredMajor || (major == requiredMajor && minor >= requiredMinor);
    }

    /** Whether vfio-pci evicts boot framebuffers from VGA devices: since 6.0 (commit d17378062079). */
    public boolean vfioEvictsVgaFramebuffer() {
        return isAtLeast(6, 0);
    }

    /**
     * Whether binding a native driver removes the boot framebuffer together with its platform device
     * (drivers/video/aperture.c). Before 6.0, BOOTFB stays. Before 6.11, a framebuffer without a driver stays as well,
     * except on the primary VGA GPU (sysfb_disable, b49420d6a1ae); measured on 6.1.
     *
     * @param hasDriver whether a platform driver is bound to the framebuffer
     * @param vga whether the GPU is of class 0300
     */
    public boolean nativeDriverEvictsFramebuffer(boolean hasDriver, boolean vga) {
        return isAtLeast(6, hasDriver || vga ? 0 : 11);
    }
}
