package org.switchback.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel.WriteResult;

/**
 * Boot framebuffers in a simulated kernel: platform devices (drivers/firmware/sysfb.c), their drivers, and their
 * removal (drivers/video/aperture.c). "Measured" means: observed with Debian's kernels.
 */
final class SimulatedFramebuffer {
    private static final String PLATFORM_DEVICES = "/sys/bus/platform/devices/";

    private static final String SIMPLE_FRAMEBUFFER = "simple-framebuffer.0";
    private static final Pattern RELEASE_REQUEST = Pattern.compile("(\\S+) ([0-9a-f]{8,16})-([0-9a-f]{8,16})");

    private final SimulatedMachine machine;
    private final Map<String, FramebufferResources> resourcesByDevice = new LinkedHashMap<>();

    /**
     * Resources that exist while the driver of a platform device is bound.
     *
     * @param files the entries of its framebuffer
     * @param regions the regions claimed by the driver, without the region of the device
     */
    private record FramebufferResources(Map<String, SnapshotEntry> files, List<Region> regions) {}

    /** @param bootMachine the parsed boot snapshot */
    SimulatedFramebuffer(SimulatedMachine machine, Machine bootMachine) {
        this.machine = machine;
        for (BootFramebuffer framebuffer : bootMachine.bootFramebuffers()) {
            resourcesByDevice.put(
                    framebuffer.platformDevice(), readResources(framebuffer.platformDevice(), bootMachine));
            framebuffer.driver().ifPresent(driver -> machine.addDriver("platform", driver));
        }
    }

    private FramebufferResources readResources(String device, Machine bootMachine) {
        MachineSnapshot snapshot = machine.snapshot();
        Map<String, SnapshotEntry> files = new TreeMap<>();
        for (String folder : List.of("/sys/class/graphics/", "/sys/class/drm/")) {
            for (String node : snapshot.childNames(folder)) {
                if (snapshot.entries().get(folder + node) instanceof LinkEntry(String target)
                        && target.contains("/" + device + "/")) {
                    // Includes the name of a framebuffer and the connectors of a card, such as card0-Unknown-1.
                    snapshot.entries().forEach((path, entry) -> {
                        if (path.equals(folder + node)
                                || path.startsWith(folder + node + "/")
                                || path.startsWith(folder + node + "-")) {
                            files.put(path, entry);
                        }
                    });
                }
            }
        }
        List<Region> regions = bootMachine.memoryMap().find(region -> FirmwareRegionKind.fromRegionName(region.name())
                .filter(owner ->
                        isPlatformDevice(device, owner.platformDeviceName()) && !owner.isOwnedByPlatformDevice())
                .isPresent());
        return new FramebufferResources(files, regions);
    }

    private static boolean isPlatformDevice(String device, String name) {
        return device.startsWith(name + ".");
    }

    /**
     * {@code unbind_store}, drivers/base/bus.c: releases the region of the driver. BOOTFB belongs to the device and
     * stays (measured).
     */
    WriteResult unbind(String driver, String device) {
        String link = PLATFORM_DEVICES + device + "/driver";
        FramebufferResources resources = resourcesByDevice.get(device);
        if (resources == null || !machine.linkTargetName(link).equals(driver)) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        if (isTakenOver(device)) {
            machine.recordOops();
            return new WriteResult.WriteFailed("?");
        }
        machine.files().remove(link);
        machine.files().keySet().removeAll(resources.files().keySet());
        machine.resourceTree().release(resources.regions()::contains);
        return new WriteResult.Done();
    }

    /** {@code bind_store}; a platform driver matches by name (platform_match, drivers/base/platform.c). */
    WriteResult bind(String driver, String device) {
        String driverLink = PLATFORM_DEVICES + device + "/driver";
        FramebufferResources resources = resourcesByDevice.get(device);
        if (resources == null || !isPlatformDevice(device, driver)) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        if (machine.hasPath(driverLink)) {
            return SimulatedDrivers.alreadyBoundResult(machine.kernelVersion());
        }
        machine.files()
                .put(
                        driverLink,
                        new LinkEntry(machine.relativePathToSys(PLATFORM_DEVICES + device) + "bus/platform/drivers/"
                                + driver));
        if (resources.files().isEmpty()) {
            LinkEntry link = new LinkEntry("../../devices/platform/" + device + "/graphics/fb");
            resources = new FramebufferResources(Map.of(nextFramebufferPath(), link), resources.regions());
            resourcesByDevice.put(device, resources);
        }
        machine.files().putAll(resources.files());
        // efifb_probe and simplefb_probe continue when they fail to claim the region.
        resources.regions().forEach(region -> machine.resourceTree().request(region.range(), region.name()));
        return new WriteResult.Done();
    }

