package org.switchback.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** The same writes as were made to real kernels lead to what was captured of those afterwards. */
class SimulatedKernelAgainstRealOnesTest {
    private static final PciAddress GPU = PciAddress.parse("0000:01:00.0").orElseThrow();
    private static final PciAddress AUDIO = PciAddress.parse("0000:01:00.1").orElseThrow();

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380"})
    void aGpuGoesToVfioWithTheFramebufferInItsBar(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(machine));

        toVfio(kernel);

        assertThat(facts(kernel.capture())).isEqualTo(facts(Captures.named(machine + "-vfio-blocked")));
        assertThat(kernel.prove(List.of(GPU, AUDIO)))
                .isInstanceOfSatisfying(
                        Kernel.Proof.Broken.class, broken -> assertThat(broken.what()).isEqualTo("BAR 0: EBUSY"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380"})
    void theFramebufferGoesWithItsDriver(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(machine));

        write(kernel, KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "efi-framebuffer", ""));

        assertThat(facts(kernel.capture()).withoutPower())
                .isEqualTo(facts(Captures.named(machine + "-efifb-unbound")).withoutPower());
        toVfio(kernel);
        assertThat(facts(kernel.capture())).isEqualTo(facts(Captures.named(machine + "-vfio")));
        assertThat(kernel.prove(List.of(GPU, AUDIO))).isInstanceOf(Kernel.Proof.Whole.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-6.1-0300"})
    void vfioEvictsTheFramebufferFromAVgaGpu(String machine) {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(machine));

        toVfio(kernel);

        assertThat(facts(kernel.capture())).isEqualTo(facts(Captures.named(machine + "-vfio")));
        assertThat(kernel.prove(List.of(GPU, AUDIO))).isInstanceOf(Kernel.Proof.Whole.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0300", "q35-6.1-0380", "q35-6.12-0300", "q35-6.12-0380",
                "q35-7.2-0300", "q35-7.2-0380"
            })
    void theGpusOwnDriverEvictsTheFramebuffer(String machine) {
        Capture real = Captures.named(machine + "-native");
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(machine));
        String driver = real.linkName(MachineReader.PCI_DEVICES + GPU + "/driver").orElseThrow();
        kernel.nativeDriver(GPU, driver);

        write(kernel, KernelWrite.offer(GPU));

        assertThat(facts(kernel.capture())).isEqualTo(facts(real));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"q35-5.10-0300-native", "q35-6.1-0380-native", "q35-6.12-0300-native", "q35-7.2-0380-native"})
    void thereAndBackEndsWhereItBegan(String machine) {
        Capture before = Captures.named(machine);
        SimulatedKernel kernel = new SimulatedKernel(before);
        String driver = before.linkName(MachineReader.PCI_DEVICES + GPU + "/driver").orElseThrow();

        write(kernel, KernelWrite.of(new Setting.Driver(GPU), driver, ""));
        assertThat(kernel.capture()).isNotEqualTo(before);
        toVfio(kernel);
        assertThat(kernel.prove(List.of(GPU, AUDIO))).isInstanceOf(Kernel.Proof.Whole.class);
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.Override(function), "vfio-pci", ""));
            write(kernel, KernelWrite.of(new Setting.Driver(function), "vfio-pci", ""));
        }
        write(kernel, KernelWrite.of(new Setting.Driver(GPU), "", driver));
        write(kernel, KernelWrite.of(new Setting.Driver(AUDIO), "", "snd_hda_intel"));

        assertThat(kernel.capture().with(java.util.Map.of(
                        "/sys/module/vfio_pci", Optional.empty(), "/sys/bus/pci/drivers/vfio-pci", Optional.empty())))
                .isEqualTo(before);
    }

    private static void toVfio(SimulatedKernel kernel) {
        write(kernel, new KernelWrite.Modprobe("vfio-pci"));
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.Override(function), "", "vfio-pci"));
        }
        write(kernel, KernelWrite.of(new Setting.Driver(AUDIO), "snd_hda_intel", ""));
        for (PciAddress function : List.of(GPU, AUDIO)) {
            write(kernel, KernelWrite.of(new Setting.Driver(function), "", "vfio-pci"));
        }
    }

    private static void write(SimulatedKernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {})).isEqualTo(new Kernel.Answer.Done());
    }

    /** What both kernels must agree on: the two functions, what lies in their BARs, and the framebuffer's device. */
    private record Facts(List<Function> functions, List<String> inBars, List<FirmwareFramebuffer> framebuffers) {
        record Function(String driver, String override, String powerControl, Machine.VfioDriver vfio) {}

        Facts withoutPower() {
            return new Facts(
                    functions.stream()
                            .map(f -> new Function(f.driver(), f.override(), "", Machine.VfioDriver.LOADED))
                            .toList(),
                    inBars,
                    framebuffers);
        }
    }

    private static Facts facts(Capture capture) {
        Machine machine = MachineReader.read(capture);
        return new Facts(
                List.of(GPU, AUDIO).stream()
                        .map(address -> machine.device(address).orElseThrow())
                        .map(device -> new Facts.Function(
                                device.driver().orElse(""),
                                device.driverOverride().orElse(""),
                                device.power().control(),
                                machine.vfio()))
                        .toList(),
                machine.gpu(GPU).orElseThrow().overlaps().stream()
                        .map(Overlap::region)
                        .map(region -> region.line())
                        .toList(),
                machine.framebuffers());
    }
}
