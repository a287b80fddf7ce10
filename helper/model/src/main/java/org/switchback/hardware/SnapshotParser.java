package org.switchback.hardware;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Creates a {@link Machine} from a {@link MachineSnapshot}. */
public final class SnapshotParser {
    /** Folder of the PCI functions, to be followed by an address. */
    public static final String PCI_DEVICES = "/sys/bus/pci/devices/";

    /** Folder of the PCI drivers, to be followed by a name. */
    public static final String PCI_DRIVERS = "/sys/bus/pci/drivers/";

    /** Folder of the platform devices, those of the boot framebuffer among them, to be followed by a name. */
    public static final String PLATFORM_DEVICES = "/sys/bus/platform/devices/";

    private static final Pattern DECIMAL = Pattern.compile("\\d{1,9}");
    private static final Pattern SOUND_NODE = Pattern.compile("(?:control|hw|midi|pcm)C(\\d+)(?:D.*)?");

    private final MachineSnapshot snapshot;
    private final PciIds pciIds;
    private final MemoryMap memoryMap;
    private final List<DeviceUser> deviceUsers;

    private SnapshotParser(MachineSnapshot snapshot) {
        this.snapshot = snapshot;
        this.deviceUsers = parseDeviceUsers(snapshot);
        this.memoryMap = snapshot.text("/proc/iomem").map(MemoryMap::parse).orElse(MemoryMap.EMPTY);
        this.pciIds =
                snapshot.text("/usr/share/misc/pci.ids").map(PciIds::parse).orElse(PciIds.EMPTY);
    }

    /**
     * Parses a snapshot. Entries missing from the snapshot are missing from the machine; no content makes this fail.
     */
    public static Machine parse(MachineSnapshot snapshot) {
        return new SnapshotParser(snapshot).parseMachine();
    }

    private boolean isOnlyNvidiaFunction(String folder) {
        return snapshot.linkTargetName(folder + "/driver")
                        .filter(DeviceNodes.NVIDIA::equals)
                        .isPresent()
                && countBoundToNvidia() == 1;
    }

    private long countBoundToNvidia() {
        return snapshot.childNames(PCI_DEVICES).stream()
                .filter(name -> snapshot.linkTargetName(PCI_DEVICES + name + "/driver")
                        .filter(DeviceNodes.NVIDIA::equals)
                        .isPresent())
                .count();
    }

    private Machine parseMachine() {
        KernelVersion kernelVersion =
                KernelVersion.parse(snapshot.text("/proc/sys/kernel/osrelease").orElse(""));
        Map<PciAddress, PciDevice> devices = new TreeMap<>();
        for (String name : snapshot.childNames(PCI_DEVICES)) {
            PciAddress.parse(name).ifPresent(address -> devices.put(address, parseDevice(address)));
        }
        List<BootFramebuffer> framebuffers = parseBootFramebuffers();
        OverlapFinder overlapFinder = new OverlapFinder(memoryMap, kernelVersion, framebuffers);
        KernelReferenceFinder referenceFinder = new KernelReferenceFinder(snapshot, devices, memoryMap);
        List<Gpu> gpus = devices.values().stream()
                .filter(device -> device.pciClass().isDisplay() && !device.isBridge())
                .map(graphics -> parseGpu(graphics, devices, overlapFinder, referenceFinder))
                .toList();
        Lockdown lockdown = snapshot.text("/sys/kernel/security/lockdown")
                .map(Lockdown::parse)
                .orElse(Lockdown.UNKNOWN);
        return new Machine(
                kernelVersion,
                snapshot.text("/proc/cmdline").orElse(""),
                parseProcessorVendor(),
                memoryMap,
                devices,
                gpus,
                groupByIommuGroup(devices),
                framebuffers,
                deviceUsers,
                new KernelTaint(snapshot.text("/proc/sys/kernel/tainted")
                        .filter(text -> DECIMAL.matcher(text).matches())
                        .map(Long::parseLong)
                        .orElse(0L)),
                lockdown,
                parseVfioDriverState(kernelVersion),
                FirmwareIommuVendor.of(snapshot),
                BootfbModule.of(snapshot, kernelVersion),
                ModuleSignaturePolicy.of(snapshot, lockdown),
                parseModulesOnDisk(kernelVersion),
                MachinePlatform.of(snapshot),
                parseDistributionIds());
    }