    /** Path of the next registered framebuffer (do_register_framebuffer, drivers/video/fbdev/core/fbmem.c). */
    private String nextFramebufferPath() {
        int number = 0;
        while (machine.hasPath("/sys/class/graphics/fb" + number)) {
            number++;
        }
        return "/sys/class/graphics/fb" + number;
    }

    /** Whether a native driver has unregistered the framebuffer of a bound driver: unbinding would free it twice. */
    private boolean isTakenOver(String device) {
        return machine.bootFramebuffers().stream()
                .anyMatch(framebuffer -> framebuffer.platformDevice().equals(device) && framebuffer.isTakenOver());
    }

    /**
     * A write to the parameter of {@code kmod/switchback_bootfb.c}, with its checks in the same order. The module
     * unregisters the platform device: the driver is unbound, then the region is released.
     */
    WriteResult writeRelease(String text) {
        Matcher request = RELEASE_REQUEST.matcher(text);
        Optional<PciAddress> address = request.matches() ? PciAddress.parse(request.group(1)) : Optional.empty();
        if (address.isEmpty()) {
            return new WriteResult.WriteFailed("EINVAL");
        }
        AddressRange range = new AddressRange(
                Long.parseUnsignedLong(request.group(2), 16), Long.parseUnsignedLong(request.group(3), 16));
        PciDevice gpu = machine.devices().get(address.get());
        if (gpu == null) {
            return new WriteResult.WriteFailed("ENODEV");
        }
        Optional<String> error = findReleaseError(gpu, range);
        if (error.isPresent()) {
            return new WriteResult.WriteFailed(error.get());
        }
        machine.resourceTree()
                .release(region -> region.range().equals(range) && region.name().equals("BOOTFB"));
        removeFramebuffer(SIMPLE_FRAMEBUFFER, true);
        return new WriteResult.Done();
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
        List<Region> bootfb = MemoryMap.parse(machine.resourceTree().toText())
                .find(region -> region.name().equals("BOOTFB"));
        if (bootfb.size() != 1) {
            return Optional.of("ENXIO");
        }
        if (!isInBar(gpu, bootfb.getFirst().range())) {
            return Optional.of("EXDEV");
        }
        if (!bootfb.getFirst().range().equals(range)) {
            return Optional.of("ESTALE");
        }
        return isTakenOver(SIMPLE_FRAMEBUFFER) && !machine.kernelVersion().isAtLeast(5, 19)
                ? Optional.of("EBUSY")
                : Optional.empty();
    }

    private static boolean isInBar(PciDevice gpu, AddressRange range) {
        return gpu.memoryBars().stream().anyMatch(bar -> bar.range().contains(range));
    }

    /**
     * Removes the framebuffers in the BARs of a function. Since 6.0 their platform devices are removed until restart;
     * before 6.0, the framebuffer is unregistered and its driver stays bound (remove_conflicting_framebuffers,
     * drivers/video/fbdev/core/fbmem.c). Both measured.
     */
    void evictFrom(PciDevice function) {
        boolean removesDevice = machine.kernelVersion().isAtLeast(6, 0);
        for (Region region : machine.regionsInBars(function)) {
            Optional<FirmwareRegionKind> firmwareRegion = FirmwareRegionKind.fromRegionName(region.name());
            if (firmwareRegion.isEmpty()
                    || (removesDevice && !isEvictedByNativeDriver(firmwareRegion.get(), function))) {
                continue;
            }
            if (removesDevice || !firmwareRegion.get().isOwnedByPlatformDevice()) {
                machine.resourceTree().release(region::equals);
            }
            for (String device : List.copyOf(resourcesByDevice.keySet())) {
                if (isPlatformDevice(device, firmwareRegion.get().platformDeviceName())) {
                    removeFramebuffer(device, removesDevice);
                }
            }
        }
    }

    private boolean isEvictedByNativeDriver(FirmwareRegionKind region, PciDevice function) {
        boolean hasDriver = machine.bootFramebuffers().stream()
                .anyMatch(framebuffer -> isPlatformDevice(framebuffer.platformDevice(), region.platformDeviceName())
                        && framebuffer.driver().isPresent());
        return machine.kernelVersion()
                .nativeDriverEvictsFramebuffer(hasDriver, function.pciClass().isVga());
    }

    private void removeFramebuffer(String device, boolean removesDevice) {
        FramebufferResources resources = resourcesByDevice.get(device);
        if (resources != null) {
            machine.files().keySet().removeAll(resources.files().keySet());
        }
        if (removesDevice) {
            resourcesByDevice.remove(device);
            machine.files().remove(PLATFORM_DEVICES + device);
            machine.files().remove(PLATFORM_DEVICES + device + "/driver");
        }
    }
}
