package org.switchback.linux;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.DeviceNodes;
import org.switchback.hardware.FirmwareIommuVendor;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.IommuGroup;
import org.switchback.hardware.MachinePlatform;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.UsbNodes;

/**
 * Reads the files of the running machine that {@link SnapshotParser} understands. Used once, by one thread; other
 * threads may read the entries found so far.
 *
 * <p>Reading has no side effects: files that would wake a suspended function are skipped. Command lines of processes
 * are not read.
 */
final class LinuxSnapshotReader {
    /** Size limit in bytes of lists that grow with the machine or the distribution. */
    static final int LARGE_FILE_LIMIT = 16 << 20;

    static final String IOMEM = "/proc/iomem";

    /** The end of a signed module (MODULE_SIG_STRING, include/linux/module_signature.h). */
    private static final String SIGNATURE_MARKER = "~Module signature appended~\n";

    /** Folders in which DKMS, akmods and {@code make modules_install} install out-of-tree modules. */
    private static final List<String> MODULE_FOLDERS =
            List.of("updates/dkms", "updates", "extra", "extra/switchback-bootfb", "misc");

    /** Number of bytes of the config space to read: enough for the header type. */
    private static final int CONFIG_BYTES = 64;

    private static final Pattern HYPERVISOR_FLAG_PATTERN =
            Pattern.compile("^flags\\s*:.*\\b" + MachinePlatform.HYPERVISOR_FLAG + "\\b", Pattern.MULTILINE);

    private static final List<String> COMPRESSION_SUFFIXES = List.of(".xz", ".zst", ".gz");

    private static final Set<String> PCI_ATTRIBUTES = Set.of(
            "vendor",
            "device",
            "class",
            "resource",
            "boot_vga",
            "power_state",
            "d3cold_allowed",
            "reset_method",
            "current_link_speed",
            "current_link_width",
            "max_link_speed",
            "max_link_width");

    /** Major number of the NVIDIA driver's nodes; not listed in sysfs (Documentation/admin-guide/devices.txt). */
    private static final String NVIDIA_MAJOR = "195";

    /** Minor numbers of nodes of the whole driver (nv.h in open-gpu-kernel-modules). */
    private static final String NVIDIA_CONTROL_MINOR = "255";

    private static final String NVIDIA_MODESET_MINOR = "254";

    private static final String NVIDIA_DRIVER = SnapshotParser.PCI_DRIVERS + "nvidia";

    private static final String AMDGPU = "amdgpu";

    /** Base class and subclass of USB controllers, as the file {@code class} begins. */
    private static final String USB_CLASS = "0x0c03";

    private static final String DISPLAY_CLASS = "0x03";

    /** How long to wait for the mappings of all processes. */
    private static final Duration MAPPINGS_TIMEOUT = Duration.ofSeconds(1);

    private static final List<String> NVIDIA_MODULES = List.of("nvidia", "nvidia_drm", "nvidia_modeset", "nvidia_uvm");

    private final KernelFileReader files;
    private final TimedFileReader timedReader;
    private final PciIdsExcerptReader pciNames;
    private final ProcessTable processTable;
    private final MappingScanner mappings;
    private final Set<String> unresponsivePaths;
    private final ConcurrentSkipListMap<String, SnapshotEntry> entries = new ConcurrentSkipListMap<>();
    private final Map<Long, String> nodesByDeviceNumber = new HashMap<>();
    /** Folders of nodes with any minor number, by major number. */
    private final Map<Long, String> nodePrefixesByMajor = new HashMap<>();

    private volatile String currentPath = "";

    /** @param unresponsivePaths paths on which an earlier reader still blocks; they are not read */
    LinuxSnapshotReader(
            KernelFileReader files,
            TimedFileReader timedReader,
            PciIdsExcerptReader pciNames,
            ProcessTable processTable,
            MappingScanner mappings,
            Set<String> unresponsivePaths) {
        this.files = files;
        this.timedReader = timedReader;
        this.pciNames = pciNames;
        this.processTable = processTable;
        this.mappings = mappings;
        this.unresponsivePaths = unresponsivePaths;
    }

    /** The path being read. */
    String currentPath() {
        return currentPath;
    }

    /** The entries found so far. */
    MachineSnapshot snapshot() {
        return new MachineSnapshot(new TreeMap<>(entries));
    }

