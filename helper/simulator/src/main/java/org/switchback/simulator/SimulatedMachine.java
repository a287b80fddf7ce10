package org.switchback.simulator;


import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.switchback.hardware.Bar;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.KernelTaint;

/**
 * What a simulated kernel knows: the files of a capture, which are the truth, and of /proc/iomem the tree behind it. Has
 * no rules of its own.
 */
final class SimulatedMachine {
    private static final String TAINTED = "/proc/sys/kernel/tainted";

    private final NavigableMap<String, SnapshotEntry> files;
    private final SimulatedResourceTree resourceTree;
    private final KernelVersion kernelVersion;
    private final Map<PciAddress, PciDevice> devices;
    private final Map<PciAddress, String> unbindingDrivers = new HashMap<>();

    /** @param machine what {@code asBooted} shows */
    SimulatedMachine(MachineSnapshot asBooted, Machine machine) {
        files = new TreeMap<>(asBooted.entries());
        kernelVersion = machine.kernelVersion();
        resourceTree = new SimulatedResourceTree(machine.memoryMap(), !kernelVersion.isAtLeast(5, 18));
        devices = new TreeMap<>(machine.devices());
    }

    /** The files, to be changed. */
    NavigableMap<String, SnapshotEntry> files() {
        return files;
    }

    /** The claims on addresses, to be changed. */
    SimulatedResourceTree resourceTree() {
        return resourceTree;
    }

    KernelVersion kernelVersion() {
        return kernelVersion;
    }

    /** The functions as they were when the machine was booted, but for those that were removed; what changes is in the files. */
    Map<PciAddress, PciDevice> devices() {
        return devices;
    }

    /** A function has gone, and all that sysfs has of it. */
    void remove(PciAddress function) {
        devices.remove(function);
        unbindingDrivers.remove(function);
        files.keySet().removeIf(path ->
                path.startsWith(sysfsFolder(function) + "/") || path.endsWith("/" + function));
    }

    /** The files as they are now, but for the memory map. */
    MachineSnapshot snapshot() {
        return new MachineSnapshot(files);
    }

    /** @param locked whether a write waits in the kernel that keeps readers of that device's override waiting too */
    MachineSnapshot snapshot(Predicate<String> locked) {
        Map<String, Optional<SnapshotEntry>> changes = new HashMap<>();
        if (hasPath("/proc/iomem")) {
            changes.put("/proc/iomem", Optional.of(new TextEntry(resourceTree.toText())));
        }
        for (PciAddress function : devices.keySet()) {
            if (locked.test(function.toString())) {
                changes.put(sysfsFolder(function) + "/driver_override", Optional.of(UnreadableEntry.TIMED_OUT));
            }
        }
        return snapshot().withChanges(changes);
    }

    boolean hasPath(String path) {
        return files.containsKey(path);
    }

