package org.switchback.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Directory;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.Capture.Unreadable;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.Holder;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.Taint;
import org.switchback.kernel.Kernel.Answer;
import org.switchback.kernel.Kernel.Proof;
import org.switchback.plan.KernelWrite;

/**
 * What Linux does when a driver is bound, unbound or looked for, on the files of a {@link Capture}. Every rule names
 * where it comes from; "measured" means: seen in a virtual machine with Debian's kernels 5.10, 6.1 and 7.2.
 *
 * <p>A function's own driver is the one the capture shows it bound to, with the nodes and regions it has there. For a
 * driver that the capture does not show, {@link #nativeDriver} says so; it then claims every memory BAR.
 *
 * <p>Not safe for several threads.
 */
final class DriverCore {
    private static final String PCI_DRIVERS = "/sys/bus/pci/drivers/";
    private static final String PLATFORM_DEVICES = "/sys/bus/platform/devices/";
    private static final String PLATFORM_DRIVERS = "/sys/bus/platform/drivers/";
    private static final String TAINTED = "/proc/sys/kernel/tainted";
    private static final Answer DONE = new Answer.Done();

    private final NavigableMap<String, Entry> files;
    private final ResourceTree memory;
    private final KernelVersion kernel;
    private final Map<PciAddress, PciDevice> devices;
    private final Map<PciAddress, Map<String, Belongings>> natives = new HashMap<>();
    private final Map<String, Drawing> drawings = new LinkedHashMap<>();
    private final Map<PciAddress, String> leaving = new HashMap<>();

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

    /**
     * What a platform driver of a firmware framebuffer brings with it.
     *
     * @param files  its framebuffer class entries and the link to it
     * @param claims regions it claims, not those that are the device's own
     */
    private record Drawing(Map<String, Entry> files, List<Region> claims) {}

    DriverCore(Capture asBooted) {
        files = new TreeMap<>(asBooted.entries());
        Machine machine = MachineReader.read(asBooted);
        kernel = machine.kernel();
        memory = new ResourceTree(machine.memory(), !kernel.atLeast(5, 18));
        devices = machine.devices();
        for (PciDevice device : devices.values()) {
            device.driver().ifPresent(driver -> {
                files.putIfAbsent(PCI_DRIVERS + driver, new Directory());
                if (!device.onVfio()) {
                    natives(device.address()).put(driver, belongings(device));
                }
            });
        }
        machine.framebuffers().forEach(framebuffer -> {
            drawings.put(framebuffer.device(), drawing(framebuffer.device(), machine));
            framebuffer.driver().ifPresent(name -> files.putIfAbsent(PLATFORM_DRIVERS + name, new Directory()));
        });
    }

    private Map<String, Belongings> natives(PciAddress function) {
        return natives.computeIfAbsent(function, key -> new LinkedHashMap<>());
    }

    private Belongings belongings(PciDevice device) {
        String folder = folder(device.address());
        Map<String, Entry> own = new TreeMap<>();
        files.forEach((path, entry) -> {
            if (path.startsWith(folder + "/")) {
                String name = path.substring(folder.length() + 1);
                if (name.startsWith("drm/") || name.startsWith("graphics/") || name.startsWith("sound/")
                        || name.startsWith("i2c-")) {
                    own.put(path, entry);
                }
            } else if (path.equals("/proc/driver/nvidia/gpus/" + device.address() + "/information")
                    || (path.startsWith("/sys/class/") && isClassOf(path, device.address()))) {
                own.put(path, entry);
            }
        });
        List<Region> inside = insideBars(device);
        return new Belongings(
                own,
                inside.stream().filter(region -> !isFirmware(region)).toList(),
                device.kind().isDisplay() && inside.stream().noneMatch(DriverCore::isFirmware));
    }

    /** Whether an entry of a class, or of a connector of a card, is the function's and not a platform device's on it. */
    private boolean isClassOf(String path, PciAddress function) {
        String[] parts = path.split("/", 6);
        String node = parts[4].startsWith("card") ? parts[4].replaceFirst("-.*", "") : parts[4];
        return files.get("/sys/class/" + parts[3] + "/" + node) instanceof Link(String target)
                && target.contains("/" + function + "/")
                && !target.contains("-framebuffer.");
    }

