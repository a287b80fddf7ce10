package org.switchback.kernel;

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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Directory;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareIommu;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * Reads, of a running machine, the files that {@link MachineReader} understands. One pass of one thread; another may
 * look at what has been found so far.
 *
 * <p>Looking changes nothing: what would wake a sleeping function is left out while it sleeps, and no command line of a
 * program is read.
 */
final class LiveCapture {
    /** For lists that grow with the machine or the distribution, in bytes. */
    static final int LARGE = 16 << 20;

    static final String IOMEM = "/proc/iomem";

    /** Ends a module's file that is signed (MODULE_SIG_STRING, include/linux/module_signature.h). */
    private static final String SIGNED = "~Module signature appended~\n";

    /** Where DKMS, akmods and {@code make modules_install} put a module that is not the kernel's own. */
    private static final List<String> MODULE_FOLDERS =
            List.of("updates/dkms", "updates", "extra", "extra/switchback-bootfb", "misc");

    /** Enough for the header type. */
    private static final int CONFIG_BYTES = 64;

    private static final List<String> COMPRESSIONS = List.of(".xz", ".zst", ".gz");

    private static final Set<String> PCI_TEXTS = Set.of(
            "vendor", "device", "class", "resource", "boot_vga", "power_state", "reset_method", "current_link_speed",
            "current_link_width", "max_link_speed", "max_link_width");

    /** Major number of the NVIDIA driver's nodes, which sysfs does not list (Documentation/admin-guide/devices.txt). */
    private static final int NVIDIA = 195;

    private final KernelFiles files;
    private final GuardedReader guarded;
    private final PciNames names;
    private final Programs programs;
    private final Set<String> silent;
    private final ConcurrentSkipListMap<String, Entry> found = new ConcurrentSkipListMap<>();
    private final Map<Long, String> nodes = new HashMap<>();
    private volatile String at = "";

    /** @param silent paths that did not answer before and still have not; they are not asked again */
    LiveCapture(
            KernelFiles files, GuardedReader guarded, PciNames names, Programs programs, Set<String> silent) {
        this.files = files;
        this.guarded = guarded;
        this.names = names;
        this.programs = programs;
        this.silent = silent;
    }

    /** What is being read now. */
    String at() {
        return at;
    }

    /** What has been found so far. */
    Capture found() {
        return new Capture(new TreeMap<>(found));
    }

    /** Reads everything. */
    void machine() {
        String[] functions = files.names(MachineReader.PCI_DEVICES);
        // To start a process takes as long as to read all the rest.
        Thread starter = Thread.ofPlatform().daemon().start(guarded::prepare);
        kernel();
        for (String function : functions) {
            function(function);
        }
        GuardedReader.Question question = ask(functions, starter);
        connectors();
        consoles();
        framebuffers().forEach(this::framebufferNodes);
        modules();
        found.putAll(question.answers());
        nvidiaNodes();
        processes();
        names.of(found).ifPresent(text -> found.put(PciNames.PATH, new Text(text)));
    }

    /** Reads what a switch of some functions rests on, except who uses them. */
    void facts(List<PciAddress> functions) {
        String[] moving = names(functions);
        GuardedReader.Question question = guarded.ask(overrides(moving));
        text("/proc/sys/kernel/tainted");
        text("/sys/kernel/security/lockdown");
        text("/sys/module/module/parameters/sig_enforce");
        memory();
        directory("/sys/module/vfio_pci");
        directory("/sys/bus/pci/drivers/vfio-pci");
        directory("/sys/module/" + BootfbModule.NAME);
        for (String function : moving) {
            String folder = MachineReader.PCI_DEVICES + function;
            link(folder);
            link(folder + "/driver");
            link(folder + "/iommu_group");
            for (String name : List.of("vendor", "device", "class", "resource", "power/control")) {
                text(folder + "/" + name);
            }
            for (String member : files.names(folder + "/iommu_group/devices")) {
                link(MachineReader.PCI_DEVICES + member + "/driver");
            }
        }
        connectors();
        framebuffers();
        found.putAll(question.answers());
    }

