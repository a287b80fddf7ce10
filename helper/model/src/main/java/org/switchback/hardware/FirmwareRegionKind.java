package org.switchback.hardware;

import java.util.List;
import java.util.Optional;

/** A region of the boot framebuffer in /proc/iomem, with the platform device behind it. */
public enum FirmwareRegionKind {
    /** Reserved by sysfb for the simple framebuffer device (drivers/firmware/sysfb_simplefb.c). */
    BOOTFB("BOOTFB", "simple-framebuffer"),
    /** Inside BOOTFB (drivers/video/fbdev/simplefb.c). */
    SIMPLEFB("simplefb", "simple-framebuffer"),
    /** Inside BOOTFB (drivers/gpu/drm/tiny/simpledrm.c). */
    SIMPLEDRM("simpledrm", "simple-framebuffer"),
    /** See drivers/video/fbdev/efifb.c. */
    EFIFB("efifb", "efi-framebuffer"),
    /** Linux 6.16 and later (drivers/gpu/drm/sysfb/efidrm.c). */
    EFIDRM("efidrm", "efi-framebuffer"),
    /** See drivers/video/fbdev/vesafb.c. */
    VESAFB("vesafb", "vesa-framebuffer"),
    /** Linux 6.16 and later (drivers/gpu/drm/sysfb/vesadrm.c). */
    VESADRM("vesadrm", "vesa-framebuffer");

    private final String regionName;
    private final String platformDeviceName;

    FirmwareRegionKind(String regionName, String platformDeviceName) {
        this.regionName = regionName;
        this.platformDeviceName = platformDeviceName;
    }

    /** Name of the platform device without its number: {@code efi-framebuffer}. */
    public String platformDeviceName() {
        return platformDeviceName;
    }

    /** Returns the firmware region with that name in /proc/iomem; empty for any other name. */
    public static Optional<FirmwareRegionKind> fromRegionName(String name) {
        return List.of(values()).stream()
                .filter(region -> region.regionName.equals(name))
                .findFirst();
    }

    /**
     * Returns the name of the firmware region with exactly that range inside a BAR of the function; empty if there is
     * none.
     */
    public static Optional<String> findRegionName(MemoryMap map, PciAddress function, AddressRange range) {
        return map.find(region -> region.name().equals(function.toString())).stream()
                .flatMap(bar -> bar.children().stream())
                .filter(region -> region.range().equals(range)
                        && fromRegionName(region.name()).isPresent())
                .map(Region::name)
                .findFirst();
    }

    /**
     * Returns the firmware region of a platform device; empty if the device is not a boot framebuffer.
     *
     * @param name name of the platform device with its number: {@code efi-framebuffer.0}
     */
    public static Optional<FirmwareRegionKind> fromPlatformDevice(String name) {
        int dot = name.lastIndexOf('.');
        return List.of(values()).stream()
                .filter(region -> dot > 0 && region.platformDeviceName.equals(name.substring(0, dot)))
                .findFirst();
    }

    /**
     * Whether a platform device's framebuffer lies in a function's memory. Newer kernels place the platform device
     * below the function (screen_info_pci_dev, drivers/firmware/sysfb.c); on older kernels, its region inside a BAR is
     * the only evidence.
     *
     * @param device name of the platform device: {@code efi-framebuffer.0}
     * @param linkTarget target of the device's link in {@link SnapshotParser#PLATFORM_DEVICES}
     */
    public static boolean isFramebufferOf(PciAddress function, String device, String linkTarget, MemoryMap map) {
        String name = function.toString();
        return linkTarget.endsWith("/" + name + "/" + device)
                || map.find(region -> region.name().equals(name)).stream().anyMatch(bar -> hasRegionOf(device, bar));
    }

    private static boolean hasRegionOf(String device, Region region) {
        return region.children().stream()
                .anyMatch(inner -> fromRegionName(inner.name())
                                .filter(firmwareRegion -> device.startsWith(firmwareRegion.platformDeviceName + "."))
                                .isPresent()
                        || hasRegionOf(device, inner));
    }

    /** Whether the region remains when the driver is unbound, because the platform device itself owns it. */
    public boolean isOwnedByPlatformDevice() {
        return this == BOOTFB;
    }
}
