package org.switchback.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel.WriteResult;

/**
 * The firmware's framebuffers in a simulated kernel: platform devices (drivers/firmware/sysfb.c), their drivers, and how
 * they are made to go (drivers/video/aperture.c). What is called measured was seen with Debian's kernels.
 */
final class SimulatedFramebuffer {
    private static final String PLATFORM_DEVICES = "/sys/bus/platform/devices/";

    private static final String SIMPLE_FRAMEBUFFER = "simple-framebuffer.0";
    private static final Pattern RELEASE_REQUEST = Pattern.compile("(\\S+) ([0-9a-f]{8,16})-([0-9a-f]{8,16})");

    private final SimulatedMachine machine;
    private final Map<String, FramebufferResources> resourcesByDevice = new LinkedHashMap<>();

    /**
     * What the driver of a platform device brings with it.
     *
     * @param files  its framebuffer's entries
     * @param regions regions it claims, not the one that is the device's own
     */
    private record FramebufferResources(Map<String, SnapshotEntry> files, List<Region> regions) {}

    /** @param asBooted what the machine's files show */
    SimulatedFramebuffer(SimulatedMachine machine, Machine asBooted) {
        this.machine = machine;
        for (FirmwareFramebuffer framebuffer : asBooted.firmwareFramebuffers()) {
            resourcesByDevice.put(framebuffer.platformDevice(), readResources(framebuffer.platformDevice(), asBooted));
            framebuffer.driver().ifPresent(driver -> machine.addDriver("platform", driver));
        }
    }

    private FramebufferResources readResources(String device, Machine asBooted) {
        MachineSnapshot capture = machine.snapshot();
        Map<String, SnapshotEntry> own = new TreeMap<>();
        for (String folder : List.of("/sys/class/graphics/", "/sys/class/drm/")) {
            for (String node : capture.childNames(folder)) {
                if (capture.entries().get(folder + node) instanceof LinkEntry(String target)
                        && target.contains("/" + device + "/")) {
                    // With the name of a framebuffer and the connectors of a card: card0-Unknown-1.
                    capture.entries().forEach((path, entry) -> {
                        if (path.equals(folder + node)
                                || path.startsWith(folder + node + "/")
                                || path.startsWith(folder + node + "-")) {
                            own.put(path, entry);
                        }
                    });
                }
            }
        }
        return new FramebufferResources(own, asBooted.memoryMap().find(region -> FirmwareRegion.fromRegionName(region.name())
                .filter(claim -> isPlatformDevice(device, claim.platformDeviceName()) && !claim.isOwnedByPlatformDevice())
                .isPresent()));
    }

    private static boolean isPlatformDevice(String device, String name) {
        return device.startsWith(name + ".");
    }

    /** {@code unbind_store}, drivers/base/bus.c: the driver's own region goes, BOOTFB is the device's and stays (measured). */
    WriteResult unbind(String driver, String device) {
        String link = PLATFORM_DEVICES + device + "/driver";
        FramebufferResources drawing = resourcesByDevice.get(device);
        if (drawing == null || !machine.linkTargetName(link).equals(driver)) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        if (isTakenOver(device)) {
            machine.recordOops();
            return new WriteResult.WriteFailed("?");
        }
        machine.files().remove(link);
        machine.files().keySet().removeAll(drawing.files().keySet());
        machine.resourceTree().release(drawing.regions()::contains);
        return new WriteResult.Done();
    }

    /** {@code bind_store}; a platform driver matches by name (platform_match, drivers/base/platform.c). */
    WriteResult bind(String driver, String device) {
        String link = PLATFORM_DEVICES + device + "/driver";
        FramebufferResources drawing = resourcesByDevice.get(device);
        if (drawing == null || !isPlatformDevice(device, driver)) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        if (machine.hasPath(link)) {
            return SimulatedDrivers.alreadyBoundResult(machine.kernelVersion());
        }
        machine.files().put(link, new LinkEntry(relativePathToSys(device) + "bus/platform/drivers/" + driver));
        if (drawing.files().isEmpty()) {
            drawing = new FramebufferResources(Map.of(nextFramebufferPath(), new LinkEntry("../../devices/platform/" + device + "/graphics/fb")), drawing.regions());
            resourcesByDevice.put(device, drawing);
        }
        machine.files().putAll(drawing.files());
        // efifb_probe and simplefb_probe go on when they can't have the region.
        drawing.regions().forEach(claim -> machine.resourceTree().request(claim.range(), claim.name()));
        return new WriteResult.Done();
    }

    /** Where the next framebuffer is registered (do_register_framebuffer, drivers/video/fbdev/core/fbmem.c). */
    private String nextFramebufferPath() {
        int number = 0;
        while (machine.hasPath("/sys/class/graphics/fb" + number)) {
            number++;
        }
        return "/sys/class/graphics/fb" + number;
    }

    /** Whether the driver is bound to a framebuffer that a native driver has unregistered: to unbind it frees it again. */
    private boolean isTakenOver(String device) {
        return machine.firmwareFramebuffers().stream().anyMatch(fb -> fb.platformDevice().equals(device) && fb.isTakenOver());
    }

