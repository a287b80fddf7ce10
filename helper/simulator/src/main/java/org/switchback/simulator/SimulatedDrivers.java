package org.switchback.simulator;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Bar;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.KernelTaint;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;
import org.switchback.hardware.ModuleSignaturePolicy;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel.WriteResult;
import org.switchback.plan.KernelWrite;

/**
 * The rules of Linux for binding, unbinding and probing PCI drivers. Every rule names its source; "measured" means:
 * observed in a virtual machine with Debian's kernels 5.10, 6.1 and 7.2.
 *
 * <p>The native driver of a function is the one bound at boot, with the nodes and regions it has then.
 * {@link #addNativeDriver} adds others, which claim every memory BAR.
 */
final class SimulatedDrivers {
    private static final String PLATFORM_DRIVERS = "/sys/bus/platform/drivers/";
    private static final String RELEASE_PARAMETER = "/sys/module/" + BootfbModule.NAME + "/parameters/release";
    private static final WriteResult DONE = new WriteResult.Done();

    private final SimulatedMachine machine;
    private final SimulatedFramebuffer framebuffer;
    private final SimulatedVfio vfio;
    private final Map<PciAddress, Map<String, DriverResources>> nativeDrivers = new HashMap<>();
    private final Map<PciAddress, String> unloadedModules = new HashMap<>();
    private final Set<PciAddress> vfioIdFunctions = new HashSet<>();

    /** Progress of a write. */
    sealed interface WriteProgress {
        /** The write finished at once. */
        record CompletedWrite(WriteResult result) implements WriteProgress {}

        /**
         * The write waits in the kernel.
         *
         * @param canFinish whether the wait is over
         * @param onFinish completes the write after the wait
         */
        record BlockedWrite(BooleanSupplier canFinish, Runnable onFinish) implements WriteProgress {}
    }

    /**
     * Resources of a function that exist while a driver is bound to it.
     *
     * @param files device nodes and class entries
     * @param regions regions inside the BARs
     * @param evictsFramebuffers whether binding the driver removes boot framebuffers from the BARs
     */
    private record DriverResources(
            Map<String, SnapshotEntry> files, List<Region> regions, boolean evictsFramebuffers) {}

    SimulatedDrivers(SimulatedMachine machine, SimulatedFramebuffer framebuffer, SimulatedVfio vfio) {
        this.machine = machine;
        this.framebuffer = framebuffer;
        this.vfio = vfio;
        for (PciDevice device : machine.devices().values()) {
            device.driver().ifPresent(driver -> {
                machine.addDriver("pci", driver);
                if (!device.isBoundToVfio()) {
                    nativeDriversOf(device.address()).put(driver, readInitialResources(device));
                }
            });
        }
    }

    private Map<String, DriverResources> nativeDriversOf(PciAddress function) {
        return nativeDrivers.computeIfAbsent(function, key -> new LinkedHashMap<>());
    }

    private DriverResources readInitialResources(PciDevice device) {
        Map<String, SnapshotEntry> files = new TreeMap<>();
        machine.files().forEach((path, entry) -> {
            if (isDeviceNodePath(path, device.address()) || isClassPath(path, device.address())) {
                files.put(path, entry);
            }
        });
        List<Region> regions = machine.regionsInBars(device);
        return new DriverResources(
                files,
                regions.stream()
                        .filter(region -> !SimulatedMachine.isFirmwareRegion(region))
                        .toList(),
                // A driver that was bound at boot beside a framebuffer does not evict it: nvidia's driver does not.
                device.pciClass().isDisplay() && regions.stream().noneMatch(SimulatedMachine::isFirmwareRegion));
    }

    private static boolean isDeviceNodePath(String path, PciAddress function) {
        String folder = SimulatedMachine.sysfsFolder(function) + "/";
        if (!path.startsWith(folder)) {
            return path.equals("/proc/driver/nvidia/gpus/" + function + "/information");
        }
        String name = path.substring(folder.length());
        return name.startsWith("drm/")
                || name.startsWith("graphics/")
                || name.startsWith("sound/")
                || name.startsWith("i2c-");
    }

