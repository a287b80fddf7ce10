package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Fault;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/** Switches that go down the ladder, and what becomes of them when a rung does not hold. */
class LadderSwitchTest {
    private static final String REPORTED = "x99-gtx1080";
    private static final String APU = "strix-halo-32g";
    private static final Setting MODULE = new Setting.Module("switchback_bootfb");

    @TempDir
    Path temp;

    private Path folder;
    private boolean nativeDriver;
    private final List<Event> events = new ArrayList<>();

    @BeforeEach
    void folder() {
        folder = temp.resolve("run");
    }

    private static Machine machine(Kernel kernel) {
        return MachineReader.read(kernel.capture());
    }

    private static Gpu gpu(Kernel kernel) {
        return machine(kernel).gpus().getFirst();
    }

    private static List<String> bootfb(Kernel kernel) {
        return machine(kernel).memory().find(region -> region.name().equals("BOOTFB")).stream()
                .map(region -> region.line())
                .toList();
    }

    private SwitchPlan plan(Kernel kernel, Transactions transactions, Target target) {
        PciAddress gpu = gpu(kernel).address();
        Planner.Answer answer = Planner.plan(
                machine(kernel), new Request(gpu, target, List.of(), nativeDriver), transactions.remembered(gpu));
        return ((Planner.Answer.Planned) answer).plan();
    }

