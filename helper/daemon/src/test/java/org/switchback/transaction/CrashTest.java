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
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.StepPhase;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Planner;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.transaction.Journal.JournalRecordKind;

/** The helper is killed, or the machine loses power, at every point of a switch. */
class CrashTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final Setting BOOTFB_MODULE = new Setting.KernelModule("switchback_bootfb");

    @TempDir
    Path temp;

    /** Simulates SIGKILL: no code of the helper catches it. */
    private static final class KilledError extends Error {
        private static final long serialVersionUID = 1;
    }

    /** A machine, and the journal folder, before a switch. */
    private record CrashScenario(SimulatedKernel kernel, Path folder) {}

    private CrashScenario prepareScenario(Target target, String name) throws JournalException {
        return prepareScenario(target, "", name);
    }

    /**
     * A machine that is ready to be switched to the target.
     *
     * @param override driver override of both functions in host mode; empty for none
     * @param name unique name of the journal folder
     */
    private CrashScenario prepareScenario(Target target, String override, String name) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380-native", override));
        Path folder = temp.resolve(name);
        if (target == Target.HOST) {
            try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                assertThat(runner.run(SwitchTest.plan(kernel, runner, Target.VM), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        return new CrashScenario(kernel, folder);
    }

    /**
     * Runs a switch and kills it at one moment. The moments, counted from 0, are before and after each write and at
     * each event.
     *
     * @return whether the switch was killed; false when it has fewer moments
     */
    private static boolean runAndKillAt(CrashScenario scenario, Target target, int moment) throws JournalException {
        return runAndKillAt(scenario, new SwitchRequest(GPU, target, List.of()), moment);
    }

    private static boolean runAndKillAt(CrashScenario scenario, SwitchRequest request, int moment)
            throws JournalException {
        int[] remaining = {moment};
        Runnable tick = () -> {
            if (remaining[0]-- == 0) {
                throw new KilledError();
            }
        };
        scenario.kernel().beforeEachWrite(write -> tick.run());
        scenario.kernel().afterEachWrite((write, result) -> tick.run());
        try (TransactionRunner runner = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            runner.run(planFor(scenario.kernel(), runner, request), () -> false, event -> tick.run());
            return false;
        } catch (KilledError e) {
            return true;
        } finally {
            scenario.kernel().beforeEachWrite(write -> {});
            scenario.kernel().afterEachWrite((write, result) -> {});
        }
    }

    /** Without what the release of the framebuffer changes until restart. */
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
        boolean killedWhileModuleLoaded = false;
        for (; killed; moment++) {
            SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(machine));
            PciAddress gpu = SnapshotParser.parse(kernel.readSnapshot())
                    .gpus()
                    .getFirst()
                    .address();
            if (nativeDriver) {
                kernel.addNativeModule(gpu, "amdgpu");
            }
            MachineSnapshot before = kernel.readSnapshot();
            Path folder = temp.resolve("release-" + moment);
            SwitchRequest request = new SwitchRequest(gpu, Target.VM, List.of(), nativeDriver);
            killed = runAndKillAt(new CrashScenario(kernel, folder), request, moment);
            killedWhileModuleLoaded |=
                    killed && !kernel.readSetting(BOOTFB_MODULE).isEmpty();
            try (TransactionRunner next = TransactionRunner.open(kernel, folder)) {
                List<JobEvent.StepChanged> events = new ArrayList<>();
                assertThat(next.rollBack(events::add))
                        .as("killed at %d: %s", moment, events)
                        .isEqualTo(Outcome.ROLLED_BACK);
                assertThat(kernel.readSetting(BOOTFB_MODULE)).isEmpty();
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
        assertThat(killedWhileModuleLoaded)
                .as("killed while the module was loaded")
                .isEqualTo(!nativeDriver);
    }

    private static SwitchPlan planFor(SimulatedKernel kernel, TransactionRunner runner, SwitchRequest request) {
        Planner.PlanningResult result = Planner.plan(
                SnapshotParser.parse(kernel.readSnapshot()), request, runner.savedHostSettings(request.gpu()));
        return ((Planner.PlanningResult.PlanCreated) result).plan();
    }

    private static Gpu.GpuMode modeOf(Target target) {
        return target == Target.VM ? Gpu.GpuMode.VM : Gpu.GpuMode.HOST;
    }

    @ParameterizedTest
    @CsvSource({"VM, ''", "HOST, ''", "VM, pci-stub", "HOST, pci-stub", "VM, vfio-pci", "HOST, vfio-pci"})
    void nextHelperRollsBackAfterKillAtAnyMoment(Target target, String override) throws JournalException {
        int moment = 0;
        while (true) {
            CrashScenario scenario = prepareScenario(target, override, target + override + "-" + moment);
            MachineSnapshot before = scenario.kernel().readSnapshot();
            boolean killed = runAndKillAt(scenario, target, moment);
            try (TransactionRunner next = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
                List<JobEvent.StepChanged> events = new ArrayList<>();
                assertThat(next.rollBack(events::add))
                        .as("killed at %d: %s", moment, events)
                        .isEqualTo(Outcome.ROLLED_BACK);
                assertThat(next.recoveryState()).isEqualTo(new RecoveryState.Clean());
                if (killed) {
                    assertThat(SwitchTest.differences(before, scenario.kernel().readSnapshot()))
                            .as("killed at %d", moment)
                            .isEmpty();
                } else {
                    assertThat(SnapshotParser.parse(scenario.kernel().readSnapshot())
                                    .gpu(GPU)
                                    .orElseThrow()
                                    .mode())
                            .isEqualTo(modeOf(target));
                }
                // The switch can be repeated after the rollback.
                if (killed) {
                    assertThat(next.run(SwitchTest.plan(scenario.kernel(), next, target), () -> false, event -> {}))
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
    void nextHelperFinishesInterruptedRollback(Target target, String override) throws JournalException {
        for (int first = 5; ; first += 4) {
            CrashScenario scenario = prepareScenario(target, override, "again-" + target + override + "-" + first);
            MachineSnapshot before = scenario.kernel().readSnapshot();
            if (!runAndKillAt(scenario, target, first)) {
                return;
            }
            List<JobEvent.StepChanged> events = new ArrayList<>();
            boolean killedAgain = true;
            for (int second = 0; killedAgain; second++) {
                int[] remaining = {second};
                scenario.kernel().beforeEachWrite(write -> {
                    if (remaining[0]-- == 0) {
                        throw new KilledError();
                    }
                });
                try (TransactionRunner next = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
                    events.clear();
                    assertThat(next.rollBack(events::add))
                            .as("killed at %d and again at %d: %s", first, second, events)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    killedAgain = false;
                } catch (KilledError e) {
                    killedAgain = true;
                }
            }
            assertThat(SwitchTest.differences(before, scenario.kernel().readSnapshot()))
                    .as("killed at %d", first)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void truncatedJournalRollsBackToTheInitialState(Target target) throws JournalException, IOException {
        int cuts = 0;
        int previousLength = 0;
        MachineSnapshot previousSnapshot = MachineSnapshot.EMPTY;
        for (int moment = 0; ; moment++) {
            CrashScenario scenario = prepareScenario(target, "truncated-" + target + "-" + moment);
            MachineSnapshot before = scenario.kernel().readSnapshot();
            if (!runAndKillAt(scenario, target, moment)) {
                break;
            }
            MachineSnapshot current = scenario.kernel().readSnapshot();
            int length = usedLength(Files.readAllBytes(scenario.folder().resolve("journal")));
            // The records appended since the previous moment may be truncated anywhere, unless the kernel was written
            // to since: a write begins only after its record is on the medium.
            int from = moment == 0 || current.equals(previousSnapshot) ? previousLength : length;
            for (int cut = from; cut <= length; cut += moment == 0 ? 23 : 3) {
                CrashScenario repeated = prepareScenario(target, "truncated-" + target + "-" + moment + "-" + cut);
                runAndKillAt(repeated, target, moment);
                Path journal = repeated.folder().resolve("journal");
                byte[] bytes = Files.readAllBytes(journal);
                byte[] kept = Arrays.copyOf(bytes, Math.min(cut, usedLength(bytes)));
                Files.write(journal, Arrays.copyOf(kept, bytes.length));
                try (TransactionRunner next = TransactionRunner.open(repeated.kernel(), repeated.folder())) {
                    assertThat(next.rollBack(event -> {}))
                            .as("moment %d, cut at %d of %d", moment, cut, length)
                            .isEqualTo(Outcome.ROLLED_BACK);
                    assertThat(SwitchTest.differences(before, repeated.kernel().readSnapshot()))
                            .as("moment %d, cut at %d of %d", moment, cut, length)
                            .isEmpty();
                }
                cuts++;
            }
            previousLength = length;
            previousSnapshot = current;
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

    /** An interrupted thread cannot write to the journal. Records after the last step are lost, as when power fails. */
    @Test
    void switchToHostInterruptedBeforeEndRecordKeepsSavedHostSettings() throws JournalException {
        CrashScenario scenario = prepareScenario(Target.HOST, "end");
        MachineSnapshot before = scenario.kernel().readSnapshot();
        HostSettings settings;
        try (TransactionRunner runner = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            SwitchPlan plan = SwitchTest.plan(scenario.kernel(), runner, Target.HOST);
            settings = runner.savedHostSettings(GPU).orElseThrow();
            runner.run(plan, () -> false, event -> {
                if (event.phase() == StepPhase.DONE
                        && event.step() == plan.steps().size() - 1) {
                    Thread.currentThread().interrupt();
                }
            });
        } finally {
            Thread.interrupted();
        }
        try (TransactionRunner next = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            assertThat(next.recoveryState()).isInstanceOf(RecoveryState.RollbackPending.class);
            assertThat(next.savedHostSettings(GPU)).contains(settings);
            assertThat(next.rollBack(event -> {})).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(SwitchTest.differences(before, scenario.kernel().readSnapshot()))
                    .isEmpty();
            assertThat(next.savedHostSettings(GPU)).contains(settings);
        }
    }

    @Test
    void leftoverHostSettingsAfterSwitchToHostAreHarmless() throws JournalException, IOException {
        CrashScenario scenario = prepareScenario(Target.VM, "leftover");
        MachineSnapshot before = scenario.kernel().readSnapshot();
        assertThat(runAndKillAt(scenario, Target.VM, Integer.MAX_VALUE)).isFalse();
        Path file = scenario.folder().resolve("host").resolve(GPU.toString());
        byte[] savedSettings = Files.readAllBytes(file);
        assertThat(runAndKillAt(scenario, Target.HOST, Integer.MAX_VALUE)).isFalse();
        assertThat(file).doesNotExist();
        Files.write(file, savedSettings);
        try (TransactionRunner next = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            assertThat(next.recoveryState()).isEqualTo(new RecoveryState.Clean());
            assertThat(SwitchTest.plan(scenario.kernel(), next, Target.HOST).isRefused())
                    .isTrue();
            for (Target target : Target.values()) {
                assertThat(next.run(SwitchTest.plan(scenario.kernel(), next, target), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        assertThat(SwitchTest.differences(before, scenario.kernel().readSnapshot()))
                .isEmpty();
    }

    @Test
    void journalOfEarlierBootIsArchived() throws JournalException {
        CrashScenario scenario = prepareScenario(Target.VM, "restarted");
        assertThat(runAndKillAt(scenario, Target.VM, 12)).isTrue();
        scenario.kernel().restart();
        try (TransactionRunner runner = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
            assertThat(scenario.kernel().writes()).isEmpty();
            assertThat(scenario.folder().resolve("journal.last-boot")).exists();
        }
    }

    @Test
    void corruptJournalBlocksWrites() throws JournalException, IOException {
        CrashScenario scenario = prepareScenario(Target.VM, "corrupt");
        assertThat(runAndKillAt(scenario, Target.VM, 14)).isTrue();
        Path file = scenario.folder().resolve("journal");
        byte[] bytes = Files.readAllBytes(file);
        bytes[usedLength(bytes) / 2] ^= 0x10;
        Files.write(file, bytes);
        int writes = scenario.kernel().writes().size();
        try (TransactionRunner runner = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.JournalCorrupt());
            assertThat(runner.rollBack(event -> {})).isEqualTo(Outcome.ROLLBACK_FAILED);
            assertThat(scenario.kernel().writes()).hasSize(writes);
            runner.archiveCorruptJournal();
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
        try (TransactionRunner runner = TransactionRunner.open(scenario.kernel(), scenario.folder())) {
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
    }

    /** Valid records with unknown content, such as those of another version of the helper. */
    @ParameterizedTest
    @CsvSource({
        "vm, '', summon, 0",
        "vm, '', change, 0",
        "vm, '', probe-any, x",
        "vm, '', probe-any, 1",
        "vm, '', probe-any, -1",
        "vm, x, probe-any, 0",
        "elsewhere, '', probe-any, 0"
    })
    void unreadableRecordIsCorruption(String target, String extraFunctions, String stepKind, String intent)
            throws JournalException, IOException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        try (Journal journal = Journal.create(temp.resolve("journal"), kernel.bootId(), "0123456789abcdef", 5)) {
            journal.appendBegin(
                    List.of("0000:01:00.0", target, extraFunctions),
                    List.of(List.of(stepKind, "", "0000:01:00.0", "", "", "")));
            journal.append(JournalRecordKind.INTENT, List.of(intent, "", "?"));
        }
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp)) {
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.JournalCorrupt());
            assertThat(runner.rollBack(event -> {})).isEqualTo(Outcome.ROLLBACK_FAILED);
            assertThat(kernel.writes()).isEmpty();
            runner.archiveCorruptJournal();
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
    }
}