    /** Matches also the connectors of a card: {@code /sys/class/drm/card0-HDMI-A-1/status}. */
    private boolean isClassPath(String path, PciAddress function) {
        if (!path.startsWith("/sys/class/")) {
            return false;
        }
        String[] parts = path.split("/", 6);
        if (parts.length < 5) {
            return false;
        }
        String node = parts[4].split("-", 2)[0];
        // The platform device of a boot framebuffer may be below the function; it does not belong to the driver.
        return machine.files().get("/sys/class/" + parts[3] + "/" + node) instanceof LinkEntry(String target)
                && target.contains("/" + function + "/")
                && !target.contains("-framebuffer.");
    }

    /** Adds a driver that supports the function but was not bound to it at boot. */
    void addNativeDriver(PciAddress function, String driver) {
        PciDevice device = machine.devices().get(function);
        if (device == null) {
            throw new IllegalArgumentException("no such function: " + function);
        }
        machine.addDriver("pci", driver);
        List<Region> regions = device.memoryBars().stream()
                .filter(bar -> bar.index() < Bar.ROM_INDEX)
                .map(bar -> new Region(bar.range(), driver, List.of()))
                .toList();
        nativeDriversOf(function)
                .putIfAbsent(
                        driver,
                        new DriverResources(Map.of(), regions, device.pciClass().isDisplay()));
    }

    /** Adds the IDs of a function to vfio-pci, which was registered before all other drivers of the function. */
    void addVfioId(PciAddress function) {
        vfioIdFunctions.add(function);
    }

    /** Adds a driver that is a module on disk, not loaded. */
    void addNativeModule(PciAddress function, String driver) {
        unloadedModules.put(function, driver);
    }

    /** {@code pci_stop_and_remove_bus_device}, drivers/pci/remove.c: unbinds the driver, then removes the folder. */
    void unplug(PciAddress function) {
        PciDevice device = machine.devices().get(function);
        if (device != null) {
            finishUnbind(driverOf(device), device);
            machine.remove(function);
        }
    }

    WriteProgress write(KernelWrite write) {
        return switch (write) {
            case KernelWrite.LoadModule(String module) -> completed(modprobe(module));
            case KernelWrite.UnloadModule(String module) -> completed(unloadModule(module));
            case KernelWrite.LoadByModalias(PciAddress function) -> completed(loadDriver(function));
            case KernelWrite.WriteSysfs(String path, String value) -> writeSysfs(path, value);
        };
    }

    private WriteProgress writeSysfs(String path, String value) {
        if (path.equals(RELEASE_PARAMETER) && machine.hasPath(path)) {
            return completed(framebuffer.writeRelease(value));
        }
        String folder = path.substring(0, path.lastIndexOf('/'));
        String attribute = path.substring(folder.length() + 1);
        if (path.equals("/sys/bus/pci/drivers_probe")) {
            return findDevice(value).map(this::probeAny).orElse(failed("ENODEV"));
        }
        if (folder.startsWith(SnapshotParser.PCI_DRIVERS) && machine.hasPath(folder)) {
            String driver = folder.substring(SnapshotParser.PCI_DRIVERS.length());
            if (attribute.equals("bind") || attribute.equals("unbind")) {
                return findDevice(value)
                        .map(device -> attribute.equals("bind") ? bind(driver, device) : unbind(driver, device))
                        .orElse(failed("ENODEV"));
            }
        } else if (folder.startsWith(PLATFORM_DRIVERS) && machine.hasPath(folder)) {
            String driver = folder.substring(PLATFORM_DRIVERS.length());
            if (attribute.equals("bind")) {
                return completed(framebuffer.bind(driver, value));
            } else if (attribute.equals("unbind")) {
                return completed(framebuffer.unbind(driver, value));
            }
        } else if (path.startsWith(SnapshotParser.PCI_DEVICES) && machine.hasPath(path)) {
            if (attribute.equals("driver_override")) {
                // driver_set_override, drivers/base/driver.c: accepts any name; no override reads as "(null)".
                machine.files().put(path, new TextEntry(value.isEmpty() ? "(null)" : value));
                return completed(DONE);
            } else if (path.endsWith("/power/control")) {
                return completed(writePowerControl(folder, value));
            }
        }
        return failed("ENOENT");
    }

