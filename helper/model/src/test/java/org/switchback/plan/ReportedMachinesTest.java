package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MissingGroupReason;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;

/** The planner on machines of public reports ({@code src/test/resources/cases}), and on variants of them. */
class ReportedMachinesTest {
    private static final String NO_ADDRESSES = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
            .repeat(13)
            .strip();

    private static List<Refusal> refusals(Machine machine, String gpu, Target target) {
        Planner.PlanningResult result =
                Planner.plan(machine, new SwitchRequest(PciAddress.of(gpu), target, List.of()), Optional.empty());
        assertThat(result).isInstanceOf(Planner.PlanningResult.PlanCreated.class);
        return ((Planner.PlanningResult.PlanCreated) result).plan().refusals();
    }

    private static Machine machineWith(String name, Map<String, String> files) {
        MachineSnapshot snapshot = TestSnapshots.load(name);
        for (Map.Entry<String, String> file : files.entrySet()) {
            snapshot = snapshot.withChanges(
                    Map.of(file.getKey(), Optional.of(new MachineSnapshot.TextEntry(file.getValue()))));
        }
        return SnapshotParser.parse(snapshot);
    }

    private static String fileOf(String function, String name) {
        return SnapshotParser.PCI_DEVICES + "0000:" + function + "/" + name;
    }

    // Cards that do not answer.

    @ParameterizedTest
    @EnumSource(Target.class)
    void gpuThatReturnsOnlyOnesIsListedAndEverySwitchOfItRefused(Target target) {
        Machine machine = TestSnapshots.parseMachine("rtx5070ti-off-the-bus");
        assertThat(machine.gpus())
                .extracting(gpu -> gpu.address().toShortString())
                .contains("01:00.0");
        PciDevice graphics = machine.device(PciAddress.of("01:00.0")).orElseThrow();
        assertThat(graphics.isBridge()).isFalse();
        assertThat(graphics.isResponding()).isFalse();
        assertThat(refusals(machine, "01:00.0", target))
                .containsExactly(new Refusal.NotResponding(graphics.address(), graphics.name()));
        assertThat(refusals(machine, "0d:00.0", Target.VM))
                .extracting(Refusal::code)
                .doesNotContain(RefusalCode.NOT_RESPONDING);
    }

    /** A device that is not ready after a reset returns vendor ID 1 and ones (PCI Express 6.0, section 2.3.2). */
    @ParameterizedTest
    @CsvSource({"0100, false", "ffff, false", "de10, true"})
    void onesInTheHeaderTypeMeanNoResponseWhateverTheVendorIdReads(String vendor, boolean responding) {
        String rest = responding ? "052c07011000" + "00".repeat(56) : "ff".repeat(62);
        Machine machine = SnapshotParser.parse(TestSnapshots.load("rtx5070ti-off-the-bus")
                .withChanges(Map.of(
                        fileOf("01:00.0", "config"),
                        Optional.of(new MachineSnapshot.BinaryEntry(vendor + rest)),
                        fileOf("01:00.1", "config"),
                        Optional.of(new MachineSnapshot.BinaryEntry(vendor + rest)))));
        assertThat(machine.gpu(PciAddress.of("01:00.0")).orElseThrow().isResponding())
                .isEqualTo(responding);
    }

    /** Live captures leave out the config space of suspended functions. */
    @Test
    void unreadConfigSpaceIsNoSilence() {
        Machine machine = SnapshotParser.parse(TestSnapshots.load("rtx5070ti-off-the-bus")
                .withChanges(Map.of(
                        fileOf("01:00.0", "config"), Optional.empty(), fileOf("01:00.1", "config"), Optional.empty())));
        assertThat(refusals(machine, "01:00.0", Target.HOST)).isEmpty();
    }

    // GPUs without addresses.

    @Test
    void gpuWithoutBarsIsRefused() {
        Machine machine = TestSnapshots.parseMachine("egpu-no-bars");
        assertThat(refusals(machine, "2d:00.0", Target.VM)).singleElement().satisfies(refusal -> {
            assertThat(refusal.code()).isEqualTo(RefusalCode.MEMORY_UNASSIGNED);
            assertThat(refusal.details()).startsWith("2d:00.0").endsWith("00:07.0");
        });
        assertThat(refusals(machine, "00:02.0", Target.VM)).isEmpty();
    }

