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
import java.util.stream.Collectors;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.FirmwareIommuVendor;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * Reads, of a running machine, the files that {@link SnapshotParser} understands. One pass of one thread; another may
 * look at what has been found so far.
 *
 * <p>Looking changes nothing: what would wake a sleeping function is left out while it sleeps, and no command line of a
 * program is read.
 */
final class LinuxSnapshotReader {
    /** For lists that grow with the machine or the distribution, in bytes. */
    static final int LARGE_FILE_LIMIT = 16 << 20;

    static final String IOMEM = "/proc/iomem";

    /** Ends a module's file that is signed (MODULE_SIG_STRING, include/linux/module_signature.h). */
    private static final String SIGNATURE_MARKER = "~Module signature appended~\n";

    /** Where DKMS, akmods and {@code make modules_install} put a module that is not the kernel's own. */
    private static final List<String> MODULE_FOLDERS =
            List.of("updates/dkms", "updates", "extra", "extra/switchback-bootfb", "misc");

    /** Enough for the header type. */
    private static final int CONFIG_BYTES = 64;

    private static final List<String> COMPRESSION_SUFFIXES = List.of(".xz", ".zst", ".gz");

    private static final Set<String> PCI_ATTRIBUTES = Set.of(
            "vendor", "device", "class", "resource", "boot_vga", "power_state", "reset_method", "current_link_speed",
            "current_link_width", "max_link_speed", "max_link_width");

    /** Major number of the NVIDIA driver's nodes, which sysfs does not list (Documentation/admin-guide/devices.txt). */
    private static final int NVIDIA_MAJOR = 195;

    private final KernelFiles files;
    private final TimedFileReader timedReader;
    private final PciNames pciNames;
    private final ProcessTable processTable;
    private final Set<String> unresponsivePaths;
    private final ConcurrentSkipListMap<String, SnapshotEntry> entries = new ConcurrentSkipListMap<>();
    private final Map<Long, String> nodesByDeviceNumber = new HashMap<>();
    private volatile String currentPath = "";

    /** @param unresponsivePaths paths that did not answer before and still have not; they are not asked again */
    LinuxSnapshotReader(
            KernelFiles files, TimedFileReader timedReader, PciNames pciNames, ProcessTable processTable, Set<String> unresponsivePaths) {
        this.files = files;
        this.timedReader = timedReader;
        this.pciNames = pciNames;
        this.processTable = processTable;
        this.unresponsivePaths = unresponsivePaths;
    }

    /** What is being read now. */
    String currentPath() {
        return currentPath;
    }

    /** What has been found so far. */
    MachineSnapshot snapshot() {
        return new MachineSnapshot(new TreeMap<>(entries));
    }

    /** Reads everything. */
    void readMachine() {
        String[] functions = files.list(SnapshotParser.PCI_DEVICES);
        // To start a process takes as long as to read all the rest.
        Thread starter = Thread.ofPlatform().daemon().start(timedReader::prepare);
        readKernel();
        for (String function : functions) {
            readFunction(function);
        }
        TimedFileReader.ReadRequest question = requestTimedReads(functions, starter);
        readConnectors();
        readConsoles();
        readFramebuffers().forEach(this::readFramebufferNodes);
        readModules();
        entries.putAll(question.awaitAll());
        readNvidiaNodes();
        readProcesses();
        pciNames.excerptFor(entries).ifPresent(text -> entries.put(PciNames.PATH, new TextEntry(text)));
    }