    private static String[] names(List<PciAddress> functions) {
        return functions.stream().map(PciAddress::toString).toArray(String[]::new);
    }

    /** Looks for the programs that use some functions. */
    void holders(List<PciAddress> functions) {
        String[] wanted = names(functions);
        GuardedReader.Question question = guarded.ask(Arrays.stream(wanted)
                .map(LiveCapture::nvidiaInformation)
                .filter(path -> files.isFile(path))
                .toList());
        for (String function : wanted) {
            String folder = MachineReader.PCI_DEVICES + function;
            nodesOf(folder, files.names(folder));
            link(folder + "/driver");
            link(folder + "/iommu_group");
            if (linkName(folder + "/driver").equals(PciDevice.VFIO_PCI)) {
                vfioNode(linkName(folder + "/iommu_group"));
            }
        }
        firmwareNodes(functions);
        found.putAll(question.answers());
        nvidiaNodes();
        // Nothing to open, nobody who has it open.
        if (!nodes.isEmpty()) {
            processes();
        }
    }

    private String linkName(String path) {
        return found.get(path) instanceof Link(String target) ? target.substring(target.lastIndexOf('/') + 1) : "";
    }

    private GuardedReader.Question ask(String[] functions, Thread starter) {
        List<String> paths = overrides(functions);
        for (String gpu : files.names("/proc/driver/nvidia/gpus")) {
            paths.add(nvidiaInformation(gpu));
        }
        try {
            starter.join();
        } catch (InterruptedException none) {
            // Nobody interrupts a thread of ours; a second child would do no harm either.
            Thread.currentThread().interrupt();
        }
        return guarded.ask(paths);
    }

    private static List<String> overrides(String[] functions) {
        List<String> paths = new ArrayList<>();
        for (String function : functions) {
            paths.add(MachineReader.PCI_DEVICES + function + "/driver_override");
        }
        return paths;
    }

    private static String nvidiaInformation(String function) {
        return "/proc/driver/nvidia/gpus/" + function + "/information";
    }

    private void kernel() {
        text("/proc/sys/kernel/osrelease");
        text("/proc/sys/kernel/tainted");
        text("/proc/cmdline");
        text("/sys/kernel/security/lockdown");
        text("/sys/module/module/parameters/sig_enforce");
        memory();
        distribution();
        processor();
        directories("/sys/class/iommu");
        firmware();
        for (String module : List.of("vfio", "vfio_pci", "nvidia", "nvidia_drm", BootfbModule.NAME)) {
            directory("/sys/module/" + module);
        }
        directories("/sys/bus/pci/drivers");
    }

    /** Of os-release the lines that say whose tools there are. */
    private void distribution() {
        files.line("/etc/os-release").ifPresent(text -> found.put(
                "/etc/os-release",
                new Text(text.lines()
                        .filter(line -> line.startsWith("ID=") || line.startsWith("ID_LIKE="))
                        .collect(Collectors.joining("\n")))));
    }

    private void memory() {
        if (answers(IOMEM)) {
            files.text(IOMEM, LARGE).ifPresent(entry -> found.put(IOMEM, entry));
        }
    }

    /** Of /proc/cpuinfo the line with the vendor; ARM has none. */
    private void processor() {
        if (!answers("/proc/cpuinfo")) {
            return;
        }
        files.line("/proc/cpuinfo").ifPresent(text -> {
            int start = text.indexOf("vendor_id");
            int colon = text.indexOf(':', start + 1);
            int end = text.indexOf('\n', start + 1);
            if (start >= 0 && colon >= 0) {
                String vendor = text.substring(colon + 1, end < 0 ? text.length() : end).strip();
                found.put("/proc/cpuinfo", new Text("vendor_id : " + vendor));
            }
        });
    }

