package org.switchback.client.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.gpus.GpuState;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult.CheckStatus;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.Target;

/** Readiness and state on machines of public reports, and on variants of them. */
class ReportedMachinesReadinessTest {
    private static final Path CASES = Path.of("../../helper/model/src/test/resources/cases");

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);

    @ParameterizedTest
    @CsvSource({
        "rtx5070ti-off-the-bus,  01:00.0, RESPONSE, 'does not answer any more'",
        "egpu-no-bars,           2d:00.0, MEMORY,   'reserved for the port 00:07.0'",
        "cachyos-7.2-after-oops, 03:00.0, KERNEL,   'had an oops'",
        "proliant-rmrr,          07:00.0, DIRECT_MAPPINGS, 'conrep switches this off for a slot'",
    })
    void oneCheckBlocksAndSaysWhatToDo(String name, String gpu, ReadinessCheckKind check, String text)
            throws Exception {
        Readiness readiness = readiness(load(name), gpu);
        assertThat(readiness.results().stream().filter(result -> result.status() == CheckStatus.BLOCKED))
                .extracting(CheckResult::check)
                .containsExactly(check);
        assertThat(description(readiness, check)).contains(text);
    }

    @ParameterizedTest
    @CsvSource({
        "rtx5070ti-off-the-bus,  01:00.0, 'It does not answer any more. The computer must be switched off.'",
        "egpu-no-bars,           2d:00.0, 'The kernel has found no address for its memory.'",
        "cachyos-7.2-after-oops, 03:00.0, 'It is in VM mode. Restart before a virtual machine uses it: the kernel has"
                + " had an oops.'",
    })
    void statusNeverPromisesTheNextVirtualMachine(String name, String gpu, String text) throws Exception {
        assertThat(state(load(name), gpu)).isEqualTo(text);
    }

    // IOMMU.

    @ParameterizedTest
    @CsvSource({
        "igfx-off, 00:02.0, 'igfx_off on the kernel command line excludes the integrated GPU', Remove igfx_off from",
        "xen-dom0, 01:00.0, 'This Linux runs on Xen, which assigns devices itself', xl pci-assignable-add",
    })
    void iommuIsJudgedByTheWholeMachine(String name, String gpu, String text, String advice) throws Exception {
        Readiness readiness = readiness(load(name), gpu);
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_KERNEL).status())
                .isEqualTo(CheckStatus.BLOCKED);
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_FIRMWARE).status())
                .isNotEqualTo(CheckStatus.BLOCKED);
        assertThat(description(readiness, ReadinessCheckKind.IOMMU_KERNEL)).contains(text);
        assertThat(advice(readiness, ReadinessCheckKind.IOMMU_KERNEL)).contains(advice);
        assertThat(new ReadinessFormatter(messages, readiness).toPlainText())
                .doesNotContain("Enable VT-d", "Add intel_iommu=on");
    }

    @Test
    void xenIsSaidInTheState() throws Exception {
        assertThat(state(load("xen-dom0"), "01:00.0"))
                .isEqualTo("This Linux runs on Xen, which assigns devices itself.");
    }

    @ParameterizedTest
    @CsvSource({
        "'flags : fpu hypervisor', /sys/none,               guest",
        "'flags : fpu hypervisor', /sys/bus/vmbus,          hyper-v-guest",
        "'',                       /sys/firmware/devicetree, device-tree",
    })
    void platformWithoutIommuHasItsOwnAdvice(String flags, String directory, String code) throws Exception {
        MachineSnapshot snapshot = load("xen-dom0");
        snapshot = with(snapshot, "/proc/cpuinfo", "vendor_id : GenuineIntel\n" + flags);
        snapshot = snapshot.withChanges(Map.of(
                "/sys/hypervisor/type",
                Optional.empty(),
                "/sys/bus/pci/drivers/pciback",
                Optional.empty(),
                directory,
                Optional.of(new MachineSnapshot.DirectoryEntry())));
        if (code.equals("device-tree")) {
            snapshot = snapshot.withChanges(Map.of("/sys/firmware/acpi/tables", Optional.empty()));
        }
        Readiness readiness = readiness(snapshot, "01:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_KERNEL).code()).isEqualTo(code);
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_FIRMWARE).status())
                .isEqualTo(CheckStatus.UNKNOWN);
    }

    // Power, reset and the size of BARs.

    @Test
    void d3coldInVmModeIsAWarningAndNoSwitchIsAnnounced() throws Exception {
        MachineSnapshot snapshot = load("rx9070xt-d3cold");
        Readiness readiness = readiness(snapshot, "03:00.0");
        assertThat(readiness.isBlocked()).isFalse();
        assertThat(resultOf(readiness, ReadinessCheckKind.POWER).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.POWER))
                .startsWith("03:00.0 and 03:00.1 on vfio-pci have no power (D3cold).");
        assertThat(advice(readiness, ReadinessCheckKind.POWER))
                .contains("vfio-pci.disable_idle_d3=1", "write 0 to d3cold_allowed and on to power/control");
        assertThat(new ReadinessFormatter(messages, readiness).toPlainText()).doesNotContain("switch wakes it");
        assertThat(state(snapshot, "03:00.0"))
                .doesNotContain("ready for a virtual machine")
                .contains("D3cold");
    }

    @ParameterizedTest
    @CsvSource({
        "D3hot, The GPU is asleep (D3hot). It wakes up when a virtual machine starts.",
        "'',    The GPU is asleep (D3). It wakes up when a virtual machine starts.",
    })
    void otherSleepInVmModeIsReady(String powerState, String text) throws Exception {
        MachineSnapshot snapshot = load("rx9070xt-d3cold");
        for (String function : List.of("03:00.0", "03:00.1")) {
            snapshot = with(snapshot, fileOf(function, "power_state"), powerState);
        }
        Readiness readiness = readiness(snapshot, "03:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.POWER).status()).isEqualTo(CheckStatus.READY);
        assertThat(description(readiness, ReadinessCheckKind.POWER)).isEqualTo(text);
    }

    @Test
    void sleepOfAGpuThatIsRefusedAnnouncesNoSwitch() throws Exception {
        MachineSnapshot snapshot = with(load("proliant-rmrr"), fileOf("07:00.0", "power/runtime_status"), "suspended");
        assertThat(description(readiness(snapshot, "07:00.0"), ReadinessCheckKind.POWER))
                .isEqualTo("The GPU is asleep (D0).");
    }

    @Test
    void resetOfASharedBusIsAWarning() throws Exception {
        MachineSnapshot snapshot = load("rtx5070ti-off-the-bus");
        assertThat(resultOf(readiness(snapshot, "01:00.0"), ReadinessCheckKind.RESET)
                        .status())
                .isEqualTo(CheckStatus.READY);
        MachineSnapshot shared =
                with(with(snapshot, fileOf("01:01.0", "class"), "0x0c0330"), fileOf("01:00.0", "reset_method"), "bus");
        Readiness readiness = readiness(shared, "01:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.RESET).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.RESET)).contains("01:01.0");
        assertThat(resultOf(
                                readiness(with(shared, fileOf("01:00.0", "reset_method"), "flr bus"), "01:00.0"),
                                ReadinessCheckKind.RESET)
                        .status())
                .isEqualTo(CheckStatus.READY);
    }

    @Test
    void unresizedBarOfAnArcCardIsAWarning() throws Exception {
        MachineSnapshot snapshot = load("arc-b570-rebar");
        Readiness readiness = readiness(snapshot, "03:00.0");
        assertThat(readiness.isBlocked()).isFalse();
        assertThat(resultOf(readiness, ReadinessCheckKind.RESIZABLE_BAR).status())
                .isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.RESIZABLE_BAR))
                .startsWith("BAR 2 has 256 MiB and could have 16 GiB.");
        assertThat(advice(readiness, ReadinessCheckKind.RESIZABLE_BAR)).contains("Resizable BAR", "resourceN_resize");
    }

    @ParameterizedTest
    @CsvSource({
        "0x10de, 0x000000600fffffff, 7f00, READY",
        "0x8086, 0x000000601fffffff, 7f00, READY",
        "0x8086, 0x000000600fffffff, 0100, READY",
        "0x8086, 0x000000600fffffff, 7f00, WARNING",
    })
    void onlyUnresizedBarsOfIntelWarn(String vendor, String last, String sizes, CheckStatus status) throws Exception {
        MachineSnapshot snapshot = with(load("arc-b570-rebar"), fileOf("03:00.0", "vendor"), vendor);
        snapshot = with(snapshot, fileOf("03:00.0", "resource2_resize"), sizes);
        snapshot = with(
                snapshot,
                fileOf("03:00.0", "resource"),
                snapshot.text(fileOf("03:00.0", "resource")).orElseThrow().replace("0x000000600fffffff", last));
        assertThat(resultOf(readiness(snapshot, "03:00.0"), ReadinessCheckKind.RESIZABLE_BAR)
                        .status())
                .isEqualTo(status);
    }

    @Test
    void deadGpuHasOneProblemAndNoOther() throws Exception {
        Readiness readiness = readiness(load("rtx5070ti-off-the-bus"), "01:00.0");
        assertThat(readiness.count(CheckStatus.BLOCKED)).isEqualTo(1);
        assertThat(readiness.count(CheckStatus.WARNING)).isZero();
    }

    @Test
    void gpuOfAnotherSlotIsUnaffected() throws Exception {
        Readiness readiness = readiness(load("rtx5070ti-off-the-bus"), "0d:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.RESPONSE).status()).isEqualTo(CheckStatus.READY);
    }

    // Kernel options.

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pve-rtx2060-bootfb | video=efifb:off | video.other-framebuffer",
                "pve-rtx2060-bootfb | video=efifb:off,vesafb:off | video.other-framebuffer",
                "pve-rtx2060-bootfb | video=vesafb:off | vesafb-off",
                "pve-rtx2060-bootfb | video=simplefb:off | simplefb-off",
                "bazzite-strix-vfio-ids | video=simplefb:off | video.other-framebuffer",
                "igfx-off | video=simplefb:off | video.no-framebuffer",
                "igfx-off | video=efifb:off | video.no-framebuffer",
                "igfx-off | initcall_blacklist=sysfb_init | sysfb-init",
                "bazzite-strix-vfio-ids | initcall_blacklist=foo,sysfb_init | sysfb-init.no-effect",
                "rtx5070ti-off-the-bus | vfio-pci.ids=10de:2c05,10de:22e9 | vfio-ids",
                "rtx5070ti-off-the-bus | vfio_pci.ids=10de:2C05 | vfio-ids",
                "proliant-rmrr | vfio-pci.ids=10de:1c03 | vfio-ids.other-driver",
                "proliant-rmrr | vfio-pci.ids=10de:ffff | vfio-ids.no-device",
                "egpu-no-bars | vfio-pci.ids=10de:2b85 | vfio-ids.unbound",
                "proliant-rmrr | nomodeset | nomodeset.no-effect",
                "egpu-no-bars | nomodeset | nomodeset",
                "egpu-no-bars | module_blacklist=nouveau,nvidia | module-blacklist",
                "egpu-no-bars | module_blacklist=vfio_pci | module-blacklist.vfio",
                "egpu-no-bars | modprobe.blacklist=nouveau | modprobe-blacklist",
                "egpu-no-bars | pcie_acs_override=downstream,multifunction | acs-override",
                "rx9070xt-d3cold | pcie_acs_override=downstream | acs-override.unpatched",
                "rx9070xt-d3cold | vfio-pci.disable_idle_d3=1 | idle-d3",
                "rx9070xt-d3cold | vfio_pci.disable_idle_d3=Y | idle-d3",
                "rx9070xt-d3cold | vfio-pci.disable_idle_d3=0 | idle-d3.default",
                "rx9070xt-d3cold | disable_idle_d3=1 | idle-d3.no-module",
                "rx9070xt-d3cold | amd_iommu=on | amd-iommu-on",
                "rx9070xt-d3cold | intel_iommu=on | intel-iommu-on.amd",
                "proliant-rmrr | intel_iommu=on,sm_on | intel-iommu-on",
                "proliant-rmrr | iommu=pt | iommu-pt",
                "proliant-rmrr | iommu.passthrough=1 | iommu-pt",
                "bazzite-strix-vfio-ids | rd.driver.pre=vfio-pci | driver-pre",
                "proliant-rmrr | vfio_iommu_type1.allow_unsafe_interrupts=1 | unsafe-interrupts",
            })
    void everyOptionHasItsEffectOnThisMachine(String name, String option, String code) throws Exception {
        MachineSnapshot snapshot = with(load(name), "/proc/cmdline", "root=/dev/sda1 ro quiet " + option);
        Machine machine = SnapshotParser.parse(snapshot);
        Gpu gpu = machine.gpus().stream()
                .filter(candidate -> !candidate.graphics().parentBridges().isEmpty())
                .findFirst()
                .orElseThrow();
        assertThat(KernelOptionEffects.find(machine, gpu))
                .filteredOn(effect -> !effect.code().equals("vfio-ids.framebuffer"))
                .singleElement()
                .satisfies(effect -> {
                    assertThat(effect.option()).isEqualTo(option);
                    assertThat(effect.code()).isEqualTo(code);
                });
        CheckResult result = resultOf(readiness(snapshot, gpu.address().toString()), ReadinessCheckKind.KERNEL_OPTIONS);
        assertThat(new ReadinessFormatter(messages, new Readiness(gpu, List.of(result))).description(result))
                .contains(option)
                .doesNotContain("{")
                .endsWith(".");
    }

    @Test
    void commandLineOfTheReportIsExplainedOptionByOption() throws Exception {
        Readiness readiness = readiness(load("pve-rtx2060-bootfb"), "07:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.KERNEL_OPTIONS).status())
                .isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.KERNEL_OPTIONS).lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("video=efifb:off does nothing on this kernel"),
                        line -> assertThat(line).startsWith("video=vesafb:off does nothing"),
                        line -> assertThat(line).contains("BOOTFB stays in the GPU's memory"));
        assertThat(advice(readiness, ReadinessCheckKind.KERNEL_OPTIONS))
                .isEqualTo("Remove video=simplefb:off from the kernel command line, then restart.");
    }

    @Test
    void uselessOptionsAreNoWarning() throws Exception {
        Readiness readiness = readiness(load("unraid-4060ti"), "01:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.KERNEL_OPTIONS).status())
                .isEqualTo(CheckStatus.READY);
        assertThat(description(readiness, ReadinessCheckKind.KERNEL_OPTIONS).lines())
                .hasSizeGreaterThanOrEqualTo(5)
                .anyMatch(line -> line.startsWith("amd_iommu=on does nothing"))
                .anyMatch(line -> line.contains("kernel 6.12.54-Unraid has the patch"));
    }

    @Test
    void idsThatKeepTheOwnDriverFromRemovingTheFramebufferAreAWarning() throws Exception {
        Readiness readiness = readiness(load("bazzite-strix-vfio-ids"), "c3:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.KERNEL_OPTIONS).status())
                .isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.KERNEL_OPTIONS))
                .contains("Switch the GPU to host mode once, then to VM mode.");
    }

    @Test
    void commandLineWithoutSuchOptionsIsReady() throws Exception {
        Readiness readiness = readiness(load("egpu-no-bars"), "2d:00.0");
        assertThat(resultOf(readiness, ReadinessCheckKind.KERNEL_OPTIONS).code())
                .isEqualTo("none");
    }

    static MachineSnapshot load(String name) throws Exception {
        return MachineSnapshot.parse(Files.readString(CASES.resolve(name + ".capture")));
    }

    static MachineSnapshot with(MachineSnapshot snapshot, String path, String text) {
        return snapshot.withChanges(Map.of(path, Optional.of(new MachineSnapshot.TextEntry(text))));
    }

    static String fileOf(String function, String name) {
        return SnapshotParser.PCI_DEVICES + "0000:" + function + "/" + name;
    }

    static Readiness readiness(MachineSnapshot snapshot, String gpu) throws HelperException {
        Machine machine = SnapshotParser.parse(snapshot);
        PciAddress address = PciAddress.of(gpu);
        MachineSource source = new MachineSource.ThisMachine();
        return Readiness.of(
                machine,
                machine.gpu(address).orElseThrow(),
                source,
                new ScriptedHelper(source, snapshot)
                        .plan(address, Target.VM, List.of(), false)
                        .refusals());
    }

    private String state(MachineSnapshot snapshot, String address) throws HelperException {
        Machine machine = SnapshotParser.parse(snapshot);
        Gpu gpu = machine.gpu(PciAddress.of(address)).orElseThrow();
        MachineSource source = new MachineSource.ThisMachine();
        return GpuState.of(
                        gpu,
                        source,
                        new ScriptedHelper(source, snapshot)
                                .plan(gpu.address(), Target.VM, List.of(), false)
                                .refusals(),
                        Optional.empty())
                .describe(gpu, machine, Optional.empty(), messages);
    }

    private static CheckResult resultOf(Readiness readiness, ReadinessCheckKind check) {
        return readiness.results().get(check.ordinal());
    }

    private String description(Readiness readiness, ReadinessCheckKind check) {
        return new ReadinessFormatter(messages, readiness).description(resultOf(readiness, check));
    }

    private String advice(Readiness readiness, ReadinessCheckKind check) {
        return new ReadinessFormatter(messages, readiness)
                .advice(resultOf(readiness, check))
                .orElse("");
    }
}
