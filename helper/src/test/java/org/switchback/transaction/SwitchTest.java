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
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Fault;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Whole switches on the simulated kernel, and what becomes of them when the kernel does not play along. */
class SwitchTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");

    @TempDir
    Path temp;

    private Path folder;
    private final List<Event> events = new ArrayList<>();

    @BeforeEach
    void folder() {
        folder = temp.resolve("run");
    }

    static SwitchPlan plan(Kernel kernel, Transactions transactions, Target target) {
        Planner.Answer answer = Planner.plan(
                MachineReader.read(kernel.capture()),
                new Request(GPU, target, List.of()),
                transactions.remembered(GPU));
        assertThat(answer).isInstanceOf(Planner.Answer.Planned.class);
        return ((Planner.Answer.Planned) answer).plan();
    }

    private Outcome run(Kernel kernel, Transactions transactions, Target target) {
        events.clear();
        return transactions.run(plan(kernel, transactions, target), () -> false, events::add);
    }

    private static Gpu gpu(Kernel kernel) {
        return MachineReader.read(kernel.capture()).gpu(GPU).orElseThrow();
    }

    private static Predicate<KernelWrite> to(String end) {
        return write -> write instanceof KernelWrite.Sysfs(String path, String value) && (path + " " + value).endsWith(end);
    }

    private Event failure() {
        return events.stream()
                .filter(e -> e.phase() == Phase.FAILED)
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"q35-6.1-0380", "q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380-native", "q35-7.2-0380", "q35-6.12-0300-native"})
    void thereAndBackTenTimesLeavesEverythingAsItWas(String name) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(name));
        Capture before = kernel.capture();
        for (int round = 0; round < 10; round++) {
            try (Transactions transactions = Transactions.open(kernel, folder)) {
                assertThat(run(kernel, transactions, Target.VM)).as("round %d, there", round).isEqualTo(Outcome.DONE);
                assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.VM);
                assertThat(kernel.prove(List.of(GPU, SOUND))).isInstanceOf(Kernel.Proof.Whole.class);
            }
            // Another helper process: what the first one remembered is on the medium.
            try (Transactions transactions = Transactions.open(kernel, folder)) {
                assertThat(run(kernel, transactions, Target.HOST)).as("round %d, back", round).isEqualTo(Outcome.DONE);
                assertThat(transactions.remembered(GPU)).isEmpty();
            }
            assertThat(differences(before, kernel.capture())).as("round %d", round).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"q35-5.10-0300", "q35-5.10-0380", "q35-6.1-0380-native", "q35-6.12-0300-native"})
    void theCommandsOfAPlanDoItAndThoseThatUndoItPutEverythingBack(String name) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(name));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            Capture host = kernel.capture();
            SwitchPlan there = plan(kernel, transactions, Target.VM);
            type(kernel, writes(there));
            assertThat(kernel.prove(List.of(GPU, SOUND))).isInstanceOf(Kernel.Proof.Whole.class);
            type(kernel, there.inverse());
            assertThat(differences(host, kernel.capture())).isEmpty();

            run(kernel, transactions, Target.VM);
            Capture vm = kernel.capture();
            SwitchPlan home = plan(kernel, transactions, Target.HOST);
            type(kernel, writes(home));
            assertThat(differences(host, kernel.capture())).isEmpty();
            type(kernel, home.inverse());
            assertThat(differencesButPower(vm, kernel.capture())).isEmpty();
        }
    }

    /** vfio-pci changes the power control when it comes and when it goes. */
    private static List<String> differencesButPower(Capture before, Capture after) {
        return differences(before, after).stream()
                .filter(line -> !line.contains("/power/control: "))
                .toList();
    }

    private static List<KernelWrite> writes(SwitchPlan plan) {
        return plan.steps().stream().flatMap(step -> step.write().stream()).toList();
    }

    private static void type(Kernel kernel, List<KernelWrite> writes) {
        for (KernelWrite write : writes) {
            assertThat(kernel.write(write, Duration.ofSeconds(10), waited -> {}))
                    .as(write.shell())
                    .isEqualTo(new Kernel.Answer.Done());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci-stub", "vfio-pci", "snd_hda_intel"})
    void anOverrideThatSomebodyLeftIsThereAgainAndHasKeptNobodyFromComingBack(String override) throws JournalProblem {
        Capture before = withOverride("q35-6.1-0380-native", override);
        SimulatedKernel kernel = new SimulatedKernel(before);
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.DONE);
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.VM);
            assertThat(run(kernel, transactions, Target.HOST)).as("%s", events).isEqualTo(Outcome.DONE);
        }
        assertThat(differences(before, kernel.capture())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci-stub", "vfio-pci", "snd_hda_intel"})
    void anOverrideThatSomebodyLeftKeepsNothingFromBeingPutBack(String override) throws JournalProblem {
        Capture before = withOverride("q35-6.1-0380-native", override);
        for (String function : List.of("01:00.0", "01:00.1")) {
            folder = temp.resolve(function);
            SimulatedKernel kernel = new SimulatedKernel(before);
            kernel.once(to("drivers_probe 0000:" + function), new Fault.Refuse("EIO"));
            try (Transactions transactions = Transactions.open(kernel, folder)) {
                assertThat(run(kernel, transactions, Target.VM)).as("%s", events).isEqualTo(Outcome.PUT_BACK);
                assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
            }
            assertThat(differences(before, kernel.capture())).isEmpty();
        }
    }

    /** A machine both functions of whose GPU have an override that their drivers, which are bound, do not go by. */
    static Capture withOverride(String machine, String driver) {
        Map<String, Optional<Capture.Entry>> overrides = new HashMap<>();
        if (!driver.isEmpty()) {
            for (PciAddress function : List.of(GPU, SOUND)) {
                overrides.put(
                        MachineReader.PCI_DEVICES + function + "/driver_override",
                        Optional.of(new Capture.Text(driver)));
            }
        }
        return Captures.named(machine).with(overrides);
    }

    /** Paths that differ, but for vfio-pci itself, which stays loaded. */
    static List<String> differences(Capture before, Capture after) {
        List<String> paths = new ArrayList<>();
        java.util.TreeSet<String> all = new java.util.TreeSet<>(before.entries().keySet());
        all.addAll(after.entries().keySet());
        for (String path : all) {
            if (!path.contains("vfio")
                    && !Optional.ofNullable(before.entries().get(path))
                            .equals(Optional.ofNullable(after.entries().get(path)))) {
                paths.add(path + ": " + before.entries().get(path) + " -> " + after.entries().get(path));
            }
        }
        return paths;
    }

    @Test
    void everyStepIsToldInOrder() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            int steps = plan(kernel, transactions, Target.VM).steps().size();
            run(kernel, transactions, Target.VM);
            assertThat(events).hasSize(2 * steps);
            for (int i = 0; i < steps; i++) {
                assertThat(events.get(2 * i).phase()).isEqualTo(Phase.STARTED);
                assertThat(events.get(2 * i + 1).phase()).isEqualTo(Phase.DONE);
                assertThat(events.get(2 * i + 1).step()).isEqualTo(i);
            }
        }
    }

    @Test
    void whicheverWriteIsRefusedEverythingBeforeItIsPutBackAndNothingAfterItIsTried() throws JournalProblem {
        for (Target target : Target.values()) {
            int writes = writesOf(target);
            for (int n = 0; n < writes; n++) {
                folder = temp.resolve(target + "-" + n);
                SimulatedKernel kernel = inModeBefore(target);
                Capture before = kernel.capture();
                int nth = n;
                int[] seen = {0};
                int[] triedAfter = {0};
                kernel.once(write -> seen[0]++ == nth, new Fault.Refuse("EIO"));
                try (Transactions transactions = Transactions.open(kernel, folder)) {
                    SwitchPlan plan = plan(kernel, transactions, target);
                    Outcome outcome = transactions.run(plan, () -> false, event -> {
                        events.add(event);
                        if (event.phase() == Phase.STARTED && seen[0] > nth) {
                            triedAfter[0]++;
                        }
                    });
                    assertThat(outcome).as("%s, write %d", target, n).isEqualTo(Outcome.PUT_BACK);
                    assertThat(triedAfter[0]).isZero();
                    assertThat(differences(before, kernel.capture())).as("%s, write %d", target, n).isEmpty();
                    assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
                }
            }
        }
    }

    private SimulatedKernel inModeBefore(Target target) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        if (target == Target.HOST) {
            try (Transactions transactions = Transactions.open(kernel, folder)) {
                assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.DONE);
            }
        }
        return kernel;
    }

    private int writesOf(Target target) throws JournalProblem {
        folder = temp.resolve("count-" + target);
        SimulatedKernel kernel = inModeBefore(target);
        int before = kernel.written().size();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, target)).isEqualTo(Outcome.DONE);
        }
        return kernel.written().size() - before;
    }

    @Test
    void aKernelThatLiesIsFoundOut() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        Capture before = kernel.capture();
        kernel.once(to("drivers_probe 0000:01:00.0"), new Fault.Lie());
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.PUT_BACK);
        }
        assertThat(failure().detail()).isEqualTo("not-true");
        assertThat(differences(before, kernel.capture())).isEmpty();
    }

    @Test
    void aFramebufferThatStaysInTheBarFailsTheProofAndEverythingIsPutBack() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, transactions, Target.VM);
            // Somebody binds the framebuffer back in the middle of the switch.
            Outcome outcome = transactions.run(plan, () -> false, event -> {
                events.add(event);
                if (event.phase() == Phase.DONE && event.step() == plan.steps().size() - 2) {
                    kernel.write(
                            new KernelWrite.Sysfs("/sys/bus/platform/drivers/efi-framebuffer/bind", "efi-framebuffer.0"),
                            Duration.ofSeconds(1),
                            waited -> {});
                }
            });
            assertThat(outcome).isEqualTo(Outcome.PUT_BACK);
            assertThat(failure().detail()).isEqualTo("not-reserved");
            assertThat(failure().values()).contains("BAR 0");
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.UNBOUND);
        }
    }

    @Test
    void aSlowStepIsWaitedForAndSaysSo() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        kernel.once(to("snd_hda_intel/unbind 0000:01:00.1"), new Fault.Delay(Duration.ofMinutes(3)));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.DONE);
        }
        assertThat(events).filteredOn(e -> e.phase() == Phase.WAITING).hasSizeGreaterThan(170);
    }

    @Test
    void aStepThatNeverReturnsFreezesEverythingUntilRestart() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        kernel.once(to("snd_hda_intel/unbind 0000:01:00.1"), new Fault.Hang());
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.STUCK);
        }
        int writes = kernel.written().size();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(transactions.standing()).isInstanceOf(Standing.Frozen.class);
            assertThat(transactions.putBack(events::add)).isEqualTo(Outcome.STUCK);
        }
        assertThat(kernel.written()).hasSize(writes);
        kernel.restart();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.DONE);
        }
    }

    @Test
    void afterAnOopsNothingMoreIsWritten() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        kernel.once(to("snd_hda_intel/unbind 0000:01:00.1"), new Fault.Die());
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.KERNEL_DIED);
            assertThat(kernel.written().getLast()).matches(to("snd_hda_intel/unbind 0000:01:00.1"));
            assertThat(transactions.standing()).isInstanceOf(Standing.Frozen.class);
        }
    }

    @Test
    void whenPuttingBackFailsTheStateIsNamedAndCanBePutBackLater() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        Capture before = kernel.capture();
        kernel.once(to("drivers_probe 0000:01:00.0"), new Fault.Refuse("EIO"));
        kernel.once(to("snd_hda_intel/bind 0000:01:00.1"), new Fault.Refuse("ENODEV"));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThat(run(kernel, transactions, Target.VM)).isEqualTo(Outcome.MIXED);
            assertThat(transactions.standing()).isEqualTo(new Standing.Incomplete(new Request(GPU, Target.VM, List.of())));
            assertThatThrownBy(() -> run(kernel, transactions, Target.VM)).isInstanceOf(IllegalStateException.class);
            assertThat(transactions.putBack(events::add)).isEqualTo(Outcome.PUT_BACK);
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
        assertThat(differences(before, kernel.capture())).isEmpty();
    }

    @Test
    void aProgramThatOpensTheGpuAfterThePlanStopsTheSwitch() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380-native"));
        Capture before = kernel.capture();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, transactions, Target.VM);
            String node = gpu(kernel).graphics().nodes().stream()
                    .filter(n -> n.startsWith("dri/card"))
                    .findFirst()
                    .orElseThrow();
            Outcome outcome = transactions.run(plan, () -> false, event -> {
                events.add(event);
                if (event.phase() == Phase.DONE && event.step() == 3) {
                    kernel.hold(new Holder(4121, "Xorg", "ann", node));
                }
            });
            assertThat(outcome).isEqualTo(Outcome.PUT_BACK);
            assertThat(failure().detail()).isEqualTo("in-use");
            assertThat(failure().values()).contains("Xorg", "4121", "ann", "/dev/" + node);
            kernel.end(4121);
            assertThat(differences(before, kernel.capture())).isEmpty();
        }
    }

    @Test
    void cancellingPutsBackWhatWasDone() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        Capture before = kernel.capture();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            Outcome outcome = transactions.run(
                    plan(kernel, transactions, Target.VM), () -> kernel.written().size() == 4, events::add);
            assertThat(outcome).isEqualTo(Outcome.CANCELLED);
            assertThat(differences(before, kernel.capture())).isEmpty();
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
    }

    @Test
    void withoutAJournalNothingIsWrittenToTheKernel() throws JournalProblem, IOException {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, transactions, Target.VM);
            // A folder in the way of the new journal fails for root too.
            Files.createDirectory(folder.resolve("journal.new"));
            assertThat(transactions.run(plan, () -> false, events::add)).isEqualTo(Outcome.JOURNAL_UNWRITABLE);
            assertThat(kernel.written()).isEmpty();
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
    }

    @Test
    void onlyOneProcessUsesAFolder() throws JournalProblem, IOException {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            assertThatThrownBy(() -> Transactions.open(kernel, folder)).isInstanceOf(JournalProblem.class);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                    .isEqualTo("rwx------");
        }
    }
}
