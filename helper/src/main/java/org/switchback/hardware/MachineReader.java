package org.switchback.hardware;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads a {@link Machine} out of a {@link Capture}. */
public final class MachineReader {
    /** Where a function's files are, the address behind it. */
    public static final String PCI_DEVICES = "/sys/bus/pci/devices/";

    /** Where the drivers of PCI functions are, the name behind it. */
    public static final String PCI_DRIVERS = "/sys/bus/pci/drivers/";

    /** Where the platform devices of the firmware's framebuffers are among others, the name behind it. */
    public static final String PLATFORM_DEVICES = "/sys/bus/platform/devices/";

    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
    private static final Pattern STREAM = Pattern.compile("pcmC(\\d+)D.*|hwC(\\d+)D.*|controlC(\\d+)|midiC(\\d+)D.*");

    private final Capture capture;
    private final PciIds names;
    private final MemoryMap memory;
    private final List<Holder> holders;

    private MachineReader(Capture capture) {
        this.capture = capture;
        this.holders = holders(capture);
        this.memory = capture.text("/proc/iomem").map(MemoryMap::parse).orElse(MemoryMap.EMPTY);
        this.names = capture.text("/usr/share/misc/pci.ids").map(PciIds::parse).orElse(PciIds.NONE);
    }

    /** What is missing from the capture is missing from the machine; nothing in a capture makes this fail. */
    public static Machine read(Capture capture) {
        return new MachineReader(capture).machine();
    }

    private Machine machine() {
        KernelVersion kernel = KernelVersion.parse(
                capture.text("/proc/sys/kernel/osrelease").orElse(""));
        Map<PciAddress, PciDevice> devices = new TreeMap<>();
        for (String name : capture.names(PCI_DEVICES)) {
            PciAddress.parse(name).ifPresent(address -> devices.put(address, device(address)));
        }
        List<FirmwareFramebuffer> framebuffers = framebuffers();
        Overlaps overlaps = new Overlaps(memory, kernel, framebuffers);
        List<Gpu> gpus = devices.values().stream()
                .filter(device -> device.kind().isDisplay() && !device.isBridge())
                .map(graphics -> gpu(graphics, devices, overlaps))
                .toList();
        Lockdown lockdown =
                capture.text("/sys/kernel/security/lockdown").map(Lockdown::parse).orElse(Lockdown.UNKNOWN);
        return new Machine(
                kernel,
                capture.text("/proc/cmdline").orElse(""),
                capture.text("/proc/cpuinfo")
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .orElse(""),
                memory,
                devices,
                gpus,
                groups(devices),
                framebuffers,
                holders,
                new Taint(capture.text("/proc/sys/kernel/tainted")
                        .filter(text -> NUMBER.matcher(text).matches())
                        .map(Long::parseLong)
                        .orElse(0L)),
                lockdown,
                vfio(kernel),
                FirmwareIommu.of(capture),
                BootfbModule.of(capture, kernel),
                ModuleLoading.of(capture, lockdown),
                modules(kernel),
                distribution());
    }

    private Gpu gpu(PciDevice graphics, Map<PciAddress, PciDevice> devices, Overlaps overlaps) {
        List<PciDevice> companions = devices.values().stream()
                .filter(d -> d.address().sameSlot(graphics.address()) && !d.address().equals(graphics.address()))
                .filter(d -> d.group().equals(graphics.group()) || d.kind().isMultimedia())
                .toList();
        List<Holder> own = holders.stream()
                .filter(h -> Stream.concat(Stream.of(graphics), companions.stream()).anyMatch(d -> Machine.uses(h, d)))
                .toList();
        return new Gpu(graphics, companions, overlaps.in(graphics), own);
    }

    /** os-release(5): a line a variable, its value perhaps in quotes. */
    private List<String> distribution() {
        List<String> ids = new ArrayList<>();
        String text = capture.text("/etc/os-release").orElse("");
        for (String key : List.of("ID=", "ID_LIKE=")) {
            text.lines()
                    .filter(line -> line.startsWith(key))
                    .map(line -> line.substring(key.length()).replaceAll("[\"']", ""))
                    .flatMap(value -> Stream.of(value.split(" ")))
                    .filter(id -> !id.isEmpty())
                    .forEach(ids::add);
        }
        return ids;
    }

    private Machine.ModulesOnDisk modules(KernelVersion kernel) {
        String folder = "/lib/modules/" + kernel.release();
        if (capture.has(folder) || !capture.names(folder).isEmpty()) {
            return Machine.ModulesOnDisk.THERE;
        }
        return capture.has("/lib/modules") ? Machine.ModulesOnDisk.GONE : Machine.ModulesOnDisk.UNKNOWN;
    }

