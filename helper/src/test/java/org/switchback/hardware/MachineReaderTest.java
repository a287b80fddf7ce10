package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineReaderTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");

    @Test
    void theBootGpuIsReadFromARealTree() {
        Machine machine = Captures.machine("q35-6.1-0380");
        assertThat(machine.kernel().atLeast(6, 1)).isTrue();
        assertThat(machine.gpus()).extracting(Gpu::address).containsExactly(GPU, PciAddress.of("02:00.0"));
        Gpu gpu = machine.gpu(GPU).orElseThrow();
        assertThat(gpu.graphics().ids().toString()).isEqualTo("1234:1111");
        assertThat(gpu.graphics().kind()).hasToString("0380");
        assertThat(gpu.graphics().bootVga()).isFalse();
        assertThat(gpu.companions()).extracting(PciDevice::address).containsExactly(PciAddress.of("01:00.1"));
        assertThat(gpu.graphics().parents()).containsExactly(PciAddress.of("00:01.0"));
        assertThat(machine.groupOf(gpu.graphics()).orElseThrow().members())
                .extracting(PciDevice::address)
                .contains(GPU, PciAddress.of("01:00.1"));
        assertThat(gpu.mode()).isEqualTo(Gpu.Mode.UNBOUND);
        assertThat(machine.vfio()).isEqualTo(Machine.VfioDriver.LOADABLE);
        assertThat(machine.device(PciAddress.of("00:01.0")).orElseThrow().isBridge()).isTrue();
        assertThat(machine.framebuffers())
                .contains(new FirmwareFramebuffer("efi-framebuffer.0", java.util.Optional.of("efi-framebuffer"), true));
    }

    @Test
    void theBarsHaveTheirSizesAndKinds() {
        PciDevice gpu = Captures.machine("q35-6.1-0380").device(GPU).orElseThrow();
        assertThat(gpu.bars())
                .extracting(Bar::index, bar -> bar.range().toString(), Bar::space, Bar::prefetchable)
                .contains(org.assertj.core.groups.Tuple.tuple(0, "c0000000-c0ffffff", Bar.Space.MEMORY, true));
        assertThat(gpu.bars().getFirst().length()).isEqualTo(16 << 20);
    }

    @Test
    void aDeviceThatNobodyHasNamedIsCalledByItsIds() {
        PciDevice gpu = Captures.machine("q35-6.1-0380").device(GPU).orElseThrow();
        assertThat(gpu.name()).isEqualTo("1234:1111");
        assertThat(gpu.ids().deviceName()).isEqualTo("1234:1111");
    }

    @Test
    void theVgaClassGpuIsTheFirmwaresBootDevice() {
        assertThat(Captures.machine("q35-6.1-0300").device(GPU).orElseThrow().bootVga())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "q35-5.10-0300,              REFUSED",
        "q35-5.10-0380,              REFUSED",
        "q35-6.1-0300,               EVICTED",
        "q35-6.1-0380,               REFUSED",
        "q35-6.12-0300,              EVICTED",
        "q35-6.12-0380,              REFUSED",
        "q35-7.2-0300,               EVICTED",
        "q35-7.2-0380,               REFUSED",
        "q35-6.1-0380-vfio-blocked,  REFUSED",
        "q35-5.10-0300-vfio-blocked, REFUSED",
    })
    void efifbInTheBarIsJudgedByKernelAndClass(String name, Overlap.Verdict verdict) {
        Gpu gpu = Captures.machine(name).gpu(GPU).orElseThrow();
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.region().line()).isEqualTo("c0000000-c03e7fff : efifb");
        assertThat(overlap.bar().index()).isZero();
        assertThat(overlap.verdict()).isEqualTo(verdict);
        assertThat(overlap.framebuffer().orElseThrow().device()).isEqualTo("efi-framebuffer.0");
        assertThat(gpu.conflicts().isEmpty()).isEqualTo(verdict != Overlap.Verdict.REFUSED);
    }

    @ParameterizedTest
    @CsvSource({"q35-5.10-0300-native", "q35-6.1-0380-native", "q35-7.2-0300-native"})
    void aDriversOwnRegionLeavesWithTheDriver(String name) {
        Gpu gpu = Captures.machine(name).gpu(GPU).orElseThrow();
        assertThat(gpu.mode()).isEqualTo(Gpu.Mode.HOST);
        assertThat(gpu.conflicts()).isEmpty();
        assertThat(gpu.overlaps())
                .extracting(Overlap::verdict)
                .containsOnly(Overlap.Verdict.LEAVES_WITH_DRIVER);
    }

    @ParameterizedTest
    @CsvSource({"q35-5.10-0300-vfio", "q35-6.1-0300-vfio", "q35-6.1-0380-vfio"})
    void aGpuInVmModeWithNothingInItsBars(String name) {
        Gpu gpu = Captures.machine(name).gpu(GPU).orElseThrow();
        assertThat(gpu.mode()).isEqualTo(Gpu.Mode.VM);
        assertThat(gpu.overlaps()).isEmpty();
    }

    @Test
    void withoutAddressesTheOverlapIsStillFoundAndItsBarNamed() {
        Gpu gpu = Captures.machine("q35-6.1-0380-user").gpu(GPU).orElseThrow();
        assertThat(gpu.overlaps()).hasSize(1);
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.addressed()).isFalse();
        assertThat(overlap.region().name()).isEqualTo("efifb");
        assertThat(overlap.bar().index()).isZero();
        assertThat(overlap.verdict()).isEqualTo(Overlap.Verdict.REFUSED);
    }

    @Test
    void aBootfbWithSimpledrmInsideIsOneOverlapInA32GibBar() {
        Gpu gpu = Captures.machine("strix-halo-32g").gpus().getFirst();
        Overlap overlap = gpu.overlaps().getFirst();
        assertThat(overlap.regions()).extracting(Region::name).containsExactly("BOOTFB", "simpledrm");
        assertThat(overlap.bar().length()).isEqualTo(32L << 30);
        assertThat(overlap.verdict()).isEqualTo(Overlap.Verdict.REFUSED);
    }

    @Test
    void functionsOfTheSlotGoAlongUnlessTheyStandAloneAndPlayNoSound() {
        Capture real = Captures.named("q35-6.1-0380");
        String sound = "/sys/bus/pci/devices/0000:01:00.1";
        var ownGroup = Optional.<Capture.Entry>of(new Capture.Link("../../../../kernel/iommu_groups/99"));
        Machine ownGroupSound = MachineReader.read(real.with(Map.of(sound + "/iommu_group", ownGroup)));
        assertThat(ownGroupSound.gpu(GPU).orElseThrow().companions()).hasSize(1);
        var usb = Optional.<Capture.Entry>of(new Capture.Text("0x0c0330"));
        Machine ownGroupUsb =
                MachineReader.read(real.with(Map.of(sound + "/iommu_group", ownGroup, sound + "/class", usb)));
        assertThat(ownGroupUsb.gpu(GPU).orElseThrow().companions()).isEmpty();
        Machine sharedUsb = MachineReader.read(real.with(Map.of(sound + "/class", usb)));
        assertThat(sharedUsb.gpu(GPU).orElseThrow().companions()).hasSize(1);
    }

    @Test
    void theMailsMachineHasBootfbInBar1() {
        Machine machine = Captures.machine("x99-gtx1080");
        Gpu gpu = machine.gpu(PciAddress.of("04:00.0")).orElseThrow();
        assertThat(gpu.graphics().name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(gpu.conflicts())
                .extracting(o -> o.bar().index(), o -> o.region().line())
                .containsExactly(org.assertj.core.groups.Tuple.tuple(1, "c0000000-c086ffff : BOOTFB"));
        assertThat(gpu.mode()).isEqualTo(Gpu.Mode.HOST);
    }

    @Test
    void programsThatUseAGpuAreNamed() {
        Machine machine = Captures.machine("laptop-one-gpu");
        List<Holder> holders = machine.gpus().getFirst().holders();
        assertThat(holders).isNotEmpty().allMatch(Holder::blocks);
    }

    @ParameterizedTest
    @CsvSource({
        // The platform device is on its own, and its region in the BAR.
        "q35-5.10-0380, 01:00.0, fb0",
        "q35-6.1-0380,  01:00.0, fb0",
        "q35-6.1-0380-vfio-blocked, 01:00.0, fb0",
        "q35-6.1-0380-user, 01:00.0, fb0",
        "x99-gtx1080-efifb, 04:00.0, fb0",
        // It lies below the GPU.
        "q35-7.2-0380,  01:00.0, fb0",
        "strix-halo-32g, c3:00.0, dri/card0",
        "strix-halo-32g, c3:00.0, fb0",
    })
    void aProgramOnTheFirmwaresFramebufferUsesTheGpuInWhoseMemoryItDraws(String name, String gpu, String node) {
        Machine machine = MachineReader.read(Captures.named(name).with(opened(node)));
        Holder kiosk = new Holder(4121, "kiosk", "ann", node);
        assertThat(machine.gpus())
                .filteredOn(g -> g.holders().contains(kiosk))
                .extracting(Gpu::address)
                .containsExactly(PciAddress.of(gpu));
        assertThat(machine.devices().values())
                .filteredOn(device -> machine.holdersOf(device).contains(kiosk))
                .extracting(PciDevice::address)
                .containsExactly(PciAddress.of(gpu));
        assertThat(kiosk.blocks()).isTrue();
    }

    @Test
    void aPlatformDeviceBelowTheGpuIsItsOwnWhateverTheMemoryMapSays() {
        Capture unlisted = Captures.named("q35-7.2-0380").with(Map.of("/proc/iomem", Optional.empty()));
        assertThat(MachineReader.read(unlisted).device(GPU).orElseThrow().firmwareNodes()).containsExactly("fb0");
    }

    @ParameterizedTest
    @CsvSource({
        "q35-5.10-0300-native", "q35-6.1-0380-native", "q35-7.2-0380-native", "q35-6.1-0380-vfio",
        "q35-6.1-0380-efifb-unbound", "x99-gtx1080"
    })
    void aFramebufferWithoutItsDriverOrRobbedOfItOffersNoNode(String name) {
        assertThat(Captures.machine(name).devices().values())
                .allMatch(device -> device.firmwareNodes().isEmpty());
    }

    private static Map<String, Optional<Capture.Entry>> opened(String node) {
        return Map.of(
                "/proc/4121/comm", Optional.of(new Capture.Text("kiosk")),
                "/proc/4121/owner", Optional.of(new Capture.Text("ann")),
                "/proc/4121/fd/7", Optional.of(new Capture.Link("/dev/" + node)));
    }

    @Test
    void theFirmwaresTablesSayWhoseIommuItOffers() {
        Capture real = Captures.named("q35-6.1-0380");
        assertThat(MachineReader.read(real).iommu()).isEqualTo(FirmwareIommu.UNKNOWN);
        var there = Optional.<Capture.Entry>of(new Capture.Directory());
        Capture listed = real.with(Map.of(FirmwareIommu.TABLES, there));
        assertThat(MachineReader.read(listed).iommu()).isEqualTo(FirmwareIommu.NONE);
        assertThat(MachineReader.read(listed.with(Map.of(FirmwareIommu.TABLES + "/DMAR", there))).iommu())
                .isEqualTo(FirmwareIommu.INTEL);
        assertThat(MachineReader.read(listed.with(Map.of(FirmwareIommu.TABLES + "/IVRS", there))).iommu())
                .isEqualTo(FirmwareIommu.AMD);
    }

    @ParameterizedTest
    @CsvSource({
        "GenuineIntel, UNKNOWN, intel_iommu=on",
        "GenuineIntel, NONE,    intel_iommu=on",
        "AuthenticAMD, UNKNOWN, ''",
        "AuthenticAMD, AMD,     ''",
        // A virtual machine may have one maker's processor and the other's IOMMU.
        "AuthenticAMD, INTEL,   intel_iommu=on",
        "'',           UNKNOWN, ''",
    })
    void theOptionThatSwitchesTheIommuOnIsThatOfItsMaker(String processor, FirmwareIommu firmware, String option) {
        Machine machine = Captures.machine("iommu-off");
        Machine other = new Machine(
                machine.kernel(),
                machine.commandLine(),
                processor,
                machine.memory(),
                machine.devices(),
                machine.gpus(),
                machine.groups(),
                machine.framebuffers(),
                machine.holders(),
                machine.taint(),
                machine.lockdown(),
                machine.vfio(),
                firmware,
                machine.bootfb(),
                machine.loading(),
                machine.modules(),
                machine.distribution());
        assertThat(other.iommuOption().orElse("")).isEqualTo(option);
    }

    @Test
    void modulesThatAnUpdateTookAwayAreMissed() {
        Capture real = Captures.named("q35-6.1-0380");
        assertThat(MachineReader.read(real).modules()).isEqualTo(Machine.ModulesOnDisk.THERE);
        Capture without = real.with(Map.of("/lib/modules/6.1.0-56-amd64/vfio-pci", Optional.empty()));
        assertThat(MachineReader.read(without).modules()).isEqualTo(Machine.ModulesOnDisk.UNKNOWN);
        assertThat(MachineReader.read(without.with(Map.of("/lib/modules", Optional.of(new Capture.Directory()))))
                        .modules())
                .isEqualTo(Machine.ModulesOnDisk.GONE);
    }

    @ParameterizedTest
    @CsvSource({
        "'0::/machine.slice/machine-qemu\\x2d3\\x2dwin10.scope/libvirt/emulator', win10",
        "'0::/machine.slice/machine-qemu\\x2d12\\x2dold\\x2dxp\\x20two.scope', old-xp two",
        "'0::/user.slice/user-1000.slice/session-2.scope', ''",
        "'', ''",
    })
    void theNameOfAVirtualMachineIsThatOfItsScope(String cgroup, String name) {
        assertThat(Holder.guest(cgroup)).isEqualTo(name);
    }
}
