package org.switchback.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** The simulated kernel ends in the same state as real kernels did after the same writes. */
class SimulatedKernelMatchesRealKernelTest {
    private static final PciAddress GPU = PciAddress.parse("0000:01:00.0").orElseThrow();
    private static final PciAddress AUDIO = PciAddress.parse("0000:01:00.1").orElseThrow();

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380"})
    void gpuBindsToVfioWithFramebufferInBar(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));

        bindToVfio(kernel);

        assertThat(comparedState(kernel.readSnapshot()))
                .isEqualTo(comparedState(TestSnapshots.load(machine + "-vfio-blocked")));
        assertThat(kernel.verifyVfio(List.of(GPU, AUDIO)))
                .isInstanceOfSatisfying(Kernel.VfioCheck.Failed.class, failed -> assertThat(failed.reason())
                        .isEqualTo("BAR 0: EBUSY"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380"})
    void framebufferIsRemovedWithItsDriver(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));

        write(kernel, KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "efi-framebuffer", ""));

        assertThat(comparedState(kernel.readSnapshot()).withoutPower())
                .isEqualTo(comparedState(TestSnapshots.load(machine + "-efifb-unbound"))
                        .withoutPower());
        bindToVfio(kernel);
        assertThat(comparedState(kernel.readSnapshot()))
                .isEqualTo(comparedState(TestSnapshots.load(machine + "-vfio")));
        assertThat(kernel.verifyVfio(List.of(GPU, AUDIO))).isInstanceOf(Kernel.VfioCheck.Passed.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-6.1-0300"})
    void vfioEvictsFramebufferOfVgaGpu(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));

        bindToVfio(kernel);

        assertThat(comparedState(kernel.readSnapshot()))
                .isEqualTo(comparedState(TestSnapshots.load(machine + "-vfio")));
        assertThat(kernel.verifyVfio(List.of(GPU, AUDIO))).isInstanceOf(Kernel.VfioCheck.Passed.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "q35-5.10-0300",
                "q35-5.10-0380",
                "q35-6.1-0300",
                "q35-6.1-0380",
                "q35-6.12-0300",
                "q35-6.12-0380",
                "q35-7.2-0300",
                "q35-7.2-0380"
            })
    void nativeDriverEvictsFramebuffer(String machine) {
        MachineSnapshot real = TestSnapshots.load(machine + "-native");
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));
        String driver = real.linkTargetName(SnapshotParser.PCI_DEVICES + GPU + "/driver")
                .orElseThrow();
        kernel.addNativeDriver(GPU, driver);

        write(kernel, KernelWrite.probeAny(GPU));

        assertThat(comparedState(kernel.readSnapshot())).isEqualTo(comparedState(real));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"q35-5.10-0300-native", "q35-6.1-0380-native", "q35-6.12-0300-native", "q35-7.2-0380-native"})
    void switchingBackRestoresTheInitialState(String machine) {
        MachineSnapshot before = TestSnapshots.load(machine);
        SimulatedKernel kernel = new SimulatedKernel(before);
        String driver = before.linkTargetName(SnapshotParser.PCI_DEVICES + GPU + "/driver")
                .orElseThrow();

        write(kernel, KernelWrite.of(new Setting.Driver(GPU), driver, ""));
        assertThat(kernel.readSnapshot()).isNotEqualTo(before);
        bindToVfio(kernel);
        assertThat(kernel.verifyVfio(List.of(GPU, AUDIO))).isInstanceOf(Kernel.VfioCheck.Passed.class);
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.DriverOverride(function), "vfio-pci", ""));
            write(kernel, KernelWrite.of(new Setting.Driver(function), "vfio-pci", ""));
        }
        write(kernel, KernelWrite.of(new Setting.Driver(GPU), "", driver));
        write(kernel, KernelWrite.of(new Setting.Driver(AUDIO), "", "snd_hda_intel"));

        assertThat(kernel.readSnapshot()
                        .withChanges(Map.of(
                                "/sys/module/vfio_pci",
                                Optional.empty(),
                                "/sys/bus/pci/drivers/vfio-pci",
                                Optional.empty())))
                .isEqualTo(before);
    }

    private static void bindToVfio(SimulatedKernel kernel) {
        write(kernel, new KernelWrite.LoadModule("vfio-pci"));
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.DriverOverride(function), "", "vfio-pci"));
        }
        write(kernel, KernelWrite.of(new Setting.Driver(AUDIO), "snd_hda_intel", ""));
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.Driver(function), "", "vfio-pci"));
        }
    }

    private static void write(SimulatedKernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {})).isEqualTo(new Kernel.WriteResult.Done());
    }

    /** The state that both kernels must agree on: the two functions, the regions in their BARs and the framebuffers. */
    private record ComparedState(
            List<FunctionState> functions, List<String> barRegions, List<BootFramebuffer> framebuffers) {
        record FunctionState(
                String driver, String override, String powerControl, Machine.VfioDriverState vfioDriverState) {}

        ComparedState withoutPower() {
            return new ComparedState(
                    functions.stream()
                            .map(function -> new FunctionState(
                                    function.driver(), function.override(), "", Machine.VfioDriverState.LOADED))
                            .toList(),
                    barRegions,
                    framebuffers);
        }
    }

    private static ComparedState comparedState(MachineSnapshot snapshot) {
        Machine machine = SnapshotParser.parse(snapshot);
        return new ComparedState(
                List.of(GPU, AUDIO).stream()
                        .map(address -> machine.device(address).orElseThrow())
                        .map(device -> new ComparedState.FunctionState(
                                device.driver().orElse(""),
                                device.driverOverride().orElse(""),
                                device.power().control(),
                                machine.vfioDriverState()))
                        .toList(),
                machine.gpu(GPU).orElseThrow().overlaps().stream()
                        .map(Overlap::outermostRegion)
                        .map(region -> region.toLine())
                        .toList(),
                machine.bootFramebuffers());
    }
}
