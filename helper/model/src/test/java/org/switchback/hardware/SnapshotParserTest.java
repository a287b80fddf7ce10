package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SnapshotParserTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");

    @Test
    void bootGpuOfRealMachineIsParsed() {
        Machine machine = TestSnapshots.parseMachine("q35-6.1-0380");
        assertThat(machine.kernelVersion().isAtLeast(6, 1)).isTrue();
        assertThat(machine.gpus()).extracting(Gpu::address).containsExactly(GPU, PciAddress.of("02:00.0"));
        Gpu gpu = machine.gpu(GPU).orElseThrow();
        assertThat(gpu.graphics().ids().toString()).isEqualTo("1234:1111");
        assertThat(gpu.graphics().pciClass()).hasToString("0380");
        assertThat(gpu.graphics().bootVga()).isFalse();
        assertThat(gpu.companions()).extracting(PciDevice::address).containsExactly(PciAddress.of("01:00.1"));
        assertThat(gpu.graphics().parentBridges()).containsExactly(PciAddress.of("00:01.0"));
        assertThat(machine.iommuGroupOf(gpu.graphics()).orElseThrow().members())
                .extracting(PciDevice::address)
                .contains(GPU, PciAddress.of("01:00.1"));
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.UNBOUND);
        assertThat(machine.vfioDriverState()).isEqualTo(Machine.VfioDriverState.LOADABLE);
        assertThat(machine.device(PciAddress.of("00:01.0")).orElseThrow().isBridge())
                .isTrue();
        assertThat(machine.bootFramebuffers())
                .contains(new BootFramebuffer("efi-framebuffer.0", Optional.of("efi-framebuffer"), true));
    }

    @Test
    void barsHaveSizeAndType() {
        PciDevice gpu = TestSnapshots.parseMachine("q35-6.1-0380").device(GPU).orElseThrow();
        assertThat(gpu.bars())
                .extracting(Bar::index, bar -> bar.range().toString(), Bar::space, Bar::prefetchable)
                .contains(tuple(0, "c0000000-c0ffffff", Bar.AddressSpace.MEMORY, true));
        assertThat(gpu.bars().getFirst().length()).isEqualTo(16 << 20);
    }

    @Test
    void unknownDeviceIsNamedByItsIds() {
        PciDevice gpu = TestSnapshots.parseMachine("q35-6.1-0380").device(GPU).orElseThrow();
        assertThat(gpu.name()).isEqualTo("1234:1111");
        assertThat(gpu.ids().deviceName()).isEqualTo("1234:1111");
    }

    @Test
    void vgaClassGpuIsBootVga() {
        assertThat(TestSnapshots.parseMachine("q35-6.1-0300")
                        .device(GPU)
                        .orElseThrow()
                        .bootVga())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "q35-5.10-0300,              CONFLICT",
        "q35-5.10-0380,              CONFLICT",
        "q35-6.1-0300,               EVICTED_BY_VFIO",
        "q35-6.1-0380,               CONFLICT",
        "q35-6.12-0300,              EVICTED_BY_VFIO",
        "q35-6.12-0380,              CONFLICT",
        "q35-7.2-0300,               EVICTED_BY_VFIO",
        "q35-7.2-0380,               CONFLICT",
        "q35-6.1-0380-vfio-blocked,  CONFLICT",
        "q35-5.10-0300-vfio-blocked, CONFLICT",
    })
    void efifbOverlapResolutionDependsOnKernelAndClass(String name, Overlap.OverlapResolution resolution) {
        Gpu gpu = TestSnapshots.parseMachine(name).gpu(GPU).orElseThrow();
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.outermostRegion().toLine()).isEqualTo("c0000000-c03e7fff : efifb");
        assertThat(overlap.bar().index()).isZero();
        assertThat(overlap.resolution()).isEqualTo(resolution);
        assertThat(overlap.framebuffer().orElseThrow().platformDevice()).isEqualTo("efi-framebuffer.0");
        assertThat(gpu.conflicts().isEmpty()).isEqualTo(resolution != Overlap.OverlapResolution.CONFLICT);
    }

    @ParameterizedTest
    @CsvSource({"q35-5.10-0300-native", "q35-6.1-0380-native", "q35-7.2-0300-native"})
    void nativeDriverRegionIsReleasedByDriver(String name) {
        Gpu gpu = TestSnapshots.parseMachine(name).gpu(GPU).orElseThrow();
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.HOST);
        assertThat(gpu.conflicts()).isEmpty();
        assertThat(gpu.overlaps())
                .extracting(Overlap::resolution)
                .containsOnly(Overlap.OverlapResolution.RELEASED_BY_DRIVER);
    }

    @ParameterizedTest
    @CsvSource({"q35-5.10-0300-vfio", "q35-6.1-0300-vfio", "q35-6.1-0380-vfio"})
    void vmModeGpuHasNoOverlaps(String name) {
        Gpu gpu = TestSnapshots.parseMachine(name).gpu(GPU).orElseThrow();
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.VM);
        assertThat(gpu.overlaps()).isEmpty();
    }

    @Test
    void overlapIsFoundWhenAddressesAreHidden() {
        Gpu gpu = TestSnapshots.parseMachine("q35-6.1-0380-user").gpu(GPU).orElseThrow();
        assertThat(gpu.overlaps()).hasSize(1);
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.hasAddress()).isFalse();
        assertThat(overlap.outermostRegion().name()).isEqualTo("efifb");
        assertThat(overlap.bar().index()).isZero();
        assertThat(overlap.resolution()).isEqualTo(Overlap.OverlapResolution.CONFLICT);
    }

    @Test
    void bootfbWithNestedSimpledrmIsOneOverlap() {
        Gpu gpu = TestSnapshots.parseMachine("strix-halo-32g").gpus().getFirst();
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.regions()).extracting(Region::name).containsExactly("BOOTFB", "simpledrm");
        assertThat(overlap.bar().length()).isEqualTo(32L << 30);
        assertThat(overlap.resolution()).isEqualTo(Overlap.OverlapResolution.CONFLICT);
    }

    @Test
    void companionsShareTheIommuGroupOrAreMultimedia() {
        MachineSnapshot real = TestSnapshots.load("q35-6.1-0380");
        String sound = "/sys/bus/pci/devices/0000:01:00.1";
        var ownGroup = Optional.<MachineSnapshot.SnapshotEntry>of(
                new MachineSnapshot.LinkEntry("../../../../kernel/iommu_groups/99"));
        Machine ownGroupSound = SnapshotParser.parse(real.withChanges(Map.of(sound + "/iommu_group", ownGroup)));
        assertThat(ownGroupSound.gpu(GPU).orElseThrow().companions()).hasSize(1);
        var usb = Optional.<MachineSnapshot.SnapshotEntry>of(new MachineSnapshot.TextEntry("0x0c0330"));
        Machine ownGroupUsb =
                SnapshotParser.parse(real.withChanges(Map.of(sound + "/iommu_group", ownGroup, sound + "/class", usb)));
        assertThat(ownGroupUsb.gpu(GPU).orElseThrow().companions()).isEmpty();
        Machine sharedUsb = SnapshotParser.parse(real.withChanges(Map.of(sound + "/class", usb)));
        assertThat(sharedUsb.gpu(GPU).orElseThrow().companions()).hasSize(1);
    }

    @Test
    void gtx1080MachineHasBootfbInBar1() {
        Machine machine = TestSnapshots.parseMachine("x99-gtx1080");
        Gpu gpu = machine.gpu(PciAddress.of("04:00.0")).orElseThrow();
        assertThat(gpu.graphics().name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(gpu.conflicts())
                .extracting(overlap -> overlap.bar().index(), overlap -> overlap.outermostRegion()
                        .toLine())
                .containsExactly(tuple(1, "c0000000-c086ffff : BOOTFB"));
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.HOST);
    }

    @Test
    void gpuUsersAreFound() {
        Machine machine = TestSnapshots.parseMachine("laptop-one-gpu");
        List<DeviceUser> users = machine.gpus().getFirst().deviceUsers();
        assertThat(users).isNotEmpty().allMatch(DeviceUser::isBlockingUnbind);
    }

    @ParameterizedTest
    @CsvSource({
        // The platform device is not below the GPU, but its region is in the BAR.
        "q35-5.10-0380, 01:00.0, fb0",
        "q35-6.1-0380,  01:00.0, fb0",
        "q35-6.1-0380-vfio-blocked, 01:00.0, fb0",
        "q35-6.1-0380-user, 01:00.0, fb0",
        "x99-gtx1080-efifb, 04:00.0, fb0",
        // The platform device is below the GPU.
        "q35-7.2-0380,  01:00.0, fb0",
        "strix-halo-32g, c3:00.0, dri/card0",
        "strix-halo-32g, c3:00.0, fb0",
    })
    void framebufferUserIsUserOfTheGpuWithThatMemory(String name, String gpu, String node) {
        Machine machine = SnapshotParser.parse(TestSnapshots.load(name).withChanges(openNodeEntries(node)));
        DeviceUser user = new DeviceUser(4121, "kiosk", "ann", node);
        assertThat(machine.gpus())
                .filteredOn(candidate -> candidate.deviceUsers().contains(user))
                .extracting(Gpu::address)
                .containsExactly(PciAddress.of(gpu));
        assertThat(machine.devices().values())
                .filteredOn(device -> machine.deviceUsersOf(device).contains(user))
                .extracting(PciDevice::address)
                .containsExactly(PciAddress.of(gpu));
        assertThat(user.isBlockingUnbind()).isTrue();
    }

    @Test
    void platformDeviceBelowGpuNeedsNoMemoryMap() {
        MachineSnapshot withoutMap =
                TestSnapshots.load("q35-7.2-0380").withChanges(Map.of("/proc/iomem", Optional.empty()));
        assertThat(SnapshotParser.parse(withoutMap).device(GPU).orElseThrow().framebufferNodes())
                .containsExactly("fb0");
    }

    @ParameterizedTest
    @CsvSource({
        "q35-5.10-0300-native",
        "q35-6.1-0380-native",
        "q35-7.2-0380-native",
        "q35-6.1-0380-vfio",
        "q35-6.1-0380-efifb-unbound",
        "x99-gtx1080"
    })
    void unboundOrTakenOverFramebufferHasNoNodes(String name) {
        assertThat(TestSnapshots.parseMachine(name).devices().values())
                .allMatch(device -> device.framebufferNodes().isEmpty());
    }

    private static Map<String, Optional<MachineSnapshot.SnapshotEntry>> openNodeEntries(String node) {
        return Map.of(
                "/proc/4121/comm", Optional.of(new MachineSnapshot.TextEntry("kiosk")),
                "/proc/4121/owner", Optional.of(new MachineSnapshot.TextEntry("ann")),
                "/proc/4121/fd/7", Optional.of(new MachineSnapshot.LinkEntry("/dev/" + node)));
    }

    @Test
    void acpiTablesIdentifyTheIommuVendor() {
        MachineSnapshot real = TestSnapshots.load("q35-6.1-0380");
        assertThat(SnapshotParser.parse(real).firmwareIommuVendor()).isEqualTo(FirmwareIommuVendor.UNKNOWN);
        var directory = Optional.<MachineSnapshot.SnapshotEntry>of(new MachineSnapshot.DirectoryEntry());
        MachineSnapshot withTables = real.withChanges(Map.of(FirmwareIommuVendor.ACPI_TABLES, directory));
        assertThat(SnapshotParser.parse(withTables).firmwareIommuVendor()).isEqualTo(FirmwareIommuVendor.NONE);
        assertThat(SnapshotParser.parse(
                                withTables.withChanges(Map.of(FirmwareIommuVendor.ACPI_TABLES + "/DMAR", directory)))
                        .firmwareIommuVendor())
                .isEqualTo(FirmwareIommuVendor.INTEL);
        assertThat(SnapshotParser.parse(
                                withTables.withChanges(Map.of(FirmwareIommuVendor.ACPI_TABLES + "/IVRS", directory)))
                        .firmwareIommuVendor())
                .isEqualTo(FirmwareIommuVendor.AMD);
    }

    @ParameterizedTest
    @CsvSource({
        "GenuineIntel, UNKNOWN, intel_iommu=on",
        "GenuineIntel, NONE,    intel_iommu=on",
        "AuthenticAMD, UNKNOWN, ''",
        "AuthenticAMD, AMD,     ''",
        // A virtual machine may have the CPU of one vendor and the IOMMU of another.
        "AuthenticAMD, INTEL,   intel_iommu=on",
        "'',           UNKNOWN, ''",
    })
    void iommuEnableOptionDependsOnVendor(String processor, FirmwareIommuVendor firmware, String option) {
        Machine machine = TestSnapshots.parseMachine("iommu-off");
        Machine modified = new Machine(
                machine.kernelVersion(),
                machine.commandLine(),
                processor,
                machine.memoryMap(),
                machine.devices(),
                machine.gpus(),
                machine.iommuGroups(),
                machine.bootFramebuffers(),
                machine.deviceUsers(),
                machine.taint(),
                machine.lockdown(),
                machine.vfioDriverState(),
                firmware,
                machine.bootfbModule(),
                machine.moduleSignaturePolicy(),
                machine.modulesOnDisk(),
                machine.platform(),
                machine.distributionIds());
        assertThat(modified.iommuEnableOption().orElse("")).isEqualTo(option);
    }

    @Test
    void removedModulesAreReportedMissing() {
        MachineSnapshot real = TestSnapshots.load("q35-6.1-0380");
        assertThat(SnapshotParser.parse(real).modulesOnDisk()).isEqualTo(Machine.ModulesOnDisk.PRESENT);
        MachineSnapshot withoutModule =
                real.withChanges(Map.of("/lib/modules/6.1.0-56-amd64/vfio-pci", Optional.empty()));
        assertThat(SnapshotParser.parse(withoutModule).modulesOnDisk()).isEqualTo(Machine.ModulesOnDisk.UNKNOWN);
        assertThat(SnapshotParser.parse(withoutModule.withChanges(
                                Map.of("/lib/modules", Optional.of(new MachineSnapshot.DirectoryEntry()))))
                        .modulesOnDisk())
                .isEqualTo(Machine.ModulesOnDisk.MISSING);
    }

    @ParameterizedTest
    @CsvSource({
        "'0::/machine.slice/machine-qemu\\x2d3\\x2dwin10.scope/libvirt/emulator', win10",
        "'0::/machine.slice/machine-qemu\\x2d12\\x2dold\\x2dxp\\x20two.scope', old-xp two",
        "'0::/user.slice/user-1000.slice/session-2.scope', ''",
        "'', ''",
    })
    void virtualMachineNameIsParsedFromItsScope(String cgroup, String name) {
        assertThat(DeviceUser.parseVirtualMachine(cgroup)).isEqualTo(name);
    }
}
