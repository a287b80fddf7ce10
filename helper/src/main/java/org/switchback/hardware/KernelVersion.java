package org.switchback.hardware;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * @param major   first number
 * @param minor   second number
 * @param release the whole of {@code uname -r}
 */
public record KernelVersion(int major, int minor, String release) {
    private static final Pattern NUMBERS = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*", Pattern.DOTALL);

    /** @return 0.0 with the text as release when it does not begin with two numbers */
    public static KernelVersion parse(String release) {
        Matcher matcher = NUMBERS.matcher(release.strip());
        return matcher.matches()
                ? new KernelVersion(
                        Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)), release.strip())
                : new KernelVersion(0, 0, release.strip());
    }

    public boolean atLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
    }

    /** Whether vfio-pci evicts firmware framebuffers from VGA devices (commit d17378062079, 6.0). */
    public boolean vfioEvictsFromVga() {
        return atLeast(6, 0);
    }

    /**
     * Whether a native driver that is bound removes the firmware's framebuffer together with its platform device
     * (drivers/video/aperture.c, 6.0). Before, BOOTFB stays.
     */
    public boolean nativeDriverEvicts() {
        return atLeast(6, 0);
    }
}