    private Drawing drawing(String device, Machine machine) {
        String base = device.substring(0, device.lastIndexOf('.'));
        Map<String, Entry> own = new TreeMap<>();
        Optional.ofNullable(files.get(PLATFORM_DEVICES + device + "/driver"))
                .ifPresent(link -> own.put(PLATFORM_DEVICES + device + "/driver", link));
        for (String framebuffer : capture().names("/sys/class/graphics")) {
            String path = "/sys/class/graphics/" + framebuffer;
            if (files.get(path) instanceof Link(String target) && target.contains("/" + device + "/")) {
                own.putAll(files.subMap(path, true, path + "0", false));
            }
        }
        return new Drawing(
                own,
                machine.memory().find(region -> FirmwareClaim.ofRegion(region.name())
                        .filter(claim -> claim.device().equals(base) && !claim.outlivesDriver())
                        .isPresent()));
    }

    /** Makes a driver known that the capture does not show bound to the function. */
    void nativeDriver(PciAddress function, String driver) {
        PciDevice device = devices.get(function);
        if (device == null) {
            throw new IllegalArgumentException("no function " + function);
        }
        files.putIfAbsent(PCI_DRIVERS + driver, new Directory());
        List<Region> claims = device.bars().stream()
                .filter(bar -> bar.space() == Bar.Space.MEMORY && bar.index() < Bar.ROM)
                .map(bar -> new Region(bar.range(), driver, List.of()))
                .toList();
        natives(function).putIfAbsent(driver, new Belongings(Map.of(), claims, device.kind().isDisplay()));
    }

    private Capture capture() {
        return new Capture(files);
    }

    /** @param locked whether a write waits in the kernel that keeps readers of the device of that name waiting too */
    Capture capture(Predicate<String> locked) {
        Map<String, Optional<Entry>> changes = new HashMap<>();
        if (files.get("/proc/iomem") instanceof Text) {
            changes.put("/proc/iomem", Optional.of(new Text(memory.toText())));
        }
        for (PciAddress function : devices.keySet()) {
            if (locked.test(function.toString())) {
                changes.put(folder(function) + "/driver_override", Optional.of(new Unreadable("no answer")));
            }
        }
        return capture().with(changes);
    }

    Outcome write(KernelWrite write) {
        return switch (write) {
            case KernelWrite.Modprobe(String module) -> returned(modprobe(module));
            case KernelWrite.Sysfs(String path, String value) -> sysfs(path, value);
        };
    }

    private Outcome sysfs(String path, String value) {
        String attribute = path.substring(path.lastIndexOf('/') + 1);
        if (path.equals("/sys/bus/pci/drivers_probe")) {
            return probeAny(value);
        }
        if (path.startsWith(PCI_DRIVERS) && files.containsKey(parent(path))) {
            String driver = parent(path).substring(PCI_DRIVERS.length());
            Optional<PciDevice> device = PciAddress.parse(value).map(devices::get);
            if (attribute.equals("bind")) {
                return device.map(d -> bind(driver, d)).orElse(failed("ENODEV"));
            } else if (attribute.equals("unbind")) {
                return device.map(d -> unbind(driver, d)).orElse(failed("ENODEV"));
            }
        } else if (path.startsWith(PLATFORM_DRIVERS) && files.containsKey(parent(path))) {
            String driver = parent(path).substring(PLATFORM_DRIVERS.length());
            if (attribute.equals("bind")) {
                return returned(bindFramebuffer(driver, value));
            } else if (attribute.equals("unbind")) {
                return returned(unbindFramebuffer(driver, value));
            }
        } else if (path.startsWith(MachineReader.PCI_DEVICES) && files.containsKey(path)) {
            if (attribute.equals("driver_override")) {
                // driver_set_override, drivers/base/driver.c: any name goes, and none at all reads as "(null)".
                files.put(path, new Text(value.isEmpty() ? "(null)" : value));
                return returned(DONE);
            } else if (path.endsWith("/power/control")) {
                return returned(powerControl(path, value));
            }
        }
        return failed("ENOENT");
    }

