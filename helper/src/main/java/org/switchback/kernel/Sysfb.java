package org.switchback.kernel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel.Answer;

/**
 * The firmware's framebuffers in a simulated kernel: platform devices (drivers/firmware/sysfb.c), their drivers, and how
 * they are made to go (drivers/video/aperture.c). What is called measured was seen with Debian's kernels.
 */
final class Sysfb {
    private static final String DEVICES = "/sys/bus/platform/devices/";

    private static final String SIMPLE = "simple-framebuffer.0";
    private static final Pattern ORDER = Pattern.compile("(\\S+) ([0-9a-f]{8,16})-([0-9a-f]{8,16})");

    private final SimulatedMachine machine;
    private final Map<String, Drawing> drawings = new LinkedHashMap<>();

    /**
     * What the driver of a platform device brings with it.
     *
     * @param files  its framebuffer's entries
     * @param claims regions it claims, not the one that is the device's own
     */
    private record Drawing(Map<String, Entry> files, List<Region> claims) {}

    /** @param asBooted what the machine's files show */
    Sysfb(SimulatedMachine machine, Machine asBooted) {
        this.machine = machine;
        for (FirmwareFramebuffer framebuffer : asBooted.framebuffers()) {
            drawings.put(framebuffer.device(), drawing(framebuffer.device(), asBooted));
            framebuffer.driver().ifPresent(driver -> machine.addDriver("platform", driver));
        }
    }

