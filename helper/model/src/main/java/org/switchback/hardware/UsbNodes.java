package org.switchback.hardware;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Device nodes of the devices below a USB controller, and mounts of the disks among them. */
public final class UsbNodes {
    /** Class of the block devices; its entries also have a {@code dev} file and a folder {@code holders}. */
    public static final String BLOCK_CLASS = "/sys/class/block";

    /** Bus of the USB devices, each with a node for libusb. */
    public static final String USB_DEVICES = "/sys/bus/usb/devices";

    /** Folders whose entries link to devices that may be below a USB controller and have a node. */
    public static final List<String> CLASSES = List.of(
            BLOCK_CLASS,
            USB_DEVICES,
            "/sys/class/hidraw",
            "/sys/class/input",
            "/sys/class/sound",
            "/sys/class/tty",
            "/sys/class/video4linux");

    /** Mounts of the host; only the lines of the disks below USB controllers (proc_pid_mountinfo(5)). */
    public static final String MOUNTS = "/proc/1/mountinfo";

    /** Active swap devices; only the lines of the disks below USB controllers (proc_swaps(5)). */
    public static final String SWAPS = "/proc/swaps";

    /** Number of device mapper and RAID levels above a partition that are followed. */
    private static final int MAX_HOLDER_DEPTH = 8;

    private UsbNodes() {}

    /**
     * Returns the node, without {@code /dev/}, of an entry in one of the {@link #CLASSES}; empty if it has none.
     *
     * @param classFolder one of the {@link #CLASSES}
     * @param name entry in it: {@code event3}
     * @param busAndDevice the files {@code busnum} and {@code devnum} of a USB device, in decimal; empty for the others
     */
    public static Optional<String> nodeOf(String classFolder, String name, Optional<String> busAndDevice) {
        return switch (classFolder) {
            case "/sys/class/input" ->
                name.startsWith("event") || name.startsWith("mouse") || name.startsWith("js")
                        ? Optional.of("input/" + name)
                        : Optional.empty();
            case "/sys/class/sound" -> name.startsWith("card") ? Optional.empty() : Optional.of("snd/" + name);
            case USB_DEVICES -> busAndDevice.map(numbers -> "bus/usb/" + numbers);
            default -> Optional.of(name);
        };
    }

    /** Whether an entry in one of the {@link #CLASSES} may be a USB device; false for terminals without hardware. */
    public static boolean mayBeUsb(String classFolder, String name) {
        return !classFolder.equals("/sys/class/tty") || name.startsWith("ttyACM") || name.startsWith("ttyUSB");
    }

    /**
     * Whether a device is below a USB controller.
     *
     * @param target target of its link: {@code ../../devices/pci0000:00/0000:01:00.2/usb3/3-1/…}
     */
    public static boolean isBelow(PciAddress controller, String target) {
        return target.contains("/" + controller + "/usb");
    }

    /** Returns the nodes of all devices below a USB controller; a disk includes what is stacked on it. */
    static Set<String> find(MachineSnapshot snapshot, PciAddress controller) {
        Set<String> nodes = new LinkedHashSet<>();
        for (String folder : CLASSES) {
            for (String name : snapshot.childNames(folder)) {
                String path = folder + "/" + name;
                if (snapshot.entries().get(path) instanceof MachineSnapshot.LinkEntry(String target)
                        && isBelow(controller, target)) {
                    Optional<String> numbers = snapshot.text(path + "/busnum")
                            .flatMap(bus -> snapshot.text(path + "/devnum").map(device -> busDevice(bus, device)));
                    nodeOf(folder, name, numbers).ifPresent(nodes::add);
                    if (folder.equals(BLOCK_CLASS)) {
                        addHolders(snapshot, name, nodes, MAX_HOLDER_DEPTH);
                    }
                }
            }
        }
        return nodes;
    }

    /** Returns the numbers in the name of the node of a USB device: {@code 003/002}. */
    public static String busDevice(String bus, String device) {
        return "0".repeat(Math.max(0, 3 - bus.length())) + bus + "/" + "0".repeat(Math.max(0, 3 - device.length()))
                + device;
    }

    private static void addHolders(MachineSnapshot snapshot, String name, Set<String> nodes, int depth) {
        if (depth == 0) {
            return;
        }
        for (String holder : snapshot.childNames(BLOCK_CLASS + "/" + name + "/holders")) {
            nodes.add(holder);
            addHolders(snapshot, holder, nodes, depth - 1);
        }
    }

    /** Returns the first mount of each block device in the snapshot, and the swap devices. */
    static List<DeviceUser> findMounts(MachineSnapshot snapshot) {
        List<DeviceUser> mounts = new ArrayList<>();
        for (String name : snapshot.childNames(BLOCK_CLASS)) {
            String path = BLOCK_CLASS + "/" + name;
            String number = snapshot.text(path + "/dev").orElse("");
            Set<String> nodes = new LinkedHashSet<>(List.of("/dev/" + name));
            snapshot.text(path + "/dm/name").ifPresent(mapper -> nodes.add("/dev/mapper/" + mapper));
            snapshot.text(MOUNTS)
                    .orElse("")
                    .lines()
                    .filter(line -> isMountOf(line, number, nodes))
                    .findFirst()
                    .ifPresent(line -> mounts.add(mount(unescape(line.split(" ")[4]), name)));
            snapshot.text(SWAPS)
                    .orElse("")
                    .lines()
                    .filter(line -> isSwapOn(line, nodes))
                    .findFirst()
                    .ifPresent(line -> mounts.add(mount(DeviceUser.SWAP, name)));
        }
        return mounts;
    }

    private static DeviceUser mount(String mountPoint, String node) {
        return new DeviceUser(DeviceUser.NO_PROCESS, mountPoint, "", node);
    }

    /**
     * Whether a line of mountinfo is a mount of a block device. Btrfs has a device number of its own; there the source
     * tells.
     *
     * @param line {@code 36 35 8:17 / /mnt rw,noatime shared:1 - ext4 /dev/sdb1 rw}
     * @param number device number as in the {@code dev} file: {@code 8:17}; empty if unknown
     * @param nodes paths of the node
     */
    public static boolean isMountOf(String line, String number, Set<String> nodes) {
        String[] fields = line.split(" ");
        int separator = line.indexOf(" - ");
        if (fields.length < 6 || separator < 0) {
            return false;
        }
        String[] afterSeparator = line.substring(separator + 3).split(" ");
        return fields[2].equals(number) || (afterSeparator.length > 1 && nodes.contains(unescape(afterSeparator[1])));
    }

    /**
     * Whether a line of /proc/swaps is a block device.
     *
     * @param nodes paths of the node
     */
    public static boolean isSwapOn(String line, Set<String> nodes) {
        return nodes.contains(unescape(line.split("\\s", 2)[0]));
    }

    /** Spaces and a few other characters are octal in mountinfo and swaps ({@code seq_path}, fs/seq_file.c). */
    private static String unescape(String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