    /** Content of a file; empty when there is none. */
    Optional<String> text(String path) {
        return files.get(path) instanceof TextEntry(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last part of a link's target; the empty text when there is no link. */
    String linkTargetName(String path) {
        return files.get(path) instanceof LinkEntry(String target) ? target.substring(target.lastIndexOf('/') + 1) : "";
    }

    /** The driver that has the function, also while it is letting go and its link is gone; empty for none. */
    String driverOf(PciAddress function) {
        return unbindingDrivers.getOrDefault(function, linkTargetName(sysfsFolder(function) + "/driver"));
    }

    /** {@code driver_sysfs_add}, drivers/base/dd.c. */
    void linkDriver(PciAddress function, String driver) {
        int depth = files.get(sysfsFolder(function)) instanceof LinkEntry(String target)
                ? target.substring(target.indexOf("devices/")).split("/").length
                : 3;
        files.put(sysfsFolder(function) + "/driver", new LinkEntry("../".repeat(depth) + "bus/pci/drivers/" + driver));
    }

    /** Takes the link away; the driver stays until {@link #finishUnbind}. */
    void unlinkDriver(PciAddress function) {
        unbindingDrivers.put(function, driverOf(function));
        files.remove(sysfsFolder(function) + "/driver");
    }

    void finishUnbind(PciAddress function) {
        unbindingDrivers.remove(function);
    }

    /**
     * Whether reading and writing {@code driver_override} waits for the device. It has a lock of its own since
     * cb3d1049f4ea (7.0, taken back into stable kernels such as Debian's 6.12); measured on 6.1 and 7.2.
     */
    boolean isOverrideDeviceLocked() {
        return !kernelVersion.isAtLeast(6, 12);
    }

    /** The only driver the function may bind; empty for any. */
    String driverOverrideOf(PciAddress function) {
        return text(sysfsFolder(function) + "/driver_override")
                .filter(text -> !text.equals("(null)"))
                .orElse("");
    }

    void setPower(PciAddress function, String control, String status) {
        files.replace(sysfsFolder(function) + "/power/control", new TextEntry(control));
        files.replace(sysfsFolder(function) + "/power/runtime_status", new TextEntry(status));
    }

    /** Makes sure that a driver has its folder on a bus. */
    void addDriver(String bus, String driver) {
        files.putIfAbsent("/sys/bus/" + bus + "/drivers/" + driver, new DirectoryEntry());
    }

    /** Everything claimed inside the memory BARs of a function, at any depth. */
    List<Region> regionsInBars(PciDevice device) {
        List<Region> found = new ArrayList<>();
        device.bars().stream()
                .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
                .forEach(bar -> found.addAll(resourceTree.regionsInside(bar.range(), device.address())));
        return found;
    }

    static boolean isFirmwareRegion(Region region) {
        return FirmwareRegion.fromRegionName(region.name()).isPresent();
    }

    /** Programs that have anything open that a machine's reader knows. */
    List<DeviceUser> deviceUsers() {
        // Folders of processes alone: their names lie between these two.
        return SnapshotParser.parse(new MachineSnapshot(files.subMap("/proc/0", true, "/proc/:", false)))
                .deviceUsers();
    }

    List<DeviceUser> deviceUsersOf(PciAddress function) {
        Machine machine = SnapshotParser.parse(snapshot());
        return machine.device(function).map(machine::deviceUsersOf).orElse(List.of());
    }

    /** Those among them that use the function through its driver, and not through the firmware's framebuffer. */
    List<DeviceUser> driverUsersOf(PciAddress function) {
        Machine machine = SnapshotParser.parse(snapshot());
        return machine.device(function)
                .map(device -> machine.deviceUsersOf(device).stream()
                        .filter(holder -> device.deviceNodes().contains(holder.deviceNode()))
                        .toList())
                .orElse(List.of());
    }

    /** The firmware's framebuffers as they are now. */
    List<FirmwareFramebuffer> firmwareFramebuffers() {
        return SnapshotParser.parse(snapshot()).firmwareFramebuffers();
    }

    boolean isOpen(DeviceUser holder) {
        return deviceUsers().contains(holder);
    }

    /** A program opens a node. */
    void openNode(DeviceUser holder) {
        String folder = "/proc/" + holder.pid();
        files.put(folder + "/comm", new TextEntry(holder.program()));
        files.put(folder + "/owner", new TextEntry(holder.owner()));
        int descriptor = 3 + snapshot().childNames(folder + "/fd").size();
        files.put(folder + "/fd/" + descriptor, new LinkEntry("/dev/" + holder.deviceNode()));
    }

    void endProcess(int pid) {
        files.keySet().removeIf(path -> path.startsWith("/proc/" + pid + "/"));
    }

    boolean hasOops() {
        return new KernelTaint(taint()).hasOops();
    }

    void recordOops() {
        taint(KernelTaint.OOPS);
    }

    /** Sets taint flags, which nothing takes away again. */
    void taint(long bits) {
        files.put(TAINTED, new TextEntry(Long.toString(taint() | bits)));
    }

    private long taint() {
        return text(TAINTED).map(Long::parseLong).orElse(0L);
    }

    static String sysfsFolder(PciAddress function) {
        return SnapshotParser.PCI_DEVICES + function;
    }
}