    private Optional<PciDevice> findDevice(String name) {
        return PciAddress.parse(name).map(machine.devices()::get);
    }

    /** {@code control_store}, drivers/base/power/sysfs.c. */
    private WriteResult writePowerControl(String folder, String value) {
        if (!value.equals("on") && !value.equals("auto")) {
            return new WriteResult.WriteFailed("EINVAL");
        }
        machine.files().put(folder + "/control", new TextEntry(value));
        if (value.equals("on")) {
            machine.files().replace(folder + "/runtime_status", new TextEntry("active"));
        }
        return DONE;
    }

    private WriteResult modprobe(String module) {
        String folder = "/sys/module/" + module.replace('-', '_');
        if (machine.hasPath(folder) || machine.hasPath(SnapshotParser.PCI_DRIVERS + module)) {
            return DONE;
        }
        if (!machine.hasPath("/lib/modules/" + machine.kernelVersion().release() + "/" + module)) {
            return new WriteResult.WriteFailed("ENOENT");
        }
        if (module.equals(BootfbModule.NAME)) {
            return loadBootfbModule();
        }
        machine.files().put(folder, new DirectoryEntry());
        machine.addDriver("pci", module);
        probeUnboundDevices(module);
        return DONE;
    }

    /** A new driver probes every device without a driver (driver_attach, drivers/base/dd.c). */
    private void probeUnboundDevices(String driver) {
        for (PciDevice device : machine.devices().values()) {
            if (driverOf(device).isEmpty() && matches(driver, device)) {
                probe(driver, device);
            }
        }
    }

    /** {@code module_sig_check}, kernel/module/signing.c; every signature is trusted here. Measured on 6.1. */
    private WriteResult loadBootfbModule() {
        Machine current = SnapshotParser.parse(machine.snapshot());
        boolean isSigned = current.bootfbModule().signature() == BootfbModule.ModuleSignature.SIGNED;
        ModuleSignaturePolicy policy = current.moduleSignaturePolicy();
        if (!isSigned && policy != ModuleSignaturePolicy.UNRESTRICTED) {
            return new WriteResult.WriteFailed(
                    policy == ModuleSignaturePolicy.REQUIRED_BY_LOCKDOWN ? "EPERM" : "EKEYREJECTED");
        }
        machine.files().put("/sys/module/" + BootfbModule.NAME, new DirectoryEntry());
        machine.files().put(RELEASE_PARAMETER, new UnreadableEntry("Permission denied"));
        machine.addTaint(KernelTaint.OUT_OF_TREE_MODULE);
        if (!isSigned) {
            machine.addTaint(KernelTaint.UNSIGNED_MODULE);
        }
        return DONE;
    }

    private WriteResult unloadModule(String module) {
        if (!module.equals(BootfbModule.NAME)) {
            return unloadDriver(module);
        }
        machine.files().remove("/sys/module/" + module);
        machine.files().remove(RELEASE_PARAMETER);
        return DONE;
    }

    /** A module is in use while a device is bound to its driver. Unloading it removes the folder of the driver. */
    private WriteResult unloadDriver(String driver) {
        if (machine.devices().values().stream()
                .anyMatch(device -> driverOf(device).equals(driver))) {
            return new WriteResult.WriteFailed("EBUSY");
        }
        machine.files().remove(SnapshotParser.PCI_DRIVERS + driver);
        nativeDrivers.forEach((function, drivers) -> {
            if (drivers.containsKey(driver)) {
                unloadedModules.put(function, driver);
            }
        });
        return DONE;
    }