    /** The kernel keeps the size of a BAR without an address and marks it IORESOURCE_UNSET. */
    @Test
    void oneBarWithoutAddressSuffices() {
        Machine machine = machineWith("igfx-off", Map.of(fileOf("01:00.0", "resource"), """
                        0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200
                        0x0000000000000000 0x000000000fffffff 0x000000002014220c
                        0x0000000000000000 0x0000000000000000 0x0000000000000000
                        0x00000000f0000000 0x00000000f1ffffff 0x000000000014220c"""));
        assertThat(refusals(machine, "01:00.0", Target.VM))
                .extracting(Refusal::code)
                .containsExactly(RefusalCode.MEMORY_UNASSIGNED);
        assertThat(machine.device(PciAddress.of("01:00.0")).orElseThrow().bars())
                .extracting(bar -> bar.index())
                .containsExactly(0, 3);
    }

    /** Many kernels clear the line; the register of the BAR still shows that it exists. */
    @ParameterizedTest
    @CsvSource({
        "000000f6 0c000000 00000000 0c0000f0 00000000 01e00000, true",
        "000000f6 00000000 00000000 0c0000f0 00000000 01e00000, false",
        // A register of 32 bits without an address looks like one that does not exist.
        "000000f6 08000000 00000000 0c0000f0 00000000 01e00000, false",
        // The upper half of an address is no register.
        "000000f6 00000000 00000000 0c0000f0 04000000 01e00000, false",
        "'',                                                    false",
    })
    void clearedLineOfA64BitBarIsRefused(String registers, boolean refused) {
        String header = "de10e21107011000000002030000" + "8000";
        MachineSnapshot snapshot = TestSnapshots.load("igfx-off")
                .withChanges(Map.of(
                        fileOf("01:00.0", "config"),
                        Optional.of(new MachineSnapshot.BinaryEntry(header + registers.replace(" ", ""))),
                        fileOf("01:00.0", "resource"),
                        Optional.of(new MachineSnapshot.TextEntry("""
                                0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200
                                0x0000000000000000 0x0000000000000000 0x0000000000000000
                                0x0000000000000000 0x0000000000000000 0x0000000000000000
                                0x00000000f0000000 0x00000000f1ffffff 0x000000000014220c
                                0x0000000000000000 0x0000000000000000 0x0000000000000000
                                0x000000000000e000 0x000000000000e07f 0x0000000000040101
                                0x0000000000000000 0x0000000000000000 0x0000000000000000"""))));
        Machine machine = SnapshotParser.parse(snapshot);
        assertThat(machine.device(PciAddress.of("01:00.0")).orElseThrow().hasUnassignedMemory())
                .isEqualTo(refused);
    }

    @Test
    void portsAndRomNeedNoAddress() {
        Machine machine = machineWith("igfx-off", Map.of(fileOf("01:00.0", "resource"), """
                        0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200
                        0x0000000000000000 0x0000000000000000 0x0000000000000000
                        0x0000000000000000 0x0000000000000000 0x0000000000000000
                        0x0000000000000000 0x0000000000000000 0x0000000000000000
                        0x0000000000000000 0x0000000000000000 0x0000000000000000
                        0x0000000000000000 0x000000000000007f 0x0000000020040101
                        0x0000000000000000 0x000000000007ffff 0x0000000020046200"""));
        assertThat(refusals(machine, "01:00.0", Target.VM)).isEmpty();
    }

    @Test
    void functionsWithoutResourceFileAreNotJudged() {
        Machine machine = SnapshotParser.parse(
                TestSnapshots.load("igfx-off").withChanges(Map.of(fileOf("01:00.0", "resource"), Optional.empty())));
        assertThat(refusals(machine, "01:00.0", Target.VM)).isEmpty();
    }

    @Test
    void soundFunctionMayHaveNoBar() {
        Machine machine = machineWith("igfx-off", Map.of(fileOf("01:00.1", "resource"), NO_ADDRESSES));
        assertThat(refusals(machine, "01:00.0", Target.VM)).isEmpty();
    }

    // 1:1 mappings.

    @Test
    void directMappingOfTheFirmwareIsRefused() {
        Machine machine = TestSnapshots.parseMachine("proliant-rmrr");
        assertThat(refusals(machine, "07:00.0", Target.VM)).singleElement().satisfies(refusal -> {
            assertThat(refusal.code()).isEqualTo(RefusalCode.DIRECT_MAPPING);
            assertThat(refusal.details())
                    .containsExactly("07:00.0", "32", "bdf83000-bdf84fff bdf7f000-bdf82fff", "patch-needed");
        });
        assertThat(refusals(machine, "01:00.1", Target.VM)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "direct-relaxable, false",
        "reserved,         false",
        "msi,              false",
        "direct,           true",
    })
    void onlyDirectMappingsRefuse(String type, boolean refused) {
        Machine machine = machineWith(
                "proliant-rmrr",
                Map.of(
                        "/sys/kernel/iommu_groups/32/reserved_regions",
                        "0x00000000bdf83000 0x00000000bdf84fff " + type));
        assertThat(!refusals(machine, "07:00.0", Target.VM).isEmpty()).isEqualTo(refused);
    }

