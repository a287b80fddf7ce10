package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.TestSnapshots;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.simulator.SimulatedFault;
import org.switchback.kernel.Kernel;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Switches from every state that hands and other tools can leave the two functions of a GPU in. */
class InitialStatesTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final List<String> DRIVERS = List.of("own", "none", "vfio-pci");
    private static final List<String> OVERRIDES = List.of("", "own", "vfio-pci", "pci-stub");

    @TempDir
    Path temp;

    /** @param driver bound to a function, @param override written after that; "own" is the one the host has for it */
    record InitialState(String driver, String override) {}

    static Stream<InitialState> everyState() {
        return DRIVERS.stream().flatMap(driver -> OVERRIDES.stream().map(override -> new InitialState(driver, override)));
    }

    private static String hostDriver(PciAddress function) {
        return function.equals(GPU) ? "bochs-drm" : "snd_hda_intel";
    }

    private static SimulatedKernel kernelInState(InitialState gpu, InitialState sound) {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
        write(kernel, new KernelWrite.LoadModule("vfio-pci"));
        applyState(kernel, GPU, gpu);
        applyState(kernel, SOUND, sound);
        return kernel;
    }

    private static void applyState(SimulatedKernel kernel, PciAddress function, InitialState left) {
        if (!left.driver().equals("own")) {
            write(kernel, KernelWrite.of(new Setting.Driver(function), hostDriver(function), ""));
        }
        if (left.driver().equals("vfio-pci")) {
            write(kernel, KernelWrite.of(new Setting.DriverOverride(function), "", "vfio-pci"));
            write(kernel, KernelWrite.probeAny(function));
        }
        write(kernel, KernelWrite.of(
                new Setting.DriverOverride(function), "?", left.override().equals("own") ? hostDriver(function) : left.override()));
    }

    private static void write(Kernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {}))
                .as("%s", write.shellCommand())
                .isEqualTo(new Kernel.WriteResult.Done());
    }

    private static Outcome run(Kernel kernel, TransactionRunner transactions, Target target, List<StepEvent> events) {
        return transactions.run(SwitchTest.plan(kernel, transactions, target), () -> false, events::add);
    }

    private static Gpu.GpuMode mode(Kernel kernel) {
        return SnapshotParser.parse(kernel.readSnapshot()).gpu(GPU).orElseThrow().mode();
    }

    /** What a function has after the way back: none only if it is remembered to have had none. */
    private static String expectedDriver(PciAddress function, InitialState left, boolean remembered) {
        return left.driver().equals("none") && remembered ? "" : hostDriver(function);
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void roundTripWorksFromEveryState(InitialState gpu) throws JournalException {
        for (InitialState sound : everyState().toList()) {
            SimulatedKernel kernel = kernelInState(gpu, sound);
            String state = gpu + " " + sound;
            List<StepEvent> events = new ArrayList<>();
            boolean switched;
            try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve(state))) {
                switched = mode(kernel) != Gpu.GpuMode.VM;
                if (switched) {
                    assertThat(run(kernel, transactions, Target.VM, events))
                            .as("%s, there: %s", state, events)
                            .isEqualTo(Outcome.DONE);
                }
                assertThat(mode(kernel)).as(state).isEqualTo(Gpu.GpuMode.VM);
                events.clear();
                assertThat(run(kernel, transactions, Target.HOST, events))
                        .as("%s, back: %s", state, events)
                        .isEqualTo(Outcome.DONE);
            }
            assertThat(kernel.readSetting(new Setting.Driver(GPU))).as(state).isEqualTo(expectedDriver(GPU, gpu, switched));
            assertThat(kernel.readSetting(new Setting.Driver(SOUND))).as(state).isEqualTo(expectedDriver(SOUND, sound, switched));
        }
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void anyFailedWriteRestoresTheInitialState(InitialState gpu) throws JournalException {
        for (InitialState sound : List.of(gpu, new InitialState("own", ""))) {
            for (Target target : Target.values()) {
                for (int n = 0; switchWithFailedWrite(kernelInState(gpu, sound), gpu + " " + sound, target, n).isPresent(); n++) {}
            }
        }
    }

    private static SimulatedKernel kernelBoundToVfioAtBoot() {
        SimulatedKernel kernel = kernelInState(new InitialState("own", ""), new InitialState("own", ""));
        for (PciAddress function : List.of(GPU, SOUND)) {
            kernel.addVfioId(function);
            write(kernel, KernelWrite.of(new Setting.Driver(function), hostDriver(function), ""));
            write(kernel, KernelWrite.probeAny(function));
        }
        return kernel;
    }

    @Test
    void gpuBoundToVfioAtBootSwitchesToHostAndBack() throws JournalException {
        SimulatedKernel kernel = kernelBoundToVfioAtBoot();
        assertThat(mode(kernel)).isEqualTo(Gpu.GpuMode.VM);
        List<StepEvent> events = new ArrayList<>();
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve("ids"))) {
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
            assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo(hostDriver(GPU));
            assertThat(kernel.readSetting(new Setting.Driver(SOUND))).isEqualTo(hostDriver(SOUND));
            assertThat(run(kernel, transactions, Target.VM, events)).as("%s", events).isEqualTo(Outcome.DONE);
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo(hostDriver(GPU));
    }

    @Test
    void driverNameWithBlankDoesNotStopProbingOfLaterDrivers() throws JournalException {
        SimulatedKernel kernel = kernelBoundToVfioAtBoot();
        kernel.addNativeDriver(PciAddress.of("00:1f.2"), "MTD PCI");
        kernel.injectAlways(write -> write.shellCommand().contains("MTD PCI"), new SimulatedFault.ErrnoFault("EINVAL"));
        List<StepEvent> events = new ArrayList<>();
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve("blank"))) {
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.writes()).anyMatch(write -> write.shellCommand().contains("MTD PCI/bind"));
        assertThat(kernel.readSetting(new Setting.Driver(SOUND))).isEqualTo(hostDriver(SOUND));
    }

    @Test
    void anyFailedWriteRollsBackForGpuBoundToVfioAtBoot() throws JournalException {
        int putBack = 0;
        Optional<Outcome> outcome = switchWithFailedWrite(kernelBoundToVfioAtBoot(), "ids", Target.HOST, 0);
        for (int n = 1; outcome.isPresent(); n++) {
            // The driver that was refused is not the only one that is asked.
            putBack += outcome.get() == Outcome.ROLLED_BACK ? 1 : 0;
            outcome = switchWithFailedWrite(kernelBoundToVfioAtBoot(), "ids", Target.HOST, n);
        }
        assertThat(putBack).isGreaterThan(4);
    }

    /** What a switch comes to whose nth write is refused; empty when there is no such write. */
    private Optional<Outcome> switchWithFailedWrite(SimulatedKernel kernel, String name, Target target, int nth)
            throws JournalException {
        MachineSnapshot before = kernel.readSnapshot();
        String state = name + " to " + target + ", write " + nth;
        int[] seen = {0};
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve(state))) {
            SwitchPlan plan = SwitchTest.plan(kernel, transactions, target);
            if (plan.isRefused()) {
                return Optional.empty();
            }
            List<StepEvent> events = new ArrayList<>();
            kernel.injectOnce(write -> seen[0]++ == nth, new SimulatedFault.ErrnoFault("EIO"));
            Outcome outcome = transactions.run(plan, () -> false, events::add);
            assertThat(outcome).as("%s: %s", state, events).isIn(Outcome.DONE, Outcome.ROLLED_BACK);
            if (outcome == Outcome.ROLLED_BACK) {
                assertThat(SwitchTest.differences(before, kernel.readSnapshot())).as(state).isEmpty();
            }
            return Optional.of(outcome).filter(any -> seen[0] > nth);
        }
    }
}