    private WriteResult loadDriver(PciAddress function) {
        String driver = unloadedModules.get(function);
        if (driver == null) {
            return new WriteResult.WriteFailed("ENOENT");
        }
        addNativeDriver(function, driver);
        probeUnboundDevices(driver);
        return DONE;
    }

    /** {@code drivers_probe_store}, drivers/base/bus.c. */
    private WriteProgress probeAny(PciDevice device) {
        if (!driverOf(device).isEmpty()) {
            return completed(DONE);
        }
        // In the order of registration. Of the matching drivers, vfio-pci was registered first where it has the IDs.
        Optional<String> driver = machine.snapshot().childNames(SnapshotParser.PCI_DRIVERS).stream()
                .filter(name -> matches(name, device))
                .min(Comparator.comparing(name -> !name.equals(PciDevice.VFIO_PCI)));
        // The error of a driver's probe is not reported, except that a virtual machine has the group (really_probe and
        // __device_attach_driver, drivers/base/dd.c): the driver link shows success, not the result of the write.
        return switch (driver.map(name -> probe(name, device)).orElse(ProbeResult.BOUND)) {
            case BOUND, NO_IOMMU_GROUP -> completed(DONE);
            case GROUP_BUSY -> failed("EBUSY");
            case KERNEL_BUG -> blockedForever();
        };
    }

    /** {@code bind_store}, drivers/base/bus.c. */
    private WriteProgress bind(String driver, PciDevice device) {
        if (!matches(driver, device)) {
            return failed("ENODEV");
        }
        if (!driverOf(device).isEmpty()) {
            return completed(alreadyBoundResult(machine.kernelVersion()));
        }
        return switch (probe(driver, device)) {
            case BOUND -> completed(DONE);
            case NO_IOMMU_GROUP -> failed("EINVAL");
            case GROUP_BUSY -> failed("EBUSY");
            case KERNEL_BUG -> blockedForever();
        };
    }

    /** Measured: ENODEV on 5.10, EBUSY on 6.1 and later; the check moved in 5.14 (driver_probe_device). */
    static WriteResult alreadyBoundResult(KernelVersion kernel) {
        return new WriteResult.WriteFailed(kernel.isAtLeast(5, 14) ? "EBUSY" : "ENODEV");
    }

    /** {@code pci_match_device}, drivers/pci/pci-driver.c: an override matches only the driver of that name. */
    private boolean matches(String driver, PciDevice device) {
        String override = machine.driverOverrideOf(device.address());
        if (!override.isEmpty()) {
            return override.equals(driver);
        }
        return driver.equals(PciDevice.VFIO_PCI)
                ? vfioIdFunctions.contains(device.address())
                : nativeDriversOf(device.address()).containsKey(driver);
    }

    private enum ProbeResult {
        BOUND,
        NO_IOMMU_GROUP,
        GROUP_BUSY,
        KERNEL_BUG
    }

    private ProbeResult probe(String driver, PciDevice device) {
        boolean isVfio = driver.equals(PciDevice.VFIO_PCI);
        if (isVfio && (device.iommuGroup().isEmpty() || device.headerType().orElse(0) != 0)) {
            // vfio_group_find_or_alloc, drivers/vfio/vfio_main.c; vfio_pci_core_register_device for bridges.
            return ProbeResult.NO_IOMMU_GROUP;
        }
        if (!isVfio && !vfio.groupUsers(device).isEmpty()) {
            // iommu_device_use_default_domain fails with EBUSY since 5.19; before, vfio_group_nb_verify is a BUG_ON.
            if (machine.kernelVersion().isAtLeast(5, 19)) {
                return ProbeResult.GROUP_BUSY;
            }
            machine.recordOops();
            return ProbeResult.KERNEL_BUG;
        }
        machine.linkDriver(device.address(), driver);
        if (isVfio) {
            finishVfioBind(device);
        } else {
            finishNativeBind(nativeDriversOf(device.address()).get(driver), device);
        }
        return ProbeResult.BOUND;
    }