    /** Reads everything. */
    void readMachine() {
        String[] functions = files.list(SnapshotParser.PCI_DEVICES);
        // Starting a process takes as long as reading everything else.
        Thread starter = Thread.ofPlatform().daemon().start(timedReader::prepare);
        readKernel();
        for (String function : functions) {
            readFunction(function);
        }
        TimedFileReader.ReadRequest request = requestTimedReads(functions, starter);
        readConnectors();
        readConsoles();
        readFramebuffers().forEach(this::readFramebufferNodes);
        readModules();
        readReservedRegions();
        entries.putAll(request.awaitAll());
        readNvidiaNodes();
        readSharedNvidiaNodes();
        registerDeviceNumber("/sys/class/kfd/kfd", DeviceNodes.KFD);
        readUsbNodes(findUsbControllersOfGpus(functions));
        readProcesses();
        pciNames.excerptFor(entries).ifPresent(text -> entries.put(PciIdsExcerptReader.PATH, new TextEntry(text)));
    }

    /** Reads the state that a switch of the functions depends on, without the programs that use them. */
    void readSwitchState(List<PciAddress> functions) {
        String[] names = toNames(functions);
        TimedFileReader.ReadRequest request = timedReader.request(overridePaths(names));
        readText("/proc/sys/kernel/tainted");
        readText("/sys/kernel/security/lockdown");
        readText("/sys/module/module/parameters/sig_enforce");
        readMemoryMap();
        readDirectory("/sys/module/vfio_pci");
        readDirectory("/sys/bus/pci/drivers/vfio-pci");
        readDirectory("/sys/module/" + BootfbModule.NAME);
        readDirectory("/sys/module/nvidia_drm");
        readText("/sys/module/nvidia_drm/parameters/modeset");
        for (String function : names) {
            String folder = SnapshotParser.PCI_DEVICES + function;
            readLink(folder);
            readLink(folder + "/driver");
            readLink(folder + "/iommu_group");
            for (String name : List.of("vendor", "device", "class", "resource", "power/control")) {
                readText(folder + "/" + name);
            }
            for (String member : files.list(folder + "/iommu_group/devices")) {
                readLink(SnapshotParser.PCI_DEVICES + member + "/driver");
            }
        }
        readConnectors();
        readFramebuffers();
        entries.putAll(request.awaitAll());
    }

    private static String[] toNames(List<PciAddress> functions) {
        return functions.stream().map(PciAddress::toString).toArray(String[]::new);
    }

    /** Reads the programs that use the functions. */
    void readDeviceUsers(List<PciAddress> functions) {
        String[] names = toNames(functions);
        TimedFileReader.ReadRequest request = timedReader.request(Arrays.stream(names)
                .map(LinuxSnapshotReader::nvidiaInformationPath)
                .filter(files::isFile)
                .toList());
        for (String function : names) {
            String folder = SnapshotParser.PCI_DEVICES + function;
            readDeviceNodes(folder, files.list(folder));
            readLink(folder + "/driver");
            readLink(folder + "/iommu_group");
            if (linkTargetName(folder + "/driver").equals(PciDevice.VFIO_PCI)) {
                readVfioNode(linkTargetName(folder + "/iommu_group"));
            }
        }
        readFramebufferNodesOf(functions);
        entries.putAll(request.awaitAll());
        readNvidiaNodes();
        if (areAllNvidiaFunctions(List.of(names))) {
            readSharedNvidiaNodes();
        }
        List<PciAddress> controllers = new ArrayList<>();
        for (PciAddress function : functions) {
            String folder = SnapshotParser.PCI_DEVICES + function;
            if (linkTargetName(folder + "/driver").equals(AMDGPU)) {
                registerDeviceNumber("/sys/class/kfd/kfd", DeviceNodes.KFD);
            }
            if (files.readString(folder + "/class").orElse("").startsWith(USB_CLASS)) {
                controllers.add(function);
            }
        }
        readUsbNodes(controllers);
        // Without nodes no process can have one open.
        if (!nodesByDeviceNumber.isEmpty() || !nodePrefixesByMajor.isEmpty()) {
            readProcesses();
        }
    }

    private String linkTargetName(String path) {
        return entries.get(path) instanceof LinkEntry(String target)
                ? target.substring(target.lastIndexOf('/') + 1)
                : "";
    }

    private TimedFileReader.ReadRequest requestTimedReads(String[] functions, Thread starter) {
        List<String> paths = overridePaths(functions);
        for (String gpu : files.list("/proc/driver/nvidia/gpus")) {
            paths.add(nvidiaInformationPath(gpu));
        }
        try {
            starter.join();
        } catch (InterruptedException e) {
            // Not expected in this thread. A second child process does no harm.
            Thread.currentThread().interrupt();
        }
        return timedReader.request(paths);
    }