    /**
     * What {@code kmod/switchback_bootfb.c} answers to a text written to its parameter, with the tests in its order. The
     * device is unregistered: its driver goes, then its region.
     */
    WriteResult writeRelease(String text) {
        Matcher order = RELEASE_REQUEST.matcher(text);
        Optional<PciAddress> address = order.matches() ? PciAddress.parse(order.group(1)) : Optional.empty();
        if (address.isEmpty()) {
            return new WriteResult.WriteFailed("EINVAL");
        }
        AddressRange range = new AddressRange(
                Long.parseUnsignedLong(order.group(2), 16), Long.parseUnsignedLong(order.group(3), 16));
        PciDevice gpu = machine.devices().get(address.get());
        if (gpu == null) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        return findReleaseError(gpu, range).<WriteResult>map(WriteResult.WriteFailed::new).orElseGet(() -> {
            machine.resourceTree().release(region -> region.range().equals(range) && region.name().equals("BOOTFB"));
            removeFramebuffer(SIMPLE_FRAMEBUFFER, true);
            return new WriteResult.Done();
        });
    }

    private Optional<String> findReleaseError(PciDevice gpu, AddressRange range) {
        if (!gpu.pciClass().isDisplay()) {
            return Optional.of("EOPNOTSUPP");
        }
        if (!isInBar(gpu, range)) {
            return Optional.of("ERANGE");
        }
        String driver = machine.driverOf(gpu.address());
        if (!driver.isEmpty() && !driver.equals(PciDevice.VFIO_PCI)) {
            return Optional.of("EBUSY");
        }
        if (!resourcesByDevice.containsKey(SIMPLE_FRAMEBUFFER)) {
            return Optional.of("ENOENT");
        }
        List<Region> bootfb = MemoryMap.parse(machine.resourceTree().toText()).find(region -> region.name().equals("BOOTFB"));
        if (bootfb.size() != 1) {
            return Optional.of("ENXIO");
        }
        if (!isInBar(gpu, bootfb.getFirst().range())) {
            return Optional.of("EXDEV");
        }
        if (!bootfb.getFirst().range().equals(range)) {
            return Optional.of("ESTALE");
        }
        return isTakenOver(SIMPLE_FRAMEBUFFER) && !machine.kernelVersion().isAtLeast(5, 19) ? Optional.of("EBUSY") : Optional.empty();
    }

    private static boolean isInBar(PciDevice gpu, AddressRange range) {
        return gpu.bars().stream()
                .anyMatch(bar -> bar.space() == Bar.AddressSpace.MEMORY && bar.range().contains(range));
    }

    /** From the device's real folder to /sys/; newer kernels have it below the GPU. */
    private String relativePathToSys(String device) {
        return machine.files().get(PLATFORM_DEVICES + device) instanceof LinkEntry(String target)
                ? "../".repeat(target.substring(target.indexOf("devices/")).split("/").length)
                : "../../../";
    }

    /**
     * Removes the framebuffers that lie in a function's BARs. Since 6.0 their platform devices go for good; before, the
     * framebuffer is unregistered and its driver stays bound to nothing (remove_conflicting_framebuffers,
     * drivers/video/fbdev/core/fbmem.c). Both measured.
     */
    void evictFrom(PciDevice function) {
        boolean deviceGoes = machine.kernelVersion().isAtLeast(6, 0);
        for (Region region : machine.regionsInBars(function)) {
            Optional<FirmwareRegion> claim = FirmwareRegion.fromRegionName(region.name());
            if (claim.isEmpty() || (deviceGoes && !isEvictedByNativeDriver(claim.get(), function))) {
                continue;
            }
            if (deviceGoes || !claim.get().isOwnedByPlatformDevice()) {
                machine.resourceTree().release(region::equals);
            }
            for (String device : List.copyOf(resourcesByDevice.keySet())) {
                if (isPlatformDevice(device, claim.get().platformDeviceName())) {
                    removeFramebuffer(device, deviceGoes);
                }
            }
        }
    }

    private boolean isEvictedByNativeDriver(FirmwareRegion claim, PciDevice function) {
        boolean hasDriver = machine.firmwareFramebuffers().stream()
                .anyMatch(fb -> isPlatformDevice(fb.platformDevice(), claim.platformDeviceName()) && fb.driver().isPresent());
        return machine.kernelVersion()
                .nativeDriverEvictsFramebuffer(hasDriver, function.pciClass().isVga());
    }

    private void removeFramebuffer(String device, boolean deviceGoes) {
        FramebufferResources drawing = resourcesByDevice.get(device);
        if (drawing != null) {
            machine.files().keySet().removeAll(drawing.files().keySet());
        }
        if (deviceGoes) {
            resourcesByDevice.remove(device);
            machine.files().remove(PLATFORM_DEVICES + device);
            machine.files().remove(PLATFORM_DEVICES + device + "/driver");
        }
    }
}