    /** Whether the firmware describes an IOMMU; what is in the tables is root's alone and not needed. */
    private void firmware() {
        String[] tables = files.names(FirmwareIommu.TABLES);
        if (tables.length > 0) {
            found.put(FirmwareIommu.TABLES, new Directory());
        }
        for (String table : List.of(FirmwareIommu.DMAR, FirmwareIommu.IVRS)) {
            if (has(tables, table)) {
                found.put(FirmwareIommu.TABLES + "/" + table, new Directory());
            }
        }
    }

    private void function(String function) {
        String folder = MachineReader.PCI_DEVICES + function;
        link(folder);
        String[] inside = files.names(folder);
        boolean asleep = has(inside, "power") && power(folder);
        for (String name : inside) {
            String path = folder + "/" + name;
            if (PCI_TEXTS.contains(name)) {
                text(path);
            } else if (name.equals("driver") || name.equals("iommu_group")) {
                link(path);
            } else if (!asleep && name.equals("config")) {
                if (answers(path)) {
                    files.bytes(path, CONFIG_BYTES).ifPresent(entry -> found.put(path, entry));
                }
            } else if (!asleep && name.startsWith("resource") && name.endsWith("_resize")) {
                text(path);
            }
        }
        nodesOf(folder, inside);
    }

    /** @return whether the function sleeps: to read its config space would wake it (pci_config_pm_runtime_get) */
    private boolean power(String folder) {
        text(folder + "/power/control");
        text(folder + "/power/runtime_status");
        return found.get(folder + "/power/runtime_status") instanceof Text(String status)
                && status.startsWith("suspend");
    }

    /** What a driver offers programs to open. */
    private void nodesOf(String folder, String[] inside) {
        if (has(inside, "drm")) {
            // controlD64 is a link to the card, for programs of long ago.
            for (String name : files.names(folder + "/drm")) {
                if (isCard(name)) {
                    node(folder + "/drm/" + name, "dri/" + name);
                }
            }
        }
        if (has(inside, "graphics")) {
            for (String name : files.names(folder + "/graphics")) {
                node(folder + "/graphics/" + name, name);
            }
        }
        if (has(inside, "vfio-dev")) {
            for (String name : files.names(folder + "/vfio-dev")) {
                node(folder + "/vfio-dev/" + name, "vfio/devices/" + name);
            }
        }
        if (has(inside, "sound")) {
            for (String card : files.names(folder + "/sound")) {
                sound(folder + "/sound/" + card);
            }
        }
        for (String name : inside) {
            if (name.startsWith("i2c-")) {
                found.put(folder + "/" + name, new Directory());
                known(folder + "/" + name + "/i2c-dev/" + name, name);
            }
        }
    }

    private static boolean isCard(String name) {
        return name.startsWith("card") || name.startsWith("renderD");
    }

    private void sound(String card) {
        found.put(card, new Directory());
        for (String name : files.names(card)) {
            if (name.startsWith("pcm") || name.startsWith("controlC") || name.startsWith("hw") || name.startsWith("midi")) {
                known(card + "/" + name, "snd/" + name);
            }
        }
    }

    private void node(String folder, String node) {
        found.put(folder, new Directory());
        known(folder, node);
    }

    /** Remembers the device number by which a node is known, whatever its path. */
    private void known(String folder, String node) {
        if (answers(folder + "/dev")) {
            files.line(folder + "/dev").ifPresent(text -> {
                int colon = text.indexOf(':');
                if (colon > 0) {
                    nodes.put(number(text.substring(0, colon), text.substring(colon + 1)), node);
                }
            });
        }
    }

    /** As the C library's {@code makedev} puts a device number together; 0 when these are no numbers. */
    private static long number(String major, String minor) {
        try {
            return number(Long.parseLong(major), Long.parseLong(minor));
        } catch (NumberFormatException none) {
            return 0;
        }
    }

    private static long number(long major, long minor) {
        return ((major & 0xfff) << 8) | ((major & ~0xfffL) << 32) | (minor & 0xff) | ((minor & ~0xffL) << 12);
    }

