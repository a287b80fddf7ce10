package org.switchback.kernel;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel.Answer;

/**
 * The firmware's framebuffers in a simulated kernel: platform devices (drivers/firmware/sysfb.c), their drivers, and how
 * they are made to go (drivers/video/aperture.c). What is called measured was seen with Debian's kernels.
 */
final class Sysfb {
    private static final String DEVICES = "/sys/bus/platform/devices/";

    private final SimulatedMachine machine;
    private final Map<String, Drawing> drawings = new LinkedHashMap<>();

    /**
     * What the driver of a platform device brings with it.
     *
     * @param files  its framebuffer's entries
     * @param claims regions it claims, not the one that is the device's own
     */
    private record Drawing(Map<String, Entry> files, List<Region> claims) {}

    Sysfb(SimulatedMachine machine) {
        this.machine = machine;
        Machine asBooted = MachineReader.read(machine.capture());
        for (FirmwareFramebuffer framebuffer : asBooted.framebuffers()) {
            drawings.put(framebuffer.device(), drawing(framebuffer.device(), asBooted));
            framebuffer.driver().ifPresent(driver -> machine.addDriver("platform", driver));
        }
    }

    private Drawing drawing(String device, Machine asBooted) {
        Capture capture = machine.capture();
        Map<String, Entry> own = new TreeMap<>();
        for (String framebuffer : capture.names("/sys/class/graphics")) {
            String path = "/sys/class/graphics/" + framebuffer;
            if (capture.entries().get(path) instanceof Link(String target) && target.contains("/" + device + "/")) {
                own.put(path, new Link(target));
                capture.text(path + "/name").ifPresent(name -> own.put(path + "/name", new Capture.Text(name)));
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
        machine.files().putAll(drawing.files());
        // efifb_probe and simplefb_probe go on when they can't have the region.
        drawing.claims().forEach(claim -> machine.memory().request(claim.range(), claim.name()));
        return new Answer.Done();
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
            if (claim.isEmpty()) {
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