    /** {@code control_store}, drivers/base/power/sysfs.c. */
    private Answer powerControl(String path, String value) {
        if (!value.equals("on") && !value.equals("auto")) {
            return new Answer.Failed("EINVAL");
        }
        files.put(path, new Text(value));
        if (value.equals("on")) {
            files.replace(parent(path) + "/runtime_status", new Text("active"));
        }
        return DONE;
    }

    private Answer modprobe(String module) {
        String folder = "/sys/module/" + module.replace('-', '_');
        if (files.containsKey(folder) || files.containsKey(PCI_DRIVERS + module)) {
            return DONE;
        }
        if (!files.containsKey("/lib/modules/" + kernel.release() + "/" + module)) {
            return new Answer.Failed("ENOENT");
        }
        files.put(folder, new Directory());
        files.put(PCI_DRIVERS + module, new Directory());
        // A new driver is offered every device without one (driver_attach, drivers/base/dd.c).
        for (PciDevice device : devices.values()) {
            if (driver(device.address()).isEmpty() && matches(module, device)) {
                probe(module, device);
            }
        }
        return DONE;
    }

    /** {@code drivers_probe_store}, drivers/base/bus.c. */
    private Outcome probeAny(String value) {
        Optional<PciDevice> device = PciAddress.parse(value).map(devices::get);
        if (device.isEmpty()) {
            return failed("ENODEV");
        }
        if (!driver(device.get().address()).isEmpty()) {
            return returned(DONE);
        }
        Optional<String> driver = capture().names(PCI_DRIVERS).stream()
                .filter(name -> matches(name, device.get()))
                .findFirst();
        // What a driver's probe answers is not passed on, only that the group is a virtual machine's (really_probe and
        // __device_attach_driver, drivers/base/dd.c): success is the link, not the answer.
        return switch (driver.map(name -> probe(name, device.get())).orElse(Probed.BOUND)) {
            case BOUND, NO_GROUP -> returned(DONE);
            case GROUP_TAKEN -> failed("EBUSY");
            case KERNEL_BUG -> new Outcome.Waits(() -> false, () -> {});
        };
    }

    /** {@code bind_store}, drivers/base/bus.c. */
    private Outcome bind(String driver, PciDevice device) {
        if (!matches(driver, device)) {
            return failed("ENODEV");
        }
        if (!driver(device.address()).isEmpty()) {
            return returned(alreadyBound());
        }
        return switch (probe(driver, device)) {
            case BOUND -> returned(DONE);
            case NO_GROUP -> failed("EINVAL");
            case GROUP_TAKEN -> failed("EBUSY");
            case KERNEL_BUG -> new Outcome.Waits(() -> false, () -> {});
        };
    }

    /** Measured: ENODEV on 5.10, EBUSY on 6.1 and later; the check moved in 5.14 (driver_probe_device). */
    private Answer alreadyBound() {
        return new Answer.Failed(kernel.atLeast(5, 14) ? "EBUSY" : "ENODEV");
    }

    /** {@code pci_match_device}, drivers/pci/pci-driver.c: an override matches the driver of its name and no other. */
    private boolean matches(String driver, PciDevice device) {
        String override = override(device.address());
        if (!override.isEmpty()) {
            return override.equals(driver);
        }
        return natives(device.address()).containsKey(driver);
    }

    private enum Probed {
        BOUND,
        NO_GROUP,
        GROUP_TAKEN,
        KERNEL_BUG
    }

