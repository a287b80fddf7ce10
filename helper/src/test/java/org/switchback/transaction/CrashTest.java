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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
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
    private record Start(SimulatedKernel kernel, Path folder) {}

    private Start start(Target target, String name) throws JournalProblem {
        return start(target, "", name);
    }

    /** @param override as somebody left it while the host's drivers have the GPU; empty for none */
    private Start start(Target target, String override, String name) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(SwitchTest.withOverride("q35-6.1-0380-native", override));
        Path folder = temp.resolve(name);
        if (target == Target.HOST) {
            try (Transactions transactions = Transactions.open(kernel, folder)) {
                assertThat(transactions.run(
                                SwitchTest.plan(kernel, transactions, Target.VM), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        return new Start(kernel, folder);
    }

    /** Runs the switch until the count of moments is used up; a moment is before or after a write, or between steps. */
    private static boolean killedAt(Start start, Target target, int moment) throws JournalProblem {
        return killedAt(start, new Request(GPU, target, List.of()), moment);
    }

    private static boolean killedAt(Start start, Request request, int moment) throws JournalProblem {
        int[] left = {moment};
        Runnable tick = () -> {
            if (left[0]-- == 0) {
                throw new Killed();
            }
        };
        start.kernel().beforeEachWrite(write -> tick.run());
        start.kernel().afterEachWrite((write, answer) -> tick.run());
        try (Transactions transactions = Transactions.open(start.kernel(), start.folder())) {
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
    private static List<String> butForTheFramebuffer(List<String> differences) {
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
    void aHelperKilledOnTheLadderLeavesNoModuleLoadedAndNoDriverBorrowed(String machine, boolean nativeDriver)
            throws JournalProblem {
        int moment = 0;
        boolean killed = true;
        boolean leftLoaded = false;
        for (; killed; moment++) {
            SimulatedKernel kernel = new SimulatedKernel(Captures.named(machine));
            PciAddress gpu = MachineReader.read(kernel.capture()).gpus().getFirst().address();
            if (nativeDriver) {
                kernel.nativeModule(gpu, "amdgpu");
            }
            Capture before = kernel.capture();
            Path folder = temp.resolve("ladder-" + moment);
            Request request = new Request(gpu, Target.VM, List.of(), nativeDriver);
            killed = killedAt(new Start(kernel, folder), request, moment);
            leftLoaded |= killed && !kernel.read(new Setting.Module("switchback_bootfb")).isEmpty();
            try (Transactions next = Transactions.open(kernel, folder)) {
                List<Event> events = new ArrayList<>();
                assertThat(next.putBack(events::add)).as("killed at %d: %s", moment, events).isEqualTo(Outcome.PUT_BACK);
                assertThat(kernel.read(new Setting.Module("switchback_bootfb"))).isEmpty();
                if (killed) {
                    assertThat(butForTheFramebuffer(SwitchTest.differences(before, kernel.capture())))
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

    private static SwitchPlan planFor(SimulatedKernel kernel, Transactions transactions, Request request) {
        return ((Planner.Answer.Planned) Planner.plan(
                        MachineReader.read(kernel.capture()), request, transactions.remembered(request.gpu())))
                .plan();
    }

    private static Gpu.Mode mode(Target target) {
        return target == Target.VM ? Gpu.Mode.VM : Gpu.Mode.HOST;
    }

    @ParameterizedTest
    @CsvSource({"VM, ''", "HOST, ''", "VM, pci-stub", "HOST, pci-stub", "VM, vfio-pci", "HOST, vfio-pci"})
    void aHelperKilledAtAnyMomentIsPutBackByTheNextOne(Target target, String override) throws JournalProblem {
        int moment = 0;
        while (true) {
            Start start = start(target, override, target + override + "-" + moment);
            Capture before = start.kernel().capture();
            boolean killed = killedAt(start, target, moment);
            try (Transactions next = Transactions.open(start.kernel(), start.folder())) {
                List<Event> events = new ArrayList<>();
                assertThat(next.putBack(events::add)).as("killed at %d: %s", moment, events).isEqualTo(Outcome.PUT_BACK);
                assertThat(next.standing()).isEqualTo(new Standing.Clean());
                if (killed) {
                    assertThat(SwitchTest.differences(before, start.kernel().capture()))
                            .as("killed at %d", moment)
                            .isEmpty();
                } else {
                    assertThat(MachineReader.read(start.kernel().capture())
                                    .gpu(GPU)
                                    .orElseThrow()
                                    .mode())
                            .isEqualTo(mode(target));
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
    void aHelperKilledWhilePuttingBackIsFollowedByOneThatFinishesIt(Target target, String override)
            throws JournalProblem {
        for (int first = 5; ; first += 4) {
            Start start = start(target, override, "again-" + target + override + "-" + first);
            Capture before = start.kernel().capture();
            if (!killedAt(start, target, first)) {
                return;
            }
            List<Event> events = new ArrayList<>();
            boolean killedAgain = true;
            for (int second = 0; killedAgain; second++) {
                int[] left = {second};
                start.kernel().beforeEachWrite(write -> {
                    if (left[0]-- == 0) {
                        throw new Killed();
                    }
                });
                try (Transactions next = Transactions.open(start.kernel(), start.folder())) {
                    events.clear();
                    assertThat(next.putBack(events::add))
                            .as("killed at %d and again at %d: %s", first, second, events)
                            .isEqualTo(Outcome.PUT_BACK);
                    killedAgain = false;
                } catch (Killed killed) {
                    killedAgain = true;
                }
            }
            assertThat(SwitchTest.differences(before, start.kernel().capture()))
                    .as("killed at %d", first)
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Target.class)
    void aJournalTornAnywhereLeadsBackToWhereTheSwitchBegan(Target target) throws JournalProblem, IOException {
        int cuts = 0;
        int usedBefore = 0;
        Capture kernelBefore = Capture.EMPTY;
        for (int moment = 0; ; moment++) {
            Start start = start(target, "torn-" + target + "-" + moment);
            Capture before = start.kernel().capture();
            if (!killedAt(start, target, moment)) {
                break;
            }
            Capture killed = start.kernel().capture();
            int used = used(Files.readAllBytes(start.folder().resolve("journal")));
            // What was appended since the moment before may be torn anywhere, unless the kernel was written to since:
            // a write begins only when its record is on the medium.
            int from = moment == 0 || killed.equals(kernelBefore) ? usedBefore : used;
            for (int cut = from; cut <= used; cut += moment == 0 ? 23 : 3) {
                Start again = start(target, "torn-" + target + "-" + moment + "-" + cut);
                killedAt(again, target, moment);
                Path torn = again.folder().resolve("journal");
                byte[] own = Files.readAllBytes(torn);
                Files.write(torn, Arrays.copyOf(Arrays.copyOf(own, Math.min(cut, used(own))), own.length));
                try (Transactions next = Transactions.open(again.kernel(), again.folder())) {
                    assertThat(next.putBack(event -> {}))
                            .as("moment %d, cut at %d of %d", moment, cut, used)
                            .isEqualTo(Outcome.PUT_BACK);
                    assertThat(SwitchTest.differences(before, again.kernel().capture()))
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

    private static int used(byte[] journal) {
        int end = journal.length;
        while (end > 0 && journal[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /** Interrupted from the last step on, nothing more of the journal comes to the medium: as when the power fails. */
    @Test
    void aWayHomeThatIsCutOffBeforeItsEndIsOnTheMediumKnowsTheHostsDriversStill() throws JournalProblem {
        Start start = start(Target.HOST, "end");
        Capture before = start.kernel().capture();
        HostSettings settings;
        try (Transactions transactions = Transactions.open(start.kernel(), start.folder())) {
            SwitchPlan plan = SwitchTest.plan(start.kernel(), transactions, Target.HOST);
            settings = transactions.remembered(GPU).orElseThrow();
            transactions.run(plan, () -> false, event -> {
                if (event.phase() == Phase.DONE && event.step() == plan.steps().size() - 1) {
                    Thread.currentThread().interrupt();
                }
            });
        } finally {
            Thread.interrupted();
        }
        try (Transactions next = Transactions.open(start.kernel(), start.folder())) {
            assertThat(next.standing()).isInstanceOf(Standing.Incomplete.class);
            assertThat(next.remembered(GPU)).contains(settings);
            assertThat(next.putBack(event -> {})).isEqualTo(Outcome.PUT_BACK);
            assertThat(SwitchTest.differences(before, start.kernel().capture())).isEmpty();
            assertThat(next.remembered(GPU)).contains(settings);
        }
    }

    @Test
    void aMemoryThatCouldNotBeForgottenAfterTheWayHomeDoesNoHarm() throws JournalProblem, IOException {
        Start start = start(Target.VM, "left-over");
        Capture before = start.kernel().capture();
        assertThat(killedAt(start, Target.VM, Integer.MAX_VALUE)).isFalse();
        Path file = start.folder().resolve("host").resolve(GPU.toString());
        byte[] memory = Files.readAllBytes(file);
        assertThat(killedAt(start, Target.HOST, Integer.MAX_VALUE)).isFalse();
        assertThat(file).doesNotExist();
        Files.write(file, memory);
        try (Transactions next = Transactions.open(start.kernel(), start.folder())) {
            assertThat(next.standing()).isEqualTo(new Standing.Clean());
            assertThat(SwitchTest.plan(start.kernel(), next, Target.HOST).refused()).isTrue();
            for (Target target : Target.values()) {
                assertThat(next.run(SwitchTest.plan(start.kernel(), next, target), () -> false, event -> {}))
                        .isEqualTo(Outcome.DONE);
            }
        }
        assertThat(SwitchTest.differences(before, start.kernel().capture())).isEmpty();
    }

    @Test
    void aJournalOfAnotherBootIsHistory() throws JournalProblem {
        Start start = start(Target.VM, "restarted");
        assertThat(killedAt(start, Target.VM, 12)).isTrue();
        start.kernel().restart();
        try (Transactions transactions = Transactions.open(start.kernel(), start.folder())) {
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
            assertThat(start.kernel().written()).isEmpty();
            assertThat(start.folder().resolve("journal.last-boot")).exists();
        }
    }

    @Test
    void aBrokenMiddleStopsAndWritesNothing() throws JournalProblem, IOException {
        Start start = start(Target.VM, "broken");
        assertThat(killedAt(start, Target.VM, 14)).isTrue();
        Path file = start.folder().resolve("journal");
        byte[] bytes = Files.readAllBytes(file);
        bytes[used(bytes) / 2] ^= 0x10;
        Files.write(file, bytes);
        int writes = start.kernel().written().size();
        try (Transactions transactions = Transactions.open(start.kernel(), start.folder())) {
            assertThat(transactions.standing()).isEqualTo(new Standing.Broken());
            assertThat(transactions.putBack(event -> {})).isEqualTo(Outcome.MIXED);
            assertThat(start.kernel().written()).hasSize(writes);
            transactions.setBrokenAside();
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
        try (Transactions transactions = Transactions.open(start.kernel(), start.folder())) {
            assertThat(transactions.standing()).isEqualTo(new Standing.Clean());
        }
    }
}
