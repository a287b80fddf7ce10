package org.switchback.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachinePlatform;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** {@link LinuxKernel} on trees of ordinary files. */
@Timeout(60)
class LinuxKernelTest {
    private static final PciAddress GPU = PciAddress.parse("0000:01:00.0").orElseThrow();
    private static final String FOLDER = SnapshotParser.PCI_DEVICES + GPU;
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    Path root;

    private LinuxKernel kernel;

    @BeforeEach
    void createKernel() {
        kernel = new LinuxKernel(root);
    }

    @AfterEach
    void closeKernel() {
        kernel.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "q35-5.10-0300-vfio",
                "q35-6.1-0380",
                "q35-6.12-0380-native",
                "q35-7.2-0300",
                "x99-gtx1080",
                "laptop-one-gpu",
                "proliant-rmrr",
                "rx9070xt-d3cold"
            })
    void snapshotOfACopiedTreeEqualsTheOriginal(String machine) throws IOException {
        MachineSnapshot original = TestSnapshots.load(machine);
        writeTree(original);

        MachineSnapshot read = kernel.readSnapshot();

        TreeMap<String, MachineSnapshot.SnapshotEntry> expected = new TreeMap<>(original.entries());
        expected.keySet()
                .removeIf(path -> isProcessPath(path) || isIgnoredPath(path) || wouldWakeDevice(path, original));
        assertThat(expected.keySet().stream()
                        .filter(path -> !Objects.equals(read.entries().get(path), expected.get(path))))
                .as("differing or missing paths")
                .isEmpty();
        assertThat(read.entries().keySet().stream().filter(path -> !expected.containsKey(path) && !isIgnoredPath(path)))
                .as("additional paths")
                .allMatch(path -> path.matches(".*/graphics/fb\\d+"));
    }

    private static boolean isProcessPath(String path) {
        return path.matches("/proc/\\d+/.*");
    }

    /** Paths that snapshots from other sources have additionally, or in another form. */
    private static boolean isIgnoredPath(String path) {
        return path.equals("/proc/version")
                || path.equals("/usr/share/misc/pci.ids")
                // Not read when the module is loaded.
                || path.startsWith("/lib/modules")
                || path.matches("/sys/kernel/iommu_groups/\\d+/(devices/.*|type)")
                || path.matches(".*/(subsystem_vendor|subsystem_device|revision|modalias)");
    }

    private static boolean wouldWakeDevice(String path, MachineSnapshot snapshot) {
        String folder = path.substring(0, path.lastIndexOf('/'));
        return path.matches(".*/(config|resource._resize)")
                && snapshot.text(folder + "/power/runtime_status")
                        .filter("suspended"::equals)
                        .isPresent();
    }

    @Test
    void platformIsRead() throws IOException {
        MachineSnapshot snapshot = TestSnapshots.load("xen-dom0");
        writeTree(snapshot);
        assertThat(SnapshotParser.parse(kernel.readSnapshot()).platform()).isEqualTo(MachinePlatform.XEN);
    }

    @Test
    void guestIsRead() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380")
                .withChanges(Map.of(
                        "/proc/cpuinfo",
                        Optional.of(new MachineSnapshot.TextEntry("processor\t: 0\nvendor_id\t: GenuineIntel\n"
                                + "flags\t\t: fpu vme hypervisor lahf_lm\n\nprocessor\t: 1\n")))));
        Machine machine = SnapshotParser.parse(kernel.readSnapshot());
        assertThat(machine.processorVendor()).isEqualTo("GenuineIntel");
        assertThat(machine.platform()).isEqualTo(MachinePlatform.GUEST);
    }

    @Test
    void functionWithoutSysfsFolderIsAbsent() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));

        assertThat(kernel.hasDevice(GPU)).isTrue();
        assertThat(kernel.hasDevice(PciAddress.of("07:00.0"))).isFalse();
    }

    @Test
    void loadableVfioDriverIsFound() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));

        assertThat(SnapshotParser.parse(kernel.readSnapshot()).vfioDriverState())
                .isEqualTo(Machine.VfioDriverState.LOADABLE);
    }

    @Test
    void absentVfioDriverIsMissing() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        Files.delete(root.resolve("lib/modules/6.1.0-56-amd64/modules.dep"));

        assertThat(SnapshotParser.parse(kernel.readSnapshot()).vfioDriverState())
                .isEqualTo(Machine.VfioDriverState.MISSING);
    }

    @Test
    void suspendedFunctionIsNotWoken() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-vfio"));
        assertThat(Files.readString(root.resolve(FOLDER.substring(1) + "/power/runtime_status")))
                .contains("suspended");

        assertThat(kernel.readSnapshot().entries())
                .doesNotContainKey(FOLDER + "/config")
                .containsKey(FOLDER + "/resource");
    }

    @Test
    void emptyTreeIsRead() {
        assertThat(kernel.readSnapshot().entries().keySet()).allMatch(path -> path.startsWith("/sys/bus/platform"));
        assertThat(kernel.bootId()).isEmpty();
        assertThat(kernel.hasOops()).isFalse();
    }

    @Test
    void usersAreFoundByDeviceNumber() throws IOException {
        writeTree(withGpuNode("1:5"));
        Path process = Files.createDirectories(root.resolve("proc/4711"));
        Files.createDirectories(process.resolve("fd"));
        Files.writeString(process.resolve("comm"), "Xorg\n");
        Files.writeString(process.resolve("cmdline"), "Xorg\0-secret\0");
        // /dev/zero has the device number 1:5, which is that of the card in the tree; /dev/full has 1:7.
        Files.createSymbolicLink(process.resolve("fd/3"), Path.of("/dev/full"));
        Files.createSymbolicLink(process.resolve("fd/4"), Path.of("/dev/zero"));
        Files.createSymbolicLink(process.resolve("fd/5"), Path.of("socket:[1]"));

        DeviceUser xorg = new DeviceUser(4711, "Xorg", System.getProperty("user.name"), "dri/card0");
        assertThat(kernel.readDeviceUsers(List.of(GPU))).containsExactly(xorg);
        MachineSnapshot snapshot = kernel.readSnapshot();
        assertThat(SnapshotParser.parse(snapshot).gpu(GPU).orElseThrow().deviceUsers())
                .containsExactly(xorg);
        assertThat(snapshot.childNames("/proc/4711")).containsExactly("comm", "fd", "owner");
        assertThat(snapshot.toText()).doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "q35-6.1-0380,  efi-framebuffer.0, graphics/fb0, fb0",
        "q35-7.2-0380,  efi-framebuffer.0, graphics/fb0, fb0",
        "strix-halo-32g, simple-framebuffer.0, drm/card0, dri/card0",
    })
    void framebufferUserIsUserOfOneGpuOnly(String machine, String device, String folder, String node)
            throws IOException {
        MachineSnapshot original = TestSnapshots.load(machine);
        writeTree(original.withChanges(Map.of(
                SnapshotParser.PLATFORM_DEVICES + device + "/" + folder + "/dev",
                Optional.of(new MachineSnapshot.TextEntry("1:5")))));
        Path process = Files.createDirectories(root.resolve("proc/4711/fd")).getParent();
        Files.writeString(process.resolve("comm"), "kiosk\n");
        Files.createSymbolicLink(process.resolve("fd/3"), Path.of("/dev/zero"));

        PciAddress gpu = SnapshotParser.parse(original).gpus().getFirst().address();
        DeviceUser kiosk = new DeviceUser(4711, "kiosk", System.getProperty("user.name"), node);
        assertThat(kernel.readDeviceUsers(List.of(gpu))).containsExactly(kiosk);
        assertThat(kernel.readDeviceUsers(List.of(new PciAddress(0, 2, 0, 0)))).isEmpty();
        Machine read = SnapshotParser.parse(kernel.readSnapshot());
        assertThat(read.gpu(gpu).orElseThrow().deviceUsers()).containsExactly(kiosk);
        assertThat(read.devices().values())
                .filteredOn(function -> !read.deviceUsersOf(function).isEmpty())
                .extracting(PciDevice::address)
                .containsExactly(gpu);
    }

    @Test
    void unattributableFramebufferCountsForTheRequestedGpu() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380")
                .withChanges(Map.of(
                        SnapshotParser.PLATFORM_DEVICES + "efi-framebuffer.0/graphics/fb0/dev",
                        Optional.of(new MachineSnapshot.TextEntry("1:5")),
                        "/proc/iomem",
                        Optional.empty())));
        Path descriptors = Files.createDirectories(root.resolve("proc/4711/fd"));
        Files.createSymbolicLink(descriptors.resolve("3"), Path.of("/dev/zero"));

        assertThat(kernel.readDeviceUsers(List.of(GPU)))
                .extracting(DeviceUser::deviceNode)
                .containsExactly("fb0");
    }

    @Test
    void virtualMachineOfAProcessIsNamed() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-vfio")
                .withChanges(Map.of("/sys/class/vfio/4/dev", Optional.of(new MachineSnapshot.TextEntry("1:5")))));
        Path process = Files.createDirectories(root.resolve("proc/4711/fd")).getParent();
        Files.writeString(process.resolve("comm"), "qemu-system-x86\n");
        Files.writeString(
                process.resolve("cgroup"), "0::/machine.slice/machine-qemu\\x2d1\\x2dwin10.scope/libvirt/emulator\n");
        Files.createSymbolicLink(process.resolve("fd/3"), Path.of("/dev/zero"));

        assertThat(SnapshotParser.parse(kernel.readSnapshot()).deviceUsers())
                .containsExactly(
                        new DeviceUser(4711, "qemu-system-x86", System.getProperty("user.name"), "vfio/4", "win10"));
    }

    private Path createProcess(String folder, Path target) throws IOException {
        Path process = Files.createDirectories(root.resolve("proc/4711"));
        Files.createDirectories(process.resolve(folder));
        Files.createSymbolicLink(process.resolve(folder).resolve("3"), target);
        return process;
    }

    private static Optional<MachineSnapshot.SnapshotEntry> text(String text) {
        return Optional.of(new MachineSnapshot.TextEntry(text));
    }

    private static final Path ZERO = Path.of("/dev/zero");

    @ParameterizedTest
    @CsvSource({
        "drm/card0/card0-DP-1/i2c-9/i2c-dev/i2c-9, i2c-9",
        "drm/card0/card0-DP-1/drm_dp_aux0, drm_dp_aux0",
        "drm_dp_aux_dev/drm_dp_aux1, drm_dp_aux1",
        "i2c-4/i2c-dev/i2c-4, i2c-4",
        "i2c-4/i2c-10/i2c-dev/i2c-10, i2c-10",
    })
    void busesOfConnectorsAreFound(String folder, String node) throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-native")
                .withChanges(Map.of(FOLDER + "/" + folder + "/dev", text("1:5"))));
        createProcess("fd", ZERO);

        assertThat(kernel.readDeviceUsers(List.of(GPU)))
                .extracting(DeviceUser::deviceNode)
                .containsExactly(node);
        assertThat(SnapshotParser.parse(kernel.readSnapshot())
                        .gpu(GPU)
                        .orElseThrow()
                        .deviceUsers())
                .extracting(DeviceUser::deviceNode)
                .containsExactly(node);
    }

    @Test
    void descriptorsOfAThreadAreRead() throws IOException {
        writeTree(withGpuNode("1:5"));
        createProcess("task/4713/fd", ZERO);
        Files.createDirectories(root.resolve("proc/4711/task/4711/fd"));

        assertThat(kernel.readDeviceUsers(List.of(GPU)))
                .extracting(DeviceUser::pid, DeviceUser::deviceNode)
                .containsExactly(tuple(4711, "dri/card0"));
    }

    @Test
    void mappingWithoutDescriptorIsFound() throws IOException {
        writeTree(withGpuNode("1:5"));
        Path process = Files.createDirectories(root.resolve("proc/4711/map_files"));
        Files.createSymbolicLink(process.resolve("7f01-7f02"), ZERO);
        Files.writeString(
                root.resolve("proc/4711/maps"),
                "5501-5502 r-xp 00000000 00:1b 99 /usr/bin/program\n"
                        + "7f01-7f02 rw-s 00000000 00:05 124 /dev/dri/card0\n");

        assertThat(kernel.readDeviceUsers(List.of(GPU)))
                .extracting(DeviceUser::pid, DeviceUser::deviceNode)
                .containsExactly(tuple(4711, "dri/card0"));
        MachineSnapshot snapshot = kernel.readSnapshot();
        assertThat(snapshot.childNames("/proc/4711")).containsExactly("map_files", "owner");
        assertThat(snapshot.toText()).doesNotContain("7f01");
    }

    @Test
    void nodeInAnotherMountNamespaceIsFound() throws IOException {
        // The path of a node below another root, as in a container that the host can see into.
        Path node = Files.createDirectories(root.resolve("container/dev")).resolve("card0");
        Files.createSymbolicLink(node, ZERO);
        writeTree(withGpuNode("1:5"));
        createProcess("fd", node);

        assertThat(kernel.readDeviceUsers(List.of(GPU)))
                .extracting(DeviceUser::deviceNode)
                .containsExactly("dri/card0");
    }

    @Test
    void sharedNodesOfTheOnlyNvidiaGpuAreFound() throws IOException {
        String node = "nvidia-caps/nvidia-cap5";
        MachineSnapshot original = TestSnapshots.load("x99-gtx1080");
        writeTree(original.withChanges(
                Map.of("/sys/bus/pci/drivers/nvidia/0000:04:00.0", Optional.of(new MachineSnapshot.DirectoryEntry()))));
        Files.writeString(root.resolve("proc/devices"), "Character devices:\n  1 nvidia-caps\n");
        createProcess("fd", ZERO);
        PciAddress gpu = PciAddress.of("04:00.0");

        assertThat(kernel.readDeviceUsers(List.of(gpu)))
                .extracting(DeviceUser::deviceNode)
                .containsExactly(node);
        assertThat(SnapshotParser.parse(kernel.readSnapshot())
                        .gpu(gpu)
                        .orElseThrow()
                        .deviceUsers())
                .extracting(DeviceUser::deviceNode)
                .contains(node);
        Files.createDirectories(root.resolve("sys/bus/pci/drivers/nvidia/0000:08:00.0"));
        assertThat(kernel.readDeviceUsers(List.of(gpu)))
                .extracting(DeviceUser::deviceNode)
                .doesNotContain(node);
    }

    @Test
    void computeNodeOfAmdgpuIsFound() throws IOException {
        writeTree(TestSnapshots.load("iommu-off").withChanges(Map.of("/sys/class/kfd/kfd/dev", text("1:5"))));
        createProcess("fd", ZERO);

        assertThat(kernel.readDeviceUsers(List.of(PciAddress.of("2b:00.0"))))
                .extracting(DeviceUser::deviceNode)
                .contains("kfd");
        assertThat(kernel.readDeviceUsers(List.of(PciAddress.of("06:00.0"))))
                .extracting(DeviceUser::deviceNode)
                .doesNotContain("kfd");
    }

    @Test
    void referencesInsideTheKernelAreRead() throws IOException {
        MachineSnapshot original = TestSnapshots.load("tu117m-usage-count")
                .withChanges(Map.of(
                        "/sys/module/nvidia/refcnt", text("2"),
                        "/sys/module/nvidia/holders/nvidia_modeset", Optional.of(new MachineSnapshot.DirectoryEntry()),
                        "/sys/module/nvidia_drm/parameters/modeset", text("Y")));
        writeTree(original);

        MachineSnapshot read = kernel.readSnapshot();
        assertThat(read.entries().keySet())
                .contains(
                        "/sys/module/nvidia/refcnt",
                        "/sys/module/nvidia/holders/nvidia_modeset",
                        "/sys/module/nvidia_drm/parameters/modeset");
        assertThat(kernel.readSwitchSnapshot(List.of(PciAddress.of("01:00.0")))
                        .text("/sys/module/nvidia_drm/parameters/modeset"))
                .contains("Y");
    }

    @Test
    void devicesBelowTheUsbControllerOfAGpuAreRead() throws IOException {
        String disk = "../../devices/pci0000:00/0000:00:01.0/0000:01:00.2/usb4/4-1/4-1:1.0/host6/block/sdb";
        String otherDisk = "../../devices/pci0000:00/0000:00:17.0/ata1/host0/block/sda";
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new TreeMap<>();
        changes.put("/sys/class/block/sda", Optional.of(new MachineSnapshot.LinkEntry(otherDisk)));
        changes.put("/sys/class/block/sdb", Optional.of(new MachineSnapshot.LinkEntry(disk)));
        changes.put("/sys/class/block/sdb/dev", text("8:16"));
        changes.put("/sys/class/block/sdb/holders/dm-0", Optional.of(new MachineSnapshot.DirectoryEntry()));
        changes.put("/sys/class/block/dm-0/dev", text("253:0"));
        changes.put("/sys/class/block/dm-0/dm/name", text("luks-1"));
        writeTree(TestSnapshots.load("hd530-0380").withChanges(changes));
        Files.writeString(
                Files.createDirectories(root.resolve("proc/1")).resolve("mountinfo"),
                "25 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                        + "36 25 253:0 / /mnt rw shared:1 - ext4 /dev/mapper/luks-1 rw\n");

        MachineSnapshot read = kernel.readSnapshot();
        assertThat(read.text("/proc/1/mountinfo"))
                .contains("36 25 253:0 / /mnt rw shared:1 - ext4 /dev/mapper/luks-1 rw");
        assertThat(read.childNames("/sys/class/block")).containsExactly("dm-0", "sdb");
        DeviceUser mount = new DeviceUser(DeviceUser.NO_PROCESS, "/mnt", "", "dm-0");
        assertThat(SnapshotParser.parse(read)
                        .gpu(PciAddress.of("01:00.0"))
                        .orElseThrow()
                        .deviceUsers())
                .contains(mount);
        assertThat(kernel.readDeviceUsers(List.of(PciAddress.of("01:00.2")))).containsExactly(mount);
        assertThat(kernel.readDeviceUsers(List.of(PciAddress.of("00:14.0")))).isEmpty();
    }

    @Test
    void userOfAnotherFunctionIsNotListed() throws IOException {
        writeTree(withGpuNode("1:5"));
        Path process = Files.createDirectories(root.resolve("proc/4711/fd"));
        Files.createSymbolicLink(process.resolve("3"), Path.of("/dev/zero"));

        assertThat(kernel.readDeviceUsers(List.of(new PciAddress(0, 2, 0, 0)))).isEmpty();
    }

    private static MachineSnapshot withGpuNode(String number) {
        return TestSnapshots.load("q35-6.1-0380-native")
                .withChanges(Map.of(FOLDER + "/drm/card0/dev", Optional.of(new MachineSnapshot.TextEntry(number))));
    }

    @Test
    void deviceNamesComeFromPciIds() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        Path list = Files.createDirectories(root.resolve("usr/share/hwdata")).resolve("pci.ids");
        Files.writeString(
                list,
                "# comment\n1234  Technical Corp.\n\t1111  QEMU Virtual Video Controller\n"
                        + "1235  Other Corp.\n\t1111  Other device\n");

        assertThat(SnapshotParser.parse(kernel.readSnapshot())
                        .gpu(GPU)
                        .orElseThrow()
                        .graphics()
                        .name())
                .isEqualTo("Technical Corp. QEMU Virtual Video Controller");
        assertThat(kernel.readSnapshot().text("/usr/share/misc/pci.ids").orElseThrow())
                .doesNotContain("Other");
    }

    @Test
    void longPciIdsIsReadCompletely() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        Path list = Files.createDirectories(root.resolve("usr/share/misc")).resolve("pci.ids");
        String others = IntStream.range(0, 10_000)
                .mapToObj(number -> String.format("\t%04x  Other device\n", number))
                .collect(Collectors.joining());
        Files.writeString(
                list,
                "1233  Others\n" + others + "1234  Technical Corp.\n\t0000  Not this\n\t1111  QEMU's card\n"
                        + "1235  Others\n" + others + "C 03  Display controller\n\t80  Other display");

        assertThat(kernel.readSnapshot()
                        .text("/usr/share/misc/pci.ids")
                        .orElseThrow()
                        .lines())
                .contains(
                        "1234  Technical Corp.",
                        "\t1111  QEMU's card",
                        "C 03  Display controller",
                        "\t80  Other display")
                .doesNotContain("\t0000  Not this", "1233  Others");
    }

    @Test
    void unreadableFileHasAReason() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        Path huge = root.resolve(FOLDER.substring(1) + "/power_state");
        Files.write(huge, new byte[2 << 20]);

        assertThat(kernel.readSnapshot().entries().get(FOLDER + "/power_state"))
                .isEqualTo(new MachineSnapshot.UnreadableEntry("longer than 1048576 bytes"));
    }

    @Test
    void pipesAreSkipped() throws Exception {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        createPipe(FOLDER + "/power_state");

        assertThat(kernel.readSnapshot().entries())
                .doesNotContainKey(FOLDER + "/power_state")
                .containsKey(FOLDER + "/vendor");
    }

    @Test
    void lockedDeviceDoesNotBlockTheSnapshot() throws Exception {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        createPipe(FOLDER + "/driver_override");

        long start = System.nanoTime();
        MachineSnapshot snapshot = kernel.readSnapshot();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        assertThat(snapshot.entries().get(FOLDER + "/driver_override"))
                .isEqualTo(new MachineSnapshot.UnreadableEntry("no answer"));
        assertThat(snapshot.text("/sys/bus/pci/devices/0000:01:00.1/driver_override"))
                .hasValue("(null)");
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEqualTo(Kernel.UNKNOWN_VALUE);
    }

    @Test
    void settingsAreRead() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-vfio"));

        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo("vfio-pci");
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEqualTo("vfio-pci");
        assertThat(kernel.readSetting(new Setting.PowerControl(GPU))).isEqualTo("auto");
        assertThat(kernel.readSetting(new Setting.FramebufferDriver("efi-framebuffer.0")))
                .isEmpty();
        assertThat(kernel.readSetting(new Setting.KernelModule("vfio-pci"))).isEqualTo("loaded");
        assertThat(kernel.readSetting(new Setting.KernelModule("nvidia"))).isEmpty();
        PciAddress second = new PciAddress(0, 2, 0, 0);
        assertThat(kernel.readSetting(new Setting.DriverOverride(second))).isEmpty();
        PciAddress missing = new PciAddress(0, 9, 0, 0);
        assertThat(kernel.readSetting(new Setting.Driver(missing))).isEmpty();
        assertThat(kernel.readSetting(new Setting.DriverOverride(missing))).isEmpty();
    }

    @Test
    void takenOverFramebufferHasNoDriver() throws IOException {
        writeTree(TestSnapshots.load("q35-5.10-0300-native"));
        Setting setting = new Setting.FramebufferDriver("efi-framebuffer.0");
        assertThat(kernel.readSetting(setting)).isEmpty();
        assertThat(SnapshotParser.parse(kernel.readSnapshot()).bootFramebuffers())
                .singleElement()
                .matches(framebuffer -> framebuffer.isTakenOver());

        Files.createDirectories(root.resolve("sys/bus/platform/devices/efi-framebuffer.0/graphics/fb0"));
        assertThat(kernel.readSetting(setting)).isEqualTo("efi-framebuffer");
    }

    @Test
    void firmwareRegionIsReadFromTheCurrentMemoryMap() throws IOException {
        writeTree(TestSnapshots.withBootfb());
        AddressRange range = new AddressRange(0xc0000000L, 0xc03e7fffL);
        Setting setting = new Setting.FramebufferRegion(GPU, range);
        assertThat(kernel.readSetting(setting)).isEqualTo("BOOTFB");
        AddressRange shorter = new AddressRange(0xc0000000L, 0xc03e7ffeL);
        assertThat(kernel.readSetting(new Setting.FramebufferRegion(GPU, shorter)))
                .isEmpty();
        PciAddress otherGpu = PciAddress.of("0000:02:00.0");
        assertThat(kernel.readSetting(new Setting.FramebufferRegion(otherGpu, range)))
                .isEmpty();

        Path map = root.resolve("proc/iomem");
        Files.writeString(map, Files.readString(map).replaceAll("(?m)^.* : (BOOTFB|simplefb)\n", ""));
        assertThat(kernel.readSetting(setting)).isEmpty();

        Files.writeString(map, "00000000-00000000 : PCI mem\n");
        assertThat(kernel.readSetting(setting)).as("hidden").isEqualTo(Kernel.UNKNOWN_VALUE);
        Files.delete(map);
        assertThat(kernel.readSetting(setting)).as("unreadable").isEqualTo(Kernel.UNKNOWN_VALUE);
    }

    @ParameterizedTest
    @CsvSource({
        "updates/dkms/switchback_bootfb.ko, '', UNSIGNED",
        "extra/switchback_bootfb.ko, ~Module signature appended~, SIGNED",
        "updates/switchback_bootfb.ko.xz, ~Module signature appended~, UNKNOWN"
    })
    void bootfbModuleIsFoundWhereInstalled(String path, String suffix, BootfbModule.ModuleSignature signature)
            throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        assertThat(SnapshotParser.parse(kernel.readSnapshot()).bootfbModule().state())
                .isEqualTo(BootfbModule.BootfbModuleState.MISSING);

        Path file = root.resolve("lib/modules/6.1.0-56-amd64").resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "\u007fELF" + suffix + "\n");

        assertThat(SnapshotParser.parse(kernel.readSnapshot()).bootfbModule())
                .isEqualTo(new BootfbModule(BootfbModule.BootfbModuleState.INSTALLED, signature));
    }

    @Test
    void distributionIsReadFromOsRelease() throws IOException {
        Files.writeString(
                Files.createDirectories(root.resolve("etc")).resolve("os-release"),
                "PRETTY_NAME=\"Linux Mint 22\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=22\n");

        assertThat(kernel.readSnapshot().text("/etc/os-release")).hasValue("ID=linuxmint\nID_LIKE=\"ubuntu debian\"");
        assertThat(SnapshotParser.parse(kernel.readSnapshot()).distributionIds())
                .containsExactly("linuxmint", "ubuntu", "debian");
    }

    @Test
    void invalidModaliasLoadsNoDriver() throws IOException {
        KernelWrite load = new KernelWrite.LoadByModalias(GPU);
        assertThat(kernel.write(load, LONG, waited -> {})).isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));

        Path file = Files.createDirectories(root.resolve(FOLDER.substring(1))).resolve("modalias");
        for (String modalias : List.of("-r vfio-pci", "pci:v1;reboot", "usb:v1D6Bp0002", "")) {
            Files.writeString(file, modalias + "\n");
            assertThat(kernel.write(load, LONG, waited -> {}))
                    .as(modalias)
                    .isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
        }
    }

    @Test
    void oopsIsReadFromTaint() throws IOException {
        Path tainted = Files.createDirectories(root.resolve("proc/sys/kernel")).resolve("tainted");
        Files.writeString(tainted, "4224\n");

        assertThat(kernel.hasOops()).isTrue();
    }

    @Test
    void writeAppendsALineFeed() throws IOException {
        Path file = createFile("/sys/bus/pci/drivers_probe");

        assertThat(write("/sys/bus/pci/drivers_probe", "0000:01:00.0")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo("0000:01:00.0\n");
        assertThat(write("/sys/bus/pci/drivers_probe", "")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo("\n");
    }

    @Test
    void errnoOfAFailedWriteIsReported() throws IOException {
        Files.createDirectories(root.resolve("sys"));
        Files.createSymbolicLink(root.resolve("sys/full"), Path.of("/dev/full"));
        Files.createDirectories(root.resolve("sys/folder"));

        assertThat(write("/sys/full", "1")).isEqualTo(new Kernel.WriteResult.WriteFailed("ENOSPC"));
        assertThat(write("/sys/folder", "1")).isEqualTo(new Kernel.WriteResult.WriteFailed("EISDIR"));
        assertThat(write("/sys/nothing", "1")).isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
        assertThat(root.resolve("sys/nothing")).doesNotExist();
    }

    @Test
    void failedWriteDoesNotAffectTheNext() throws IOException {
        Files.createDirectories(root.resolve("sys"));
        Files.createSymbolicLink(root.resolve("sys/full"), Path.of("/dev/full"));
        Path file = createFile("/sys/file");

        write("/sys/full", "first");
        write("/sys/file", "second");

        assertThat(Files.readString(file)).isEqualTo("second\n");
    }

    @Test
    void loadingAMissingModuleFailsWithEnoent() {
        assertThat(kernel.write(new KernelWrite.LoadModule("switchback-no-such-module"), LONG, waited -> {}))
                .isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/proc/sysrq-trigger",
                "/sys/../etc/passwd",
                "/sys/x\ny",
                "/sys/$(touch x)",
                "/sys/bus/pci/drivers/MTD PCI/bind"
            })
    void invalidPathsAreRejectedAndLaterWritesWork(String path) throws IOException {
        Path file = createFile("/sys/file");

        assertThat(write(path, "1")).isEqualTo(new Kernel.WriteResult.WriteFailed("EINVAL"));
        assertThat(write("/sys/file", "1")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo("1\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "`id`", "$(id)", "a;b", "'\"\\", "%s%n", "-n", "*"})
    void valuesAreNotInterpretedByTheShell(String value) throws IOException {
        Path file = createFile("/sys/file");

        assertThat(write("/sys/file", value)).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo(value + "\n");
    }

    @Test
    void multilineValueIsRejected() throws IOException {
        Path file = createFile("/sys/file");

        assertThat(write("/sys/file", "a\nwrite")).isEqualTo(new Kernel.WriteResult.WriteFailed("EINVAL"));
        assertThat(write("/sys/file", "x".repeat(129))).isEqualTo(new Kernel.WriteResult.WriteFailed("EINVAL"));
        assertThat(file).isEmptyFile();
    }

    @Test
    void abandonedReplyIsNotUsedForTheNextWrite() throws Exception {
        Path pipe = createPipe("/sys/slow");
        createFile("/sys/file");

        assertThatThrownBy(() -> kernel.write(new KernelWrite.WriteSysfs("/sys/slow", "1"), LONG, waited -> {
                    throw new IllegalStateException("killed");
                }))
                .hasMessage("killed");

        assertThat(write("/sys/nothing", "1")).isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
        assertThat(write("/sys/file", "1")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(pipe).exists();
    }

    @Test
    void writeThatDoesNotReturnTimesOut() throws Exception {
        createPipe("/sys/stuck");
        Path file = createFile("/sys/file");
        List<Duration> reported = new ArrayList<>();

        Kernel.WriteResult result =
                kernel.write(new KernelWrite.WriteSysfs("/sys/stuck", "1"), Duration.ofMillis(2200), reported::add);

        assertThat(result).isEqualTo(new Kernel.WriteResult.TimedOut());
        assertThat(reported).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
        assertThat(write("/sys/file", "next")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo("next\n");
    }

    @Test
    void lateWriteSucceeds() throws Exception {
        Path pipe = createPipe("/sys/slow");
        List<Duration> reported = new ArrayList<>();

        Kernel.WriteResult result = kernel.write(new KernelWrite.WriteSysfs("/sys/slow", "1"), LONG, waited -> {
            reported.add(waited);
            if (reported.size() == 1) {
                // Opening the other end lets the write proceed.
                Thread.ofVirtual().start(() -> {
                    try {
                        Files.readAllBytes(pipe);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        });

        assertThat(result).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(reported).isNotEmpty();
    }

    @Test
    void killedWriterIsReplaced() throws Exception {
        createPipe("/sys/stuck");
        Path file = createFile("/sys/file");
        write("/sys/file", "1");
        ProcessHandle child = ProcessHandle.current()
                .children()
                .filter(process -> process.info().commandLine().orElse("").contains("switchback-shell"))
                .findFirst()
                .orElseThrow();

        Kernel.WriteResult result =
                kernel.write(new KernelWrite.WriteSysfs("/sys/stuck", "1"), LONG, waited -> child.destroyForcibly());

        assertThat(result).isEqualTo(new Kernel.WriteResult.WriteFailed("?"));
        assertThat(write("/sys/file", "2")).isEqualTo(new Kernel.WriteResult.Done());
        assertThat(Files.readString(file)).isEqualTo("2\n");
    }

    @Test
    void writerInheritsOnlyItsPipes() throws Exception {
        kernel.prepare();
        try (var open = Files.newInputStream(createFile("/sys/file"))) {
            write("/sys/file", "1");
            List<Path> inherited = new ArrayList<>();
            for (ProcessHandle child : ProcessHandle.current().children().toList()) {
                try (var descriptors = Files.list(Path.of("/proc/" + child.pid() + "/fd"))) {
                    descriptors
                            .map(LinuxKernelTest::linkTarget)
                            .filter(target -> !target.toString().startsWith("pipe:"))
                            .filter(target -> !target.equals(Path.of("/dev/null")))
                            .forEach(inherited::add);
                }
            }
            assertThat(inherited).isEmpty();
            assertThat(open.read()).isEqualTo('1');
        }
    }

    private static Path linkTarget(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            // Closed meanwhile.
            return Path.of("/dev/null");
        }
    }

    @Test
    void readerProcessIsReused() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380"));
        kernel.prepare();
        List<Long> prepared = childPids();

        kernel.readDeviceUsers(List.of(GPU));
        kernel.readSwitchSnapshot(List.of(GPU));
        kernel.readSetting(new Setting.DriverOverride(GPU));
        kernel.readSnapshot();
        kernel.prepare();

        assertThat(childPids()).isEqualTo(prepared);
    }

    private static List<Long> childPids() {
        return ProcessHandle.current()
                .children()
                .map(ProcessHandle::pid)
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/sys/bus/pci/devices/0000:01:00.0/driver_override = pci-stub",
                "/sys/bus/pci/devices/0000:01:00.0/power/control = auto",
                "/sys/bus/pci/devices/0000:01:00.0/resource = 0x0 0x0 0x0",
                "/sys/bus/pci/devices/0000:01:00.0/driver -> ../../../bus/pci/drivers/nouveau",
                SnapshotParser.PCI_DEVICES + "0000:01:00.1/driver -> ../../../bus/pci/drivers/snd_hda_intel",
                "/sys/bus/platform/devices/efi-framebuffer.0/driver -> ../../../bus/platform/drivers/other",
                "/proc/iomem = 00000000-000fffff : other",
                "/proc/sys/kernel/tainted = 128",
                "/sys/module/switchback_bootfb /",
                "/sys/class/drm/card0-Virtual-1/enabled = enabled"
            })
    void switchSnapshotCoversEverythingAPlanDependsOn(String line) throws Exception {
        MachineSnapshot original = TestSnapshots.load("q35-6.1-0380");
        writeTree(original);
        MachineSnapshot before = kernel.readSwitchSnapshot(List.of(GPU));
        assertThat(kernel.readSwitchSnapshot(List.of(GPU))).isEqualTo(before);

        MachineSnapshot.SnapshotEntry entry = MachineSnapshot.parse("switchback-capture 1\n" + line + "\n")
                .entries()
                .firstEntry()
                .getValue();
        String path = line.substring(0, line.indexOf(' '));
        assertThat(original.entries().get(path)).isNotEqualTo(entry);
        Files.deleteIfExists(root.resolve(path.substring(1)));
        SnapshotFileTree.write(MachineSnapshot.EMPTY.withChanges(Map.of(path, Optional.of(entry))), root);

        assertThat(kernel.readSwitchSnapshot(List.of(GPU))).isNotEqualTo(before);
    }

    @Test
    void closeEndsAllChildProcesses() throws Exception {
        kernel.prepare();
        List<ProcessHandle> children = ProcessHandle.current().children().toList();
        assertThat(children).isNotEmpty();

        kernel.close();

        for (ProcessHandle child : children) {
            child.onExit().get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void vfioCheckRequiresVfioDriver() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-native"));

        assertThat(kernel.verifyVfio(List.of(GPU))).isEqualTo(new Kernel.VfioCheck.Failed(GPU, "not on vfio-pci"));
    }

    @Test
    void vfioCheckFailsWithoutVfio() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-vfio"));

        assertThat(kernel.verifyVfio(List.of(GPU))).isEqualTo(new Kernel.VfioCheck.Failed(GPU, "container: ENOENT"));
    }

    @Test
    void failedVfioCheckClosesItsFiles() throws IOException {
        writeTree(TestSnapshots.load("q35-6.1-0380-vfio"));
        Path container = createFile("/dev/vfio/vfio");

        Kernel.VfioCheck result = kernel.verifyVfio(List.of(GPU));

        assertThat(result).isEqualTo(new Kernel.VfioCheck.Failed(GPU, "container: ENOTTY"));
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            assertThat(descriptors.map(LinuxKernelTest::linkTarget)).doesNotContain(container);
        }
    }

    private Kernel.WriteResult write(String path, String value) {
        return kernel.write(new KernelWrite.WriteSysfs(path, value), LONG, waited -> {});
    }

    private Path createFile(String path) throws IOException {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        return Files.createFile(file);
    }

    /** A named pipe: opening it blocks until the other end is opened, as a device lock blocks a writer. */
    private Path createPipe(String path) throws Exception {
        Path pipe = root.resolve(path.substring(1));
        Files.createDirectories(pipe.getParent());
        Files.deleteIfExists(pipe);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        return pipe;
    }

    private void writeTree(MachineSnapshot snapshot) throws IOException {
        TreeMap<String, MachineSnapshot.SnapshotEntry> entries = new TreeMap<>(snapshot.entries());
        entries.keySet().removeIf(LinuxKernelTest::isProcessPath);
        SnapshotFileTree.write(new MachineSnapshot(entries), root);
        String release = snapshot.text("/proc/sys/kernel/osrelease").orElseThrow();
        if (snapshot.hasPath("/lib/modules/" + release + "/vfio-pci")) {
            Path modules = root.resolve("lib/modules/" + release);
            Files.delete(modules.resolve("vfio-pci"));
            Files.writeString(
                    modules.resolve("modules.dep"),
                    "kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n");
        }
    }
}