    private static List<String> overridePaths(String[] functions) {
        List<String> paths = new ArrayList<>();
        for (String function : functions) {
            paths.add(SnapshotParser.PCI_DEVICES + function + "/driver_override");
        }
        return paths;
    }

    private static String nvidiaInformationPath(String function) {
        return "/proc/driver/nvidia/gpus/" + function + "/information";
    }

    private void readKernel() {
        readText("/proc/sys/kernel/osrelease");
        readText("/proc/sys/kernel/tainted");
        readText("/proc/cmdline");
        readText("/sys/kernel/security/lockdown");
        readText("/sys/module/module/parameters/sig_enforce");
        readMemoryMap();
        readDistribution();
        readProcessorVendor();
        readText(MachinePlatform.HYPERVISOR_TYPE);
        readDirectory(MachinePlatform.VMBUS);
        readDirectory(MachinePlatform.DEVICE_TREE_FOLDER);
        readDirectories("/sys/class/iommu");
        readIommuTables();
        for (String module : List.of("vfio", "vfio_pci", BootfbModule.NAME)) {
            readDirectory("/sys/module/" + module);
        }
        readNvidiaModules();
        readDirectories("/sys/bus/pci/drivers");
    }

    /** Reads what shows references to a GPU inside the NVIDIA modules. */
    private void readNvidiaModules() {
        for (String module : NVIDIA_MODULES) {
            String folder = "/sys/module/" + module;
            if (files.isDirectory(folder)) {
                entries.put(folder, new DirectoryEntry());
                readText(folder + "/refcnt");
                readDirectories(folder + "/holders");
            }
        }
        readText("/sys/module/nvidia_drm/parameters/modeset");
        readText("/sys/module/nvidia_drm/parameters/fbdev");
    }

    /** Reads the lines of os-release that name the distribution and those it is based on. */
    private void readDistribution() {
        files.readString("/etc/os-release")
                .ifPresent(text -> entries.put(
                        "/etc/os-release",
                        new TextEntry(text.lines()
                                .filter(line -> line.startsWith("ID=") || line.startsWith("ID_LIKE="))
                                .collect(Collectors.joining("\n")))));
    }

    private void readMemoryMap() {
        if (isResponsive(IOMEM)) {
            files.readText(IOMEM, LARGE_FILE_LIMIT).ifPresent(entry -> entries.put(IOMEM, entry));
        }
    }

    /** Reads from /proc/cpuinfo the vendor, and whether a hypervisor provides the processor; ARM has neither. */
    private void readProcessorVendor() {
        if (!isResponsive("/proc/cpuinfo")) {
            return;
        }
        files.readString("/proc/cpuinfo").ifPresent(text -> {
            int start = text.indexOf("vendor_id");
            int colon = text.indexOf(':', start + 1);
            int end = text.indexOf('\n', start + 1);
            if (start >= 0 && colon >= 0) {
                String vendor =
                        text.substring(colon + 1, end < 0 ? text.length() : end).strip();
                entries.put(
                        "/proc/cpuinfo",
                        new TextEntry("vendor_id : " + vendor
                                + (HYPERVISOR_FLAG_PATTERN.matcher(text).find()
                                        ? "\nflags : " + MachinePlatform.HYPERVISOR_FLAG
                                        : "")));
            }
        });
    }

    /** Reads which ACPI tables describe an IOMMU. Their content is readable only by root and not needed. */
    private void readIommuTables() {
        String[] tables = files.list(FirmwareIommuVendor.ACPI_TABLES);
        if (tables.length > 0) {
            entries.put(FirmwareIommuVendor.ACPI_TABLES, new DirectoryEntry());
        }
        for (String table : List.of(FirmwareIommuVendor.DMAR_TABLE, FirmwareIommuVendor.IVRS_TABLE)) {
            if (contains(tables, table)) {
                entries.put(FirmwareIommuVendor.ACPI_TABLES + "/" + table, new DirectoryEntry());
            }
        }
    }

