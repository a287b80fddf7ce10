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
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

/** Switches from every state in which manual changes and other tools may leave the two functions of a GPU. */
class InitialStatesTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final List<String> DRIVERS = List.of("own", "none", "vfio-pci");
    private static final List<String> OVERRIDES = List.of("", "own", "vfio-pci", "pci-stub");

    @TempDir
    Path temp;

    /**
     * State of a function; {@code own} stands for its driver in host mode.
     *
     * @param driver the bound driver, or {@code none}
     * @param override its driver override, written after binding; empty for none
     */
    record InitialState(String driver, String override) {}

    static Stream<InitialState> everyState() {
        return DRIVERS.stream()
                .flatMap(driver -> OVERRIDES.stream().map(override -> new InitialState(driver, override)));
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

    private static void applyState(SimulatedKernel kernel, PciAddress function, InitialState state) {
        if (!state.driver().equals("own")) {
            write(kernel, KernelWrite.of(new Setting.Driver(function), hostDriver(function), ""));
        }
        if (state.driver().equals("vfio-pci")) {
            write(kernel, KernelWrite.of(new Setting.DriverOverride(function), "", "vfio-pci"));
            write(kernel, KernelWrite.probeAny(function));
        }
        String override = state.override().equals("own") ? hostDriver(function) : state.override();
        write(kernel, KernelWrite.of(new Setting.DriverOverride(function), "?", override));
    }

    private static void write(Kernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {}))
                .as("%s", write.shellCommand())
                .isEqualTo(new Kernel.WriteResult.Done());
    }

    private static Outcome run(
            Kernel kernel, TransactionRunner runner, Target target, List<JobEvent.StepChanged> events) {
        return runner.run(SwitchTest.plan(kernel, runner, target), () -> false, events::add);
    }

    private static Gpu.GpuMode mode(Kernel kernel) {
        return SnapshotParser.parse(kernel.readSnapshot())
                .gpu(GPU)
                .orElseThrow()
                .mode();
    }

    /** Driver of a function after the switch to host mode; none only if it had none and that was saved. */
    private static String expectedDriver(PciAddress function, InitialState state, boolean saved) {
        return state.driver().equals("none") && saved ? "" : hostDriver(function);
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void roundTripWorksFromEveryState(InitialState gpu) throws JournalException {
        for (InitialState sound : everyState().toList()) {
            SimulatedKernel kernel = kernelInState(gpu, sound);
            String state = gpu + " " + sound;
            List<JobEvent.StepChanged> events = new ArrayList<>();
            boolean switched;
            try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve(state))) {
                switched = mode(kernel) != Gpu.GpuMode.VM;
                if (switched) {
                    assertThat(run(kernel, runner, Target.VM, events))
                            .as("%s, to VM mode: %s", state, events)
                            .isEqualTo(Outcome.DONE);
                }
                assertThat(mode(kernel)).as(state).isEqualTo(Gpu.GpuMode.VM);
                events.clear();
                assertThat(run(kernel, runner, Target.HOST, events))
                        .as("%s, to host mode: %s", state, events)
                        .isEqualTo(Outcome.DONE);
            }
            assertThat(kernel.readSetting(new Setting.Driver(GPU)))
                    .as(state)
                    .isEqualTo(expectedDriver(GPU, gpu, switched));
            assertThat(kernel.readSetting(new Setting.Driver(SOUND)))
                    .as(state)
                    .isEqualTo(expectedDriver(SOUND, sound, switched));
        }
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void anyFailedWriteRestoresTheInitialState(InitialState gpu) throws JournalException {
        for (InitialState sound : List.of(gpu, new InitialState("own", ""))) {
            for (Target target : Target.values()) {
                int n = 0;
                while (switchWithFailedWrite(kernelInState(gpu, sound), gpu + " " + sound, target, n)
                        .isPresent()) {
                    n++;
                }
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
        List<JobEvent.StepChanged> events = new ArrayList<>();
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve("ids"))) {
            assertThat(run(kernel, runner, Target.HOST, events))
                    .as("%s", events)
                    .isEqualTo(Outcome.DONE);
            assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo(hostDriver(GPU));
            assertThat(kernel.readSetting(new Setting.Driver(SOUND))).isEqualTo(hostDriver(SOUND));
            assertThat(run(kernel, runner, Target.VM, events)).as("%s", events).isEqualTo(Outcome.DONE);
            assertThat(run(kernel, runner, Target.HOST, events))
                    .as("%s", events)
                    .isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo(hostDriver(GPU));
    }

    @Test
    void driverNameWithBlankDoesNotStopProbingOfLaterDrivers() throws JournalException {
        SimulatedKernel kernel = kernelBoundToVfioAtBoot();
        kernel.addNativeDriver(PciAddress.of("00:1f.2"), "MTD PCI");
        kernel.injectAlways(write -> write.shellCommand().contains("MTD PCI"), new SimulatedFault.ErrnoFault("EINVAL"));
        List<JobEvent.StepChanged> events = new ArrayList<>();
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve("blank"))) {
            assertThat(run(kernel, runner, Target.HOST, events))
                    .as("%s", events)
                    .isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.writes()).anyMatch(write -> write.shellCommand().contains("MTD PCI/bind"));
        assertThat(kernel.readSetting(new Setting.Driver(SOUND))).isEqualTo(hostDriver(SOUND));
    }

    @Test
    void anyFailedWriteRollsBackForGpuBoundToVfioAtBoot() throws JournalException {
        int rollbacks = 0;
        Optional<Outcome> outcome = switchWithFailedWrite(kernelBoundToVfioAtBoot(), "ids", Target.HOST, 0);
        for (int n = 1; outcome.isPresent(); n++) {
            // Not every failed write leads to a rollback: after a driver that fails to bind, others are tried.
            rollbacks += outcome.get() == Outcome.ROLLED_BACK ? 1 : 0;
            outcome = switchWithFailedWrite(kernelBoundToVfioAtBoot(), "ids", Target.HOST, n);
        }
        assertThat(rollbacks).isGreaterThan(4);
    }

    /** The outcome of a switch whose nth write, counted from 0, fails; empty when it has fewer writes. */
    private Optional<Outcome> switchWithFailedWrite(SimulatedKernel kernel, String name, Target target, int nth)
            throws JournalException {
        MachineSnapshot before = kernel.readSnapshot();
        String state = name + " to " + target + ", write " + nth;
        int[] seen = {0};
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve(state))) {
            SwitchPlan plan = SwitchTest.plan(kernel, runner, target);
            if (plan.isRefused()) {
                return Optional.empty();
            }
            List<JobEvent.StepChanged> events = new ArrayList<>();
            kernel.injectOnce(write -> seen[0]++ == nth, new SimulatedFault.ErrnoFault("EIO"));
            Outcome outcome = runner.run(plan, () -> false, events::add);
            assertThat(outcome).as("%s: %s", state, events).isIn(Outcome.DONE, Outcome.ROLLED_BACK);
            if (outcome == Outcome.ROLLED_BACK) {
                assertThat(SwitchTest.differences(before, kernel.readSnapshot()))
                        .as(state)
                        .isEmpty();
            }
            return Optional.of(outcome).filter(any -> seen[0] > nth);
        }
    }
}