    /** Reads what a switch of some functions rests on, except who uses them. */
    void readSwitchState(List<PciAddress> functions) {
        String[] moving = toNames(functions);
        TimedFileReader.ReadRequest question = timedReader.request(overridePaths(moving));
        readText("/proc/sys/kernel/tainted");
        readText("/sys/kernel/security/lockdown");
        readText("/sys/module/module/parameters/sig_enforce");
        readMemoryMap();
        readDirectory("/sys/module/vfio_pci");
        readDirectory("/sys/bus/pci/drivers/vfio-pci");
        readDirectory("/sys/module/" + BootfbModule.NAME);
        for (String function : moving) {
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
        entries.putAll(question.awaitAll());
    }

    private static String[] toNames(List<PciAddress> functions) {
        return functions.stream().map(PciAddress::toString).toArray(String[]::new);
    }

    /** Looks for the programs that use some functions. */
    void readDeviceUsers(List<PciAddress> functions) {
        String[] wanted = toNames(functions);
        TimedFileReader.ReadRequest question = timedReader.request(Arrays.stream(wanted)
                .map(LinuxSnapshotReader::nvidiaInformationPath)
                .filter(path -> files.isFile(path))
                .toList());
        for (String function : wanted) {
            String folder = SnapshotParser.PCI_DEVICES + function;
            readDeviceNodes(folder, files.list(folder));
            readLink(folder + "/driver");
            readLink(folder + "/iommu_group");
            if (linkTargetName(folder + "/driver").equals(PciDevice.VFIO_PCI)) {
                readVfioNode(linkTargetName(folder + "/iommu_group"));
            }
        }
        readFramebufferNodesOf(functions);
        entries.putAll(question.awaitAll());
        readNvidiaNodes();
        // Nothing to open, nobody who has it open.
        if (!nodesByDeviceNumber.isEmpty()) {
            readProcesses();
        }
    }

    private String linkTargetName(String path) {
        return entries.get(path) instanceof LinkEntry(String target) ? target.substring(target.lastIndexOf('/') + 1) : "";
    }

    private TimedFileReader.ReadRequest requestTimedReads(String[] functions, Thread starter) {
        List<String> paths = overridePaths(functions);
        for (String gpu : files.list("/proc/driver/nvidia/gpus")) {
            paths.add(nvidiaInformationPath(gpu));
        }
        try {
            starter.join();
        } catch (InterruptedException none) {
            // Nobody interrupts a thread of ours; a second child would do no harm either.
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
        readDirectories("/sys/class/iommu");
        readIommuTables();
        for (String module : List.of("vfio", "vfio_pci", "nvidia", "nvidia_drm", BootfbModule.NAME)) {
            readDirectory("/sys/module/" + module);
        }
        readDirectories("/sys/bus/pci/drivers");
    }

    /** Of os-release the lines that say whose tools there are. */
    private void readDistribution() {
        files.readLine("/etc/os-release").ifPresent(text -> entries.put(
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

    /** Of /proc/cpuinfo the line with the vendor; ARM has none. */
    private void readProcessorVendor() {
        if (!isResponsive("/proc/cpuinfo")) {
            return;
        }
        files.readLine("/proc/cpuinfo").ifPresent(text -> {
            int start = text.indexOf("vendor_id");
            int colon = text.indexOf(':', start + 1);
            int end = text.indexOf('\n', start + 1);
            if (start >= 0 && colon >= 0) {
                String vendor = text.substring(colon + 1, end < 0 ? text.length() : end).strip();
                entries.put("/proc/cpuinfo", new TextEntry("vendor_id : " + vendor));
            }
        });
    }

    /** Whether the firmware describes an IOMMU; what is in the tables is root's alone and not needed. */
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
        String[] inside = files.list(folder);
        boolean asleep = contains(inside, "power") && readPower(folder);
        for (String name : inside) {
            String path = folder + "/" + name;
            if (PCI_ATTRIBUTES.contains(name)) {
                readText(path);
            } else if (name.equals("driver") || name.equals("iommu_group")) {
                readLink(path);
            } else if (!asleep && name.equals("config")) {
                if (isResponsive(path)) {
                    files.readBytes(path, CONFIG_BYTES).ifPresent(entry -> entries.put(path, entry));
                }
            } else if (!asleep && name.startsWith("resource") && name.endsWith("_resize")) {
                readText(path);
            }
        }
        readDeviceNodes(folder, inside);
    }

    /** @return whether the function sleeps: to read its config space would wake it (pci_config_pm_runtime_get) */
    private boolean readPower(String folder) {
        readText(folder + "/power/control");
        readText(folder + "/power/runtime_status");
        return entries.get(folder + "/power/runtime_status") instanceof TextEntry(String status)
                && status.startsWith("suspend");
    }

    /** What a driver offers programs to open. */
    private void readDeviceNodes(String folder, String[] inside) {
        if (contains(inside, "drm")) {
            // controlD64 is a link to the card, for programs of long ago.
            for (String name : files.list(folder + "/drm")) {
                if (isCard(name)) {
                    registerNode(folder + "/drm/" + name, "dri/" + name);
                }
            }
        }
        if (contains(inside, "graphics")) {
            for (String name : files.list(folder + "/graphics")) {
                registerNode(folder + "/graphics/" + name, name);
            }
        }
        if (contains(inside, "vfio-dev")) {
            for (String name : files.list(folder + "/vfio-dev")) {
                registerNode(folder + "/vfio-dev/" + name, "vfio/devices/" + name);
            }
        }
        if (contains(inside, "sound")) {
            for (String card : files.list(folder + "/sound")) {
                readSoundCard(folder + "/sound/" + card);
            }
        }
        for (String name : inside) {
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
            if (name.startsWith("pcm") || name.startsWith("controlC") || name.startsWith("hw") || name.startsWith("midi")) {
                registerDeviceNumber(card + "/" + name, "snd/" + name);
            }
        }
    }

    private void registerNode(String folder, String node) {
        entries.put(folder, new DirectoryEntry());
        registerDeviceNumber(folder, node);
    }

    /** Remembers the device number by which a node is known, whatever its path. */
    private void registerDeviceNumber(String folder, String node) {
        if (isResponsive(folder + "/dev")) {
            files.readLine(folder + "/dev").ifPresent(text -> {
                int colon = text.indexOf(':');
                if (colon > 0) {
                    nodesByDeviceNumber.put(deviceNumber(text.substring(0, colon), text.substring(colon + 1)), node);
                }
            });
        }
    }

    /** As the C library's {@code makedev} puts a device number together; 0 when these are no numbers. */
    private static long deviceNumber(String major, String minor) {
        try {
            return deviceNumber(Long.parseLong(major), Long.parseLong(minor));
        } catch (NumberFormatException none) {
            return 0;
        }
    }

    private static long deviceNumber(long major, long minor) {
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
        for (FirmwareRegion claim : FirmwareRegion.values()) {
            readDirectory("/sys/bus/platform/drivers/" + claim.platformDeviceName());
        }
        return devices;
    }

    private List<String> findPlatformFramebuffers() {
        return Arrays.stream(files.list(SnapshotParser.PLATFORM_DEVICES))
                .filter(name -> name.contains("-framebuffer.") && FirmwareRegion.fromPlatformDevice(name).isPresent())
                .toList();
    }

    /** What the driver of a framebuffer offers programs to open; the links in /sys/class tell that they are its own. */
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

    /** The nodes of the firmware's framebuffers that some functions have. */
    private void readFramebufferNodesOf(List<PciAddress> functions) {
        for (String device : findPlatformFramebuffers()) {
            String path = SnapshotParser.PLATFORM_DEVICES + device;
            // Most have no driver any more: no need then to find out whose they are.
            if (files.isDirectory(path + "/drm") || files.isDirectory(path + "/graphics")) {
                readLink(path);
                MemoryMap map = parseMemoryMap();
                String folder = entries.get(path) instanceof LinkEntry(String target) ? target : "";
                // Where nobody can tell whose it is, it may be any function's.
                if (map.isEmpty()
                        || functions.stream().anyMatch(function -> FirmwareRegion.isFramebufferOf(function, device, folder, map))) {
                    readFramebufferNodes(device);
                }
            }
        }
    }

    private MemoryMap parseMemoryMap() {
        readMemoryMap();
        return entries.get(IOMEM) instanceof TextEntry(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY;
    }

    private void readModules() {
        readVfioNodes();
        readBootfbModule();
        // Where the folder is kept from us it is empty, and says nothing of what was in it.
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
            if (toNames(modules + "/modules.dep") || toNames(modules + "/modules.builtin")) {
                entries.put(modules + "/vfio-pci", new DirectoryEntry());
            }
        }
    }

    /** The file that modprobe will load, and whether it is signed. */
    private void readBootfbModule() {
        if (!(entries.get("/proc/sys/kernel/osrelease") instanceof TextEntry(String release))) {
            return;
        }
        for (String folder : MODULE_FOLDERS) {
            String file = "/lib/modules/" + release + "/" + folder + "/" + BootfbModule.NAME + ".ko";
            if (files.isFile(file)) {
                boolean signed = files.readLatin1(file, LARGE_FILE_LIMIT).filter(text -> text.endsWith(SIGNATURE_MARKER)).isPresent();
                putSignature(release, signed ? BootfbModule.ModuleSignature.SIGNED : BootfbModule.ModuleSignature.UNSIGNED);
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

    private boolean toNames(String list) {
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
                        .forEach(minor -> nodesByDeviceNumber.put(deviceNumber(Integer.toString(NVIDIA_MAJOR), minor), "nvidia" + minor));
            }
        });
    }

    /** Programs that have one of the nodes open, whatever path they opened it by. */
    private void readProcesses() {
        for (String program : processTable.listPids()) {
            readProcess("/proc/" + program);
        }
    }

    private void readProcess(String folder) {
        if (!isResponsive(folder)) {
            return;
        }
        boolean holds = false;
        boolean guest = false;
        for (String descriptor : files.list(folder + "/fd")) {
            String path = folder + "/fd/" + descriptor;
            Optional<String> node = files.readLink(path).flatMap(entry -> registerNode(path, entry));
            if (node.isPresent()) {
                entries.put(path, new LinkEntry("/dev/" + node.get()));
                holds = true;
                guest |= node.get().startsWith("vfio/");
            }
        }
        if (guest) {
            // The name of the virtual machine. The command line has it too, but reading that may wait for the program.
            readText(folder + "/cgroup");
        }
        if (holds) {
            readText(folder + "/comm");
            entries.put(folder + "/owner", new TextEntry(files.readOwner(folder)));
        }
    }

    private Optional<String> registerNode(String path, SnapshotEntry entry) {
        return entry instanceof LinkEntry(String target) && isCandidateNode(target)
                ? Optional.ofNullable(nodesByDeviceNumber.get(files.readDeviceNumber(path)))
                : Optional.empty();
    }

    /** Nodes that nearly every program has open are not looked at twice. */
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
