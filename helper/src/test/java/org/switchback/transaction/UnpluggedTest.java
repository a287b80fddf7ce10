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
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Somebody pulls the GPU out of the machine while it is switched. */
class UnpluggedTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final List<Event> events = new ArrayList<>();

    /** @return how the switch ended; empty when it had not as many moments */
    private Optional<Outcome> pulledAt(
            SimulatedKernel kernel, Path folder, Target target, List<PciAddress> pulled, int moment)
            throws JournalProblem {
        int[] left = {moment};
        events.clear();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = SwitchTest.plan(kernel, transactions, target);
            Outcome outcome = transactions.run(plan, () -> false, event -> {
                events.add(event);
                if (left[0]-- == 0) {
                    pulled.forEach(kernel::unplug);
                }
            });
            // Done it can be only where nobody needed the function any more.
            assertThat(outcome).as("pulled at %d: %s", moment, events).isIn(Outcome.DONE, Outcome.PUT_BACK);
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
            return Optional.of(outcome).filter(any -> left[0] < 0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "q35-6.1-0380, VM, ''",
        "q35-6.1-0380-native, VM, pci-stub",
        "q35-6.1-0380-native, HOST, pci-stub"
    })
    void aCardThatIsPulledAtAnyMomentOfASwitchBlocksNoOther(String machine, Target target, String override)
            throws JournalProblem {
        for (List<PciAddress> pulled : List.of(List.of(GPU, SOUND), List.of(SOUND))) {
            int putBack = 0;
            boolean there = true;
            for (int moment = 0; there; moment++) {
                SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride(machine, override));
                Path folder = temp.resolve(pulled.size() + "-" + moment);
                if (target == Target.HOST) {
                    assertThat(pulledAt(kernel, folder, Target.VM, List.of(), Integer.MAX_VALUE)).isEmpty();
                }
                Capture before = kernel.capture();
                Optional<Outcome> outcome = pulledAt(kernel, folder, target, pulled, moment);
                there = outcome.isPresent();
                if (outcome.filter(Outcome.PUT_BACK::equals).isPresent()) {
                    putBack++;
                    assertThat(SwitchTest.differences(without(pulled, before), kernel.capture()))
                            .as("%s pulled at %d: %s", pulled, moment, events)
                            .isEmpty();
                }
            }
            assertThat(putBack).as("moments at which it was put back").isGreaterThan(15);
        }
    }

    private static Capture without(List<PciAddress> pulled, Capture before) {
        SimulatedKernel kernel = new SimulatedKernel(before);
        pulled.forEach(kernel::unplug);
        return kernel.capture();
    }

    @Test
    void theNextHelperPutsBackWhatIsStillThere() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380", ""));
        String fb = MachineReader.read(kernel.capture()).framebuffers().getFirst().driver().orElseThrow();
        try (Transactions transactions = Transactions.open(kernel, temp.resolve("next"))) {
            transactions.run(SwitchTest.plan(kernel, transactions, Target.VM), () -> false, event -> {
                if (kernel.read(new Setting.Driver(SOUND)).equals("vfio-pci")) {
                    throw new IllegalStateException("killed");
                }
            });
        } catch (IllegalStateException killed) {
            kernel.unplug(SOUND);
        }
        try (Transactions transactions = Transactions.open(kernel, temp.resolve("next"))) {
            assertThat(transactions.standing()).isInstanceOf(Standing.Incomplete.class);
            assertThat(transactions.putBack(events::add)).as("%s", events).isEqualTo(Outcome.PUT_BACK);
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
        assertThat(kernel.read(new Setting.Override(GPU))).isEmpty();
        assertThat(kernel.read(new Setting.FramebufferDriver("efi-framebuffer.0"))).isEqualTo(fb);
    }
}
