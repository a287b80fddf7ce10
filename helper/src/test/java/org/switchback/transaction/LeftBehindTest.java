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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Fault;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Switches from every state that hands and other tools can leave the two functions of a GPU in. */
class LeftBehindTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final List<String> DRIVERS = List.of("own", "none", "vfio-pci");
    private static final List<String> OVERRIDES = List.of("", "own", "vfio-pci", "pci-stub");

    @TempDir
    Path temp;

    /** @param driver bound to a function, @param override written after that; "own" is the one the host has for it */
    record Left(String driver, String override) {}

    static Stream<Left> everyState() {
        return DRIVERS.stream().flatMap(driver -> OVERRIDES.stream().map(override -> new Left(driver, override)));
    }

    private static String own(PciAddress function) {
        return function.equals(GPU) ? "bochs-drm" : "snd_hda_intel";
    }

    private static SimulatedKernel left(Left gpu, Left sound) {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380-native"));
        write(kernel, new KernelWrite.Modprobe("vfio-pci"));
        leave(kernel, GPU, gpu);
        leave(kernel, SOUND, sound);
        return kernel;
    }

    private static void leave(SimulatedKernel kernel, PciAddress function, Left left) {
        if (!left.driver().equals("own")) {
            write(kernel, KernelWrite.of(new Setting.Driver(function), own(function), ""));
        }
        if (left.driver().equals("vfio-pci")) {
            write(kernel, KernelWrite.of(new Setting.Override(function), "", "vfio-pci"));
            write(kernel, KernelWrite.offer(function));
        }
        write(kernel, KernelWrite.of(
                new Setting.Override(function), "?", left.override().equals("own") ? own(function) : left.override()));
    }

    private static void write(Kernel kernel, KernelWrite write) {
        assertThat(kernel.write(write, Duration.ofSeconds(1), waited -> {}))
                .as("%s", write.shell())
                .isEqualTo(new Kernel.Answer.Done());
    }

    private static Outcome run(Kernel kernel, Transactions transactions, Target target, List<Event> events) {
        return transactions.run(SwitchTest.plan(kernel, transactions, target), () -> false, events::add);
    }

    private static Gpu.Mode mode(Kernel kernel) {
        return MachineReader.read(kernel.capture()).gpu(GPU).orElseThrow().mode();
    }

    /** What a function has after the way back: none only if it is remembered to have had none. */
    private static String expected(PciAddress function, Left left, boolean remembered) {
        return left.driver().equals("none") && remembered ? "" : own(function);
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void aSwitchThereAndBackWorksFromEveryState(Left gpu) throws JournalProblem {
        for (Left sound : everyState().toList()) {
            SimulatedKernel kernel = left(gpu, sound);
            String state = gpu + " " + sound;
            List<Event> events = new ArrayList<>();
            boolean switched;
            try (Transactions transactions = Transactions.open(kernel, temp.resolve(state))) {
                switched = mode(kernel) != Gpu.Mode.VM;
                if (switched) {
                    assertThat(run(kernel, transactions, Target.VM, events))
                            .as("%s, there: %s", state, events)
                            .isEqualTo(Outcome.DONE);
                }
                assertThat(mode(kernel)).as(state).isEqualTo(Gpu.Mode.VM);
                events.clear();
                assertThat(run(kernel, transactions, Target.HOST, events))
                        .as("%s, back: %s", state, events)
                        .isEqualTo(Outcome.DONE);
            }
            assertThat(kernel.read(new Setting.Driver(GPU))).as(state).isEqualTo(expected(GPU, gpu, switched));
            assertThat(kernel.read(new Setting.Driver(SOUND))).as(state).isEqualTo(expected(SOUND, sound, switched));
        }
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void whicheverWriteIsRefusedTheStateIsThatAgain(Left gpu) throws JournalProblem {
        for (Left sound : List.of(gpu, new Left("own", ""))) {
            for (Target target : Target.values()) {
                for (int n = 0; refused(left(gpu, sound), gpu + " " + sound, target, n).isPresent(); n++) {}
            }
        }
    }

    private static SimulatedKernel givenToVfioAtBoot() {
        SimulatedKernel kernel = left(new Left("own", ""), new Left("own", ""));
        for (PciAddress function : List.of(GPU, SOUND)) {
            kernel.vfioId(function);
            write(kernel, KernelWrite.of(new Setting.Driver(function), own(function), ""));
            write(kernel, KernelWrite.offer(function));
        }
        return kernel;
    }

    @Test
    void aGpuThatVfioPciWasToldToTakeAtBootComesToTheHostAndGoesBack() throws JournalProblem {
        SimulatedKernel kernel = givenToVfioAtBoot();
        assertThat(mode(kernel)).isEqualTo(Gpu.Mode.VM);
        List<Event> events = new ArrayList<>();
        try (Transactions transactions = Transactions.open(kernel, temp.resolve("ids"))) {
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
            assertThat(kernel.read(new Setting.Driver(GPU))).isEqualTo(own(GPU));
            assertThat(kernel.read(new Setting.Driver(SOUND))).isEqualTo(own(SOUND));
            assertThat(run(kernel, transactions, Target.VM, events)).as("%s", events).isEqualTo(Outcome.DONE);
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.read(new Setting.Driver(GPU))).isEqualTo(own(GPU));
    }

    @Test
    void aDriverWhoseNameIsNoPathKeepsNoneThatComesAfterItFromBeingAsked() throws JournalProblem {
        SimulatedKernel kernel = givenToVfioAtBoot();
        kernel.nativeDriver(PciAddress.of("00:1f.2"), "MTD PCI");
        kernel.always(write -> write.shell().contains("MTD PCI"), new Fault.Refuse("EINVAL"));
        List<Event> events = new ArrayList<>();
        try (Transactions transactions = Transactions.open(kernel, temp.resolve("blank"))) {
            assertThat(run(kernel, transactions, Target.HOST, events)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(kernel.written()).anyMatch(write -> write.shell().contains("MTD PCI/bind"));
        assertThat(kernel.read(new Setting.Driver(SOUND))).isEqualTo(own(SOUND));
    }

    @Test
    void andIsPutBackWhicheverWriteIsRefused() throws JournalProblem {
        int putBack = 0;
        Optional<Outcome> outcome = refused(givenToVfioAtBoot(), "ids", Target.HOST, 0);
        for (int n = 1; outcome.isPresent(); n++) {
            // The driver that was refused is not the only one that is asked.
            putBack += outcome.get() == Outcome.PUT_BACK ? 1 : 0;
            outcome = refused(givenToVfioAtBoot(), "ids", Target.HOST, n);
        }
        assertThat(putBack).isGreaterThan(4);
    }

    /** What a switch comes to whose nth write is refused; empty when there is no such write. */
    private Optional<Outcome> refused(SimulatedKernel kernel, String name, Target target, int nth)
            throws JournalProblem {
        Capture before = kernel.capture();
        String state = name + " to " + target + ", write " + nth;
        int[] seen = {0};
        try (Transactions transactions = Transactions.open(kernel, temp.resolve(state))) {
            SwitchPlan plan = SwitchTest.plan(kernel, transactions, target);
            if (plan.refused()) {
                return Optional.empty();
            }
            List<Event> events = new ArrayList<>();
            kernel.once(write -> seen[0]++ == nth, new Fault.Refuse("EIO"));
            Outcome outcome = transactions.run(plan, () -> false, events::add);
            assertThat(outcome).as("%s: %s", state, events).isIn(Outcome.DONE, Outcome.PUT_BACK);
            if (outcome == Outcome.PUT_BACK) {
                assertThat(SwitchTest.differences(before, kernel.capture())).as(state).isEmpty();
            }
            return Optional.of(outcome).filter(any -> seen[0] > nth);
        }
    }
}
