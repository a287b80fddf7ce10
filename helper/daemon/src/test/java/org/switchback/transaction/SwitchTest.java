package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.StepPhase;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

/** Complete switches on the simulated kernel, and their rollback when the kernel fails. */
class SwitchTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final String SOUND_UNBIND = "snd_hda_intel/unbind 0000:01:00.1";

    @TempDir
    Path temp;

    private Path folder;
    private final List<JobEvent.StepChanged> events = new ArrayList<>();

    @BeforeEach
    void createFolderPath() {
        folder = temp.resolve("run");
    }

    static SwitchPlan plan(Kernel kernel, TransactionRunner runner, Target target) {
        Planner.PlanningResult result = Planner.plan(
                SnapshotParser.parse(kernel.readSnapshot()),
                new SwitchRequest(GPU, target, List.of()),
                runner.savedHostSettings(GPU));
        assertThat(result).isInstanceOf(Planner.PlanningResult.PlanCreated.class);
        return ((Planner.PlanningResult.PlanCreated) result).plan();
    }

    private Outcome run(Kernel kernel, TransactionRunner runner, Target target) {
        events.clear();
        return runner.run(plan(kernel, runner, target), () -> false, events::add);
    }

    private static Gpu gpu(Kernel kernel) {
        return SnapshotParser.parse(kernel.readSnapshot()).gpu(GPU).orElseThrow();
    }

    private static Predicate<KernelWrite> isWriteEndingWith(String suffix) {
        return write -> write instanceof KernelWrite.WriteSysfs(String path, String value)
                && (path + " " + value).endsWith(suffix);
    }

    private JobEvent.StepChanged firstFailure() {
        return events.stream()
                .filter(event -> event.phase() == StepPhase.FAILED)
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "q35-6.1-0380",
                "q35-5.10-0300",
                "q35-5.10-0380",
                "q35-6.1-0380-native",
                "q35-7.2-0380",
                "q35-6.12-0300-native"
            })
    void tenRoundTripsRestoreTheOriginalState(String name) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(name));
        MachineSnapshot before = kernel.readSnapshot();
        for (int round = 0; round < 10; round++) {
            try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                assertThat(run(kernel, runner, Target.VM))
                        .as("round %d, to VM mode", round)
                        .isEqualTo(Outcome.DONE);
                assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.VM);
                assertThat(kernel.verifyVfio(List.of(GPU, SOUND))).isInstanceOf(Kernel.VfioCheck.Passed.class);
            }
            // A new helper process: the host settings that the first one saved are on the medium.
            try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                assertThat(run(kernel, runner, Target.HOST))
                        .as("round %d, to host mode", round)
                        .isEqualTo(Outcome.DONE);
                assertThat(runner.savedHostSettings(GPU)).isEmpty();
            }
            assertThat(differences(before, kernel.readSnapshot()))
                    .as("round %d", round)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380-native", "q35-6.12-0300-native"})
    void planCommandsSwitchAndUndoCommandsRestore(String name) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(name));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            MachineSnapshot host = kernel.readSnapshot();
            SwitchPlan toVm = plan(kernel, runner, Target.VM);
            writeAll(kernel, kernelWrites(toVm));
            assertThat(kernel.verifyVfio(List.of(GPU, SOUND))).isInstanceOf(Kernel.VfioCheck.Passed.class);
            writeAll(kernel, toVm.undoWrites());
            assertThat(differences(host, kernel.readSnapshot())).isEmpty();

            run(kernel, runner, Target.VM);
            MachineSnapshot vm = kernel.readSnapshot();
            SwitchPlan toHost = plan(kernel, runner, Target.HOST);
            writeAll(kernel, kernelWrites(toHost));
            assertThat(differences(host, kernel.readSnapshot())).isEmpty();
            writeAll(kernel, toHost.undoWrites());
            assertThat(differencesExceptPowerControl(vm, kernel.readSnapshot())).isEmpty();
        }
    }

    /** vfio-pci changes the power control when it is bound and when it is unbound. */
    private static List<String> differencesExceptPowerControl(MachineSnapshot before, MachineSnapshot after) {
        return differences(before, after).stream()
                .filter(difference -> !difference.contains("/power/control: "))
                .toList();
    }

    private static List<KernelWrite> kernelWrites(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step.kernelWrite().stream())
                .toList();
    }

    private static void writeAll(Kernel kernel, List<KernelWrite> writes) {
        for (KernelWrite write : writes) {
            assertThat(kernel.write(write, Duration.ofSeconds(10), waited -> {}))
                    .as(write.shellCommand())
                    .isEqualTo(new Kernel.WriteResult.Done());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci-stub", "vfio-pci", "snd_hda_intel"})
    void existingOverrideIsRestoredAndDoesNotBlockRebind(String override) throws JournalException {
        MachineSnapshot before = withOverride("q35-6.1-0380-native", override);
        SimulatedKernel kernel = new SimulatedKernel(before);
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.DONE);
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.VM);
            assertThat(run(kernel, runner, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(differences(before, kernel.readSnapshot())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci-stub", "vfio-pci", "snd_hda_intel"})
    void existingOverrideDoesNotBlockRollback(String override) throws JournalException {
        MachineSnapshot before = withOverride("q35-6.1-0380-native", override);
        for (String function : List.of("01:00.0", "01:00.1")) {
            folder = temp.resolve(function);
            SimulatedKernel kernel = new SimulatedKernel(before);
            kernel.injectOnce(
                    isWriteEndingWith("drivers_probe 0000:" + function), new SimulatedFault.ErrnoFault("EIO"));
            try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                assertThat(run(kernel, runner, Target.VM)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
                assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
            }
            assertThat(differences(before, kernel.readSnapshot())).isEmpty();
        }
    }

    /** A machine in host mode, both functions of its GPU with a driver override; empty for none. */
    static MachineSnapshot withOverride(String machine, String override) {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> overrides = new HashMap<>();
        if (!override.isEmpty()) {
            for (PciAddress function : List.of(GPU, SOUND)) {
                overrides.put(
                        SnapshotParser.PCI_DEVICES + function + "/driver_override",
                        Optional.of(new MachineSnapshot.TextEntry(override)));
            }
        }
        return TestSnapshots.load(machine).withChanges(overrides);
    }

    /** The differing paths with both values; without those of vfio-pci, which stays loaded. */
    static List<String> differences(MachineSnapshot before, MachineSnapshot after) {
        List<String> differences = new ArrayList<>();
        TreeSet<String> paths = new TreeSet<>(before.entries().keySet());
        paths.addAll(after.entries().keySet());
        for (String path : paths) {
            if (!path.contains("vfio")
                    && !Optional.ofNullable(before.entries().get(path))
                            .equals(Optional.ofNullable(after.entries().get(path)))) {
                differences.add(path + ": " + before.entries().get(path) + " -> "
                        + after.entries().get(path));
            }
        }
        return differences;
    }

    @Test
    void everyStepIsReportedInOrder() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            int steps = plan(kernel, runner, Target.VM).steps().size();
            run(kernel, runner, Target.VM);
            assertThat(events).hasSize(2 * steps);
            for (int i = 0; i < steps; i++) {
                assertThat(events.get(2 * i).phase()).isEqualTo(StepPhase.STARTED);
                assertThat(events.get(2 * i + 1).phase()).isEqualTo(StepPhase.DONE);
                assertThat(events.get(2 * i + 1).step()).isEqualTo(i);
            }
        }
    }

    @Test
    void anyFailedWriteRollsBackAndStopsTheSwitch() throws JournalException {
        for (Target target : Target.values()) {
            int writes = countWrites(target);
            for (int n = 0; n < writes; n++) {
                folder = temp.resolve(target + "-" + n);
                SimulatedKernel kernel = kernelInOppositeMode(target);
                MachineSnapshot before = kernel.readSnapshot();
                int nth = n;
                int[] writesSeen = {0};
                int[] stepsStartedAfter = {0};
                kernel.injectOnce(write -> writesSeen[0]++ == nth, new SimulatedFault.ErrnoFault("EIO"));
                try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                    SwitchPlan plan = plan(kernel, runner, target);
                    Outcome outcome = runner.run(plan, () -> false, event -> {
                        events.add(event);
                        if (event.phase() == StepPhase.STARTED && writesSeen[0] > nth) {
                            stepsStartedAfter[0]++;
                        }
                    });
                    assertThat(outcome).as("%s, write %d", target, n).isEqualTo(Outcome.ROLLED_BACK);
                    assertThat(stepsStartedAfter[0]).isZero();
                    assertThat(differences(before, kernel.readSnapshot()))
                            .as("%s, write %d", target, n)
                            .isEmpty();
                    assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
                }
            }
        }
    }

    private SimulatedKernel kernelInOppositeMode(Target target) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        if (target == Target.HOST) {
            try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
                assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.DONE);
            }
        }
        return kernel;
    }

    private int countWrites(Target target) throws JournalException {
        folder = temp.resolve("count-" + target);
        SimulatedKernel kernel = kernelInOppositeMode(target);
        int before = kernel.writes().size();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, target)).isEqualTo(Outcome.DONE);
        }
        return kernel.writes().size() - before;
    }

    @Test
    void falseSuccessOfKernelIsDetected() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        MachineSnapshot before = kernel.readSnapshot();
        kernel.injectOnce(isWriteEndingWith("drivers_probe 0000:01:00.0"), new SimulatedFault.FalseSuccess());
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
        }
        assertThat(firstFailure().failure().orElseThrow().reason()).isEqualTo("not-true");
        assertThat(differences(before, kernel.readSnapshot())).isEmpty();
    }

    @Test
    void framebufferLeftInBarFailsVerificationAndRollsBack() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, runner, Target.VM);
            // The framebuffer is bound manually during the switch.
            Outcome outcome = runner.run(plan, () -> false, event -> {
                events.add(event);
                if (event.phase() == StepPhase.DONE
                        && event.step() == plan.steps().size() - 2) {
                    kernel.write(
                            new KernelWrite.WriteSysfs(
                                    "/sys/bus/platform/drivers/efi-framebuffer/bind", "efi-framebuffer.0"),
                            Duration.ofSeconds(1),
                            waited -> {});
                }
            });
            assertThat(outcome).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(firstFailure().failure().orElseThrow().reason()).isEqualTo("not-reserved");
            assertThat(firstFailure().failure().orElseThrow().values()).contains("BAR 0");
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.UNBOUND);
        }
    }

    @Test
    void slowStepIsAwaitedAndReported() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        kernel.injectOnce(isWriteEndingWith(SOUND_UNBIND), new SimulatedFault.Delay(Duration.ofMinutes(3)));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.DONE);
        }
        assertThat(events)
                .filteredOn(event -> event.phase() == StepPhase.WAITING)
                .hasSizeGreaterThan(170);
    }

    @Test
    void hungWriteBlocksSwitchesUntilRestart() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        kernel.injectOnce(isWriteEndingWith(SOUND_UNBIND), new SimulatedFault.Hang());
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.STUCK);
        }
        int writes = kernel.writes().size();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(runner.recoveryState()).isInstanceOf(RecoveryState.RestartRequired.class);
            assertThat(runner.rollBack(events::add)).isEqualTo(Outcome.STUCK);
        }
        assertThat(kernel.writes()).hasSize(writes);
        kernel.restart();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.DONE);
        }
    }

    @Test
    void nothingIsWrittenAfterAnOops() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        kernel.injectOnce(isWriteEndingWith(SOUND_UNBIND), new SimulatedFault.Oops());
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.KERNEL_OOPS);
            assertThat(kernel.writes().getLast()).matches(isWriteEndingWith(SOUND_UNBIND));
            assertThat(runner.recoveryState()).isInstanceOf(RecoveryState.RestartRequired.class);
        }
    }

    @Test
    void failedRollbackCanBeRetried() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        MachineSnapshot before = kernel.readSnapshot();
        kernel.injectOnce(isWriteEndingWith("drivers_probe 0000:01:00.0"), new SimulatedFault.ErrnoFault("EIO"));
        kernel.injectOnce(
                isWriteEndingWith("snd_hda_intel/bind 0000:01:00.1"), new SimulatedFault.ErrnoFault("ENODEV"));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThat(run(kernel, runner, Target.VM)).isEqualTo(Outcome.ROLLBACK_FAILED);
            assertThat(runner.recoveryState())
                    .isEqualTo(new RecoveryState.RollbackPending(new SwitchRequest(GPU, Target.VM, List.of())));
            assertThatThrownBy(() -> run(kernel, runner, Target.VM)).isInstanceOf(IllegalStateException.class);
            assertThat(runner.rollBack(events::add)).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
        assertThat(differences(before, kernel.readSnapshot())).isEmpty();
    }

    @Test
    void processOpeningTheGpuAfterPlanningStopsTheSwitch() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));
        MachineSnapshot before = kernel.readSnapshot();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, runner, Target.VM);
            String node = gpu(kernel).graphics().deviceNodes().stream()
                    .filter(name -> name.startsWith("dri/card"))
                    .findFirst()
                    .orElseThrow();
            Outcome outcome = runner.run(plan, () -> false, event -> {
                events.add(event);
                if (event.phase() == StepPhase.DONE && event.step() == 3) {
                    kernel.addDeviceUser(new DeviceUser(4121, "Xorg", "ann", node));
                }
            });
            assertThat(outcome).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(firstFailure().failure().orElseThrow().reason()).isEqualTo("in-use");
            assertThat(firstFailure().failure().orElseThrow().values()).contains("Xorg", "4121", "ann", "/dev/" + node);
            kernel.endProcess(4121);
            assertThat(differences(before, kernel.readSnapshot())).isEmpty();
        }
    }

    @Test
    void cancellingRollsBack() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        MachineSnapshot before = kernel.readSnapshot();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            Outcome outcome = runner.run(
                    plan(kernel, runner, Target.VM), () -> kernel.writes().size() == 4, events::add);
            assertThat(outcome).isEqualTo(Outcome.CANCELLED);
            assertThat(differences(before, kernel.readSnapshot())).isEmpty();
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
    }

    @Test
    void nothingIsWrittenToTheKernelWithoutAJournal() throws JournalException, IOException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, runner, Target.VM);
            // A folder with the name of the new journal makes creating it fail, for root too.
            Files.createDirectory(folder.resolve("journal.new"));
            assertThat(runner.run(plan, () -> false, events::add)).isEqualTo(Outcome.JOURNAL_UNWRITABLE);
            assertThat(kernel.writes()).isEmpty();
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
    }

    @Test
    void journalFolderIsLockedByOneProcess() throws JournalException, IOException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            assertThatThrownBy(() -> TransactionRunner.open(kernel, folder)).isInstanceOf(JournalException.class);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                    .isEqualTo("rwx------");
        }
    }
}