    private void connectors() {
        for (String name : files.names("/sys/class/drm")) {
            String path = "/sys/class/drm/" + name;
            if (name.indexOf('-') > 0) {
                text(path + "/status");
                text(path + "/enabled");
            } else if (isCard(name)) {
                link(path);
            }
        }
    }

    private void consoles() {
        for (String name : files.names("/sys/class/graphics")) {
            if (name.startsWith("fb") && !name.equals("fbcon")) {
                link("/sys/class/graphics/" + name);
                text("/sys/class/graphics/" + name + "/name");
            }
        }
        for (String name : files.names("/sys/class/vtconsole")) {
            text("/sys/class/vtconsole/" + name + "/name");
            text("/sys/class/vtconsole/" + name + "/bind");
        }
    }

    private List<String> framebuffers() {
        List<String> devices = platformFramebuffers();
        for (String device : devices) {
            link(MachineReader.PLATFORM_DEVICES + device);
            link(MachineReader.PLATFORM_DEVICES + device + "/driver");
        }
        for (FirmwareClaim claim : FirmwareClaim.values()) {
            directory("/sys/bus/platform/drivers/" + claim.device());
        }
        return devices;
    }

    private List<String> platformFramebuffers() {
        return Arrays.stream(files.names(MachineReader.PLATFORM_DEVICES))
                .filter(name -> name.contains("-framebuffer.") && FirmwareClaim.ofDevice(name).isPresent())
                .toList();
    }

    /** What the driver of a framebuffer offers programs to open; the links in /sys/class tell that they are its own. */
    private void framebufferNodes(String device) {
        String folder = MachineReader.PLATFORM_DEVICES + device;
        for (String name : files.names(folder + "/drm")) {
            if (isCard(name)) {
                known(folder + "/drm/" + name, "dri/" + name);
            }
        }
        for (String name : files.names(folder + "/graphics")) {
            known(folder + "/graphics/" + name, name);
        }
    }

    /** The nodes of the firmware's framebuffers that some functions have. */
    private void firmwareNodes(List<PciAddress> functions) {
        for (String device : platformFramebuffers()) {
            String path = MachineReader.PLATFORM_DEVICES + device;
            // Most have no driver any more: no need then to find out whose they are.
            if (files.isDirectory(path + "/drm") || files.isDirectory(path + "/graphics")) {
                link(path);
                MemoryMap map = claims();
                String folder = found.get(path) instanceof Link(String target) ? target : "";
                // Where nobody can tell whose it is, it may be any function's.
                if (map.isEmpty()
                        || functions.stream().anyMatch(function -> FirmwareClaim.isOf(function, device, folder, map))) {
                    framebufferNodes(device);
                }
            }
        }
    }