    private Gpu parseGpu(
            PciDevice graphics,
            Map<PciAddress, PciDevice> devices,
            OverlapFinder overlapFinder,
            KernelReferenceFinder referenceFinder) {
        List<PciDevice> companions = devices.values().stream()
                .filter(device -> device.isCompanionOf(graphics))
                .toList();
        List<DeviceUser> users = deviceUsers.stream()
                .filter(user -> Stream.concat(Stream.of(graphics), companions.stream())
                        .anyMatch(device -> Machine.isUserOf(user, device)))
                .toList();
        List<PossibleUser> possibleUsers = deviceUsers.stream()
                .filter(user -> referenceFinder.isSharedNvidiaGpu(graphics)
                        && user.isThroughSharedNvidiaNode()
                        && users.stream().noneMatch(other -> other.pid() == user.pid()))
                .map(user -> new PossibleUser(
                        user,
                        deviceUsers.stream()
                                .anyMatch(other ->
                                        other.pid() == user.pid() && DeviceNodes.isNvidiaGpu(other.deviceNode()))))
                .toList();
        return new Gpu(
                graphics,
                companions,
                overlapFinder.find(graphics),
                users,
                possibleUsers,
                referenceFinder.find(graphics, users));
    }

    /** The first line of the entry; ARM has none. */
    private String parseProcessorVendor() {
        return snapshot.text("/proc/cpuinfo").stream()
                .flatMap(String::lines)
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("");
    }

