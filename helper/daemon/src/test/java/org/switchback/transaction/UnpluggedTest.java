package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedKernel;

/** The GPU is unplugged during a switch. */
class UnpluggedTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final List<JobEvent.StepChanged> events = new ArrayList<>();

    /**
     * Runs a switch and unplugs functions at one of its events.
     *
     * @param moment index of the event
     * @return the outcome of the switch; empty when it has fewer events
     */
    private Optional<Outcome> switchUnpluggingAt(
            SimulatedKernel kernel, Path folder, Target target, List<PciAddress> functions, int moment)
            throws JournalException {
        int[] remaining = {moment};
        events.clear();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = SwitchTest.plan(kernel, runner, target);
            Outcome outcome = runner.run(plan, () -> false, event -> {
                events.add(event);
                if (remaining[0]-- == 0) {
                    functions.forEach(kernel::unplug);
                }
            });
            // It can be done only when no later step needs the function.
            assertThat(outcome).as("unplugged at %d: %s", moment, events).isIn(Outcome.DONE, Outcome.ROLLED_BACK);
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
            return Optional.of(outcome).filter(any -> remaining[0] < 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"q35-6.1-0380, VM, ''", "q35-6.1-0380-native, VM, pci-stub", "q35-6.1-0380-native, HOST, pci-stub"})
    void unpluggingAtAnyMomentDoesNotBlockLaterSwitches(String machine, Target target, String override)
            throws JournalException {
        for (List<PciAddress> functions : List.of(List.of(GPU, SOUND), List.of(SOUND))) {
            int rollbacks = 0;
            boolean unplugged = true;
            for (int moment = 0; unplugged; moment++) {
                SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride(machine, override));
                Path folder = temp.resolve(functions.size() + "-" + moment);
                if (target == Target.HOST) {
                    assertThat(switchUnpluggingAt(kernel, folder, Target.VM, List.of(), Integer.MAX_VALUE))
                            .isEmpty();
                }
                MachineSnapshot before = kernel.readSnapshot();
                Optional<Outcome> outcome = switchUnpluggingAt(kernel, folder, target, functions, moment);
                unplugged = outcome.isPresent();
                if (outcome.filter(Outcome.ROLLED_BACK::equals).isPresent()) {
                    rollbacks++;
                    assertThat(SwitchTest.differences(snapshotWithout(functions, before), kernel.readSnapshot()))
                            .as("%s unplugged at %d: %s", functions, moment, events)
                            .isEmpty();
                }
            }
            assertThat(rollbacks).as("moments that led to a rollback").isGreaterThan(15);
        }
    }

    private static MachineSnapshot snapshotWithout(List<PciAddress> functions, MachineSnapshot before) {
        SimulatedKernel kernel = new SimulatedKernel(before);
        functions.forEach(kernel::unplug);
        return kernel.readSnapshot();
    }

    @Test
    void nextHelperRollsBackDevicesStillPresent() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380", ""));
        String framebufferDriver = SnapshotParser.parse(kernel.readSnapshot())
                .bootFramebuffers()
                .getFirst()
                .driver()
                .orElseThrow();
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve("next"))) {
            runner.run(SwitchTest.plan(kernel, runner, Target.VM), () -> false, event -> {
                if (kernel.readSetting(new Setting.Driver(SOUND)).equals("vfio-pci")) {
                    throw new IllegalStateException("killed");
                }
            });
        } catch (IllegalStateException e) {
            kernel.unplug(SOUND);
        }
        try (TransactionRunner runner = TransactionRunner.open(kernel, temp.resolve("next"))) {
            assertThat(runner.recoveryState()).isInstanceOf(RecoveryState.RollbackPending.class);
            assertThat(runner.rollBack(events::add)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(runner.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEmpty();
        assertThat(kernel.readSetting(new Setting.FramebufferDriver("efi-framebuffer.0")))
                .isEqualTo(framebufferDriver);
    }
}