    private Outcome run(Kernel kernel, Target target) throws JournalProblem {
        events.clear();
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, transactions, target);
            assertThat(plan.refusals()).isEmpty();
            return transactions.run(plan, () -> false, events::add);
        }
    }

    private List<String> failures() {
        return events.stream()
                .filter(event -> event.phase() == Phase.FAILED)
                .map(Event::detail)
                .toList();
    }

    private static Predicate<KernelWrite> release() {
        return write -> write instanceof KernelWrite.Sysfs(String path, String value) && path.endsWith("/release");
    }

    private static Predicate<KernelWrite> loading() {
        return write -> write instanceof KernelWrite.Modprobe(String module) && module.equals("switchback_bootfb");
    }

    private static Predicate<KernelWrite> unbindsEfifb() {
        return write -> write instanceof KernelWrite.Sysfs(String path, String value)
                && path.endsWith("efi-framebuffer/unbind");
    }

    /** What a switch with the module leaves different: the framebuffer until restart, and the taint it sets. */
    private static List<String> differencesButForTheFramebuffer(Capture before, Capture after) {
        return SwitchTest.differences(before, after).stream()
                .filter(path -> !path.contains("simple-framebuffer.0")
                        && !path.startsWith("/proc/iomem")
                        && !path.startsWith("/sys/class/graphics/fb0/name")
                        && !path.startsWith("/sys/class/drm/card0-Unknown-1/")
                        && !path.startsWith("/proc/sys/kernel/tainted"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {REPORTED, APU})
    void theModuleFreesBootfbAndTheWayBackLeavesNothingElseDifferent(String name) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(name));
        Capture before = kernel.capture();
        assertThat(bootfb(kernel)).hasSize(1);
        for (int round = 0; round < 5; round++) {
            assertThat(run(kernel, Target.VM)).as("round %d: %s", round, events).isEqualTo(Outcome.DONE);
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.VM);
            assertThat(bootfb(kernel)).isEmpty();
            assertThat(kernel.read(MODULE)).as("unloaded again").isEmpty();
            assertThat(kernel.prove(gpu(kernel).functions().stream().map(f -> f.address()).toList()))
                    .isInstanceOf(Kernel.Proof.Whole.class);
            assertThat(run(kernel, Target.HOST)).as("round %d: %s", round, events).isEqualTo(Outcome.DONE);
        }
        assertThat(differencesButForTheFramebuffer(before, kernel.capture())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"EPERM", "EKEYREJECTED", "ENOKEY", "ENOEXEC"})
    void aModuleThatIsNotLoadedStopsTheSwitchBeforeAnyDriverIsTouched(String errno) throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(REPORTED));
        Capture before = kernel.capture();
        kernel.once(loading(), new Fault.Refuse(errno));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.PUT_BACK);
        assertThat(failures()).containsExactly("load-" + errno);
        assertThat(SwitchTest.differences(before, kernel.capture())).isEmpty();
        assertThat(kernel.written()).as("vfio-pci and the module").hasSize(2);
    }

    @Test
    void aModuleThatAnswersWithAnErrnoIsUnloadedAndEverythingPutBack() throws JournalProblem {
        for (String errno : List.of("ESTALE", "EBUSY", "EEXIST")) {
            folder = temp.resolve(errno);
            SimulatedKernel kernel = new SimulatedKernel(Captures.named(REPORTED));
            Capture before = kernel.capture();
            kernel.once(release(), new Fault.Refuse(errno));
            assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.PUT_BACK);
            assertThat(failures()).containsExactly("release-" + errno);
            assertThat(kernel.read(MODULE)).isEmpty();
            assertThat(bootfb(kernel)).hasSize(1);
            assertThat(differencesButForTheFramebuffer(before, kernel.capture())).isEmpty();
        }
    }

    @Test
    void aModuleThatSaysItIsDoneAndIsNotIsFoundOutInTheMemoryMap() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(REPORTED));
        kernel.once(release(), new Fault.Lie());
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.PUT_BACK);
        assertThat(failures()).containsExactly("still-there");
        assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.HOST);
        assertThat(kernel.read(MODULE)).isEmpty();
    }

    @Test
    void aModuleThatDoesNotUnloadIsLeftAndTheSwitchIsDone() throws JournalProblem {
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(REPORTED));
        kernel.once(write -> write instanceof KernelWrite.Unload, new Fault.Refuse("EBUSY"));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        assertThat(kernel.read(MODULE)).isEqualTo(Setting.Module.LOADED);
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void anAllowedNativeDriverSparesTheModule() throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(APU));
        kernel.nativeModule(gpu(kernel).address(), "amdgpu");
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.DONE);
        assertThat(bootfb(kernel)).isEmpty();
        assertThat(kernel.written()).noneMatch(loading());
        assertThat(events).filteredOn(event -> event.phase() == Phase.SKIPPED).hasSizeGreaterThan(1);
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void whereThereIsNoNativeDriverTheModuleFollows() throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(APU));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        assertThat(failures()).as("the rung that did not hold").containsExactly("still-there");
        assertThat(bootfb(kernel)).isEmpty();
        assertThat(kernel.written()).anyMatch(release());
    }

    @Test
    void withoutEitherTheSwitchIsPutBack() throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(APU)
                .with(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty())));
        Capture before = kernel.capture();
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.PUT_BACK);
        assertThat(SwitchTest.differences(before, kernel.capture())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"q35-6.1-0380, fb0", APU + ", dri/card0"})
    void aProgramThatOpensTheFirmwaresFramebufferAfterThePlanStopsEveryRung(String name, String node)
            throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named(name));
        Capture before = kernel.capture();
        kernel.afterEachWrite((write, answer) -> kernel.afterEachWrite((w, a) -> {
            kernel.afterEachWrite((none, more) -> {});
            kernel.hold(new Holder(4121, "kiosk", "ann", node));
        }));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.PUT_BACK);
        assertThat(failures()).containsExactly("in-use");
        assertThat(kernel.written()).noneMatch(unbindsEfifb()).noneMatch(release());
        kernel.end(4121);
        assertThat(SwitchTest.differences(before, kernel.capture())).isEmpty();
    }

    @Test
    void anUnbindThatDoesNotFreeTheBarIsFollowedByTheNativeDriver() throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        kernel.nativeModule(gpu(kernel).address(), "bochs-drm");
        kernel.once(unbindsEfifb(), new Fault.Refuse("EIO"));
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.DONE);
        assertThat(failures()).containsExactly("EIO");
        assertThat(gpu(kernel).conflicts()).isEmpty();
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void aFramebufferThatTheNextRungTookAlongIsNoReasonToFailPuttingBack() throws JournalProblem {
        nativeDriver = true;
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380"));
        kernel.nativeModule(gpu(kernel).address(), "bochs-drm");
        kernel.once(unbindsEfifb(), new Fault.Lie());
        kernel.once(
                write -> write instanceof KernelWrite.Sysfs(String path, String value)
                        && path.endsWith("drivers_probe")
                        && kernel.read(new Setting.Override(gpu(kernel).address())).equals("vfio-pci"),
                new Fault.Refuse("EBUSY"));
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.PUT_BACK);
        assertThat(gpu(kernel).mode()).isEqualTo(Gpu.Mode.UNBOUND);
    }

    @Test
    void aFramebufferThatANativeDriverTakesIsNotUnboundOnTheWayBackUp() throws JournalProblem {
        // On 5.10 that would free it twice; the simulated kernel dies of it.
        SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-5.10-0300"));
        kernel.nativeDriver(gpu(kernel).address(), "bochs-drm");
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        try (Transactions transactions = Transactions.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, transactions, Target.HOST);
            // Somebody lets the native driver have it in the middle of the way back, and a later step fails.
            kernel.afterEachWrite((write, answer) -> {
                if (write instanceof KernelWrite.Sysfs(String path, String value)
                        && path.endsWith("efi-framebuffer/bind")) {
                    kernel.afterEachWrite((w, a) -> {});
                    kernel.write(
                            new KernelWrite.Sysfs(
                                    "/sys/bus/pci/drivers/bochs-drm/bind", gpu(kernel).address().toString()),
                            java.time.Duration.ofSeconds(1),
                            waited -> {});
                }
            });
            kernel.once(
                    write -> write instanceof KernelWrite.Sysfs(String path, String value)
                            && path.endsWith("snd_hda_intel/bind"),
                    new Fault.Refuse("ENOMEM"));
            transactions.run(plan, () -> false, events::add);
        }
        assertThat(kernel.oops()).isFalse();
    }
}