    @ParameterizedTest
    @CsvSource({
        "6.8.12-11-pve,    intel_iommu=on,            AVAILABLE",
        "6.8.0-90-generic, intel_iommu=on,            PATCH_NEEDED",
        "6.8.0-90-generic, 'intel_iommu=on,relax_rmrr', WITHOUT_EFFECT",
    })
    void relaxRmrrIsOfferedWhereTheKernelHasIt(String release, String option, Machine.RmrrRelaxation relaxation) {
        Machine machine = machineWith(
                "proliant-rmrr", Map.of("/proc/sys/kernel/osrelease", release, "/proc/cmdline", "ro " + option));
        assertThat(machine.rmrrRelaxation()).isEqualTo(relaxation);
    }

    // IOMMU.

    @Test
    void igfxOffIsNamedAsTheReason() {
        Machine machine = TestSnapshots.parseMachine("igfx-off");
        assertThat(refusals(machine, "00:02.0", Target.VM))
                .containsExactly(new Refusal.IommuOff(
                        PciAddress.of("00:02.0"),
                        MissingGroupReason.GRAPHICS_EXCLUDED,
                        Optional.empty(),
                        Optional.of("igfx_off")));
        assertThat(refusals(machine, "01:00.0", Target.VM)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ro intel_iommu=on", "'ro intel_iommu=on,sm_on'", "ro"})
    void gpuWithoutGroupBesideOthersIsNotCovered(String commandLine) {
        Machine machine = machineWith("igfx-off", Map.of("/proc/cmdline", commandLine));
        assertThat(machine.missingGroupReason(
                        machine.device(PciAddress.of("00:02.0")).orElseThrow()))
                .isEqualTo(MissingGroupReason.NOT_COVERED);
    }

    @Test
    void xenIsNamedAsTheReason() {
        assertThat(refusals(TestSnapshots.parseMachine("xen-dom0"), "01:00.0", Target.VM))
                .containsExactly(new Refusal.IommuOff(
                        PciAddress.of("01:00.0"), MissingGroupReason.XEN, Optional.empty(), Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource({
        "ro iommu=off,                         DISABLED",
        "'ro iommu=pt,off',                    DISABLED",
        "'ro intel_iommu=off',                 DISABLED",
        "'ro intel_iommu=off intel_iommu=on',  NOT_ENABLED",
        "'ro intel_iommu=on,sm_on,off',        DISABLED",
        "ro amd_iommu=off,                     NOT_ENABLED",
        "'ro intel_iommu=on,sm_on',            NOT_ENABLED",
        "ro,                                   NOT_ENABLED",
    })
    void optionsAreReadAsListsInOrder(String commandLine, MissingGroupReason reason) {
        MachineSnapshot snapshot = TestSnapshots.load("igfx-off");
        for (String path : List.copyOf(snapshot.entries().keySet())) {
            if (path.contains("iommu_group")) {
                snapshot = snapshot.withChanges(Map.of(path, Optional.empty()));
            }
        }
        Machine machine = SnapshotParser.parse(
                snapshot.withChanges(Map.of("/proc/cmdline", Optional.of(new MachineSnapshot.TextEntry(commandLine)))));
        PciAddress gpu = PciAddress.of("01:00.0");
        assertThat(machine.missingGroupReason(machine.device(gpu).orElseThrow()))
                .isEqualTo(reason);
        boolean hasOn = commandLine.contains("intel_iommu=on");
        assertThat(refusals(machine, "01:00.0", Target.VM)).singleElement().satisfies(refusal -> assertThat(
                        refusal.details().get(1))
                .isEqualTo(reason == MissingGroupReason.NOT_ENABLED && !hasOn ? "intel_iommu=on" : ""));
    }

    // After an oops.

    @ParameterizedTest
    @EnumSource(Target.class)
    void oopsRefusesBothDirections(Target target) {
        assertThat(refusals(TestSnapshots.parseMachine("cachyos-7.2-after-oops"), "03:00.0", target))
                .contains(new Refusal.KernelOops());
    }
}
