package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.KernelReference.ReferenceKind;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.DirectoryEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PossibleUser;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;

/** Who uses a GPU, on machines from public threads. */
class PublicCasesTest {
    private static List<Refusal> refusals(Machine machine, String gpu, String... extraFunctions) {
        SwitchRequest request = new SwitchRequest(
                PciAddress.of(gpu),
                Target.VM,
                List.of(extraFunctions).stream().map(PciAddress::of).toList(),
                false);
        return Planner.plan(machine, request, Optional.empty())
                        instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan)
                ? plan.refusals()
                : List.of();
    }

    private static Gpu gpu(Machine machine, String address) {
        return machine.gpu(PciAddress.of(address)).orElseThrow();
    }

    private static Machine machine(String name, Map<String, SnapshotEntry> changes) {
        Map<String, Optional<SnapshotEntry>> entries = new HashMap<>();
        changes.forEach((path, entry) -> entries.put(path, Optional.of(entry)));
        return SnapshotParser.parse(TestSnapshots.load(name).withChanges(entries));
    }

    private static Map<String, SnapshotEntry> process(String... nodes) {
        Map<String, SnapshotEntry> entries = new HashMap<>();
        entries.put("/proc/4711/comm", new TextEntry("program"));
        for (int i = 0; i < nodes.length; i++) {
            entries.put("/proc/4711/fd/" + (i + 3), new LinkEntry("/dev/" + nodes[i]));
        }
        return entries;
    }

    private static Map<String, SnapshotEntry> merge(Map<String, SnapshotEntry> a, Map<String, SnapshotEntry> b) {
        Map<String, SnapshotEntry> merged = new HashMap<>(a);
        merged.putAll(b);
        return merged;
    }

    @Test
    void sharedNodesAreThoseOfTheOnlyNvidiaGpu() {
        Machine machine = TestSnapshots.parseMachine("kwin-nvidia-modeset");

        assertThat(gpu(machine, "01:00.0").deviceUsers())
                .extracting(DeviceUser::program, DeviceUser::deviceNode)
                .containsExactly(
                        tuple("kwin_wayland", "nvidia-modeset"),
                        tuple("kwin_wayland", "nvidiactl"),
                        tuple("ollama", "nvidia-uvm"),
                        tuple("ollama", "nvidiactl"));
        assertThat(refusals(machine, "01:00.0"))
                .extracting(Refusal::code)
                .hasSize(4)
                .containsOnly(RefusalCode.IN_USE);
        assertThat(gpu(machine, "0d:00.0").deviceUsers())
                .extracting(DeviceUser::deviceNode)
                .containsExactly("dri/card0", "dri/renderD128");
    }

    @ParameterizedTest
    @CsvSource({"nvidia-uvm-tools", "nvidia-caps/nvidia-cap2"})
    void everySharedNodeCounts(String node) {
        Machine machine = machine("tu117m-usage-count", process(node));

        assertThat(refusals(machine, "01:00.0"))
                .filteredOn(Refusal.InUse.class::isInstance)
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.details()).contains("/dev/" + node));
    }

    @ParameterizedTest
    @CsvSource({
        "i2c-9",
        "i2c-4",
        "drm_dp_aux0",
    })
    void busOfAConnectorBelongsToItsGpu(String node) {
        Machine machine = machine("powerdevil-i2c-dp", process(node));

        assertThat(refusals(machine, "07:00.0"))
                .extracting(refusal -> refusal.details().subList(0, 3), refusal -> refusal.details()
                        .getLast())
                .contains(tuple(List.of("07:00.0", "program", "4711"), "/dev/" + node));
        assertThat(gpu(machine, "0d:00.0").deviceUsers())
                .extracting(DeviceUser::program)
                .doesNotContain("program");
    }

    @Test
    void powerDaemonUsesTheBusOfTheConnector() {
        Machine machine = TestSnapshots.parseMachine("powerdevil-i2c-dp");

        assertThat(refusals(machine, "07:00.0"))
                .extracting(Refusal::details)
                .containsExactly(List.of("07:00.0", "org_kde_powerde", "8255", "ann", "/dev/i2c-9"));
    }

    @Test
    void computeNodeBelongsToEveryAmdgpuFunction() {
        Machine machine = machine("powerdevil-i2c-dp", process("kfd"));

        for (String address : List.of("07:00.0", "0d:00.0")) {
            assertThat(gpu(machine, address).deviceUsers())
                    .extracting(DeviceUser::deviceNode)
                    .contains("kfd");
        }
        assertThat(gpu(machine("kwin-nvidia-modeset", process("kfd")), "01:00.0")
                        .deviceUsers())
                .extracting(DeviceUser::deviceNode)
                .doesNotContain("kfd");
    }

    @Test
    void modesettingOfNvidiaDrmIsRefused() {
        Machine machine = TestSnapshots.parseMachine("tu117m-usage-count");

        assertThat(gpu(machine, "01:00.0").deviceUsers()).isEmpty();
        assertThat(refusals(machine, "01:00.0"))
                .contains(new Refusal.KernelReferenced(
                        new KernelReference(ReferenceKind.NVIDIA_MODESET, PciAddress.of("01:00.0"))));
        assertThat(gpu(machine, "00:02.0").kernelReferences())
                .extracting(KernelReference::kind)
                .doesNotContain(ReferenceKind.NVIDIA_MODESET);
    }

    @ParameterizedTest
    @CsvSource({"N, ''", "Y, NVIDIA_MODESET"})
    void parameterOfTheModuleOverridesTheKernelOption(String value, String kind) {
        Machine machine = machine(
                "tu117m-usage-count", Map.of("/sys/module/nvidia_drm/parameters/modeset", new TextEntry(value)));

        assertThat(gpu(machine, "01:00.0").kernelReferences())
                .extracting(reference -> reference.kind().name())
                .containsExactlyElementsOf(kind.isEmpty() ? List.of() : List.of(kind));
    }

    @Test
    void unknownModesettingIsAWarning() {
        Machine machine = machine("tu117m-usage-count", Map.of("/proc/cmdline", new TextEntry("quiet")));

        assertThat(gpu(machine, "01:00.0").kernelReferences())
                .extracting(KernelReference::kind)
                .containsExactly(ReferenceKind.NVIDIA_MODESET_UNKNOWN);
        assertThat(refusals(machine, "01:00.0")).noneMatch(Refusal.KernelReferenced.class::isInstance);
    }

    @ParameterizedTest
    @CsvSource({"2, false", "3, true"})
    void referenceOfTheModuleWithoutVisibleUserIsRefused(String references, boolean refused) {
        Machine machine = machine(
                "tu117m-usage-count",
                Map.of(
                        "/sys/module/nvidia_drm/parameters/modeset", new TextEntry("N"),
                        "/sys/module/nvidia/refcnt", new TextEntry(references),
                        "/sys/module/nvidia/holders/nvidia_modeset", new DirectoryEntry(),
                        "/sys/module/nvidia/holders/nvidia_uvm", new DirectoryEntry()));

        assertThat(refusals(machine, "01:00.0").stream().anyMatch(Refusal.KernelReferenced.class::isInstance))
                .isEqualTo(refused);
    }

    @Test
    void usersOfSharedNodesAreOnlyPossibleUsersOfSeveralGpus() {
        Machine machine = TestSnapshots.parseMachine("truenas-two-t400");

        assertThat(refusals(machine, "65:00.0")).isEmpty();
        assertThat(gpu(machine, "65:00.0").possibleUsers())
                .extracting(possible -> possible.user().program(), possible -> possible.user()
                        .deviceNode())
                .containsExactly(tuple("plex-transcoder", "nvidia-uvm"), tuple("plex-transcoder", "nvidiactl"));
        assertThat(gpu(machine, "65:00.0").possibleUsers()).allMatch(PossibleUser::usesAnotherGpu);
        assertThat(gpu(machine, "17:00.0").possibleUsers()).isEmpty();
        assertThat(refusals(machine, "17:00.0"))
                .extracting(Refusal::details)
                .containsExactly(List.of("17:00.0", "plex-transcoder", "3100", "plex", "/dev/nvidia0"));
        assertThat(refusals(machine, "65:00.0", "17:00.0"))
                .filteredOn(refusal -> refusal.details().getFirst().equals("65:00.0"))
                .extracting(Refusal::code)
                .containsOnly(RefusalCode.IN_USE);
    }

    @Test
    void compositorUsesTheRenderNodeOfTheSecondGpu() {
        Machine machine = TestSnapshots.parseMachine("hd530-0380");

        assertThat(refusals(machine, "00:02.0"))
                .extracting(Refusal::details)
                .containsExactly(List.of("00:02.0", "gnome-shell", "1701", "ann", "/dev/dri/renderD128"));
    }

    private static Map<String, SnapshotEntry> usbDisk() {
        String disk = "../../devices/pci0000:00/0000:00:01.0/0000:01:00.2/usb4/4-1/4-1:1.0/host6/target6:0:0/6:0:0:0"
                + "/block/sdb";
        return Map.of(
                "/sys/class/block/sdb", new LinkEntry(disk),
                "/sys/class/block/sdb/dev", new TextEntry("8:16"),
                "/sys/class/block/sdb1", new LinkEntry(disk + "/sdb1"),
                "/sys/class/block/sdb1/dev", new TextEntry("8:17"));
    }

    @Test
    void mountedDiskBelowTheUsbControllerIsAUser() {
        Machine machine = machine(
                "hd530-0380",
                merge(
                        usbDisk(),
                        Map.of(
                                "/proc/1/mountinfo",
                                new TextEntry(
                                        "36 25 8:17 / /run/media/ann/My\\040disk rw shared:1 - ext4 /dev/sdb1 rw"))));

        assertThat(refusals(machine, "01:00.0"))
                .extracting(Refusal::details)
                .contains(List.of("01:00.2", "/run/media/ann/My disk", "0", "", "/dev/sdb1"));
    }

    @ParameterizedTest
    @CsvSource({
        "36 25 253:0 / /mnt rw shared:1 - ext4 /dev/mapper/luks-1 rw",
        "36 25 0:40 /@ /mnt rw shared:1 - btrfs /dev/mapper/luks-1 rw",
        "36 25 0:40 /@ /mnt rw shared:1 - btrfs /dev/dm-0 rw",
    })
    void mountOfAnEncryptedDiskIsAUser(String mount) {
        Machine machine = machine(
                "hd530-0380",
                merge(
                        usbDisk(),
                        Map.of(
                                "/sys/class/block/sdb1/holders/dm-0", new DirectoryEntry(),
                                "/sys/class/block/dm-0/dev", new TextEntry("253:0"),
                                "/sys/class/block/dm-0/dm/name", new TextEntry("luks-1"),
                                "/proc/1/mountinfo", new TextEntry(mount))));

        assertThat(refusals(machine, "01:00.0"))
                .extracting(Refusal::details)
                .contains(List.of("01:00.2", "/mnt", "0", "", "/dev/dm-0"));
    }

    @Test
    void swapBelowTheUsbControllerIsAUser() {
        Machine machine = machine(
                "hd530-0380",
                merge(usbDisk(), Map.of("/proc/swaps", new TextEntry("/dev/sdb1  partition  1048572 0 -2"))));

        assertThat(refusals(machine, "01:00.0"))
                .extracting(Refusal::details)
                .contains(List.of("01:00.2", DeviceUser.SWAP, "0", "", "/dev/sdb1"));
    }

    @Test
    void keyboardBelowTheUsbControllerDoesNotBlock() {
        Machine machine = machine(
                "hd530-0380",
                merge(
                        process("input/event3"),
                        Map.of(
                                "/sys/class/input/event3",
                                new LinkEntry("../../devices/pci0000:00/0000:00:01.0/0000:01:00.2/usb3/3-1/3-1:1.0"
                                        + "/0003:046D:C31C.0001/input/input5/event3"))));

        assertThat(gpu(machine, "01:00.0").deviceUsers())
                .filteredOn(DeviceUser::isUsbPeripheral)
                .extracting(DeviceUser::program)
                .containsExactly("program");
        assertThat(refusals(machine, "01:00.0"))
                .noneMatch(refusal -> refusal.details().contains("/dev/input/event3"));
    }

    @Test
    void descriptorsOfThreadsAndMappingsCount() {
        Map<String, SnapshotEntry> entries = Map.of(
                "/proc/4711/comm", new TextEntry("program"),
                "/proc/4711/task/4713/fd/7", new LinkEntry("/dev/nvidia0"),
                "/proc/4711/map_files/0", new LinkEntry("/dev/nvidiactl"));
        Machine machine = machine("tu117m-usage-count", entries);

        assertThat(gpu(machine, "01:00.0").deviceUsers())
                .extracting(DeviceUser::deviceNode)
                .containsExactly("nvidia0", "nvidiactl");
    }

    @ParameterizedTest
    @CsvSource({"kwin-nvidia-modeset, 0d:00.0, true", "powerdevil-i2c-dp, 07:00.0, false"})
    void integratedAmdGpuWithoutVisibleUserIsAWarning(String name, String address, boolean expected) {
        MachineSnapshot snapshot = TestSnapshots.load(name);
        Map<String, Optional<SnapshotEntry>> withoutProcesses = new HashMap<>();
        snapshot.entries().keySet().stream()
                .filter(path -> path.matches("/proc/\\d+/.*"))
                .forEach(path -> withoutProcesses.put(path, Optional.empty()));
        Gpu gpu = gpu(SnapshotParser.parse(snapshot.withChanges(withoutProcesses)), address);

        assertThat(gpu.kernelReferences())
                .extracting(KernelReference::kind)
                .containsExactlyElementsOf(expected ? List.of(ReferenceKind.AMDGPU_INTEGRATED) : List.of());
        assertThat(gpu.kernelReferences()).noneMatch(KernelReference::isBlockingUnbind);
    }

    @Test
    void textConsoleIsAReferenceToTheGpuOfTheFirstFramebuffer() {
        Machine machine = TestSnapshots.parseMachine("q35-6.1-0380-native");

        assertThat(gpu(machine, "01:00.0").kernelReferences())
                .extracting(KernelReference::kind)
                .containsExactly(ReferenceKind.TEXT_CONSOLE);
        assertThat(gpu(machine, "02:00.0").kernelReferences()).isEmpty();
    }
}
