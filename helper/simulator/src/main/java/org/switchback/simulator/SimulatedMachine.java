package org.switchback.simulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.KernelTaint;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;

/**
 * State of a simulated kernel: the files of a snapshot, and the resource tree behind /proc/iomem. The files are the
 * primary state. This class contains no rules of the kernel.
 */
final class SimulatedMachine {
    private static final String TAINTED = "/proc/sys/kernel/tainted";

    private final NavigableMap<String, SnapshotEntry> files;
    private final SimulatedResourceTree resourceTree;
    private final KernelVersion kernelVersion;
    private final Map<PciAddress, PciDevice> devices;
    private final Map<PciAddress, String> unbindingDrivers = new HashMap<>();

    /** @param machine the parsed snapshot */
    SimulatedMachine(MachineSnapshot bootSnapshot, Machine machine) {
        files = new TreeMap<>(bootSnapshot.entries());
        kernelVersion = machine.kernelVersion();
        resourceTree = new SimulatedResourceTree(machine.memoryMap(), !kernelVersion.isAtLeast(5, 18));
        devices = new TreeMap<>(machine.devices());
    }

    /** The files by path; mutable. */
    NavigableMap<String, SnapshotEntry> files() {
        return files;
    }

    /** The claimed address ranges; mutable. */
    SimulatedResourceTree resourceTree() {
        return resourceTree;
    }

    KernelVersion kernelVersion() {
        return kernelVersion;
    }

    /** The functions as at boot, without the removed ones. Their current state is in the files. */
    Map<PciAddress, PciDevice> devices() {
        return devices;
    }

    /** Removes a function and its files in sysfs. */
    void remove(PciAddress function) {
        devices.remove(function);
        unbindingDrivers.remove(function);
        files.keySet().removeIf(path -> path.startsWith(sysfsFolder(function) + "/") || path.endsWith("/" + function));
    }

    /** The current files, with the memory map as at boot. */
    MachineSnapshot snapshot() {
        return new MachineSnapshot(files);
    }

    /**
     * The current files with the current memory map.
     *
     * @param locked whether a pending write also blocks readers of the driver override of that device
     */
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

    /** Text of a file; empty when there is no such file. */
    Optional<String> text(String path) {
        return files.get(path) instanceof TextEntry(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last component of a link's target; empty when there is no link. */
    String linkTargetName(String path) {
        return files.get(path) instanceof LinkEntry(String target) ? target.substring(target.lastIndexOf('/') + 1) : "";
    }

    /** The driver of a function, also while an unbind has removed its link but not finished; empty for none. */
    String driverOf(PciAddress function) {
        return unbindingDrivers.getOrDefault(function, linkTargetName(sysfsFolder(function) + "/driver"));
    }

    /** Adds the driver link ({@code driver_sysfs_add}, drivers/base/dd.c). */
    void linkDriver(PciAddress function, String driver) {
        String folder = sysfsFolder(function);
        files.put(folder + "/driver", new LinkEntry(relativePathToSys(folder) + "bus/pci/drivers/" + driver));
    }

    /**
     * Relative path to /sys/ from the folder to which the link of a device points. Newer kernels place the folder of a
     * framebuffer's device below the GPU.
     */
    String relativePathToSys(String deviceLink) {
        int depth = files.get(deviceLink) instanceof LinkEntry(String target)
                ? target.substring(target.indexOf("devices/")).split("/").length
                : 3;
        return "../".repeat(depth);
    }

    /** Removes the driver link; the driver stays bound until {@link #finishUnbind}. */
    void unlinkDriver(PciAddress function) {
        unbindingDrivers.put(function, driverOf(function));
        files.remove(sysfsFolder(function) + "/driver");
    }

    void finishUnbind(PciAddress function) {
        unbindingDrivers.remove(function);
    }

    /**
     * Whether reading and writing {@code driver_override} waits for the lock of the device. It has its own lock since
     * cb3d1049f4ea (7.0, backported to stable kernels such as Debian's 6.12); measured on 6.1 and 7.2.
     */
    boolean isOverrideDeviceLocked() {
        return !kernelVersion.isAtLeast(6, 12);
    }

    /** The driver override of a function; empty for none. */
    String driverOverrideOf(PciAddress function) {
        return text(sysfsFolder(function) + "/driver_override")
                .filter(text -> !text.equals("(null)"))
                .orElse("");
    }

    void setPower(PciAddress function, String control, String status) {
        files.replace(sysfsFolder(function) + "/power/control", new TextEntry(control));
        files.replace(sysfsFolder(function) + "/power/runtime_status", new TextEntry(status));
    }

    /** Adds the folder of a driver on a bus, if missing. */
    void addDriver(String bus, String driver) {
        files.putIfAbsent("/sys/bus/" + bus + "/drivers/" + driver, new DirectoryEntry());
    }

    /** All regions inside the memory BARs of a function, at any depth. */
    List<Region> regionsInBars(PciDevice device) {
        return device.memoryBars().stream()
                .flatMap(bar -> resourceTree.regionsInside(bar.range(), device.address()).stream())
                .toList();
    }

    static boolean isFirmwareRegion(Region region) {
        return FirmwareRegionKind.fromRegionName(region.name()).isPresent();
    }

    /** All programs that have a known device node open. */
    List<DeviceUser> deviceUsers() {
        // Only the folders of processes: their names sort between these two.
        return SnapshotParser.parse(new MachineSnapshot(files.subMap("/proc/0", true, "/proc/:", false)))
                .deviceUsers();
    }

    List<DeviceUser> deviceUsersOf(PciAddress function) {
        Machine machine = SnapshotParser.parse(snapshot());
        return machine.device(function).map(machine::deviceUsersOf).orElse(List.of());
    }

    /** The programs that use the function through its driver, not through a boot framebuffer. */
    List<DeviceUser> driverUsersOf(PciAddress function) {
        List<String> nodes = SnapshotParser.parse(snapshot())
                .device(function)
                .map(PciDevice::deviceNodes)
                .orElse(List.of());
        return deviceUsers().stream()
                .filter(user -> nodes.contains(user.deviceNode()))
                .toList();
    }

    /** The current boot framebuffers. */
    List<BootFramebuffer> bootFramebuffers() {
        return SnapshotParser.parse(snapshot()).bootFramebuffers();
    }

    boolean isOpen(DeviceUser user) {
        return deviceUsers().contains(user);
    }

    /** Opens a node for a program. */
    void openNode(DeviceUser user) {
        String folder = "/proc/" + user.pid();
        files.put(folder + "/comm", new TextEntry(user.program()));
        files.put(folder + "/owner", new TextEntry(user.owner()));
        int descriptor = 3 + snapshot().childNames(folder + "/fd").size();
        files.put(folder + "/fd/" + descriptor, new LinkEntry("/dev/" + user.deviceNode()));
    }

    void endProcess(int pid) {
        files.keySet().removeIf(path -> path.startsWith("/proc/" + pid + "/"));
    }

    boolean hasOops() {
        return new KernelTaint(readTaint()).hasOops();
    }

    void recordOops() {
        addTaint(KernelTaint.OOPS);
    }

    /** Sets taint flags. They are never cleared. */
    void addTaint(long flags) {
        files.put(TAINTED, new TextEntry(Long.toString(readTaint() | flags)));
    }

    private long readTaint() {
        return text(TAINTED).map(Long::parseLong).orElse(0L);
    }

    static String sysfsFolder(PciAddress function) {
        return SnapshotParser.PCI_DEVICES + function;
    }
}