    private Probed probe(String driver, PciDevice device) {
        boolean vfio = driver.equals(PciDevice.VFIO_PCI);
        if (vfio && (device.group().isEmpty() || device.headerType().orElse(0) != 0)) {
            // vfio_group_find_or_alloc, drivers/vfio/vfio_main.c; vfio_pci_core_register_device for bridges.
            return Probed.NO_GROUP;
        }
        if (!vfio && !usersOfGroup(device).isEmpty()) {
            // iommu_device_use_default_domain answers EBUSY since 5.19; before, vfio_group_nb_verify is a BUG_ON.
            if (kernel.atLeast(5, 19)) {
                return Probed.GROUP_TAKEN;
            }
            die();
            return Probed.KERNEL_BUG;
        }
        files.put(folder(device.address()) + "/driver", new Link(toSys(device.address()) + "bus/pci/drivers/" + driver));
        if (vfio) {
            if (device.kind().isVga() && kernel.vfioEvictsFromVga()) {
                // vfio_pci_vga_init, drivers/vfio/pci/vfio_pci_core.c, since d17378062079.
                evict(device);
            }
            if (kernel.atLeast(5, 19)) {
                // vfio_pci_core_register_device allows runtime suspend, since 7ab5e10eda02.
                setPower(device, "auto", "suspended");
            }
        } else {
            Belongings own = natives(device.address()).get(driver);
            if (own != null) {
                if (own.evicts()) {
                    // The drm drivers call drm_aperture_remove_conflicting_pci_framebuffers and its successors.
                    evict(device);
                }
                own.claims().forEach(claim -> memory.request(claim.range(), claim.name()));
                files.putAll(own.files());
            }
        }
        return Probed.BOUND;
    }

    /**
     * Removes the firmware's framebuffers from a function's BARs. Since 6.0 their platform devices go for good
     * (drivers/video/aperture.c); before, the framebuffer is unregistered and its driver stays bound to nothing
     * (remove_conflicting_framebuffers, drivers/video/fbdev/core/fbmem.c). Both measured.
     */
    private void evict(PciDevice device) {
        List<Region> firmware =
                insideBars(device).stream().filter(DriverCore::isFirmware).toList();
        for (Region region : firmware) {
            FirmwareClaim claim = FirmwareClaim.ofRegion(region.name()).orElseThrow();
            if (kernel.atLeast(6, 0) || !claim.outlivesDriver()) {
                memory.release(region::equals);
            }
            for (String platform : List.copyOf(drawings.keySet())) {
                if (platform.startsWith(claim.device() + ".")) {
                    stopDrawing(platform, kernel.atLeast(6, 0));
                }
            }
        }
    }

    private void stopDrawing(String platform, boolean deviceGoes) {
        Drawing drawing = drawings.get(platform);
        if (drawing != null) {
            drawing.files().keySet().stream()
                    .filter(path -> deviceGoes || path.startsWith("/sys/class/"))
                    .forEach(files::remove);
        }
        if (deviceGoes) {
            drawings.remove(platform);
            files.remove(PLATFORM_DEVICES + platform);
            files.remove(PLATFORM_DEVICES + platform + "/driver");
        }
    }

    /**
     * {@code unbind_store}, drivers/base/bus.c. The link goes first (driver_sysfs_remove in __device_release_driver),
     * then the driver's own remove may wait.
     */
    private Outcome unbind(String driver, PciDevice device) {
        PciAddress function = device.address();
        if (!driver(function).equals(driver)) {
            return failed("ENODEV");
        }
        BooleanSupplier over = letsGo(driver, device);
        files.remove(folder(function) + "/driver");
        leaving.put(function, driver);
        return new Outcome.Waits(over, () -> released(driver, device));
    }

    /** When the driver's remove comes to its end. Most do not look whether anybody has their nodes open (measured). */
    private BooleanSupplier letsGo(String driver, PciDevice device) {
        List<Holder> holders = holders(device.address());
        return switch (driver) {
            // vfio_unregister_group_dev waits for every open file (measured).
            case PciDevice.VFIO_PCI -> () -> holders.stream().noneMatch(this::holds);
            // snd_card_free waits for open streams, sound/core/init.c.
            case "snd_hda_intel" -> () -> holders.stream().filter(Holder::blocks).noneMatch(this::holds);
            // nv_pci_remove with a usage count never gets over it, open-gpu-kernel-modules #1119 and #1374.
            case "nvidia" -> holders::isEmpty;
            default -> () -> true;
        };
    }

    private void released(String driver, PciDevice device) {
        leaving.remove(device.address());
        if (driver.equals(PciDevice.VFIO_PCI)) {
            if (kernel.atLeast(5, 19)) {
                // vfio_pci_core_unregister_device forbids runtime suspend again.
                setPower(device, "on", "active");
            }
            return;
        }
        Belongings own = natives(device.address()).get(driver);
        if (own != null) {
            own.files().keySet().forEach(files::remove);
            memory.release(own.claims()::contains);
        }
    }

