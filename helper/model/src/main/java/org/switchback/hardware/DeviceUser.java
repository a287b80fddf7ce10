package org.switchback.hardware;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that has a device node of a PCI function open or mapped, or a mount of a disk below the function.
 *
 * @param pid process ID; {@link #NO_PROCESS} for a mount
 * @param program name in /proc/PID/comm; for a mount the mount point, or {@link #SWAP}
 * @param owner name of the user the process runs as; empty if it was left out of a report
 * @param deviceNode device node without {@code /dev/}: {@code dri/card0}, {@code vfio/27}
 * @param virtualMachine name of the virtual machine that the process runs, as libvirt registered it with systemd, or
 *     its number in Proxmox VE; empty for any other process
 */
public record DeviceUser(int pid, String program, String owner, String deviceNode, String virtualMachine) {
    /** Process ID of a mount, which the kernel holds itself. */
    public static final int NO_PROCESS = 0;

    /** Mount point of an active swap device, as lsblk prints it. */
    public static final String SWAP = "[SWAP]";

    /**
     * {@code machine-qemu\x2d3\x2dwin10.scope}: libvirt's number and name of the virtual machine, escaped by systemd.
     */
    private static final Pattern MACHINE_SCOPE = Pattern.compile("/machine-qemu\\\\x2d\\d+\\\\x2d([^/\\n]+)\\.scope");

    /** {@code /qemu.slice/101.scope}: Proxmox VE's number of the virtual machine. */
    private static final Pattern PROXMOX_SCOPE = Pattern.compile("/qemu\\.slice/(\\d+)\\.scope");

    private static final Pattern SYSTEMD_ESCAPE = Pattern.compile("\\\\x([0-9a-f]{2})");

    /** A process that is not known to run a virtual machine. */
    public DeviceUser(int pid, String program, String owner, String deviceNode) {
        this(pid, program, owner, deviceNode, "");
    }

    /**
     * Returns the name of the virtual machine, or the empty text.
     *
     * @param cgroup content of /proc/PID/cgroup
     */
    static String parseVirtualMachine(String cgroup) {
        Matcher libvirt = MACHINE_SCOPE.matcher(cgroup);
        if (libvirt.find()) {
            return SYSTEMD_ESCAPE
                    .matcher(libvirt.group(1))
                    .replaceAll(
                            code -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(code.group(1), 16))));
        }
        Matcher proxmox = PROXMOX_SCOPE.matcher(cgroup);
        return proxmox.find() ? proxmox.group(1) : "";
    }

    /** Whether it is the mount of a disk, not a process. */
    public boolean isMount() {
        return pid == NO_PROCESS;
    }

    /**
     * Whether the open node blocks unbinding the driver. Sound servers keep the control node of every card open and
     * close it when the card is removed, so control nodes do not block; an open stream does. Keyboards and other USB
     * devices, except for disks, may be unplugged at any time.
     */
    public boolean isBlockingUnbind() {
        return !deviceNode.startsWith("snd/control")
                && !deviceNode.equals("snd/seq")
                && !deviceNode.equals("snd/timer")
                && !isUsbPeripheral();
    }

    /** Whether the node belongs to a USB device that the kernel allows to unplug while in use, such as a keyboard. */
    public boolean isUsbPeripheral() {
        return DeviceNodes.isUsbPeripheral(deviceNode);
    }

    /** Whether the node belongs to all GPUs of the NVIDIA driver: {@code nvidiactl}. */
    public boolean isThroughSharedNvidiaNode() {
        return DeviceNodes.isSharedByNvidiaGpus(deviceNode);
    }
}
