package org.switchback.hardware;

import java.util.Set;
import java.util.stream.Stream;

/** Kinds of device nodes, by their names without {@code /dev/}. */
public final class DeviceNodes {
    /** Node of the compute driver of all GPUs that amdgpu is bound to (drivers/gpu/drm/amd/amdkfd/kfd_chardev.c). */
    public static final String KFD = "kfd";

    /** Name of the NVIDIA driver. */
    static final String NVIDIA = "nvidia";

    /**
     * Nodes that the NVIDIA driver creates once for all its GPUs (nvidia-modprobe-utils.h in nvidia-modprobe). The
     * nodes of {@code nvidia-caps} have numbered names.
     */
    private static final Set<String> SHARED_BY_NVIDIA_GPUS =
            Set.of("nvidiactl", "nvidia-modeset", "nvidia-uvm", "nvidia-uvm-tools");

    private DeviceNodes() {}

    /** Whether all GPUs of the NVIDIA driver share the node, so that it does not show which of them is used. */
    public static boolean isSharedByNvidiaGpus(String node) {
        return SHARED_BY_NVIDIA_GPUS.contains(node) || node.startsWith("nvidia-caps");
    }

    /** Whether it is the node of one GPU of the NVIDIA driver: {@code nvidia0}. */
    static boolean isNvidiaGpu(String node) {
        return node.matches("nvidia\\d+");
    }

    /** Whether it is the node of a bus of a connector: an I2C bus, a DisplayPort AUX channel or a CEC adapter. */
    public static boolean isConnectorBus(String node) {
        return Stream.of("i2c-", "drm_dp_aux", "cec")
                .anyMatch(prefix -> node.startsWith(prefix) && hasNumberAfter(node, prefix.length()));
    }

    /** Whether it is the node of a USB device that the kernel allows to unplug while in use; disks are none. */
    public static boolean isUsbPeripheral(String node) {
        return Stream.of("input/", "hidraw", "bus/usb/", "video", "ttyACM", "ttyUSB")
                .anyMatch(node::startsWith);
    }

    private static boolean hasNumberAfter(String node, int start) {
        return start < node.length() && node.substring(start).chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