    private void readFunction(String function) {
        String folder = SnapshotParser.PCI_DEVICES + function;
        readLink(folder);
        String[] names = files.list(folder);
        boolean isSuspended = contains(names, "power") && readPower(folder);
        for (String name : names) {
            String path = folder + "/" + name;
            if (PCI_ATTRIBUTES.contains(name)) {
                readText(path);
            } else if (name.equals("driver") || name.equals("iommu_group")) {
                readLink(path);
            } else if (!isSuspended && name.equals("config")) {
                if (isResponsive(path)) {
                    files.readBytes(path, CONFIG_BYTES).ifPresent(entry -> entries.put(path, entry));
                }
            } else if (!isSuspended && name.startsWith("resource") && name.endsWith("_resize")) {
                readText(path);
            }
        }
        readDeviceNodes(folder, names);
    }

    /** @return whether the function is suspended; reading its config space would wake it (pci_config_pm_runtime_get) */
    private boolean readPower(String folder) {
        readText(folder + "/power/control");
        readText(folder + "/power/runtime_status");
        return entries.get(folder + "/power/runtime_status") instanceof TextEntry(String status)
                && status.startsWith("suspend");
    }

    /** Reads the device nodes of a function. */
    private void readDeviceNodes(String folder, String[] names) {
        if (contains(names, "drm")) {
            // controlD64 is a legacy link to the card.
            for (String name : files.list(folder + "/drm")) {
                if (isCard(name)) {
                    registerNode(folder + "/drm/" + name, "dri/" + name);
                }
                if (name.startsWith("card")) {
                    for (String connector : files.list(folder + "/drm/" + name)) {
                        if (connector.startsWith(name + "-")) {
                            String path = folder + "/drm/" + name + "/" + connector;
                            readBuses(path, files.list(path));
                        }
                    }
                }
            }
        }
        if (contains(names, "drm_dp_aux_dev")) {
            readBuses(folder + "/drm_dp_aux_dev", files.list(folder + "/drm_dp_aux_dev"));
        }
        if (contains(names, "graphics")) {
            for (String name : files.list(folder + "/graphics")) {
                registerNode(folder + "/graphics/" + name, name);
            }
        }
        if (contains(names, "vfio-dev")) {
            for (String name : files.list(folder + "/vfio-dev")) {
                registerNode(folder + "/vfio-dev/" + name, "vfio/devices/" + name);
            }
        }
        if (contains(names, "sound")) {
            for (String card : files.list(folder + "/sound")) {
                readSoundCard(folder + "/sound/" + card);
            }
        }
        readBuses(folder, names);
    }

    /** Registers I2C buses, AUX channels and CEC adapters in the folder of a function, of a connector or of a bus. */
    private void readBuses(String folder, String[] names) {
        for (String name : names) {
            if (DeviceNodes.isConnectorBus(name)) {
                String path = folder + "/" + name;
                entries.put(path, new DirectoryEntry());
                if (name.startsWith("i2c-")) {
                    registerDeviceNumber(path + "/i2c-dev/" + name, name);
                    // Buses behind a multiplexer.
                    readBuses(path, files.list(path));
                } else {
                    registerDeviceNumber(path, name);
                }
            }
        }
    }

    private static boolean isCard(String name) {
        return name.startsWith("card") || name.startsWith("renderD");
    }

    private void readSoundCard(String card) {
        entries.put(card, new DirectoryEntry());
        for (String name : files.list(card)) {
            if (Stream.of("pcm", "controlC", "hw", "midi").anyMatch(name::startsWith)) {
                registerDeviceNumber(card + "/" + name, "snd/" + name);
            }
        }
    }

    private void registerNode(String folder, String node) {
        entries.put(folder, new DirectoryEntry());
        registerDeviceNumber(folder, node);
    }

    /** Registers the device number of a node, which identifies the node whatever path it is opened by. */
    private void registerDeviceNumber(String folder, String node) {
        if (isResponsive(folder + "/dev")) {
            files.readString(folder + "/dev").ifPresent(text -> {
                int colon = text.indexOf(':');
                if (colon > 0) {
                    nodesByDeviceNumber.put(
                            parseDeviceNumber(text.substring(0, colon), text.substring(colon + 1)), node);
                }
            });
        }
    }

