package org.switchback.kernel;

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
import org.switchback.hardware.Capture.Directory;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.Capture.Unreadable;
import org.switchback.hardware.Holder;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.ModuleLoading;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.Taint;
import org.switchback.kernel.Kernel.Answer;
import org.switchback.plan.KernelWrite;

/**
 * What Linux does when a PCI driver is bound, unbound or looked for. Every rule names where it comes from; "measured"
 * means: seen in a virtual machine with Debian's kernels 5.10, 6.1 and 7.2.
 *
 * <p>A function's own driver is the one it is bound to when the machine is booted, with the nodes and regions it has
 * then. For any other {@link #nativeDriver} says so; it claims every memory BAR.
 */
final class DriverCore {
    private static final String PLATFORM_DRIVERS = "/sys/bus/platform/drivers/";
    private static final String RELEASE = "/sys/module/" + BootfbModule.NAME + "/parameters/release";
    private static final Answer DONE = new Answer.Done();

    private final SimulatedMachine machine;
    private final Sysfb sysfb;
    private final VfioGroups vfio;
    private final Map<PciAddress, Map<String, Belongings>> natives = new HashMap<>();
    private final Map<PciAddress, String> onDisk = new HashMap<>();
    private final Set<PciAddress> vfioIds = new HashSet<>();

    /** What a write comes to. */
    sealed interface Outcome {
        /** @param answer given at once */
        record Returned(Answer answer) implements Outcome {}

        /**
         * It waits in the kernel.
         *
         * @param over whether it need wait no longer
         * @param then what happens after; the write has then been done
         */
        record Waits(BooleanSupplier over, Runnable then) implements Outcome {}
    }

    /**
     * What a driver brings with it.
     *
     * @param files  nodes and classes of the function while the driver is bound
     * @param claims regions inside the function's BARs
     * @param evicts whether it has firmware framebuffers removed from the function when it is bound
     */
    private record Belongings(Map<String, Entry> files, List<Region> claims, boolean evicts) {}

    DriverCore(SimulatedMachine machine, Sysfb sysfb, VfioGroups vfio) {
        this.machine = machine;
        this.sysfb = sysfb;
        this.vfio = vfio;
        for (PciDevice device : machine.devices().values()) {
            device.driver().ifPresent(driver -> {
                machine.addDriver("pci", driver);
                if (!device.onVfio()) {
                    natives(device.address()).put(driver, belongings(device));
                }
            });
        }
    }

    private Map<String, Belongings> natives(PciAddress function) {
        return natives.computeIfAbsent(function, key -> new LinkedHashMap<>());
    }

    private Belongings belongings(PciDevice device) {
        Map<String, Entry> own = new TreeMap<>();
        machine.files().forEach((path, entry) -> {
            if (isNode(path, device.address()) || isClassEntry(path, device.address())) {
                own.put(path, entry);
            }
        });
        List<Region> inside = machine.insideBars(device);
        return new Belongings(
                own,
                inside.stream().filter(region -> !SimulatedMachine.isFirmware(region)).toList(),
                // One that has been seen beside a framebuffer does not evict it: nvidia's does not.
                device.kind().isDisplay() && inside.stream().noneMatch(SimulatedMachine::isFirmware));
    }

    private static boolean isNode(String path, PciAddress function) {
        String folder = SimulatedMachine.folder(function) + "/";
        if (!path.startsWith(folder)) {
            return path.equals("/proc/driver/nvidia/gpus/" + function + "/information");
        }
        String name = path.substring(folder.length());
        return name.startsWith("drm/") || name.startsWith("graphics/") || name.startsWith("sound/")
                || name.startsWith("i2c-");
    }

    /** Also the connectors of a card: {@code /sys/class/drm/card0-HDMI-A-1/status}. */
    private boolean isClassEntry(String path, PciAddress function) {
        if (!path.startsWith("/sys/class/")) {
            return false;
        }
        String[] parts = path.split("/", 6);
        if (parts.length < 5) {
            return false;
        }
        int dash = parts[4].indexOf('-');
        String node = dash < 0 ? parts[4] : parts[4].substring(0, dash);
        // A platform device of the firmware's may lie below the function; it is not the driver's.
        return machine.files().get("/sys/class/" + parts[3] + "/" + node) instanceof Link(String target)
                && target.contains("/" + function + "/")
                && !target.contains("-framebuffer.");
    }

