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
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Somebody pulls the GPU out of the machine while it is switched. */
class UnpluggedTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final List<StepEvent> events = new ArrayList<>();

    /** @return how the switch ended; empty when it had not as many moments */
    private Optional<Outcome> switchUnpluggingAt(
            SimulatedKernel kernel, Path folder, Target target, List<PciAddress> pulled, int moment)
            throws JournalException {
        int[] left = {moment};
        events.clear();
        try (TransactionRunner transactions = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = SwitchTest.plan(kernel, transactions, target);
            Outcome outcome = transactions.run(plan, () -> false, event -> {
                events.add(event);
                if (left[0]-- == 0) {
                    pulled.forEach(kernel::unplug);
                }
            });
            // Done it can be only where nobody needed the function any more.
            assertThat(outcome).as("pulled at %d: %s", moment, events).isIn(Outcome.DONE, Outcome.ROLLED_BACK);
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.Clean());
            return Optional.of(outcome).filter(any -> left[0] < 0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "q35-6.1-0380, VM, ''",
        "q35-6.1-0380-native, VM, pci-stub",
        "q35-6.1-0380-native, HOST, pci-stub"
    })
    void unpluggingAtAnyMomentDoesNotBlockLaterSwitches(String machine, Target target, String override)
            throws JournalException {
        for (List<PciAddress> pulled : List.of(List.of(GPU, SOUND), List.of(SOUND))) {
            int putBack = 0;
            boolean there = true;
            for (int moment = 0; there; moment++) {
                SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride(machine, override));
                Path folder = temp.resolve(pulled.size() + "-" + moment);
                if (target == Target.HOST) {
                    assertThat(switchUnpluggingAt(kernel, folder, Target.VM, List.of(), Integer.MAX_VALUE)).isEmpty();
                }
                MachineSnapshot before = kernel.readSnapshot();
                Optional<Outcome> outcome = switchUnpluggingAt(kernel, folder, target, pulled, moment);
                there = outcome.isPresent();
                if (outcome.filter(Outcome.ROLLED_BACK::equals).isPresent()) {
                    putBack++;
                    assertThat(SwitchTest.differences(snapshotWithout(pulled, before), kernel.readSnapshot()))
                            .as("%s pulled at %d: %s", pulled, moment, events)
                            .isEmpty();
                }
            }
            assertThat(putBack).as("moments at which it was put back").isGreaterThan(15);
        }
    }

    private static MachineSnapshot snapshotWithout(List<PciAddress> pulled, MachineSnapshot before) {
        SimulatedKernel kernel = new SimulatedKernel(before);
        pulled.forEach(kernel::unplug);
        return kernel.readSnapshot();
    }

    @Test
    void nextHelperRollsBackDevicesStillPresent() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380", ""));
        String fb = SnapshotParser.parse(kernel.readSnapshot()).firmwareFramebuffers().getFirst().driver().orElseThrow();
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve("next"))) {
            transactions.run(SwitchTest.plan(kernel, transactions, Target.VM), () -> false, event -> {
                if (kernel.readSetting(new Setting.Driver(SOUND)).equals("vfio-pci")) {
                    throw new IllegalStateException("killed");
                }
            });
        } catch (IllegalStateException killed) {
            kernel.unplug(SOUND);
        }
        try (TransactionRunner transactions = TransactionRunner.open(kernel, temp.resolve("next"))) {
            assertThat(transactions.recoveryState()).isInstanceOf(RecoveryState.RollbackPending.class);
            assertThat(transactions.rollBack(events::add)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(transactions.recoveryState()).isEqualTo(new RecoveryState.Clean());
        }
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEmpty();
        assertThat(kernel.readSetting(new Setting.FramebufferDriver("efi-framebuffer.0"))).isEqualTo(fb);
    }
}
