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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Fault;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Somebody unloads the host's drivers while the GPU is in VM mode ({@code modprobe -r nvidia}). */
class UnloadedTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private final SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380-native"));
    private final List<Event> events = new ArrayList<>();

    private Outcome run(Transactions transactions, Target target) {
        events.clear();
        return transactions.run(SwitchTest.plan(kernel, transactions, target), () -> false, events::add);
    }

    private static void write(Kernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {})).isEqualTo(new Kernel.Answer.Done());
    }

    private static void unload(SimulatedKernel kernel) {
        write(kernel, new KernelWrite.Unload("bochs-drm"));
        write(kernel, new KernelWrite.Unload("snd_hda_intel"));
    }

    private static List<String> butForLoaded(List<String> differences) {
        return differences.stream()
                .filter(path -> !path.startsWith(MachineReader.PCI_DRIVERS))
                .toList();
    }

    @Test
    void theHostsDriverIsLoadedAgainWhenItIsNotThereOnTheWayHome() throws JournalProblem {
        Capture before = kernel.capture();
        try (Transactions transactions = Transactions.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unload(kernel);
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(SwitchTest.differences(before, kernel.capture())).isEmpty();
        assertThat(kernel.written()).contains(new KernelWrite.LoadDriver(GPU), new KernelWrite.LoadDriver(SOUND));
    }

    @Test
    void whereAnotherDriverOfTheModulesTookItFirstThatOneIsSentAway() throws JournalProblem {
        Capture before = kernel.capture();
        try (Transactions transactions = Transactions.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unload(kernel);
            kernel.afterEachWrite((write, answer) -> {
                if (write.equals(new KernelWrite.LoadDriver(GPU))) {
                    kernel.nativeDriver(GPU, "nouveau");
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""));
                    write(kernel, KernelWrite.of(new Setting.Driver(GPU), "", "nouveau"));
                }
            });
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(butForLoaded(SwitchTest.differences(before, kernel.capture()))).isEmpty();
    }

    @Test
    void itIsLoadedOnceAndThenEverythingIsPutBack() throws JournalProblem {
        try (Transactions transactions = Transactions.open(kernel, temp)) {
            assertThat(run(transactions, Target.VM)).isEqualTo(Outcome.DONE);
            unload(kernel);
            Capture before = kernel.capture();
            kernel.always(write -> write instanceof KernelWrite.LoadDriver, new Fault.Refuse("ENOENT"));
            assertThat(run(transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.PUT_BACK);
            assertThat(butForLoaded(SwitchTest.differences(before, kernel.capture()))).isEmpty();
        }
        assertThat(kernel.written()).filteredOn(new KernelWrite.LoadDriver(GPU)::equals).hasSize(1);
        assertThat(events).anyMatch(e -> e.phase() == Phase.FAILED && e.detail().equals("ENOENT"));
    }

    /** @param along whether what is loaded for the GPU takes the other function at once, before its step */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHelperKilledAtAnyMomentOfThatIsPutBackByTheNextOne(boolean along) throws JournalProblem {
        boolean killed = true;
        for (int moment = 0; killed; moment++) {
            SimulatedKernel one = new SimulatedKernel(Captures.named("q35-6.1-0380-native"));
            Path folder = temp.resolve("killed-" + moment);
            int[] left = {Integer.MAX_VALUE};
            Runnable tick = () -> {
                if (left[0]-- == 0) {
                    throw new IllegalStateException("killed");
                }
            };
            one.beforeEachWrite(write -> tick.run());
            one.afterEachWrite((write, answer) -> {
                if (along && write.equals(new KernelWrite.LoadDriver(GPU))) {
                    one.beforeEachWrite(other -> {});
                    write(one, new KernelWrite.LoadDriver(SOUND));
                    one.beforeEachWrite(other -> tick.run());
                }
                tick.run();
            });
            Optional<Capture> before = Optional.empty();
            try (Transactions transactions = Transactions.open(one, folder)) {
                transactions.run(SwitchTest.plan(one, transactions, Target.VM), () -> false, event -> {});
                unload(one);
                before = Optional.of(one.capture());
                SwitchPlan plan = SwitchTest.plan(one, transactions, Target.HOST);
                left[0] = moment;
                assertThat(transactions.run(plan, () -> false, event -> tick.run())).isEqualTo(Outcome.DONE);
                killed = false;
            } catch (IllegalStateException wanted) {
                one.beforeEachWrite(write -> {});
                one.afterEachWrite((write, answer) -> {});
                try (Transactions next = Transactions.open(one, folder)) {
                    events.clear();
                    assertThat(next.putBack(events::add))
                            .as("killed at %d: %s", moment, events)
                            .isEqualTo(Outcome.PUT_BACK);
                    assertThat(butForLoaded(SwitchTest.differences(before.orElseThrow(), one.capture())))
                            .as("killed at %d: %s", moment, events)
                            .isEmpty();
                }
            }
        }
    }
}