    /** Makes a driver known that the function was not bound to when the machine was booted. */
    void nativeDriver(PciAddress function, String driver) {
        PciDevice device = machine.devices().get(function);
        if (device == null) {
            throw new IllegalArgumentException("no function " + function);
        }
        machine.addDriver("pci", driver);
        List<Region> claims = device.bars().stream()
                .filter(bar -> bar.space() == Bar.Space.MEMORY && bar.index() < Bar.ROM)
                .map(bar -> new Region(bar.range(), driver, List.of()))
                .toList();
        natives(function)
                .putIfAbsent(driver, new Belongings(Map.of(), claims, device.kind().isDisplay()));
    }

    /** Adds a function's ids to those that vfio-pci takes; it was registered before any other driver of the function. */
    void vfioId(PciAddress function) {
        vfioIds.add(function);
    }

    /** Makes a driver known that is a module on disk. */
    void nativeModule(PciAddress function, String driver) {
        onDisk.put(function, driver);
    }

    /** {@code pci_stop_and_remove_bus_device}, drivers/pci/remove.c: the driver lets go, then the folder goes. */
    void unplug(PciAddress function) {
        PciDevice device = machine.devices().get(function);
        if (device != null) {
            released(driver(device), device);
            machine.remove(function);
        }
    }

    Outcome write(KernelWrite write) {
        return switch (write) {
            case KernelWrite.Modprobe(String module) -> returned(modprobe(module));
            case KernelWrite.Unload(String module) -> returned(unload(module));
            case KernelWrite.LoadDriver(PciAddress function) -> returned(loadDriver(function));
            case KernelWrite.Sysfs(String path, String value) -> sysfs(path, value);
        };
    }

    private Outcome sysfs(String path, String value) {
        if (path.equals(RELEASE) && machine.has(path)) {
            return returned(sysfb.release(value));
        }
        String folder = path.substring(0, path.lastIndexOf('/'));
        String attribute = path.substring(folder.length() + 1);
        if (path.equals("/sys/bus/pci/drivers_probe")) {
            return device(value).map(this::probeAny).orElse(failed("ENODEV"));
        }
        if (folder.startsWith(MachineReader.PCI_DRIVERS) && machine.has(folder)) {
            String driver = folder.substring(MachineReader.PCI_DRIVERS.length());
            if (attribute.equals("bind")) {
                return device(value).map(device -> bind(driver, device)).orElse(failed("ENODEV"));
            } else if (attribute.equals("unbind")) {
                return device(value).map(device -> unbind(driver, device)).orElse(failed("ENODEV"));
            }
        } else if (folder.startsWith(PLATFORM_DRIVERS) && machine.has(folder)) {
            String driver = folder.substring(PLATFORM_DRIVERS.length());
            if (attribute.equals("bind")) {
                return returned(sysfb.bind(driver, value));
            } else if (attribute.equals("unbind")) {
                return returned(sysfb.unbind(driver, value));
            }
        } else if (path.startsWith(MachineReader.PCI_DEVICES) && machine.has(path)) {
            if (attribute.equals("driver_override")) {
                // driver_set_override, drivers/base/driver.c: any name goes, and none at all reads as "(null)".
                machine.files().put(path, new Text(value.isEmpty() ? "(null)" : value));
                return returned(DONE);
            } else if (path.endsWith("/power/control")) {
                return returned(powerControl(folder, value));
            }
        }
        return failed("ENOENT");
    }

    private Optional<PciDevice> device(String name) {
        return PciAddress.parse(name).map(machine.devices()::get);
    }

    /** {@code control_store}, drivers/base/power/sysfs.c. */
    private Answer powerControl(String folder, String value) {
        if (!value.equals("on") && !value.equals("auto")) {
            return new Answer.Failed("EINVAL");
        }
        machine.files().put(folder + "/control", new Text(value));
        if (value.equals("on")) {
            machine.files().replace(folder + "/runtime_status", new Text("active"));
        }
        return DONE;
    }

    private Answer modprobe(String module) {
        String folder = "/sys/module/" + module.replace('-', '_');
        if (machine.has(folder) || machine.has(MachineReader.PCI_DRIVERS + module)) {
            return DONE;
        }
        if (!machine.has("/lib/modules/" + machine.kernel().release() + "/" + module)) {
            return new Answer.Failed("ENOENT");
        }
        if (module.equals(BootfbModule.NAME)) {
            return loadBootfb();
        }
        machine.files().put(folder, new Directory());
        machine.addDriver("pci", module);
        offerDevices(module);
        return DONE;
    }

