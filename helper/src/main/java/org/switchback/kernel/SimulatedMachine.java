package org.switchback.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Directory;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Holder;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.Taint;

/**
 * What a simulated kernel knows: the files of a capture, which are the truth, and of /proc/iomem the tree behind it. Has
 * no rules of its own.
 */
final class SimulatedMachine {
    private static final String TAINTED = "/proc/sys/kernel/tainted";

    private final NavigableMap<String, Entry> files;
    private final ResourceTree memory;
    private final KernelVersion kernel;
    private final Map<PciAddress, PciDevice> devices;
    private final Map<PciAddress, String> leaving = new HashMap<>();

    /** @param machine what {@code asBooted} shows */
    SimulatedMachine(Capture asBooted, Machine machine) {
        files = new TreeMap<>(asBooted.entries());
        kernel = machine.kernel();
        memory = new ResourceTree(machine.memory(), !kernel.atLeast(5, 18));
        devices = new TreeMap<>(machine.devices());
    }

    /** The files, to be changed. */
    NavigableMap<String, Entry> files() {
        return files;
    }

    /** The claims on addresses, to be changed. */
    ResourceTree memory() {
        return memory;
    }

    KernelVersion kernel() {
        return kernel;
    }

    /** The functions as they were when the machine was booted, but for those that were removed; what changes is in the files. */
    Map<PciAddress, PciDevice> devices() {
        return devices;
    }

    /** A function has gone, and all that sysfs has of it. */
    void remove(PciAddress function) {
        devices.remove(function);
        leaving.remove(function);
        files.keySet().removeIf(path ->
                path.startsWith(folder(function) + "/") || path.endsWith("/" + function));
    }

    /** The files as they are now, but for the memory map. */
    Capture capture() {
        return new Capture(files);
    }

    /** @param locked whether a write waits in the kernel that keeps readers of that device's override waiting too */
    Capture capture(Predicate<String> locked) {
        Map<String, Optional<Entry>> changes = new HashMap<>();
        if (has("/proc/iomem")) {
            changes.put("/proc/iomem", Optional.of(new Text(memory.toText())));
        }
        for (PciAddress function : devices.keySet()) {
            if (locked.test(function.toString())) {
                changes.put(folder(function) + "/driver_override", Optional.of(GuardedReader.NO_ANSWER));
            }
        }
        return capture().with(changes);
    }

    boolean has(String path) {
        return files.containsKey(path);
    }

    /** Content of a file; empty when there is none. */
    Optional<String> text(String path) {
        return files.get(path) instanceof Text(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last part of a link's target; the empty text when there is no link. */
    String link(String path) {
        return files.get(path) instanceof Link(String target) ? target.substring(target.lastIndexOf('/') + 1) : "";
    }

    /** The driver that has the function, also while it is letting go and its link is gone; empty for none. */
    String driver(PciAddress function) {
        return leaving.getOrDefault(function, link(folder(function) + "/driver"));
    }

    /** {@code driver_sysfs_add}, drivers/base/dd.c. */
    void linkDriver(PciAddress function, String driver) {
        int depth = files.get(folder(function)) instanceof Link(String target)
                ? target.substring(target.indexOf("devices/")).split("/").length
                : 3;
        files.put(folder(function) + "/driver", new Link("../".repeat(depth) + "bus/pci/drivers/" + driver));
    }

    /** Takes the link away; the driver stays until {@link #hasLeft}. */
    void unlinkDriver(PciAddress function) {
        leaving.put(function, driver(function));
        files.remove(folder(function) + "/driver");
    }

    void hasLeft(PciAddress function) {
        leaving.remove(function);
    }

    /**
     * Whether reading and writing {@code driver_override} waits for the device. It has a lock of its own since
     * cb3d1049f4ea (7.0, taken back into stable kernels such as Debian's 6.12); measured on 6.1 and 7.2.
     */
    boolean overrideTakesDeviceLock() {
        return !kernel.atLeast(6, 12);
    }

    /** The only driver the function may bind; empty for any. */
    String override(PciAddress function) {
        return text(folder(function) + "/driver_override")
                .filter(text -> !text.equals("(null)"))
                .orElse("");
    }

    void setPower(PciAddress function, String control, String status) {
        files.replace(folder(function) + "/power/control", new Text(control));
        files.replace(folder(function) + "/power/runtime_status", new Text(status));
    }

    /** Makes sure that a driver has its folder on a bus. */
    void addDriver(String bus, String driver) {
        files.putIfAbsent("/sys/bus/" + bus + "/drivers/" + driver, new Directory());
    }

    /** Everything claimed inside the memory BARs of a function, at any depth. */
    List<Region> insideBars(PciDevice device) {
        List<Region> found = new ArrayList<>();
        device.bars().stream()
                .filter(bar -> bar.space() == Bar.Space.MEMORY)
                .forEach(bar -> found.addAll(memory.inside(bar.range(), device.address())));
        return found;
    }

    static boolean isFirmware(Region region) {
        return FirmwareClaim.ofRegion(region.name()).isPresent();
    }

    /** Programs that have anything open that a machine's reader knows. */
    List<Holder> programs() {
        // Folders of processes alone: their names lie between these two.
        return MachineReader.read(new Capture(files.subMap("/proc/0", true, "/proc/:", false)))
                .holders();
    }

    List<Holder> holders(PciAddress function) {
        Machine machine = MachineReader.read(capture());
        return machine.device(function).map(machine::holdersOf).orElse(List.of());
    }

    /** Those among them that use the function through its driver, and not through the firmware's framebuffer. */
    List<Holder> holdersByDriver(PciAddress function) {
        Machine machine = MachineReader.read(capture());
        return machine.device(function)
                .map(device -> machine.holdersOf(device).stream()
                        .filter(holder -> device.nodes().contains(holder.node()))
                        .toList())
                .orElse(List.of());
    }

    /** The firmware's framebuffers as they are now. */
    List<FirmwareFramebuffer> framebuffers() {
        return MachineReader.read(capture()).framebuffers();
    }

    boolean isHeld(Holder holder) {
        return programs().contains(holder);
    }

    /** A program opens a node. */
    void open(Holder holder) {
        String folder = "/proc/" + holder.pid();
        files.put(folder + "/comm", new Text(holder.program()));
        files.put(folder + "/owner", new Text(holder.owner()));
        int descriptor = 3 + capture().names(folder + "/fd").size();
        files.put(folder + "/fd/" + descriptor, new Link("/dev/" + holder.node()));
    }

    void end(int pid) {
        files.keySet().removeIf(path -> path.startsWith("/proc/" + pid + "/"));
    }

    boolean oops() {
        return new Taint(taint()).oops();
    }

    void die() {
        taint(Taint.DIED);
    }

    /** Sets taint flags, which nothing takes away again. */
    void taint(long bits) {
        files.put(TAINTED, new Text(Long.toString(taint() | bits)));
    }

    private long taint() {
        return text(TAINTED).map(Long::parseLong).orElse(0L);
    }

    static String folder(PciAddress function) {
        return MachineReader.PCI_DEVICES + function;
    }
}
