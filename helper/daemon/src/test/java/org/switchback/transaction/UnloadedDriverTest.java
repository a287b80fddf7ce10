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
import org.switchback.hardware.TestSnapshots;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.simulator.SimulatedFault;
import org.switchback.kernel.Kernel;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Somebody unloads the host's drivers while the GPU is in VM mode ({@code modprobe -r nvidia}). */
class UnloadedDriverTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
    private final List<StepEvent> events = new ArrayList<>();

    private Outcome run(TransactionRunner transactions, Target target) {
        events.clear();
        return transactions.run(SwitchTest.plan(kernel, transactions, target), () -> false, events::add);
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
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(SwitchTest.differences(before, kernel.readSnapshot())).isEmpty();
        assertThat(kernel.writes()).contains(new KernelWrite.LoadByModalias(GPU), new KernelWrite.LoadByModalias(SOUND));
    }

    @Test
    void otherDriverThatBoundFirstIsUnbound() throws JournalException {
        MachineSnapshot before = kernel.readSnapshot();
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            kernel.afterEachWrite((write, answer) -> {
                if (write.equals(new KernelWrite.LoadByModalias(GPU))) {
                    kernel.addNativeDriver(GPU, "nouveau");
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""));
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "", "nouveau"));
                }
            });
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(exceptLoadedDrivers(SwitchTest.differences(before, kernel.readSnapshot()))).isEmpty();
    }

    @Test
    void failedDriverLoadIsTriedOnceAndRolledBack() throws JournalException {
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unloadHostDrivers(kernel);
            MachineSnapshot before = kernel.readSnapshot();
            kernel.injectAlways(write -> write instanceof KernelWrite.LoadByModalias, new SimulatedFault.ErrnoFault("ENOENT"));
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(exceptLoadedDrivers(SwitchTest.differences(before, kernel.readSnapshot()))).isEmpty();
        }
        assertThat(kernel.writes()).filteredOn(new KernelWrite.LoadByModalias(GPU)::equals).hasSize(1);
        assertThat(events).anyMatch(e -> e.phase() == StepPhase.FAILED && e.detail().equals("ENOENT"));
    }

    /** @param along whether what is loaded for the GPU takes the other function at once, before its step */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nextHelperRollsBackAfterKillAtAnyMomentOfDriverReload(boolean along) throws JournalException {
        boolean killed = true;
        for (int moment = 0; killed; moment++) {
            SimulatedKernel one = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
            Path folder = temp.resolve("killed-" + moment);
            int[] left = {Integer.MAX_VALUE};
            Runnable tick = () -> {
                if (left[0]-- == 0) {
                    throw new IllegalStateException("killed");
                }
            };
            one.beforeEachWrite(write -> tick.run());
            one.afterEachWrite((write, answer) -> {
                if (along && write.equals(new KernelWrite.LoadByModalias(GPU))) {
                    one.beforeEachWrite(other -> {});
                    write(one, new KernelWrite.LoadByModalias(SOUND));
                    one.beforeEachWrite(other -> tick.run());
                }
                tick.run();
            });
            Optional<MachineSnapshot> before = Optional.empty();
            try (TransactionRunner transactions = TransactionRunner.open(one, folder)) {
                transactions.run(SwitchTest.plan(one, transactions, Target.VM), () -> false, event -> {});
                unloadHostDrivers(one);
                before = Optional.of(one.readSnapshot());
                SwitchPlan plan = SwitchTest.plan(one, transactions, Target.HOST);
                left[0] = moment;
                assertThat(transactions.run(plan, () -> false, event -> tick.run())).isEqualTo(Outcome.DONE);
                killed = false;
            } catch (IllegalStateException wanted) {
                one.beforeEachWrite(write -> {});
                one.afterEachWrite((write, answer) -> {});
                try (TransactionRunner next = TransactionRunner.open(one, folder)) {
                    events.clear();
                    assertThat(next.rollBack(events::add))
                            .as("killed at %d: %s", moment, events)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    assertThat(exceptLoadedDrivers(SwitchTest.differences(before.orElseThrow(), one.readSnapshot())))
                            .as("killed at %d: %s", moment, events)
                            .isEmpty();
                }
            }
        }
    }
}
