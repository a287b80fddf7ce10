package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.StepPhase;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

/** The host's drivers are unloaded while the GPU is in VM mode ({@code modprobe -r nvidia}). */
class UnloadedDriverTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
    private final List<JobEvent.StepChanged> events = new ArrayList<>();

    private Outcome run(TransactionRunner runner, Target target) {
        events.clear();
        return runner.run(SwitchTest.plan(kernel, runner, target), () -> false, events::add);
    }

    private static void write(Kernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {})).isEqualTo(new Kernel.WriteResult.Done());
    }

    private static void unloadHostDrivers(SimulatedKernel kernel) {
        write(kernel, new KernelWrite.UnloadModule("bochs-drm"));
        write(kernel, new KernelWrite.UnloadModule("snd_hda_intel"));
    }

    private static List<String> exceptLoadedDrivers(List<String> differences) {
        return differences.stream()
                .filter(path -> !path.startsWith(SnapshotParser.PCI_DRIVERS))
                .toList();
    }

    @Test
    void hostDriverIsReloadedOnSwitchToHost() throws JournalException {
        MachineSnapshot before = kernel.readSnapshot();
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp)) {
            assertThat(run(runner, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            assertThat(run(runner, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(SwitchTest.differences(before, kernel.readSnapshot())).isEmpty();
        assertThat(kernel.writes())
                .contains(new KernelWrite.LoadByModalias(GPU), new KernelWrite.LoadByModalias(SOUND));
    }

    @Test
    void otherDriverThatBoundFirstIsUnbound() throws JournalException {
        MachineSnapshot before = kernel.readSnapshot();
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp)) {
            assertThat(run(runner, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            kernel.afterEachWrite((write, result) -> {
                if (write.equals(new KernelWrite.LoadByModalias(GPU))) {
                    kernel.addNativeDriver(GPU, "nouveau");
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""));
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "", "nouveau"));
                }
            });
            assertThat(run(runner, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(exceptLoadedDrivers(SwitchTest.differences(before, kernel.readSnapshot())))
                .isEmpty();
    }

    @Test
    void failedDriverLoadIsTriedOnceAndRolledBack() throws JournalException {
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp)) {
            assertThat(run(runner, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            MachineSnapshot before = kernel.readSnapshot();
            kernel.injectAlways(
                    write -> write instanceof KernelWrite.LoadByModalias, new SimulatedFault.ErrnoFault("ENOENT"));
            assertThat(run(runner, Target.HOST)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(exceptLoadedDrivers(SwitchTest.differences(before, kernel.readSnapshot())))
                    .isEmpty();
        }
        assertThat(kernel.writes())
                .filteredOn(new KernelWrite.LoadByModalias(GPU)::equals)
                .hasSize(1);
        assertThat(events)
                .anyMatch(event -> event.phase() == StepPhase.FAILED
                        && event.failure().orElseThrow().reason().equals("ENOENT"));
    }

    /** @param bindsBoth whether the driver loaded for the GPU also binds the other function at once, before its step */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nextHelperRollsBackAfterKillAtAnyMomentOfDriverReload(boolean bindsBoth) throws JournalException {
        boolean killed = true;
        for (int moment = 0; killed; moment++) {
            SimulatedKernel simulated = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
            Path folder = temp.resolve("killed-" + moment);
            int[] remaining = {Integer.MAX_VALUE};
            Runnable tick = () -> {
                if (remaining[0]-- == 0) {
                    throw new IllegalStateException("killed");
                }
            };
            simulated.beforeEachWrite(write -> tick.run());
            simulated.afterEachWrite((write, result) -> {
                if (bindsBoth && write.equals(new KernelWrite.LoadByModalias(GPU))) {
                    simulated.beforeEachWrite(other -> {});
                    write(simulated, new KernelWrite.LoadByModalias(SOUND));
                    simulated.beforeEachWrite(other -> tick.run());
                }
                tick.run();
            });
            Optional<MachineSnapshot> before = Optional.empty();
            try (TransactionRunner runner = TransactionRunner.open(simulated, folder)) {
                runner.run(SwitchTest.plan(simulated, runner, Target.VM), () -> false, event -> {});
                unloadHostDrivers(simulated);
                before = Optional.of(simulated.readSnapshot());
                SwitchPlan plan = SwitchTest.plan(simulated, runner, Target.HOST);
                remaining[0] = moment;
                assertThat(runner.run(plan, () -> false, event -> tick.run())).isEqualTo(Outcome.DONE);
                killed = false;
            } catch (IllegalStateException e) {
                simulated.beforeEachWrite(write -> {});
                simulated.afterEachWrite((write, result) -> {});
                try (TransactionRunner next = TransactionRunner.open(simulated, folder)) {
                    events.clear();
                    assertThat(next.rollBack(events::add))
                            .as("killed at %d: %s", moment, events)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    List<String> differences = SwitchTest.differences(before.orElseThrow(), simulated.readSnapshot());
                    assertThat(exceptLoadedDrivers(differences))
                            .as("killed at %d: %s", moment, events)
                            .isEmpty();
                }
            }
        }
    }
}