    private Machine.VfioDriver vfio(KernelVersion kernel) {
        if (capture.has("/sys/module/vfio_pci") || capture.has(PCI_DRIVERS + PciDevice.VFIO_PCI)) {
            return Machine.VfioDriver.LOADED;
        }
        return capture.has("/lib/modules/" + kernel.release() + "/vfio-pci")
                ? Machine.VfioDriver.LOADABLE
                : Machine.VfioDriver.MISSING;
    }

    private PciDevice device(PciAddress address) {
        String folder = PCI_DEVICES + address;
        PciDevice.Ids ids = ids(folder);
        Optional<Integer> group = capture.linkName(folder + "/iommu_group").flatMap(MachineReader::number);
        return new PciDevice(
                address,
                ids,
                new PciClass((int) hex(folder + "/class")),
                headerType(folder),
                capture.linkName(folder + "/driver"),
                capture.text(folder + "/driver_override").filter(text -> !text.isEmpty() && !text.equals("(null)")),
                capture.text(folder + "/resource").map(Bar::parse).orElse(List.of()),
                group,
                parents(folder, address),
                capture.text(folder + "/boot_vga").filter("1"::equals).isPresent(),
                new PciDevice.Power(
                        capture.text(folder + "/power/control").orElse(""),
                        capture.text(folder + "/power/runtime_status").orElse(""),
                        capture.text(folder + "/power_state").orElse("")),
                capture.text(folder + "/reset_method")
                        .filter(text -> !text.isBlank())
                        .map(text -> List.of(text.strip().split("\\s+")))
                        .orElse(List.of()),
                resizable(folder),
                link(folder),
                nodes(folder, group),
                firmwareNodes(address),
                displays(folder));
    }

    private PciDevice.Ids ids(String folder) {
        int vendor = (int) hex(folder + "/vendor") & 0xffff;
        int device = (int) hex(folder + "/device") & 0xffff;
        return new PciDevice.Ids(
                vendor,
                device,
                names.vendor(vendor).orElse(String.format("%04x", vendor)),
                names.device(vendor, device).orElse(String.format("%04x:%04x", vendor, device)));
    }

    private long hex(String path) {
        return capture.text(path).flatMap(Hex::number).orElse(0L);
    }

    private static Optional<Integer> number(String text) {
        return NUMBER.matcher(text).matches() ? Optional.of(Integer.parseInt(text)) : Optional.empty();
    }

    /** The byte at offset 0x0e of config space, without the bit for several functions. */
    private Optional<Integer> headerType(String folder) {
        return capture.entries().get(folder + "/config") instanceof Capture.Bytes(String hex) && hex.length() >= 30
                ? Optional.of(Integer.parseInt(hex.substring(28, 30), 16) & 0x7f)
                : Optional.empty();
    }

    private List<PciAddress> parents(String folder, PciAddress own) {
        if (!(capture.entries().get(folder) instanceof Capture.Link(String target))) {
            return List.of();
        }
        return Stream.of(target.split("/"))
                .flatMap(part -> PciAddress.parse(part).stream())
                .filter(address -> !address.equals(own))
                .toList();
    }

    private Map<Integer, Long> resizable(String folder) {
        Map<Integer, Long> sizes = new HashMap<>();
        for (int bar = 0; bar < Bar.ROM; bar++) {
            int index = bar;
            capture.text(folder + "/resource" + bar + "_resize")
                    .flatMap(Hex::number)
                    .ifPresent(bits -> sizes.put(index, bits));
        }
        return sizes;
    }

    private Optional<PciDevice.LinkState> link(String folder) {
        Optional<String> speed = capture.text(folder + "/current_link_speed");
        Optional<Integer> width = capture.text(folder + "/current_link_width").flatMap(MachineReader::number);
        if (speed.isEmpty() || width.isEmpty() || width.get() == 0) {
            return Optional.empty();
        }
        return Optional.of(new PciDevice.LinkState(
                speed.get(),
                width.get(),
                capture.text(folder + "/max_link_speed").orElse(""),
                capture.text(folder + "/max_link_width").flatMap(MachineReader::number).orElse(0)));
    }

    private List<String> nodes(String folder, Optional<Integer> group) {
        Set<String> nodes = new TreeSet<>();
        capture.names(folder + "/drm").forEach(name -> nodes.add("dri/" + name));
        capture.names(folder + "/graphics").forEach(nodes::add);
        capture.names(folder + "/vfio-dev").forEach(name -> nodes.add("vfio/devices/" + name));
        capture.names(folder).stream().filter(name -> name.startsWith("i2c-")).forEach(nodes::add);
        for (String card : capture.names(folder + "/sound")) {
            if (card.startsWith("card")) {
                nodes.addAll(soundNodes(card.substring(4)));
            }
        }
        group.filter(number -> capture.linkName(folder + "/driver").filter(PciDevice.VFIO_PCI::equals).isPresent())
                .ifPresent(number -> nodes.add("vfio/" + number));
        capture.text("/proc/driver/nvidia/gpus/" + folder.substring(PCI_DEVICES.length()) + "/information")
                .ifPresent(text -> text.lines()
                        .filter(line -> line.startsWith("Device Minor:"))
                        .forEach(line -> nodes.add("nvidia" + line.substring(13).strip())));
        return List.copyOf(nodes);
    }

