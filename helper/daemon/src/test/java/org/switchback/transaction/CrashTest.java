package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.TestSnapshots;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** The helper is killed, or the machine loses its power, at every point of a switch. */
class CrashTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");

    @TempDir
    Path temp;

    /** Stands for SIGKILL: nothing in the helper catches it. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    /** A machine and a folder just before a switch to the target. */
    private record CrashScenario(SimulatedKernel kernel, Path folder) {}

    private CrashScenario prepareScenario(Target target, String name) throws JournalException {
        return prepareScenario(target, "", name);
    }

    /** @param override as somebody left it while the host's drivers have the GPU; empty for none */
    private CrashScenario prepareScenario(Target target, String override, String name) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380-native", override));
        Path folder = temp.resolve(name);
        if (target == Target.HOST) {
            try (TransactionRunner transactions = TransactionRunner.open(kernel, folder)) {
                assertThat(transactions.run(
                                SwitchTest.plan(kernel, transactions, Target.VM), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        return new CrashScenario(kernel, folder);
    }

    /** Runs the switch until the count of moments is used up; a moment is before or after a write, or between steps. */
    private static boolean runAndKillAt(CrashScenario start, Target target, int moment) throws JournalException {
        return runAndKillAt(start, new SwitchRequest(GPU, target, List.of()), moment);
    }

    private static boolean runAndKillAt(CrashScenario start, SwitchRequest request, int moment) throws JournalException {
        int[] left = {moment};
        Runnable tick = () -> {
            if (left[0]-- == 0) {
                throw new Killed();
            }
        };
        start.kernel().beforeEachWrite(write -> tick.run());
        start.kernel().afterEachWrite((write, answer) -> tick.run());
        try (TransactionRunner transactions = TransactionRunner.open(start.kernel(), start.folder())) {
            transactions.run(planFor(start.kernel(), transactions, request), () -> false, event -> tick.run());
            return false;
        } catch (Killed killed) {
            return true;
        } finally {
            start.kernel().beforeEachWrite(write -> {});
            start.kernel().afterEachWrite((write, answer) -> {});
        }
    }

    /** With the module the framebuffer is gone until restart from one write on; all else is as before. */
    private static List<String> exceptFramebuffer(List<String> differences) {
        return differences.stream()
                .filter(path -> !path.contains("simple-framebuffer.0")
                        && !path.startsWith("/proc/iomem")
                        && !path.startsWith("/sys/class/graphics/fb0/name")
                        && !path.startsWith("/sys/class/drm/card0-Unknown-1/")
                        && !path.startsWith("/proc/sys/kernel/tainted"))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"x99-gtx1080, false", "strix-halo-32g, false", "strix-halo-32g, true"})
    void rollbackAfterKillUnloadsModuleAndUnbindsNativeDriver(String machine, boolean nativeDriver)
            throws JournalException {
        int moment = 0;
        boolean killed = true;
        boolean leftLoaded = false;
        for (; killed; moment++) {
            SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));
            PciAddress gpu = SnapshotParser.parse(kernel.readSnapshot()).gpus().getFirst().address();
            if (nativeDriver) {
                kernel.addNativeModule(gpu, "amdgpu");
            }
            MachineSnapshot before = kernel.readSnapshot();
            Path folder = temp.resolve("ladder-" + moment);
            SwitchRequest request = new SwitchRequest(gpu, Target.VM, List.of(), nativeDriver);
            killed = runAndKillAt(new CrashScenario(kernel, folder), request, moment);
            leftLoaded |= killed && !kernel.readSetting(new Setting.KernelModule("switchback_bootfb")).isEmpty();
            try (TransactionRunner next = TransactionRunner.open(kernel, folder)) {
                List<StepEvent> events = new ArrayList<>();
                assertThat(next.rollBack(events::add)).as("killed at %d: %s", moment, events).isEqualTo(Outcome.ROLLED_BACK);
                assertThat(kernel.readSetting(new Setting.KernelModule("switchback_bootfb"))).isEmpty();
                if (killed) {
                    assertThat(exceptFramebuffer(SwitchTest.differences(before, kernel.readSnapshot())))
                            .as("killed at %d: %s", moment, events)
                            .filteredOn(path -> !path.contains("drivers/amdgpu"))
                            .isEmpty();
                    assertThat(next.run(planFor(kernel, next, request), () -> false, events::add))
                            .as("killed at %d: %s", moment, events)
                            .isEqualTo(Outcome.DONE);
                }
            }
        }
        assertThat(moment).as("moments tried").isGreaterThan(25);
        assertThat(leftLoaded).as("killed while the module was loaded").isEqualTo(!nativeDriver);
    }

    private static SwitchPlan planFor(SimulatedKernel kernel, TransactionRunner transactions, SwitchRequest request) {
        return ((Planner.PlanningResult.PlanCreated) Planner.plan(
                        SnapshotParser.parse(kernel.readSnapshot()), request, transactions.savedHostSettings(request.gpu())))
                .plan();
    }

    private static Gpu.GpuMode modeOf(Target target) {
        return target == Target.VM ? Gpu.GpuMode.VM : Gpu.GpuMode.HOST;
    }

    @ParameterizedTest
    @CsvSource({"VM, ''", "HOST, ''", "VM, pci-stub", "HOST, pci-stub", "VM, vfio-pci", "HOST, vfio-pci"})
    void nextHelperRollsBackAfterKillAtAnyMoment(Target target, String override) throws JournalException {
        int moment = 0;
        while (true) {
            CrashScenario start = prepareScenario(target, override, target + override + "-" + moment);
            MachineSnapshot before = start.kernel().readSnapshot();
            boolean killed = runAndKillAt(start, target, moment);
            try (TransactionRunner next = TransactionRunner.open(start.kernel(), start.folder())) {
                List<StepEvent> events = new ArrayList<>();
                assertThat(next.rollBack(events::add)).as("killed at %d: %s", moment, events).isEqualTo(Outcome.ROLLED_BACK);
                assertThat(next.recoveryState()).isEqualTo(new RecoveryState.Clean());
                if (killed) {
                    assertThat(SwitchTest.differences(before, start.kernel().readSnapshot()))
                            .as("killed at %d", moment)
                            .isEmpty();
                } else {
                    assertThat(SnapshotParser.parse(start.kernel().readSnapshot())
                                    .gpu(GPU)
                                    .orElseThrow()
                                    .mode())
                            .isEqualTo(modeOf(target));
                }
                // Whatever happened, the switch can be made now.
                if (killed) {
                    assertThat(next.run(SwitchTest.plan(start.kernel(), next, target), () -> false, event -> {}))
                            .as("killed at %d", moment)
                            .isEqualTo(Outcome.DONE);
                }
            }
            if (!killed) {
                assertThat(moment).as("moments tried").isGreaterThan(25);
                return;
            }
            moment++;
        }
    }

    @ParameterizedTest
    @CsvSource({"VM, ''", "HOST, ''", "VM, pci-stub", "HOST, pci-stub", "VM, vfio-pci", "HOST, vfio-pci"})
    void nextHelperFinishesInterruptedRollback(Target target, String override)
            throws JournalException {
        for (int first = 5; ; first += 4) {
            CrashScenario start = prepareScenario(target, override, "again-" + target + override + "-" + first);
            MachineSnapshot before = start.kernel().readSnapshot();
            if (!runAndKillAt(start, target, first)) {
                return;
            }
            List<StepEvent> events = new ArrayList<>();
            boolean killedAgain = true;
            for (int second = 0; killedAgain; second++) {
                int[] left = {second};
                start.kernel().beforeEachWrite(write -> {
                    if (left[0]-- == 0) {
                        throw new Killed();
                    }
                });
                try (TransactionRunner next = TransactionRunner.open(start.kernel(), start.folder())) {
                    events.clear();
                    assertThat(next.rollBack(events::add))
                            .as("killed at %d and again at %d: %s", first, second, events)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    killedAgain = false;
                } catch (Killed killed) {
                    killedAgain = true;
                }
            }
            assertThat(SwitchTest.differences(before, start.kernel().readSnapshot()))
                    .as("killed at %d", first)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void truncatedJournalRollsBackToTheInitialState(Target target) throws JournalException, IOException {
        int cuts = 0;
        int usedBefore = 0;
        MachineSnapshot kernelBefore = MachineSnapshot.EMPTY;
        for (int moment = 0; ; moment++) {
            CrashScenario start = prepareScenario(target, "torn-" + target + "-" + moment);
            MachineSnapshot before = start.kernel().readSnapshot();
            if (!runAndKillAt(start, target, moment)) {
                break;
            }
            MachineSnapshot killed = start.kernel().readSnapshot();
            int used = usedLength(Files.readAllBytes(start.folder().resolve("journal")));
            // What was appended since the moment before may be torn anywhere, unless the kernel was written to since:
            // a write begins only when its record is on the medium.
            int from = moment == 0 || killed.equals(kernelBefore) ? usedBefore : used;
            for (int cut = from; cut <= used; cut += moment == 0 ? 23 : 3) {
                CrashScenario again = prepareScenario(target, "torn-" + target + "-" + moment + "-" + cut);
                runAndKillAt(again, target, moment);
                Path torn = again.folder().resolve("journal");
                byte[] own = Files.readAllBytes(torn);
                Files.write(torn, Arrays.copyOf(Arrays.copyOf(own, Math.min(cut, usedLength(own))), own.length));
                try (TransactionRunner next = TransactionRunner.open(again.kernel(), again.folder())) {
                    assertThat(next.rollBack(event -> {}))
                            .as("moment %d, cut at %d of %d", moment, cut, used)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    assertThat(SwitchTest.differences(before, again.kernel().readSnapshot()))
                            .as("moment %d, cut at %d of %d", moment, cut, used)
                            .isEmpty();
                }
                cuts++;
            }
            usedBefore = used;
            kernelBefore = killed;
        }
        assertThat(cuts).isGreaterThan(100);
    }

    private static int usedLength(byte[] journal) {
        int end = journal.length;
        while (end > 0 && journal[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /** Interrupted from the last step on, nothing more of the journal comes to the medium: as when the power fails. */
    @Test
    void switchToHostInterruptedBeforeEndRecordKeepsSavedHostSettings() throws JournalException {
        CrashScenario start = prepareScenario(Target.HOST, "end");
        MachineSnapshot before = start.kernel().readSnapshot();
        HostSettings settings;
        try (TransactionRunner transactions = TransactionRunner.open(start.kernel(), start.folder())) {
            SwitchPlan plan = SwitchTest.plan(start.kernel(), transactions, Target.HOST);
            settings = transactions.savedHostSettings(GPU).orElseThrow();
            transactions.run(plan, () -> false, event -> {
                if (event.phase() == StepPhase.DONE && event.step() == plan.steps().size() - 1) {
                    Thread.currentThread().interrupt();
                }
            });
        } finally {
            Thread.interrupted();
        }
        try (TransactionRunner next = TransactionRunner.open(start.kernel(), start.folder())) {
            assertThat(next.recoveryState()).isInstanceOf(RecoveryState.RollbackPending.class);
            assertThat(next.savedHostSettings(GPU)).contains(settings);
            assertThat(next.rollBack(event -> {})).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(SwitchTest.differences(before, start.kernel().readSnapshot())).isEmpty();
            assertThat(next.savedHostSettings(GPU)).contains(settings);
        }
    }

    @Test
    void leftoverHostSettingsAfterSwitchToHostAreHarmless() throws JournalException, IOException {
        CrashScenario start = prepareScenario(Target.VM, "left-over");
        MachineSnapshot before = start.kernel().readSnapshot();
        assertThat(runAndKillAt(start, Target.VM, Integer.MAX_VALUE)).isFalse();
        Path file = start.folder().resolve("host").resolve(GPU.toString());
        byte[] memory = Files.readAllBytes(file);
        assertThat(runAndKillAt(start, Target.HOST, Integer.MAX_VALUE)).isFalse();
        assertThat(file).doesNotExist();
        Files.write(file, memory);
        try (TransactionRunner next = TransactionRunner.open(start.kernel(), start.folder())) {
            assertThat(next.recoveryState()).isEqualTo(new RecoveryState.Clean());
            assertThat(SwitchTest.plan(start.kernel(), next, Target.HOST).isRefused()).isTrue();
            for (Target target : Target.values()) {
                assertThat(next.run(SwitchTest.plan(start.kernel(), next, target), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        assertThat(SwitchTest.differences(before, start.kernel().readSnapshot())).isEmpty();
    }

    @Test
    void journalOfEarlierBootIsArchived() throws JournalException {
        CrashScenario start = prepareScenario(Target.VM, "restarted");
        assertThat(runAndKillAt(start, Target.VM, 12)).isTrue();
        start.kernel().restart();
        try (TransactionRunner transactions = TransactionRunner.open(start.kernel(), start.folder())) {
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.Clean());
            assertThat(start.kernel().writes()).isEmpty();
            assertThat(start.folder().resolve("journal.last-boot")).exists();
        }
    }

    @Test
    void corruptJournalBlocksWrites() throws JournalException, IOException {
        CrashScenario start = prepareScenario(Target.VM, "broken");
        assertThat(runAndKillAt(start, Target.VM, 14)).isTrue();
        Path file = start.folder().resolve("journal");
        byte[] bytes = Files.readAllBytes(file);
        bytes[usedLength(bytes) / 2] ^= 0x10;
        Files.write(file, bytes);
        int writes = start.kernel().writes().size();
        try (TransactionRunner transactions = TransactionRunner.open(start.kernel(), start.folder())) {
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.JournalCorrupt());
            assertThat(transactions.rollBack(event -> {})).isEqualTo(Outcome.ROLLBACK_FAILED);
            assertThat(start.kernel().writes()).hasSize(writes);
            transactions.archiveCorruptJournal();
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
        try (TransactionRunner transactions = TransactionRunner.open(start.kernel(), start.folder())) {
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
    }
}