    private void setPower(PciDevice device, String control, String status) {
        files.replace(folder(device.address()) + "/power/control", new Text(control));
        files.replace(folder(device.address()) + "/power/runtime_status", new Text(status));
    }

    private Answer unbindFramebuffer(String driver, String platform) {
        String link = PLATFORM_DEVICES + platform + "/driver";
        Drawing drawing = drawings.get(platform);
        if (drawing == null || !link(link).equals(driver)) {
            return new Answer.Failed("ENODEV");
        }
        files.remove(link);
        drawing.files().keySet().forEach(files::remove);
        memory.release(drawing.claims()::contains);
        return DONE;
    }

    private Answer bindFramebuffer(String driver, String platform) {
        String link = PLATFORM_DEVICES + platform + "/driver";
        Drawing drawing = drawings.get(platform);
        // platform_match, drivers/base/platform.c: by name.
        if (drawing == null || !platform.startsWith(driver + ".")) {
            return new Answer.Failed("ENODEV");
        }
        if (files.containsKey(link)) {
            return alreadyBound();
        }
        files.put(link, new Link("../../../bus/platform/drivers/" + driver));
        files.putAll(drawing.files());
        // efifb_probe and simplefb_probe go on when they can't have the region.
        drawing.claims().forEach(claim -> memory.request(claim.range(), claim.name()));
        return DONE;
    }

    /** What a VFIO client gets of the functions: first the checks of their groups, then every BAR. */
    Proof prove(List<PciAddress> functions) {
        List<PciDevice> wanted = new ArrayList<>();
        for (PciAddress function : functions) {
            PciDevice device = devices.get(function);
            if (device == null || !driver(function).equals(PciDevice.VFIO_PCI)) {
                return new Proof.Broken(function, Proof.Broken.NOT_ON_VFIO);
            }
            if (!usersOfGroup(device).isEmpty()) {
                // vfio_group_fops_open lets one in at a time.
                return new Proof.Broken(function, Proof.Broken.GROUP_BUSY);
            }
            if (!isViable(device)) {
                return new Proof.Broken(function, Proof.Broken.NOT_VIABLE);
            }
            if (files.get(folder(function) + "/config") instanceof Capture.Bytes(String hex) && hex.startsWith("ffff")) {
                return new Proof.Broken(function, Proof.Broken.NO_CONFIG);
            }
            wanted.add(device);
        }
        try {
            return reserveAll(wanted);
        } finally {
            memory.release(region -> region.name().equals(PciDevice.VFIO_PCI)
                    && wanted.stream().flatMap(device -> barsOf(device).stream())
                            .anyMatch(bar -> bar.range().equals(region.range())));
        }
    }

    private Proof reserveAll(List<PciDevice> wanted) {
        int bars = 0;
        for (PciDevice device : wanted) {
            for (Bar bar : barsOf(device)) {
                if (!reserve(bar)) {
                    return new Proof.Broken(device.address(), Proof.Broken.bar(bar.index(), "EBUSY"));
                }
                bars++;
            }
        }
        return new Proof.Whole(bars);
    }

    /** {@code pci_request_selected_regions}, from vfio_pci_core_mmap and vfio_pci_core_setup_barmap. */
    private boolean reserve(Bar bar) {
        return bar.space() == Bar.Space.PORTS || memory.request(bar.range(), PciDevice.VFIO_PCI);
    }

    private static List<Bar> barsOf(PciDevice device) {
        return device.bars().stream().filter(bar -> bar.index() < Bar.ROM).toList();
    }

    /**
     * Whether nobody in the group is on a driver of the host (vfio_dev_viable, drivers/vfio/vfio.c; since 5.19 drivers
     * with driver_managed_dma count as none). Bridges do not count, having no DMA of their own.
     */
    private boolean isViable(PciDevice device) {
        return devices.values().stream()
                .filter(member -> member.group().equals(device.group()) && !member.isBridge())
                .map(member -> driver(member.address()))
                .allMatch(driver ->
                        driver.isEmpty() || driver.equals(PciDevice.VFIO_PCI) || driver.equals("pci-stub"));
    }