    /** The function's own folders do not list them: they lie below the platform device. */
    private List<String> firmwareNodes(PciAddress function) {
        return platformFramebuffers()
                .filter(device -> nodesBelow(device).findAny().isPresent()
                        && capture.entries().get(PLATFORM_DEVICES + device) instanceof Capture.Link(String folder)
                        && FirmwareClaim.isOf(function, device, folder, memory))
                .flatMap(this::nodesBelow)
                .toList();
    }

    /** Nodes of a sound card that some program has open: the card's own folder does not list them by name. */
    private List<String> soundNodes(String card) {
        return holders.stream()
                .map(Holder::node)
                .filter(node -> node.startsWith("snd/"))
                .filter(node -> {
                    var matcher = STREAM.matcher(node.substring(4));
                    if (!matcher.matches()) {
                        return false;
                    }
                    for (int i = 1; i <= matcher.groupCount(); i++) {
                        if (card.equals(matcher.group(i))) {
                            return true;
                        }
                    }
                    return false;
                })
                .toList();
    }

    /** Screens that are switched on: {@code /sys/class/drm/card0-HDMI-A-1} for the card's number. */
    private List<String> displays(String folder) {
        List<String> displays = new ArrayList<>();
        for (String card : capture.names(folder + "/drm")) {
            if (!card.startsWith("card")) {
                continue;
            }
            for (String connector : capture.names("/sys/class/drm")) {
                String status = "/sys/class/drm/" + connector;
                if (connector.startsWith(card + "-")
                        && capture.text(status + "/status").filter("connected"::equals).isPresent()
                        && capture.text(status + "/enabled").filter("enabled"::equals).isPresent()) {
                    displays.add(connector.substring(card.length() + 1));
                }
            }
        }
        return displays;
    }

    private Map<Integer, IommuGroup> groups(Map<PciAddress, PciDevice> devices) {
        Map<Integer, List<PciDevice>> members = new TreeMap<>();
        devices.values().forEach(device ->
                device.group().ifPresent(n -> members.computeIfAbsent(n, key -> new ArrayList<>()).add(device)));
        Map<Integer, IommuGroup> groups = new TreeMap<>();
        members.forEach((number, list) -> groups.put(number, new IommuGroup(number, list)));
        return groups;
    }

    private List<FirmwareFramebuffer> framebuffers() {
        return platformFramebuffers()
                .map(name -> new FirmwareFramebuffer(
                        name,
                        capture.linkName(PLATFORM_DEVICES + name + "/driver"),
                        nodesBelow(name).findAny().isPresent()))
                .toList();
    }

    private Stream<String> platformFramebuffers() {
        return capture.names(PLATFORM_DEVICES).stream()
                .filter(name -> FirmwareClaim.ofDevice(name).isPresent());
    }

    /** The framebuffers and cards that are registered below a platform device; none once its driver has lost them. */
    private Stream<String> nodesBelow(String device) {
        return Stream.concat(
                registered("/sys/class/drm/", device).map(name -> "dri/" + name),
                registered("/sys/class/graphics/", device));
    }

    private Stream<String> registered(String folder, String device) {
        return capture.names(folder).stream()
                .filter(name -> capture.entries().get(folder + name) instanceof Capture.Link(String target)
                        && target.contains("/" + device + "/"));
    }

    /** Programs that a capture shows with a node open; by process and node. */
    public static List<Holder> holders(Capture capture) {
        List<Holder> holders = new ArrayList<>();
        for (String process : capture.names("/proc")) {
            Optional<Integer> pid = number(process);
            if (pid.isEmpty()) {
                continue;
            }
            String folder = "/proc/" + process;
            Set<String> nodes = new TreeSet<>();
            for (String descriptor : capture.names(folder + "/fd")) {
                if (capture.entries().get(folder + "/fd/" + descriptor) instanceof Capture.Link(String target)
                        && target.startsWith("/dev/")) {
                    nodes.add(target.substring(5));
                }
            }
            String program = capture.text(folder + "/comm").orElse("?");
            String owner = capture.text(folder + "/owner").orElse("");
            String guest = capture.text(folder + "/cgroup").map(Holder::guest).orElse("");
            nodes.forEach(node -> holders.add(new Holder(pid.get(), program, owner, node, guest)));
        }
        holders.sort((a, b) -> a.pid() == b.pid() ? a.node().compareTo(b.node()) : Integer.compare(a.pid(), b.pid()));
        return holders;
    }
}