    private void finishVfioBind(PciDevice device) {
        if (device.pciClass().isVga() && machine.kernelVersion().vfioEvictsVgaFramebuffer()) {
            // vfio_pci_vga_init, drivers/vfio/pci/vfio_pci_core.c, since d17378062079.
            framebuffer.evictFrom(device);
        }
        if (machine.kernelVersion().isAtLeast(5, 19)) {
            // vfio_pci_core_register_device allows runtime suspend, since 7ab5e10eda02; measured.
            machine.setPower(device.address(), "auto", "suspended");
        }
    }

    private void finishNativeBind(@Nullable DriverResources resources, PciDevice device) {
        // A driver that matches only by an override does not support the function.
        if (resources == null) {
            return;
        }
        if (resources.evictsFramebuffers()) {
            // The drm drivers call drm_aperture_remove_conflicting_pci_framebuffers and its successors.
            framebuffer.evictFrom(device);
        }
        resources.regions().forEach(region -> machine.resourceTree().request(region.range(), region.name()));
        machine.files().putAll(resources.files());
    }

    /**
     * {@code unbind_store}, drivers/base/bus.c. Removes the driver link first (driver_sysfs_remove in
     * __device_release_driver); then the remove function of the driver may wait (measured).
     */
    private WriteProgress unbind(String driver, PciDevice device) {
        if (!driverOf(device).equals(driver)) {
            return failed("ENODEV");
        }
        BooleanSupplier canFinish = unbindCondition(driver, device);
        machine.unlinkDriver(device.address());
        return new WriteProgress.BlockedWrite(canFinish, () -> finishUnbind(driver, device));
    }

    /** When the driver's remove function finishes. Most drivers do not check for open nodes (measured). */
    private BooleanSupplier unbindCondition(String driver, PciDevice device) {
        List<DeviceUser> users = machine.driverUsersOf(device.address());
        return switch (driver) {
            // vfio_unregister_group_dev waits for every open file (measured).
            case PciDevice.VFIO_PCI -> () -> users.stream().noneMatch(machine::isOpen);
            // snd_card_free waits for open streams, sound/core/init.c.
            case "snd_hda_intel" ->
                () -> users.stream().filter(DeviceUser::isBlockingUnbind).noneMatch(machine::isOpen);
            // nv_pci_remove with a nonzero usage count never returns, open-gpu-kernel-modules #1119 and #1374.
            case "nvidia" -> users::isEmpty;
            default -> () -> true;
        };
    }

    private void finishUnbind(String driver, PciDevice device) {
        machine.finishUnbind(device.address());
        if (driver.equals(PciDevice.VFIO_PCI) && machine.kernelVersion().isAtLeast(5, 19)) {
            // vfio_pci_core_unregister_device forbids runtime suspend again; measured.
            machine.setPower(device.address(), "on", "active");
        }
        DriverResources resources = nativeDriversOf(device.address()).get(driver);
        if (resources != null) {
            machine.files().keySet().removeAll(resources.files().keySet());
            machine.resourceTree().release(resources.regions()::contains);
        }
    }

    private String driverOf(PciDevice device) {
        return machine.driverOf(device.address());
    }

    private static WriteProgress completed(WriteResult result) {
        return new WriteProgress.CompletedWrite(result);
    }

    private static WriteProgress failed(String errno) {
        return completed(new WriteResult.WriteFailed(errno));
    }

    private static WriteProgress blockedForever() {
        return new WriteProgress.BlockedWrite(() -> false, () -> {});
    }
}