    /** A program that has a group open has its devices open too, as a virtual machine monitor does. */
    private List<Holder> usersOfGroup(PciDevice device) {
        return programs().stream()
                .filter(holder -> isGroupOf(holder.node(), device))
                .toList();
    }

    private static boolean isGroupOf(String node, PciDevice device) {
        return device.group().filter(number -> node.equals("vfio/" + number)).isPresent();
    }

    private List<Holder> programs() {
        // Process folders alone: all digits lie between these two.
        return MachineReader.read(new Capture(files.subMap("/proc/0", true, "/proc/:", false))).holders();
    }

    /** Starts a program, or gives a running one a further node; a user of a group reserves its BARs. */
    void hold(Holder holder) {
        String folder = "/proc/" + holder.pid();
        files.put(folder + "/comm", new Text(holder.program()));
        files.put(folder + "/owner", new Text(holder.owner()));
        int descriptor = 3 + capture().names(folder + "/fd").size();
        files.put(folder + "/fd/" + descriptor, new Link("/dev/" + holder.node()));
        devices.values().stream()
                .filter(device -> isGroupOf(holder.node(), device))
                .filter(device -> driver(device.address()).equals(PciDevice.VFIO_PCI))
                .flatMap(device -> barsOf(device).stream())
                .forEach(this::reserve);
    }

    /** Ends a program. */
    void end(int pid) {
        for (Holder holder : programs()) {
            if (holder.pid() == pid) {
                devices.values().stream()
                        .filter(device -> isGroupOf(holder.node(), device))
                        .flatMap(device -> barsOf(device).stream())
                        .forEach(bar -> memory.release(
                                new Region(bar.range(), PciDevice.VFIO_PCI, List.of())::equals));
            }
        }
        files.keySet().removeIf(path -> path.startsWith("/proc/" + pid + "/"));
    }

    private boolean holds(Holder holder) {
        return programs().contains(holder);
    }

    List<Holder> holders(PciAddress function) {
        Machine machine = MachineReader.read(capture());
        return machine.device(function).map(machine::holdersOf).orElse(List.of());
    }

    boolean oops() {
        return new Taint(taint()).oops();
    }

    /** An oops. */
    void die() {
        files.put(TAINTED, new Text(Long.toString(taint() | Taint.DIED)));
    }

    private long taint() {
        return text(TAINTED).map(Long::parseLong).orElse(0L);
    }

    /** The driver that has the function, also while it is letting go and its link is gone; empty for none. */
    private String driver(PciAddress function) {
        String going = leaving.get(function);
        return going != null ? going : link(folder(function) + "/driver");
    }

    /** The only driver the function may bind; empty for any. */
    String override(PciAddress function) {
        return text(folder(function) + "/driver_override").filter(text -> !text.equals("(null)")).orElse("");
    }

    /** Content of a file; empty when there is none. */
    Optional<String> text(String path) {
        return files.get(path) instanceof Text(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last part of a link's target; empty when there is no link. */
    String link(String path) {
        return files.get(path) instanceof Link(String target)
                ? target.substring(target.lastIndexOf('/') + 1)
                : "";
    }

    boolean has(String path) {
        return files.containsKey(path);
    }

    private List<Region> insideBars(PciDevice device) {
        List<Region> found = new ArrayList<>();
        device.bars().stream()
                .filter(bar -> bar.space() == Bar.Space.MEMORY)
                .forEach(bar -> found.addAll(memory.inside(bar.range(), device.address())));
        return found;
    }

    private static boolean isFirmware(Region region) {
        return FirmwareClaim.ofRegion(region.name()).isPresent();
    }

    /** From a function's real folder up to /sys/. */
    private String toSys(PciAddress function) {
        int depth = files.get(folder(function)) instanceof Link(String target)
                ? target.substring(target.indexOf("devices/")).split("/").length
                : 3;
        return "../".repeat(depth);
    }

    private static String folder(PciAddress function) {
        return MachineReader.PCI_DEVICES + function;
    }

    private static String parent(String path) {
        return path.substring(0, path.lastIndexOf('/'));
    }

    private static Outcome returned(Answer answer) {
        return new Outcome.Returned(answer);
    }

    private static Outcome failed(String errno) {
        return returned(new Answer.Failed(errno));
    }
}