    /** A new driver is offered every device without one (driver_attach, drivers/base/dd.c). */
    private void offerDevices(String driver) {
        for (PciDevice device : machine.devices().values()) {
            if (driver(device).isEmpty() && matches(driver, device)) {
                probe(driver, device);
            }
        }
    }

    /** {@code module_sig_check}, kernel/module/signing.c; a signature counts as trusted here. Measured on 6.1. */
    private Answer loadBootfb() {
        Machine now = MachineReader.read(machine.capture());
        boolean signed = now.bootfb().signature() == BootfbModule.Signature.SIGNED;
        if (!signed && now.loading() != ModuleLoading.ANY) {
            return new Answer.Failed(now.loading() == ModuleLoading.LOCKED_DOWN ? "EPERM" : "EKEYREJECTED");
        }
        machine.files().put("/sys/module/" + BootfbModule.NAME, new Directory());
        machine.files().put(RELEASE, new Unreadable("Permission denied"));
        machine.taint(signed ? Taint.OUT_OF_TREE : Taint.OUT_OF_TREE | Taint.UNSIGNED);
        return DONE;
    }

    private Answer unload(String module) {
        if (!module.equals(BootfbModule.NAME)) {
            return unloadDriver(module);
        }
        machine.files().remove("/sys/module/" + module);
        machine.files().remove(RELEASE);
        return DONE;
    }

    /** While a device is bound to it, its module is in use; after that the driver's folder goes with it. */
    private Answer unloadDriver(String driver) {
        if (machine.devices().values().stream().anyMatch(device -> driver(device).equals(driver))) {
            return new Answer.Failed("EBUSY");
        }
        machine.files().remove(MachineReader.PCI_DRIVERS + driver);
        natives.forEach((function, own) -> {
            if (own.containsKey(driver)) {
                onDisk.put(function, driver);
            }
        });
        return DONE;
    }

    private Answer loadDriver(PciAddress function) {
        String driver = onDisk.get(function);
        if (driver == null) {
            return new Answer.Failed("ENOENT");
        }
        nativeDriver(function, driver);
        offerDevices(driver);
        return DONE;
    }

    /** {@code drivers_probe_store}, drivers/base/bus.c. */
    private Outcome probeAny(PciDevice device) {
        if (!driver(device).isEmpty()) {
            return returned(DONE);
        }
        // In the order that they were registered in; of those that match, vfio-pci came first where it has the ids.
        Optional<String> driver = machine.capture().names(MachineReader.PCI_DRIVERS).stream()
                .filter(name -> matches(name, device))
                .min(Comparator.comparing(name -> !name.equals(PciDevice.VFIO_PCI)));
        // What a driver's probe answers is not passed on, only that the group is a virtual machine's (really_probe and
        // __device_attach_driver, drivers/base/dd.c): success is the link, not the answer.
        return switch (driver.map(name -> probe(name, device)).orElse(Probed.BOUND)) {
            case BOUND, NO_GROUP -> returned(DONE);
            case GROUP_TAKEN -> failed("EBUSY");
            case KERNEL_BUG -> never();
        };
    }

    /** {@code bind_store}, drivers/base/bus.c. */
    private Outcome bind(String driver, PciDevice device) {
        if (!matches(driver, device)) {
            return failed("ENODEV");
        }
        if (!driver(device).isEmpty()) {
            return returned(alreadyBound(machine.kernel()));
        }
        return switch (probe(driver, device)) {
            case BOUND -> returned(DONE);
            case NO_GROUP -> failed("EINVAL");
            case GROUP_TAKEN -> failed("EBUSY");
            case KERNEL_BUG -> never();
        };
    }

    /** Measured: ENODEV on 5.10, EBUSY on 6.1 and later; the check moved in 5.14 (driver_probe_device). */
    static Answer alreadyBound(KernelVersion kernel) {
        return new Answer.Failed(kernel.atLeast(5, 14) ? "EBUSY" : "ENODEV");
    }

    /** {@code pci_match_device}, drivers/pci/pci-driver.c: an override matches the driver of its name and no other. */
    private boolean matches(String driver, PciDevice device) {
        String override = machine.override(device.address());
        if (!override.isEmpty()) {
            return override.equals(driver);
        }
        return driver.equals(PciDevice.VFIO_PCI)
                ? vfioIds.contains(device.address())
                : natives(device.address()).containsKey(driver);
    }