    private MemoryMap claims() {
        memory();
        return found.get(IOMEM) instanceof Text(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY;
    }

    private void modules() {
        vfioNodes();
        bootfb();
        // Where the folder is kept from us it is empty, and says nothing of what was in it.
        if (files.names("/lib/modules").length > 0) {
            found.put("/lib/modules", new Directory());
        }
        if (found.get("/proc/sys/kernel/osrelease") instanceof Text(String release)) {
            directory("/lib/modules/" + release);
        }
        if (found.containsKey("/sys/module/vfio_pci") || found.containsKey("/sys/bus/pci/drivers/vfio-pci")) {
            return;
        }
        if (found.get("/proc/sys/kernel/osrelease") instanceof Text(String release)) {
            String modules = "/lib/modules/" + release;
            if (names(modules + "/modules.dep") || names(modules + "/modules.builtin")) {
                found.put(modules + "/vfio-pci", new Directory());
            }
        }
    }

    /** The file that modprobe will load, and whether it is signed. */
    private void bootfb() {
        if (!(found.get("/proc/sys/kernel/osrelease") instanceof Text(String release))) {
            return;
        }
        for (String folder : MODULE_FOLDERS) {
            String file = "/lib/modules/" + release + "/" + folder + "/" + BootfbModule.NAME + ".ko";
            if (files.isFile(file)) {
                boolean signed = files.undecoded(file, LARGE).filter(text -> text.endsWith(SIGNED)).isPresent();
                put(release, signed ? BootfbModule.Signature.SIGNED : BootfbModule.Signature.UNSIGNED);
                return;
            }
            if (COMPRESSIONS.stream().anyMatch(suffix -> files.isFile(file + suffix))) {
                put(release, BootfbModule.Signature.UNKNOWN);
                return;
            }
        }
    }

    private void put(String release, BootfbModule.Signature signature) {
        found.put(BootfbModule.path(release), new Text(signature.word()));
    }

    private boolean names(String list) {
        return files.anyPiece(list, LARGE, text -> text.contains("/vfio-pci.ko"));
    }

    private void vfioNodes() {
        for (String group : files.names("/sys/class/vfio")) {
            vfioNode(group);
        }
    }

    private void vfioNode(String group) {
        known("/sys/class/vfio/" + group, "vfio/" + group);
    }

    private void nvidiaNodes() {
        found.forEach((path, entry) -> {
            if (path.startsWith("/proc/driver/nvidia/gpus/") && entry instanceof Text(String text)) {
                text.lines()
                        .filter(line -> line.startsWith("Device Minor:"))
                        .map(line -> line.substring(13).strip())
                        .forEach(minor -> nodes.put(number(Integer.toString(NVIDIA), minor), "nvidia" + minor));
            }
        });
    }

    /** Programs that have one of the nodes open, whatever path they opened it by. */
    private void processes() {
        for (String program : programs.now()) {
            process("/proc/" + program);
        }
    }

    private void process(String folder) {
        if (!answers(folder)) {
            return;
        }
        boolean holds = false;
        boolean guest = false;
        for (String descriptor : files.names(folder + "/fd")) {
            String path = folder + "/fd/" + descriptor;
            Optional<String> node = files.link(path).flatMap(entry -> node(path, entry));
            if (node.isPresent()) {
                found.put(path, new Link("/dev/" + node.get()));
                holds = true;
                guest |= node.get().startsWith("vfio/");
            }
        }
        if (guest) {
            // The name of the virtual machine. The command line has it too, but reading that may wait for the program.
            text(folder + "/cgroup");
        }
        if (holds) {
            text(folder + "/comm");
            found.put(folder + "/owner", new Text(files.owner(folder)));
        }
    }

    private Optional<String> node(String path, Entry entry) {
        return entry instanceof Link(String target) && mayBeOurs(target)
                ? Optional.ofNullable(nodes.get(files.deviceNumber(path)))
                : Optional.empty();
    }

    /** Nodes that nearly every program has open are not looked at twice. */
    private static boolean mayBeOurs(String target) {
        return target.startsWith("/dev/")
                && !target.startsWith("/dev/null")
                && !target.startsWith("/dev/pts/")
                && !target.startsWith("/dev/shm/")
                && !target.startsWith("/dev/tty")
                && !target.startsWith("/dev/urandom");
    }

    private void text(String path) {
        if (answers(path)) {
            files.text(path, KernelFiles.SMALL).ifPresent(entry -> found.put(path, entry));
        }
    }

    private void link(String path) {
        files.link(path).ifPresent(entry -> found.put(path, entry));
    }

    private void directory(String path) {
        if (files.isDirectory(path)) {
            found.put(path, new Directory());
        }
    }

    private void directories(String folder) {
        for (String name : files.names(folder)) {
            found.put(folder + "/" + name, new Directory());
        }
    }

    private boolean answers(String path) {
        if (silent.contains(path)) {
            found.put(path, GuardedReader.NO_ANSWER);
            return false;
        }
        at = path;
        return true;
    }

    private static boolean has(String[] sorted, String name) {
        return Arrays.binarySearch(sorted, name) >= 0;
    }
}
