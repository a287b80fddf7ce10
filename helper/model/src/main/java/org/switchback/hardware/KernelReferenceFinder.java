package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.switchback.hardware.KernelReference.ReferenceKind;

/** Finds the references to a GPU that only the kernel holds. */
final class KernelReferenceFinder {
    private static final int VENDOR_AMD_GPU = 0x1002;
    private static final int VENDOR_AMD = 0x1022;
    private static final String MODESET_PARAMETER = "/sys/module/nvidia_drm/parameters/modeset";

    private final MachineSnapshot snapshot;
    private final Map<PciAddress, PciDevice> devices;
    private final boolean readWithoutRoot;
    private final long nvidiaCount;

    KernelReferenceFinder(MachineSnapshot snapshot, Map<PciAddress, PciDevice> devices, MemoryMap memoryMap) {
        this.snapshot = snapshot;
        this.devices = devices;
        this.readWithoutRoot = memoryMap.isEmpty() || memoryMap.addressesHidden();
        this.nvidiaCount = devices.values().stream()
                .filter(device -> isBoundTo(device, DeviceNodes.NVIDIA))
                .count();
    }

    private static boolean isBoundTo(PciDevice device, String driver) {
        return device.driver().filter(driver::equals).isPresent();
    }

    /** Whether the NVIDIA driver is bound to the GPU and to others, too. */
    boolean isSharedNvidiaGpu(PciDevice graphics) {
        return isBoundTo(graphics, DeviceNodes.NVIDIA) && nvidiaCount > 1;
    }

    /** @param users processes that use the GPU */
    List<KernelReference> find(PciDevice graphics, List<DeviceUser> users) {
        List<ReferenceKind> kinds = new ArrayList<>();
        boolean isUsed = users.stream().anyMatch(DeviceUser::isBlockingUnbind);
        if (isBoundTo(graphics, DeviceNodes.NVIDIA)) {
            Optional<ReferenceKind> modeset = findModeset(graphics);
            modeset.ifPresent(kinds::add);
            // Modesetting and visible users explain a reference well enough.
            if (modeset.isEmpty() && !isUsed && hasHiddenModuleUser()) {
                kinds.add(nvidiaCount > 1 ? ReferenceKind.NVIDIA_MODULE_SHARED : ReferenceKind.NVIDIA_MODULE);
            }
        }
        if (isBoundTo(graphics, "amdgpu") && isIntegratedAmd(graphics) && !isUsed) {
            kinds.add(ReferenceKind.AMDGPU_INTEGRATED);
        }
        if (isTextConsole(graphics)) {
            kinds.add(ReferenceKind.TEXT_CONSOLE);
        }
        return kinds.stream()
                .map(kind -> new KernelReference(kind, graphics.address()))
                .toList();
    }

    private Optional<ReferenceKind> findModeset(PciDevice graphics) {
        boolean isDrivenByNvidiaDrm = graphics.deviceNodes().stream().anyMatch(node -> node.startsWith("dri/"));
        if (!snapshot.hasPath("/sys/module/nvidia_drm")
                && snapshot.childNames("/sys/module/nvidia_drm").isEmpty()) {
            return Optional.empty();
        }
        Optional<Boolean> modeset = parseModeset();
        if (modeset.isEmpty()) {
            return isDrivenByNvidiaDrm ? Optional.of(ReferenceKind.NVIDIA_MODESET_UNKNOWN) : Optional.empty();
        }
        if (!modeset.get() || !isDrivenByNvidiaDrm) {
            return Optional.empty();
        }
        return Optional.of(nvidiaCount > 1 ? ReferenceKind.NVIDIA_MODESET_SHARED : ReferenceKind.NVIDIA_MODESET);
    }

    /** The parameter is readable only by root; a kernel option, unlike a file of modprobe.d, is known without it. */
    private Optional<Boolean> parseModeset() {
        return snapshot.text(MODESET_PARAMETER)
                .or(() ->
                        KernelCommandLine.parse(snapshot.text("/proc/cmdline").orElse(""))
                                .find("nvidia_drm.modeset")
                                .stream()
                                .map(KernelCommandLine.KernelParameter::value)
                                .reduce((first, last) -> last))
                .map(value -> List.of("y", "1", "on").contains(value.toLowerCase(Locale.ROOT)));
    }

    /**
     * Compares the references to the module with those that are known: each dependent module (holder) and each open
     * node has one. A descriptor shared by processes counts once in the kernel and several times here, so this never
     * finds too many.
     */
    private boolean hasHiddenModuleUser() {
        if (readWithoutRoot) {
            // The descriptors of other users' processes are not in the snapshot.
            return false;
        }
        Optional<Long> references = snapshot.text("/sys/module/nvidia/refcnt")
                .filter(text -> text.matches("\\d{1,9}"))
                .map(Long::parseLong);
        long known = snapshot.childNames("/sys/module/nvidia/holders").size()
                + snapshot.entries().entrySet().stream()
                        .filter(entry -> entry.getKey().startsWith("/proc/")
                                && entry.getValue() instanceof MachineSnapshot.LinkEntry(String target)
                                && isNodeOfNvidia(target))
                        .count();
        return references.filter(count -> count > known).isPresent();
    }

    private boolean isNodeOfNvidia(String target) {
        String node = target.startsWith("/dev/") ? target.substring(5) : "";
        return DeviceNodes.isSharedByNvidiaGpus(node)
                || devices.values().stream()
                        .anyMatch(device -> isBoundTo(device, DeviceNodes.NVIDIA)
                                && device.deviceNodes().contains(node));
    }

    /**
     * An integrated GPU is on the root bus, or behind a bridge of the processor. A card has a switch of the GPU's
     * vendor above it, or an expansion ROM; the firmware holds the ROM of an integrated GPU.
     */
    private boolean isIntegratedAmd(PciDevice graphics) {
        if (graphics.ids().vendor() != VENDOR_AMD_GPU) {
            return false;
        }
        if (graphics.parentBridges().isEmpty()) {
            return true;
        }
        PciDevice parent = devices.get(graphics.parentBridges().getLast());
        boolean hasRom = graphics.bars().stream().anyMatch(bar -> bar.index() == Bar.ROM_INDEX);
        return parent != null && parent.ids().vendor() == VENDOR_AMD && !hasRom;
    }

    /**
     * The console is on the framebuffer that was registered first, unless con2fbmap has moved it (do_fb_registered,
     * drivers/video/fbdev/core/fbcon.c).
     */
    private boolean isTextConsole(PciDevice graphics) {
        boolean isConsoleBound = snapshot.childNames("/sys/class/vtconsole").stream()
                .map(name -> "/sys/class/vtconsole/" + name)
                .anyMatch(console -> snapshot.text(console + "/name")
                                .filter(name -> name.endsWith("frame buffer device"))
                                .isPresent()
                        && snapshot.text(console + "/bind").filter("1"::equals).isPresent());
        return isConsoleBound
                && snapshot.childNames("/sys/class/graphics").stream()
                        .filter(name -> name.matches("fb\\d+"))
                        .findFirst()
                        .filter(name -> snapshot.entries().get("/sys/class/graphics/" + name)
                                        instanceof MachineSnapshot.LinkEntry(String target)
                                && target.endsWith("/" + graphics.address() + "/graphics/" + name))
                        .isPresent();
    }
}