    private enum Probed {
        BOUND,
        NO_GROUP,
        GROUP_TAKEN,
        KERNEL_BUG
    }

    private Probed probe(String driver, PciDevice device) {
        boolean toVfio = driver.equals(PciDevice.VFIO_PCI);
        if (toVfio && (device.group().isEmpty() || device.headerType().orElse(0) != 0)) {
            // vfio_group_find_or_alloc, drivers/vfio/vfio_main.c; vfio_pci_core_register_device for bridges.
            return Probed.NO_GROUP;
        }
        if (!toVfio && !vfio.users(device).isEmpty()) {
            // iommu_device_use_default_domain answers EBUSY since 5.19; before, vfio_group_nb_verify is a BUG_ON.
            if (machine.kernel().atLeast(5, 19)) {
                return Probed.GROUP_TAKEN;
            }
            machine.die();
            return Probed.KERNEL_BUG;
        }
        machine.linkDriver(device.address(), driver);
        if (toVfio) {
            onVfio(device);
        } else {
            onNative(natives(device.address()).get(driver), device);
        }
        return Probed.BOUND;
    }

    private void onVfio(PciDevice device) {
        if (device.kind().isVga() && machine.kernel().vfioEvictsFromVga()) {
            // vfio_pci_vga_init, drivers/vfio/pci/vfio_pci_core.c, since d17378062079.
            sysfb.evictFrom(device);
        }
        if (machine.kernel().atLeast(5, 19)) {
            // vfio_pci_core_register_device allows runtime suspend, since 7ab5e10eda02; measured.
            machine.setPower(device.address(), "auto", "suspended");
        }
    }

    private void onNative(@Nullable Belongings own, PciDevice device) {
        // A driver that an override alone matched is nobody's own.
        if (own == null) {
            return;
        }
        if (own.evicts()) {
            // The drm drivers call drm_aperture_remove_conflicting_pci_framebuffers and its successors.
            sysfb.evictFrom(device);
        }
        own.claims().forEach(claim -> machine.memory().request(claim.range(), claim.name()));
        machine.files().putAll(own.files());
    }

    /**
     * {@code unbind_store}, drivers/base/bus.c. The link goes first (driver_sysfs_remove in __device_release_driver),
     * then the driver's own remove may wait (measured).
     */
    private Outcome unbind(String driver, PciDevice device) {
        if (!driver(device).equals(driver)) {
            return failed("ENODEV");
        }
        BooleanSupplier over = letsGo(driver, device);
        machine.unlinkDriver(device.address());
        return new Outcome.Waits(over, () -> released(driver, device));
    }

    /** When the driver's remove comes to its end. Most do not look whether anybody has their nodes open (measured). */
    private BooleanSupplier letsGo(String driver, PciDevice device) {
        List<Holder> holders = machine.holdersByDriver(device.address());
        return switch (driver) {
            // vfio_unregister_group_dev waits for every open file (measured).
            case PciDevice.VFIO_PCI -> () -> holders.stream().noneMatch(machine::isHeld);
            // snd_card_free waits for open streams, sound/core/init.c.
            case "snd_hda_intel" -> () -> holders.stream().filter(Holder::blocks).noneMatch(machine::isHeld);
            // nv_pci_remove with a usage count never gets over it, open-gpu-kernel-modules #1119 and #1374.
            case "nvidia" -> holders::isEmpty;
            default -> () -> true;
        };
    }

    private void released(String driver, PciDevice device) {
        machine.hasLeft(device.address());
        if (driver.equals(PciDevice.VFIO_PCI) && machine.kernel().atLeast(5, 19)) {
            // vfio_pci_core_unregister_device forbids runtime suspend again; measured.
            machine.setPower(device.address(), "on", "active");
        }
        Belongings own = natives(device.address()).get(driver);
        if (own != null) {
            machine.files().keySet().removeAll(own.files().keySet());
            machine.memory().release(own.claims()::contains);
        }
    }

    private String driver(PciDevice device) {
        return machine.driver(device.address());
    }

    private static Outcome returned(Answer answer) {
        return new Outcome.Returned(answer);
    }

    private static Outcome failed(String errno) {
        return returned(new Answer.Failed(errno));
    }

    private static Outcome never() {
        return new Outcome.Waits(() -> false, () -> {});
    }
}