    private Drawing drawing(String device, Machine asBooted) {
        Capture capture = machine.capture();
        Map<String, Entry> own = new TreeMap<>();
        for (String folder : List.of("/sys/class/graphics/", "/sys/class/drm/")) {
            for (String node : capture.names(folder)) {
                if (capture.entries().get(folder + node) instanceof Link(String target)
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
        return new Drawing(own, asBooted.memory().find(region -> FirmwareClaim.ofRegion(region.name())
                .filter(claim -> isDevice(device, claim.device()) && !claim.outlivesDriver())
                .isPresent()));
    }

    private static boolean isDevice(String device, String name) {
        return device.startsWith(name + ".");
    }

    /** {@code unbind_store}, drivers/base/bus.c: the driver's own region goes, BOOTFB is the device's and stays (measured). */
    Answer unbind(String driver, String device) {
        String link = DEVICES + device + "/driver";
        Drawing drawing = drawings.get(device);
        if (drawing == null || !machine.link(link).equals(driver)) {
            return new Answer.Failed("ENODEV");
        }
        if (isSpent(device)) {
            machine.die();
            return new Answer.Failed("?");
        }
        machine.files().remove(link);
        machine.files().keySet().removeAll(drawing.files().keySet());
        machine.memory().release(drawing.claims()::contains);
        return new Answer.Done();
    }

    /** {@code bind_store}; a platform driver matches by name (platform_match, drivers/base/platform.c). */
    Answer bind(String driver, String device) {
        String link = DEVICES + device + "/driver";
        Drawing drawing = drawings.get(device);
        if (drawing == null || !isDevice(device, driver)) {
            return new Answer.Failed("ENODEV");
        }
        if (machine.has(link)) {
            return DriverCore.alreadyBound(machine.kernel());
        }
        machine.files().put(link, new Link(upFrom(device) + "bus/platform/drivers/" + driver));
        if (drawing.files().isEmpty()) {
            drawing = new Drawing(Map.of(freeNode(), new Link("../../devices/platform/" + device + "/graphics/fb")), drawing.claims());
            drawings.put(device, drawing);
        }
        machine.files().putAll(drawing.files());
        // efifb_probe and simplefb_probe go on when they can't have the region.
        drawing.claims().forEach(claim -> machine.memory().request(claim.range(), claim.name()));
        return new Answer.Done();
    }

    /** Where the next framebuffer is registered (do_register_framebuffer, drivers/video/fbdev/core/fbmem.c). */
    private String freeNode() {
        int number = 0;
        while (machine.has("/sys/class/graphics/fb" + number)) {
            number++;
        }
        return "/sys/class/graphics/fb" + number;
    }

    /** Whether the driver is bound to a framebuffer that a native driver has unregistered: to unbind it frees it again. */
    private boolean isSpent(String device) {
        return machine.framebuffers().stream().anyMatch(fb -> fb.device().equals(device) && fb.spent());
    }

    /**
     * What {@code kmod/switchback_bootfb.c} answers to a text written to its parameter, with the tests in its order. The
     * device is unregistered: its driver goes, then its region.
     */
    Answer release(String text) {
        Matcher order = ORDER.matcher(text);
        Optional<PciAddress> address = order.matches() ? PciAddress.parse(order.group(1)) : Optional.empty();
        if (address.isEmpty()) {
            return new Answer.Failed("EINVAL");
        }
        AddressRange range = new AddressRange(
                Long.parseUnsignedLong(order.group(2), 16), Long.parseUnsignedLong(order.group(3), 16));
        PciDevice gpu = machine.devices().get(address.get());
        if (gpu == null) {
            return new Answer.Failed("ENODEV");
        }
        return refusal(gpu, range).<Answer>map(Answer.Failed::new).orElseGet(() -> {
            machine.memory().release(region -> region.range().equals(range) && region.name().equals("BOOTFB"));
            stopDrawing(SIMPLE, true);
            return new Answer.Done();
        });
    }

    private Optional<String> refusal(PciDevice gpu, AddressRange range) {
        if (!gpu.kind().isDisplay()) {
            return Optional.of("EOPNOTSUPP");
        }
        if (!isInBar(gpu, range)) {
            return Optional.of("ERANGE");
        }
        String driver = machine.driver(gpu.address());
        if (!driver.isEmpty() && !driver.equals(PciDevice.VFIO_PCI)) {
            return Optional.of("EBUSY");
        }
        if (!drawings.containsKey(SIMPLE)) {
            return Optional.of("ENOENT");
        }
        List<Region> bootfb = MemoryMap.parse(machine.memory().toText()).find(region -> region.name().equals("BOOTFB"));
        if (bootfb.size() != 1) {
            return Optional.of("ENXIO");
        }
        if (!isInBar(gpu, bootfb.getFirst().range())) {
            return Optional.of("EXDEV");
        }
        if (!bootfb.getFirst().range().equals(range)) {
            return Optional.of("ESTALE");
        }
        return isSpent(SIMPLE) && !machine.kernel().atLeast(5, 19) ? Optional.of("EBUSY") : Optional.empty();
    }

    private static boolean isInBar(PciDevice gpu, AddressRange range) {
        return gpu.bars().stream()
                .anyMatch(bar -> bar.space() == Bar.Space.MEMORY && bar.range().contains(range));
    }

    /** From the device's real folder to /sys/; newer kernels have it below the GPU. */
    private String upFrom(String device) {
        return machine.files().get(DEVICES + device) instanceof Link(String target)
                ? "../".repeat(target.substring(target.indexOf("devices/")).split("/").length)
                : "../../../";
    }

    /**
     * Removes the framebuffers that lie in a function's BARs. Since 6.0 their platform devices go for good; before, the
     * framebuffer is unregistered and its driver stays bound to nothing (remove_conflicting_framebuffers,
     * drivers/video/fbdev/core/fbmem.c). Both measured.
     */
    void evictFrom(PciDevice function) {
        boolean deviceGoes = machine.kernel().atLeast(6, 0);
        for (Region region : machine.insideBars(function)) {
            Optional<FirmwareClaim> claim = FirmwareClaim.ofRegion(region.name());
            if (claim.isEmpty() || (deviceGoes && !isFound(claim.get(), function))) {
                continue;
            }
            if (deviceGoes || !claim.get().outlivesDriver()) {
                machine.memory().release(region::equals);
            }
            for (String device : List.copyOf(drawings.keySet())) {
                if (isDevice(device, claim.get().device())) {
                    stopDrawing(device, deviceGoes);
                }
            }
        }
    }

    private boolean isFound(FirmwareClaim claim, PciDevice function) {
        boolean hasDriver = machine.framebuffers().stream()
                .anyMatch(fb -> isDevice(fb.device(), claim.device()) && fb.driver().isPresent());
        return machine.kernel()
                .nativeDriverEvicts(hasDriver, function.kind().isVga());
    }

    private void stopDrawing(String device, boolean deviceGoes) {
        Drawing drawing = drawings.get(device);
        if (drawing != null) {
            machine.files().keySet().removeAll(drawing.files().keySet());
        }
        if (deviceGoes) {
            drawings.remove(device);
            machine.files().remove(DEVICES + device);
            machine.files().remove(DEVICES + device + "/driver");
        }
    }
}
