package org.switchback.linux;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
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

    private final KernelFiles files;
    private final TimedFileReader timedReader;
    private final PciIdsExcerptReader pciNames;
    private final ProcessTable processTable;
    private final Set<String> unresponsivePaths;
    private final ConcurrentSkipListMap<String, SnapshotEntry> entries = new ConcurrentSkipListMap<>();
    private final Map<Long, String> nodesByDeviceNumber = new HashMap<>();
    private volatile String currentPath = "";

    /** @param unresponsivePaths paths on which an earlier reader still blocks; they are not read */
    LinuxSnapshotReader(
            KernelFiles files,
            TimedFileReader timedReader,
            PciIdsExcerptReader pciNames,
            ProcessTable processTable,
            Set<String> unresponsivePaths) {
        this.files = files;
        this.timedReader = timedReader;
        this.pciNames = pciNames;
        this.processTable = processTable;
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
        // Without nodes no process can have one open.
        if (!nodesByDeviceNumber.isEmpty()) {
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
        for (String module : List.of("vfio", "vfio_pci", "nvidia", "nvidia_drm", BootfbModule.NAME)) {
            readDirectory("/sys/module/" + module);
        }
        readDirectories("/sys/bus/pci/drivers");
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
            }
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
        for (String name : names) {
            if (name.startsWith("i2c-")) {
                entries.put(folder + "/" + name, new DirectoryEntry());
                registerDeviceNumber(folder + "/" + name + "/i2c-dev/" + name, name);
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

    /** Registers the nodes of the firmware framebuffers in the memory of the functions. */
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

    /** Reads the processes that have a registered node open, whatever path they opened it by. */
    private void readProcesses() {
        for (String pid : processTable.listPids()) {
            readProcess("/proc/" + pid);
        }
    }

    private void readProcess(String folder) {
        if (!isResponsive(folder)) {
            return;
        }
        boolean isDeviceUser = false;
        boolean isVirtualMachine = false;
        for (String descriptor : files.list(folder + "/fd")) {
            String path = folder + "/fd/" + descriptor;
            Optional<String> node = files.readLink(path).flatMap(entry -> findNode(path, entry));
            if (node.isPresent()) {
                entries.put(path, new LinkEntry("/dev/" + node.get()));
                isDeviceUser = true;
                isVirtualMachine |= node.get().startsWith("vfio/");
            }
        }
        if (isVirtualMachine) {
            // Contains the name of the virtual machine. So does the command line, but reading that may wait for the
            // process.
            readText(folder + "/cgroup");
        }
        if (isDeviceUser) {
            readText(folder + "/comm");
            entries.put(folder + "/owner", new TextEntry(files.readOwner(folder)));
        }
    }

    /** The registered node that a descriptor of a process has open. */
    private Optional<String> findNode(String path, SnapshotEntry entry) {
        return entry instanceof LinkEntry(String target) && isCandidateNode(target)
                ? Optional.ofNullable(nodesByDeviceNumber.get(files.readDeviceNumber(path)))
                : Optional.empty();
    }

    /** Excludes nodes that nearly every process has open, to save reading their device numbers. */
    private static boolean isCandidateNode(String target) {
        return target.startsWith("/dev/")
                && !target.startsWith("/dev/null")
                && !target.startsWith("/dev/pts/")
                && !target.startsWith("/dev/shm/")
                && !target.startsWith("/dev/tty")
                && !target.startsWith("/dev/urandom");
    }

    private void readText(String path) {
        if (isResponsive(path)) {
            files.readText(path, KernelFiles.DEFAULT_LIMIT).ifPresent(entry -> entries.put(path, entry));
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
