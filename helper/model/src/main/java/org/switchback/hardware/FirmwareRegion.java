package org.switchback.hardware;

import java.util.List;
import java.util.Optional;

/**
 * The names under which the firmware's framebuffer stands in /proc/iomem, and the platform device behind each.
 */
public enum FirmwareRegion {
    /** The region that sysfb gives the simple framebuffer device (drivers/firmware/sysfb_simplefb.c). */
    BOOTFB("BOOTFB", "simple-framebuffer"),
    /** drivers/video/fbdev/simplefb.c, inside BOOTFB. */
    SIMPLEFB("simplefb", "simple-framebuffer"),
    /** drivers/gpu/drm/tiny/simpledrm.c, inside BOOTFB. */
    SIMPLEDRM("simpledrm", "simple-framebuffer"),
    /** drivers/video/fbdev/efifb.c. */
    EFIFB("efifb", "efi-framebuffer"),
    /** drivers/gpu/drm/sysfb/efidrm.c, 6.16 and later. */
    EFIDRM("efidrm", "efi-framebuffer"),
    /** drivers/video/fbdev/vesafb.c. */
    VESAFB("vesafb", "vesa-framebuffer"),
    /** drivers/gpu/drm/sysfb/vesadrm.c, 6.16 and later. */
    VESADRM("vesadrm", "vesa-framebuffer");

    private final String regionName;
    private final String platformDeviceName;

    FirmwareRegion(String regionName, String platformDeviceName) {
        this.regionName = regionName;
        this.platformDeviceName = platformDeviceName;
    }

    /** Name of the platform device without its number. */
    public String platformDeviceName() {
        return platformDeviceName;
    }

    /** The claim a region of that name is; empty for every other region. */
    public static Optional<FirmwareRegion> fromRegionName(String name) {
        return List.of(values()).stream().filter(claim -> claim.regionName.equals(name)).findFirst();
    }

    /** Name of the firmware's region at exactly that range inside a BAR of the function; empty when there is none. */
    public static Optional<String> findRegionName(MemoryMap map, PciAddress function, AddressRange range) {
        return map.find(region -> region.name().equals(function.toString())).stream()
                .flatMap(bar -> bar.children().stream())
                .filter(region -> region.range().equals(range) && fromRegionName(region.name()).isPresent())
                .map(Region::name)
                .findFirst();
    }

    /** A claim that a platform device makes: {@code efi-framebuffer.0}; empty for every other platform device. */
    public static Optional<FirmwareRegion> fromPlatformDevice(String name) {
        int dot = name.lastIndexOf('.');
        return List.of(values()).stream()
                .filter(claim -> dot > 0 && claim.platformDeviceName.equals(name.substring(0, dot)))
                .findFirst();
    }

    /**
     * Whether a platform device's framebuffer is drawn in a function's memory. Newer kernels have the device below the
     * function (screen_info_pci_dev, drivers/firmware/sysfb.c); otherwise the region tells that it claims in a BAR.
     *
     * @param device name of the platform device: {@code efi-framebuffer.0}
     * @param folder where its link leads
     */
    public static boolean isFramebufferOf(PciAddress function, String device, String folder, MemoryMap map) {
        String name = function.toString();
        return folder.endsWith("/" + name + "/" + device)
                || map.find(region -> region.name().equals(name)).stream().anyMatch(bar -> hasRegionOf(device, bar));
    }

    private static boolean hasRegionOf(String device, Region region) {
        return region.children().stream()
                .anyMatch(inner -> fromRegionName(inner.name())
                                .filter(claim -> device.startsWith(claim.platformDeviceName + "."))
                                .isPresent()
                        || hasRegionOf(device, inner));
    }

    /** Whether the region stays when its driver is unbound, because the platform device itself owns it. */
    public boolean isOwnedByPlatformDevice() {
        return this == BOOTFB;
    }
}