    /** Like {@code makedev} of the C library; 0 when one of the texts is not a number. */
    private static long parseDeviceNumber(String major, String minor) {
        try {
            return makeDeviceNumber(Long.parseLong(major), Long.parseLong(minor));
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static long makeDeviceNumber(long major, long minor) {
        return ((major & 0xfff) << 8) | ((major & ~0xfffL) << 32) | (minor & 0xff) | ((minor & ~0xffL) << 12);
    }

    private void readConnectors() {
        for (String name : files.list("/sys/class/drm")) {
            String path = "/sys/class/drm/" + name;
            if (name.indexOf('-') > 0) {
                readText(path + "/status");
                readText(path + "/enabled");
            } else if (isCard(name)) {
                readLink(path);
            }
        }
    }

    private void readConsoles() {
        for (String name : files.list("/sys/class/graphics")) {
            if (name.startsWith("fb") && !name.equals("fbcon")) {
                readLink("/sys/class/graphics/" + name);
                readText("/sys/class/graphics/" + name + "/name");
            }
        }
        for (String name : files.list("/sys/class/vtconsole")) {
            readText("/sys/class/vtconsole/" + name + "/name");
            readText("/sys/class/vtconsole/" + name + "/bind");
        }
    }

    private List<String> readFramebuffers() {
        List<String> devices = findPlatformFramebuffers();
        for (String device : devices) {
            readLink(SnapshotParser.PLATFORM_DEVICES + device);
            readLink(SnapshotParser.PLATFORM_DEVICES + device + "/driver");
        }
        for (FirmwareRegionKind region : FirmwareRegionKind.values()) {
            readDirectory("/sys/bus/platform/drivers/" + region.platformDeviceName());
        }
        return devices;
    }

    private List<String> findPlatformFramebuffers() {
        return Arrays.stream(files.list(SnapshotParser.PLATFORM_DEVICES))
                .filter(name -> name.contains("-framebuffer.")
                        && FirmwareRegionKind.fromPlatformDevice(name).isPresent())
                .toList();
    }

    /** Registers the nodes of a framebuffer. The links in /sys/class associate them with its device. */
    private void readFramebufferNodes(String device) {
        String folder = SnapshotParser.PLATFORM_DEVICES + device;
        for (String name : files.list(folder + "/drm")) {
            if (isCard(name)) {
                registerDeviceNumber(folder + "/drm/" + name, "dri/" + name);
            }
        }
        for (String name : files.list(folder + "/graphics")) {
            registerDeviceNumber(folder + "/graphics/" + name, name);
        }
    }

    /** Registers the nodes of the boot framebuffers in the memory of the functions. */
    private void readFramebufferNodesOf(List<PciAddress> functions) {
        for (String device : findPlatformFramebuffers()) {
            String path = SnapshotParser.PLATFORM_DEVICES + device;
            // Most framebuffers have no driver any more; then their function does not matter.
            if (files.isDirectory(path + "/drm") || files.isDirectory(path + "/graphics")) {
                readLink(path);
                MemoryMap map = parseMemoryMap();
                String folder = entries.get(path) instanceof LinkEntry(String target) ? target : "";
                // Without a memory map the function is unknown: the framebuffer counts for every function.
                if (map.isEmpty()
                        || functions.stream()
                                .anyMatch(function ->
                                        FirmwareRegionKind.isFramebufferOf(function, device, folder, map))) {
                    readFramebufferNodes(device);
                }
            }
        }
    }

    private MemoryMap parseMemoryMap() {
        readMemoryMap();
        return entries.get(IOMEM) instanceof TextEntry(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY;
    }

    /** Reads the addresses that the IOMMU treats specially, of every group. */
    private void readReservedRegions() {
        for (String group : files.list(IommuGroup.GROUPS)) {
            readText(IommuGroup.GROUPS + group + "/" + IommuGroup.RESERVED_REGIONS);
        }
    }

    private void readModules() {
        readVfioNodes();
        readBootfbModule();
        // An inaccessible folder looks empty; that does not mean that modules are missing.
        if (files.list("/lib/modules").length > 0) {
            entries.put("/lib/modules", new DirectoryEntry());
        }
        if (entries.get("/proc/sys/kernel/osrelease") instanceof TextEntry(String release)) {
            readDirectory("/lib/modules/" + release);
        }
        if (entries.containsKey("/sys/module/vfio_pci") || entries.containsKey("/sys/bus/pci/drivers/vfio-pci")) {
            return;
        }
        if (entries.get("/proc/sys/kernel/osrelease") instanceof TextEntry(String release)) {
            String modules = "/lib/modules/" + release;
            if (listsVfioPci(modules + "/modules.dep") || listsVfioPci(modules + "/modules.builtin")) {
                entries.put(modules + "/vfio-pci", new DirectoryEntry());
            }
        }
    }

    /** Reads whether the module switchback_bootfb is installed, and whether it is signed. */
    private void readBootfbModule() {
        if (!(entries.get("/proc/sys/kernel/osrelease") instanceof TextEntry(String release))) {
            return;
        }
        for (String folder : MODULE_FOLDERS) {
            String file = "/lib/modules/" + release + "/" + folder + "/" + BootfbModule.NAME + ".ko";
            if (files.isFile(file)) {
                boolean isSigned = files.readLatin1(file, LARGE_FILE_LIMIT)
                        .filter(text -> text.endsWith(SIGNATURE_MARKER))
                        .isPresent();
                putSignature(
                        release,
                        isSigned ? BootfbModule.ModuleSignature.SIGNED : BootfbModule.ModuleSignature.UNSIGNED);
                return;
            }
            if (COMPRESSION_SUFFIXES.stream().anyMatch(suffix -> files.isFile(file + suffix))) {
                putSignature(release, BootfbModule.ModuleSignature.UNKNOWN);
                return;
            }
        }
    }

    private void putSignature(String release, BootfbModule.ModuleSignature signature) {
        entries.put(BootfbModule.path(release), new TextEntry(signature.toText()));
    }

    private boolean listsVfioPci(String list) {
        return files.anyChunkMatches(list, LARGE_FILE_LIMIT, text -> text.contains("/vfio-pci.ko"));
    }

    private void readVfioNodes() {
        for (String group : files.list("/sys/class/vfio")) {
            readVfioNode(group);
        }
    }

    private void readVfioNode(String group) {
        registerDeviceNumber("/sys/class/vfio/" + group, "vfio/" + group);
    }

    private void readNvidiaNodes() {
        entries.forEach((path, entry) -> {
            if (path.startsWith("/proc/driver/nvidia/gpus/") && entry instanceof TextEntry(String text)) {
                text.lines()
                        .filter(line -> line.startsWith("Device Minor:"))
                        .map(line -> line.substring(13).strip())
                        .forEach(minor ->
                                nodesByDeviceNumber.put(parseDeviceNumber(NVIDIA_MAJOR, minor), "nvidia" + minor));
            }
        });
    }

    /** Whether the NVIDIA driver is bound to some of the functions and to no other function. */
    private boolean areAllNvidiaFunctions(List<String> functions) {
        List<String> bound = Arrays.stream(files.list(NVIDIA_DRIVER))
                .filter(name -> PciAddress.parse(name).isPresent())
                .toList();
        return !bound.isEmpty() && functions.containsAll(bound);
    }

    /** Registers the nodes that all GPUs of the NVIDIA driver share. Some have a dynamic major number. */
    private void readSharedNvidiaNodes() {
        if (!files.isDirectory(NVIDIA_DRIVER)) {
            return;
        }
        registerNvidiaNode(NVIDIA_MAJOR, NVIDIA_CONTROL_MINOR, "nvidiactl");
        registerNvidiaNode(NVIDIA_MAJOR, NVIDIA_MODESET_MINOR, "nvidia-modeset");
        files.readString("/proc/devices").orElse("").lines().map(String::strip).forEach(line -> {
            int space = line.indexOf(' ');
            String major = line.substring(0, Math.max(0, space));
            switch (line.substring(space + 1)) {
                case "nvidiactl" -> registerNvidiaNode(major, NVIDIA_CONTROL_MINOR, "nvidiactl");
                case "nvidia-modeset" -> registerNvidiaNode(major, NVIDIA_MODESET_MINOR, "nvidia-modeset");
                case "nvidia-uvm" -> {
                    registerNvidiaNode(major, "0", "nvidia-uvm");
                    registerNvidiaNode(major, "1", "nvidia-uvm-tools");
                }
                case "nvidia-caps" -> nodePrefixesByMajor.put(parseDeviceNumber(major, "0"), "nvidia-caps/nvidia-cap");
                case "nvidia-caps-imex-channels" ->
                    nodePrefixesByMajor.put(parseDeviceNumber(major, "0"), "nvidia-caps-imex-channels/channel");
                default -> {
                    // A node of another driver.
                }
            }
        });
    }

    private void registerNvidiaNode(String major, String minor, String node) {
        nodesByDeviceNumber.put(parseDeviceNumber(major, minor), node);
    }

    /** The USB controllers in the slot or IOMMU group of a GPU. */
    private List<PciAddress> findUsbControllersOfGpus(String[] functions) {
        List<PciAddress> controllers = new ArrayList<>();
        for (String function : functions) {
            if (hasClass(function, USB_CLASS)
                    && Arrays.stream(functions)
                            .anyMatch(other -> hasClass(other, DISPLAY_CLASS) && areTogether(function, other))) {
                PciAddress.parse(function).ifPresent(controllers::add);
            }
        }
        return controllers;
    }

    private boolean hasClass(String function, String prefix) {
        return entries.get(SnapshotParser.PCI_DEVICES + function + "/class") instanceof TextEntry(String text)
                && text.startsWith(prefix);
    }

    private boolean areTogether(String function, String other) {
        String group = linkTargetName(SnapshotParser.PCI_DEVICES + function + "/iommu_group");
        return function.substring(0, function.indexOf('.')).equals(other.substring(0, other.indexOf('.')))
                || (!group.isEmpty()
                        && group.equals(linkTargetName(SnapshotParser.PCI_DEVICES + other + "/iommu_group")));
    }

    /** Registers the nodes of the devices below USB controllers, and reads the mounts of the disks among them. */
    private void readUsbNodes(List<PciAddress> controllers) {
        if (controllers.isEmpty()) {
            return;
        }
        Map<String, String> numbersByBlockDevice = new HashMap<>();
        for (String folder : UsbNodes.CLASSES) {
            for (String name : files.list(folder)) {
                String path = folder + "/" + name;
                if (UsbNodes.mayBeUsb(folder, name)
                        && files.readLink(path).orElse(null) instanceof LinkEntry link
                        && controllers.stream().anyMatch(controller -> UsbNodes.isBelow(controller, link.target()))) {
                    entries.put(path, link);
                    readUsbNode(folder, name, numbersByBlockDevice);
                }
            }
        }
        if (!numbersByBlockDevice.isEmpty()) {
            readMounts(numbersByBlockDevice);
        }
    }

    private void readUsbNode(String folder, String name, Map<String, String> numbersByBlockDevice) {
        String path = folder + "/" + name;
        if (folder.equals(UsbNodes.BLOCK_CLASS)) {
            readBlockDevice(name, numbersByBlockDevice);
            return;
        }
        Optional<String> busAndDevice = Optional.empty();
        if (folder.equals(UsbNodes.USB_DEVICES)) {
            readText(path + "/busnum");
            readText(path + "/devnum");
            busAndDevice = readEntry(path + "/busnum")
                    .flatMap(bus -> readEntry(path + "/devnum").map(device -> UsbNodes.busDevice(bus, device)));
        }
        UsbNodes.nodeOf(folder, name, busAndDevice).ifPresent(node -> registerDeviceNumber(path, node));
    }

    private Optional<String> readEntry(String path) {
        return entries.get(path) instanceof TextEntry(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Reads a disk or a partition, and the devices that are stacked on it, such as an encrypted one. */
    private void readBlockDevice(String name, Map<String, String> numbersByBlockDevice) {
        String path = UsbNodes.BLOCK_CLASS + "/" + name;
        readText(path + "/dev");
        readText(path + "/dm/name");
        registerDeviceNumber(path, name);
        String number = readEntry(path + "/dev").orElse("");
        if (numbersByBlockDevice.putIfAbsent(name, number) == null) {
            for (String holder : files.list(path + "/holders")) {
                entries.put(path + "/holders/" + holder, new DirectoryEntry());
                readBlockDevice(holder, numbersByBlockDevice);
            }
        }
    }

    /** Reads the lines about the disks from the lists of mounts and of swap devices. */
    private void readMounts(Map<String, String> numbersByBlockDevice) {
        for (String list : List.of(UsbNodes.MOUNTS, UsbNodes.SWAPS)) {
            if (!isResponsive(list)) {
                continue;
            }
            String lines = files.readString(list)
                    .orElse("")
                    .lines()
                    .filter(line -> numbersByBlockDevice.entrySet().stream()
                            .anyMatch(device -> isMountOf(line, device.getKey(), device.getValue())))
                    .collect(Collectors.joining("\n"));
            if (!lines.isEmpty()) {
                entries.put(list, new TextEntry(lines));
            }
        }
    }

    private boolean isMountOf(String line, String blockDevice, String number) {
        Set<String> nodes = new HashSet<>(Set.of("/dev/" + blockDevice));
        readEntry(UsbNodes.BLOCK_CLASS + "/" + blockDevice + "/dm/name")
                .ifPresent(mapper -> nodes.add("/dev/mapper/" + mapper));
        return UsbNodes.isMountOf(line, number, nodes) || UsbNodes.isSwapOn(line, nodes);
    }

    /**
     * Reads the processes that have a registered node open or mapped, whatever path they opened it by and in whatever
     * mount namespace.
     */
    private void readProcesses() {
        List<String> pids = processTable.listPids();
        mappings.start(pids);
        List<String> listed = new ArrayList<>();
        for (String pid : pids) {
            readProcess("/proc/" + pid);
            listed.add(pid);
        }
        long deadline = System.nanoTime() + MAPPINGS_TIMEOUT.toNanos();
        for (String pid : listed) {
            readMappings("/proc/" + pid, mappings.await(pid, Duration.ofNanos(deadline - System.nanoTime())));
        }
    }

    private void readMappings(String folder, Optional<List<Long>> deviceNumbers) {
        if (deviceNumbers.isEmpty()) {
            entries.put(folder + "/maps", MachineSnapshot.UnreadableEntry.TIMED_OUT);
            return;
        }
        int index = 0;
        for (long number : deviceNumbers.get()) {
            Optional<String> node = findNode(number);
            if (node.isPresent()) {
                // Not by address: a report should not tell where the mappings of a process are.
                entries.put(folder + "/map_files/" + index++, new LinkEntry("/dev/" + node.get()));
                describeUser(folder, node.get().startsWith("vfio/"));
            }
        }
    }

    private void readProcess(String folder) {
        if (!isResponsive(folder)) {
            return;
        }
        readDescriptors(folder, folder + "/fd");
        for (String thread : processTable.listThreadsWithOwnDescriptors(folder.substring("/proc/".length()))) {
            readDescriptors(folder, folder + "/task/" + thread + "/fd");
        }
    }

    private void readDescriptors(String process, String folder) {
        boolean isDeviceUser = false;
        boolean isVirtualMachine = false;
        for (String descriptor : files.list(folder)) {
            String path = folder + "/" + descriptor;
            Optional<String> node = files.readLink(path).flatMap(entry -> findNode(path, entry));
            if (node.isPresent()) {
                entries.put(path, new LinkEntry("/dev/" + node.get()));
                isDeviceUser = true;
                isVirtualMachine |= node.get().startsWith("vfio/");
            }
        }
        if (isDeviceUser) {
            describeUser(process, isVirtualMachine);
        }
    }

    private void describeUser(String folder, boolean isVirtualMachine) {
        if (isVirtualMachine) {
            // Contains the name of the virtual machine. So does the command line, but reading that may wait for the
            // process.
            readText(folder + "/cgroup");
        }
        readText(folder + "/comm");
        entries.put(folder + "/owner", new TextEntry(files.readOwner(folder)));
    }

    /** The registered node that a descriptor of a process has open. */
    private Optional<String> findNode(String path, SnapshotEntry entry) {
        return entry instanceof LinkEntry(String target) && NodePaths.isCandidate(target) && isResponsive(path)
                ? findNode(files.readDeviceNumber(path))
                : Optional.empty();
    }

    private Optional<String> findNode(long deviceNumber) {
        String node = nodesByDeviceNumber.get(deviceNumber);
        if (node != null || nodePrefixesByMajor.isEmpty()) {
            return Optional.ofNullable(node);
        }
        long minor = (deviceNumber & 0xff) | ((deviceNumber >> 12) & ~0xffL & 0xffff_ffffL);
        String prefix = nodePrefixesByMajor.get(deviceNumber - makeDeviceNumber(0, minor));
        return Optional.ofNullable(prefix).map(text -> text + minor);
    }

    private void readText(String path) {
        if (isResponsive(path)) {
            files.readText(path, KernelFileReader.DEFAULT_LIMIT).ifPresent(entry -> entries.put(path, entry));
        }
    }

    private void readLink(String path) {
        files.readLink(path).ifPresent(entry -> entries.put(path, entry));
    }

    private void readDirectory(String path) {
        if (files.isDirectory(path)) {
            entries.put(path, new DirectoryEntry());
        }
    }

    private void readDirectories(String folder) {
        for (String name : files.list(folder)) {
            entries.put(folder + "/" + name, new DirectoryEntry());
        }
    }

    /** Whether to read a path; records an unresponsive one as timed out, any other as the current path. */
    private boolean isResponsive(String path) {
        if (unresponsivePaths.contains(path)) {
            entries.put(path, MachineSnapshot.UnreadableEntry.TIMED_OUT);
            return false;
        }
        currentPath = path;
        return true;
    }

    private static boolean contains(String[] sorted, String name) {
        return Arrays.binarySearch(sorted, name) >= 0;
    }
}