    /** os-release(5) has one variable per line, its value possibly quoted. */
    private List<String> parseDistributionIds() {
        List<String> ids = new ArrayList<>();
        String text = snapshot.text("/etc/os-release").orElse("");
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

    private Machine.ModulesOnDisk parseModulesOnDisk(KernelVersion kernelVersion) {
        String folder = "/lib/modules/" + kernelVersion.release();
        if (snapshot.hasPath(folder) || !snapshot.childNames(folder).isEmpty()) {
            return Machine.ModulesOnDisk.PRESENT;
        }
        return snapshot.hasPath("/lib/modules") ? Machine.ModulesOnDisk.MISSING : Machine.ModulesOnDisk.UNKNOWN;
    }

    private Machine.VfioDriverState parseVfioDriverState(KernelVersion kernelVersion) {
        if (snapshot.hasPath("/sys/module/vfio_pci") || snapshot.hasPath(PCI_DRIVERS + PciDevice.VFIO_PCI)) {
            return Machine.VfioDriverState.LOADED;
        }
        return snapshot.hasPath("/lib/modules/" + kernelVersion.release() + "/vfio-pci")
                ? Machine.VfioDriverState.LOADABLE
                : Machine.VfioDriverState.MISSING;
    }

    private PciDevice parseDevice(PciAddress address) {
        String folder = PCI_DEVICES + address;
        PciDevice.DeviceIds ids = parseIds(folder);
        PciClass pciClass = new PciClass((int) parseHex(folder + "/class"));
        Optional<String> resource = snapshot.text(folder + "/resource");
        Optional<Integer> group =
                snapshot.linkTargetName(folder + "/iommu_group").flatMap(SnapshotParser::parseNumber);
        return new PciDevice(
                address,
                ids,
                pciClass,
                parseHeaderType(folder),
                snapshot.linkTargetName(folder + "/driver"),
                snapshot.text(folder + "/driver_override").filter(text -> !text.isEmpty() && !text.equals("(null)")),
                resource.map(Bar::parse).orElse(List.of()),
                resource.filter(text -> Bar.hasUnassignedMemory(text, readConfig(folder), pciClass.isDisplay()))
                        .isPresent(),
                group,
                parseParentBridges(folder, address),
                snapshot.linkTargetName(folder + "/physfn").flatMap(PciAddress::parse),
                snapshot.text(folder + "/boot_vga").filter("1"::equals).isPresent(),
                new PciDevice.PowerManagement(
                        snapshot.text(folder + "/power/control").orElse(""),
                        snapshot.text(folder + "/power/runtime_status").orElse(""),
                        snapshot.text(folder + "/power_state").orElse(""),
                        snapshot.text(folder + "/d3cold_allowed").map("1"::equals)),
                snapshot.text(folder + "/reset_method")
                        .filter(text -> !text.isBlank())
                        .map(text -> List.of(text.strip().split("\\s+")))
                        .orElse(List.of()),
                parseResizableBarSizes(folder),
                parseLinkState(folder),
                findDeviceNodes(folder, group),
                findFramebufferNodes(address),
                findActiveConnectors(folder));
    }

    private PciDevice.DeviceIds parseIds(String folder) {
        int vendor = (int) parseHex(folder + "/vendor") & 0xffff;
        int device = (int) parseHex(folder + "/device") & 0xffff;
        return new PciDevice.DeviceIds(
                vendor,
                device,
                pciIds.vendorName(vendor).orElse(String.format("%04x", vendor)),
                pciIds.deviceName(vendor, device).orElse(String.format("%04x:%04x", vendor, device)));
    }

    private long parseHex(String path) {
        return snapshot.text(path).flatMap(HexNumbers::parse).orElse(0L);
    }

    private static Optional<Integer> parseNumber(String text) {
        return DECIMAL.matcher(text).matches() ? Optional.of(Integer.parseInt(text)) : Optional.empty();
    }

    /** The byte at offset 0x0e of config space, without the multi-function bit. */
    private Optional<Integer> parseHeaderType(String folder) {
        String hex = readConfig(folder);
        return hex.length() >= 30 ? Optional.of(Integer.parseInt(hex.substring(28, 30), 16) & 0x7f) : Optional.empty();
    }

    /** The start of config space, two hexadecimal digits a byte; empty if it could not be read. */
    private String readConfig(String folder) {
        return snapshot.entries().get(folder + "/config") instanceof MachineSnapshot.BinaryEntry(String hex) ? hex : "";
    }

    private List<PciAddress> parseParentBridges(String folder, PciAddress ownAddress) {
        if (!(snapshot.entries().get(folder) instanceof MachineSnapshot.LinkEntry(String target))) {
            return List.of();
        }
        return Stream.of(target.split("/"))
                .flatMap(part -> PciAddress.parse(part).stream())
                .filter(address -> !address.equals(ownAddress))
                .toList();
    }

    private Map<Integer, Long> parseResizableBarSizes(String folder) {
        Map<Integer, Long> sizes = new HashMap<>();
        for (int bar = 0; bar < Bar.ROM_INDEX; bar++) {
            int index = bar;
            snapshot.text(folder + "/resource" + bar + "_resize")
                    .flatMap(HexNumbers::parse)
                    .ifPresent(sizeBits -> sizes.put(index, sizeBits));
        }
        return sizes;
    }

    private Optional<PciDevice.LinkState> parseLinkState(String folder) {
        Optional<String> speed = snapshot.text(folder + "/current_link_speed");
        Optional<Integer> width = snapshot.text(folder + "/current_link_width").flatMap(SnapshotParser::parseNumber);
        if (speed.isEmpty() || width.isEmpty() || width.get() == 0) {
            return Optional.empty();
        }
        return Optional.of(new PciDevice.LinkState(
                speed.get(),
                width.get(),
                snapshot.text(folder + "/max_link_speed").orElse(""),
                snapshot.text(folder + "/max_link_width")
                        .flatMap(SnapshotParser::parseNumber)
                        .orElse(0)));
    }

    private List<String> findDeviceNodes(String folder, Optional<Integer> group) {
        Set<String> nodes = new TreeSet<>();
        snapshot.childNames(folder + "/drm").forEach(name -> nodes.add("dri/" + name));
        snapshot.childNames(folder + "/graphics").forEach(nodes::add);
        snapshot.childNames(folder + "/vfio-dev").forEach(name -> nodes.add("vfio/devices/" + name));
        findConnectorBuses(folder, nodes);
        for (String card : snapshot.childNames(folder + "/drm")) {
            for (String connector : snapshot.childNames(folder + "/drm/" + card)) {
                if (connector.startsWith(card + "-")) {
                    findConnectorBuses(folder + "/drm/" + card + "/" + connector, nodes);
                }
            }
        }
        findOpenNodes(folder, nodes);
        findUsbNodes(folder, nodes);
        for (String card : snapshot.childNames(folder + "/sound")) {
            if (card.startsWith("card")) {
                nodes.addAll(findSoundNodes(card.substring(4)));
            }
        }
        group.filter(number -> snapshot.linkTargetName(folder + "/driver")
                        .filter(PciDevice.VFIO_PCI::equals)
                        .isPresent())
                .ifPresent(number -> nodes.add("vfio/" + number));
        snapshot.text("/proc/driver/nvidia/gpus/" + folder.substring(PCI_DEVICES.length()) + "/information")
                .ifPresent(text -> text.lines()
                        .filter(line -> line.startsWith("Device Minor:"))
                        .forEach(line -> nodes.add("nvidia" + line.substring(13).strip())));
        return List.copyOf(nodes);
    }

    /**
     * The buses directly below a function or a connector. Their devices have the bus of a connector as parent
     * (drm_connector.kdev); a bus without connector is below the function.
     */
    private void findConnectorBuses(String folder, Set<String> nodes) {
        for (String name : snapshot.childNames(folder)) {
            if (DeviceNodes.isConnectorBus(name)) {
                nodes.add(name);
                // A bus behind a multiplexer (drivers/i2c/i2c-mux.c).
                snapshot.childNames(folder + "/" + name).stream()
                        .filter(DeviceNodes::isConnectorBus)
                        .forEach(nodes::add);
            } else if (name.equals("drm_dp_aux_dev")) {
                nodes.addAll(snapshot.childNames(folder + "/" + name));
            }
        }
    }

    /** Nodes of the whole driver that are open in some process; they are not in the folder of a function. */
    private void findOpenNodes(String folder, Set<String> nodes) {
        boolean isOnlyNvidia = isOnlyNvidiaFunction(folder);
        boolean isAmdgpu = snapshot.linkTargetName(folder + "/driver")
                .filter("amdgpu"::equals)
                .isPresent();
        deviceUsers.stream()
                .map(DeviceUser::deviceNode)
                .filter(node -> (isOnlyNvidia && DeviceNodes.isSharedByNvidiaGpus(node))
                        || (isAmdgpu && node.equals(DeviceNodes.KFD)))
                .forEach(nodes::add);
    }

    /** Nodes of the devices below a USB controller, from the links in the folders of their classes. */
    private void findUsbNodes(String folder, Set<String> nodes) {
        PciAddress.parse(folder.substring(PCI_DEVICES.length()))
                .ifPresent(function -> UsbNodes.find(snapshot, function).forEach(nodes::add));
    }

    /** Nodes of boot framebuffers are in the folder of the platform device, not of the function. */
    private List<String> findFramebufferNodes(PciAddress function) {
        return findPlatformFramebuffers()
                .filter(device -> nodesOfPlatformDevice(device).findAny().isPresent()
                        && snapshot.entries().get(PLATFORM_DEVICES + device)
                                instanceof MachineSnapshot.LinkEntry(String target)
                        && FirmwareRegionKind.isFramebufferOf(function, device, target, memoryMap))
                .flatMap(this::nodesOfPlatformDevice)
                .toList();
    }

    /** Nodes of a sound card that are open in some process: the card's own folder does not list its nodes by name. */
    private List<String> findSoundNodes(String card) {
        return deviceUsers.stream()
                .map(DeviceUser::deviceNode)
                .filter(node -> node.startsWith("snd/"))
                .filter(node -> {
                    Matcher matcher = SOUND_NODE.matcher(node.substring(4));
                    return matcher.matches() && matcher.group(1).equals(card);
                })
                .toList();
    }

    /** Active connectors of a function: {@code HDMI-A-1}, from {@code /sys/class/drm/card0-HDMI-A-1}. */
    private List<String> findActiveConnectors(String folder) {
        List<String> connectors = new ArrayList<>();
        for (String card : snapshot.childNames(folder + "/drm")) {
            if (!card.startsWith("card")) {
                continue;
            }
            for (String connector : snapshot.childNames("/sys/class/drm")) {
                String path = "/sys/class/drm/" + connector;
                if (connector.startsWith(card + "-")
                        && snapshot.text(path + "/status")
                                .filter("connected"::equals)
                                .isPresent()
                        && snapshot.text(path + "/enabled")
                                .filter("enabled"::equals)
                                .isPresent()) {
                    connectors.add(connector.substring(card.length() + 1));
                }
            }
        }
        return connectors;
    }

    private Map<Integer, IommuGroup> groupByIommuGroup(Map<PciAddress, PciDevice> devices) {
        Map<Integer, List<PciDevice>> members = new TreeMap<>();
        devices.values().forEach(device -> device.iommuGroup()
                .ifPresent(number -> members.computeIfAbsent(number, key -> new ArrayList<>())
                        .add(device)));
        Map<Integer, IommuGroup> groups = new TreeMap<>();
        members.forEach(
                (number, list) -> groups.put(number, new IommuGroup(number, list, parseDirectMappings(number))));
        return groups;
    }

    private Optional<List<AddressRange>> parseDirectMappings(int group) {
        return snapshot.text(IommuGroup.GROUPS + group + "/" + IommuGroup.RESERVED_REGIONS)
                .map(IommuGroup::parseDirectMappings);
    }

    private List<BootFramebuffer> parseBootFramebuffers() {
        return findPlatformFramebuffers()
                .map(name -> new BootFramebuffer(
                        name,
                        snapshot.linkTargetName(PLATFORM_DEVICES + name + "/driver"),
                        nodesOfPlatformDevice(name).findAny().isPresent()))
                .toList();
    }

    private Stream<String> findPlatformFramebuffers() {
        return snapshot.childNames(PLATFORM_DEVICES).stream()
                .filter(name -> FirmwareRegionKind.fromPlatformDevice(name).isPresent());
    }

    /** Framebuffer and DRM nodes registered below a platform device; none once its driver has lost the framebuffer. */
    private Stream<String> nodesOfPlatformDevice(String device) {
        return Stream.concat(
                classEntriesOf("/sys/class/drm/", device).map(name -> "dri/" + name),
                classEntriesOf("/sys/class/graphics/", device));
    }

    private Stream<String> classEntriesOf(String folder, String device) {
        return snapshot.childNames(folder).stream()
                .filter(name ->
                        snapshot.entries().get(folder + name) instanceof MachineSnapshot.LinkEntry(String target)
                                && target.contains("/" + device + "/"));
    }

    /**
     * Returns the processes that have a device node open or mapped, and the mounts of disks below USB controllers; one
     * element per process or mount and node, sorted by both.
     */
    public static List<DeviceUser> parseDeviceUsers(MachineSnapshot snapshot) {
        List<DeviceUser> users = new ArrayList<>();
        for (String process : snapshot.childNames("/proc")) {
            Optional<Integer> pid = parseNumber(process);
            if (pid.isEmpty()) {
                continue;
            }
            String folder = "/proc/" + process;
            Set<String> nodes = new TreeSet<>();
            addOpenNodes(snapshot, folder + "/fd", nodes);
            addOpenNodes(snapshot, folder + "/map_files", nodes);
            for (String thread : snapshot.childNames(folder + "/task")) {
                addOpenNodes(snapshot, folder + "/task/" + thread + "/fd", nodes);
            }
            String program = snapshot.text(folder + "/comm").orElse("?");
            String owner = snapshot.text(folder + "/owner").orElse("");
            String virtualMachine = snapshot.text(folder + "/cgroup")
                    .map(DeviceUser::parseVirtualMachine)
                    .orElse("");
            nodes.forEach(node -> users.add(new DeviceUser(pid.get(), program, owner, node, virtualMachine)));
        }
        users.addAll(UsbNodes.findMounts(snapshot));
        users.sort((a, b) ->
                a.pid() == b.pid() ? a.deviceNode().compareTo(b.deviceNode()) : Integer.compare(a.pid(), b.pid()));
        return users;
    }

    private static void addOpenNodes(MachineSnapshot snapshot, String folder, Set<String> nodes) {
        for (String name : snapshot.childNames(folder)) {
            if (snapshot.entries().get(folder + "/" + name) instanceof MachineSnapshot.LinkEntry(String target)
                    && target.startsWith("/dev/")) {
                nodes.add(target.substring(5));
            }
        }
    }
}
