package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
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
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
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
import org.switchback.plan.Setting;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedFault;
import org.switchback.simulator.SimulatedKernel;

/** Switches that release a boot framebuffer, also when one release method fails. */
class ReleaseStrategySwitchTest {
    private static final String GTX1080 = "x99-gtx1080";
    private static final String STRIX_HALO = "strix-halo-32g";
    private static final Setting MODULE = new Setting.KernelModule("switchback_bootfb");

    @TempDir
    Path temp;

    private Path folder;
    private boolean nativeDriverAllowed;
    private final List<JobEvent.StepChanged> events = new ArrayList<>();

    @BeforeEach
    void createFolderPath() {
        folder = temp.resolve("run");
    }

    private static Machine machine(Kernel kernel) {
        return SnapshotParser.parse(kernel.readSnapshot());
    }

    private static Gpu gpu(Kernel kernel) {
        return machine(kernel).gpus().getFirst();
    }

    private static List<String> bootfbRegions(Kernel kernel) {
        return machine(kernel).memoryMap().find(region -> region.name().equals("BOOTFB")).stream()
                .map(region -> region.toLine())
                .toList();
    }

    private SwitchPlan plan(Kernel kernel, TransactionRunner runner, Target target) {
        PciAddress gpu = gpu(kernel).address();
        Planner.PlanningResult result = Planner.plan(
                machine(kernel),
                new SwitchRequest(gpu, target, List.of(), nativeDriverAllowed),
                runner.savedHostSettings(gpu));
        return ((Planner.PlanningResult.PlanCreated) result).plan();
    }

    private Outcome run(Kernel kernel, Target target) throws JournalException {
        events.clear();
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, runner, target);
            assertThat(plan.refusals()).isEmpty();
            return runner.run(plan, () -> false, events::add);
        }
    }

    private List<String> failureDetails() {
        return events.stream()
                .filter(event -> event.phase() == StepPhase.FAILED)
                .map(event -> event.failure().orElseThrow().reason())
                .toList();
    }

    private static Predicate<KernelWrite> isRegionRelease() {
        return write -> write instanceof KernelWrite.WriteSysfs(String path, String value) && path.endsWith("/release");
    }

    private static Predicate<KernelWrite> isModuleLoad() {
        return write -> write instanceof KernelWrite.LoadModule(String module) && module.equals("switchback_bootfb");
    }

    private static Predicate<KernelWrite> isEfifbUnbind() {
        return write -> write instanceof KernelWrite.WriteSysfs(String path, String value)
                && path.endsWith("efi-framebuffer/unbind");
    }

    /** Without the lasting changes of a switch with the module: the framebuffer until restart, and the taint. */
    private static List<String> differencesExceptFramebuffer(MachineSnapshot before, MachineSnapshot after) {
        return SwitchTest.differences(before, after).stream()
                .filter(path -> !path.contains("simple-framebuffer.0")
                        && !path.startsWith("/proc/iomem")
                        && !path.startsWith("/sys/class/graphics/fb0/name")
                        && !path.startsWith("/sys/class/drm/card0-Unknown-1/")
                        && !path.startsWith("/proc/sys/kernel/tainted"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {GTX1080, STRIX_HALO})
    void moduleReleasesBootfbAndRoundTripRestoresEverythingElse(String name) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(name));
        MachineSnapshot before = kernel.readSnapshot();
        assertThat(bootfbRegions(kernel)).hasSize(1);
        for (int round = 0; round < 5; round++) {
            assertThat(run(kernel, Target.VM)).as("round %d: %s", round, events).isEqualTo(Outcome.DONE);
            assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.VM);
            assertThat(bootfbRegions(kernel)).isEmpty();
            assertThat(kernel.readSetting(MODULE)).as("unloaded").isEmpty();
            assertThat(kernel.verifyVfio(gpu(kernel).functions().stream()
                            .map(function -> function.address())
                            .toList()))
                    .isInstanceOf(Kernel.VfioCheck.Passed.class);
            assertThat(run(kernel, Target.HOST))
                    .as("round %d: %s", round, events)
                    .isEqualTo(Outcome.DONE);
        }
        assertThat(differencesExceptFramebuffer(before, kernel.readSnapshot())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"EPERM", "EKEYREJECTED", "ENOKEY", "ENOEXEC"})
    void failedModuleLoadStopsTheSwitchBeforeAnyUnbind(String errno) throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(GTX1080));
        MachineSnapshot before = kernel.readSnapshot();
        kernel.injectOnce(isModuleLoad(), new SimulatedFault.ErrnoFault(errno));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(failureDetails()).containsExactly("load-" + errno);
        assertThat(SwitchTest.differences(before, kernel.readSnapshot())).isEmpty();
        assertThat(kernel.writes()).as("vfio-pci and the module").hasSize(2);
    }

    @Test
    void moduleErrnoUnloadsModuleAndRollsBack() throws JournalException {
        for (String errno : List.of("ESTALE", "EBUSY", "EEXIST")) {
            folder = temp.resolve(errno);
            SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(GTX1080));
            MachineSnapshot before = kernel.readSnapshot();
            kernel.injectOnce(isRegionRelease(), new SimulatedFault.ErrnoFault(errno));
            assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
            assertThat(failureDetails()).containsExactly("release-" + errno);
            assertThat(kernel.readSetting(MODULE)).isEmpty();
            assertThat(bootfbRegions(kernel)).hasSize(1);
            assertThat(differencesExceptFramebuffer(before, kernel.readSnapshot()))
                    .isEmpty();
        }
    }

    @Test
    void falseSuccessOfModuleIsDetectedInMemoryMap() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(GTX1080));
        kernel.injectOnce(isRegionRelease(), new SimulatedFault.FalseSuccess());
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(failureDetails()).containsExactly("still-there");
        assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.HOST);
        assertThat(kernel.readSetting(MODULE)).isEmpty();
    }

    @Test
    void moduleThatFailsToUnloadDoesNotFailTheSwitch() throws JournalException {
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(GTX1080));
        kernel.injectOnce(write -> write instanceof KernelWrite.UnloadModule, new SimulatedFault.ErrnoFault("EBUSY"));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        assertThat(kernel.readSetting(MODULE)).isEqualTo(Setting.KernelModule.LOADED);
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void allowedNativeDriverMakesModuleUnnecessary() throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(STRIX_HALO));
        kernel.addNativeModule(gpu(kernel).address(), "amdgpu");
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.DONE);
        assertThat(bootfbRegions(kernel)).isEmpty();
        assertThat(kernel.writes()).noneMatch(isModuleLoad());
        assertThat(events)
                .filteredOn(event -> event.phase() == StepPhase.SKIPPED)
                .hasSizeGreaterThan(1);
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void moduleIsUsedWhenNativeDriverIsMissing() throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(STRIX_HALO));
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        assertThat(failureDetails()).as("native driver").containsExactly("still-there");
        assertThat(bootfbRegions(kernel)).isEmpty();
        assertThat(kernel.writes()).anyMatch(isRegionRelease());
    }

    @Test
    void switchRollsBackWithoutNativeDriverAndModule() throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(STRIX_HALO)
                .withChanges(Map.of("/lib/modules/6.18.48-talos/switchback_bootfb", Optional.empty())));
        MachineSnapshot before = kernel.readSnapshot();
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(SwitchTest.differences(before, kernel.readSnapshot())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"q35-6.1-0380, fb0", STRIX_HALO + ", dri/card0"})
    void processOpeningTheFramebufferAfterPlanningStopsEveryReleaseMethod(String name, String node)
            throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load(name));
        MachineSnapshot before = kernel.readSnapshot();
        int[] writes = {0};
        kernel.afterEachWrite((write, result) -> {
            if (++writes[0] == 2) {
                kernel.addDeviceUser(new DeviceUser(4121, "kiosk", "ann", node));
            }
        });
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(failureDetails()).containsExactly("in-use");
        assertThat(kernel.writes()).noneMatch(isEfifbUnbind()).noneMatch(isRegionRelease());
        kernel.endProcess(4121);
        assertThat(SwitchTest.differences(before, kernel.readSnapshot())).isEmpty();
    }

    @Test
    void nativeDriverFollowsFailedUnbind() throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        kernel.addNativeModule(gpu(kernel).address(), "bochs-drm");
        kernel.injectOnce(isEfifbUnbind(), new SimulatedFault.ErrnoFault("EIO"));
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.DONE);
        assertThat(failureDetails()).containsExactly("EIO");
        assertThat(gpu(kernel).conflicts()).isEmpty();
        assertThat(run(kernel, Target.HOST)).isEqualTo(Outcome.DONE);
    }

    @Test
    void framebufferRemovedByFallbackDoesNotFailRollback() throws JournalException {
        nativeDriverAllowed = true;
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380"));
        kernel.addNativeModule(gpu(kernel).address(), "bochs-drm");
        kernel.injectOnce(isEfifbUnbind(), new SimulatedFault.FalseSuccess());
        kernel.injectOnce(
                write -> write instanceof KernelWrite.WriteSysfs(String path, String value)
                        && path.endsWith("drivers_probe")
                        && kernel.readSetting(
                                        new Setting.DriverOverride(gpu(kernel).address()))
                                .equals("vfio-pci"),
                new SimulatedFault.ErrnoFault("EBUSY"));
        assertThat(run(kernel, Target.VM)).as("%s", events).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(gpu(kernel).mode()).isEqualTo(Gpu.GpuMode.UNBOUND);
    }

    @Test
    void takenOverFramebufferIsNotUnboundDuringRollback() throws JournalException {
        // On 5.10 a second unbind would free the framebuffer twice, which is an oops in the simulated kernel.
        SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-5.10-0300"));
        kernel.addNativeDriver(gpu(kernel).address(), "bochs-drm");
        assertThat(run(kernel, Target.VM)).isEqualTo(Outcome.DONE);
        try (TransactionRunner runner = TransactionRunner.open(kernel, folder)) {
            SwitchPlan plan = plan(kernel, runner, Target.HOST);
            // The native driver is bound manually during the switch to host mode, and a later step fails.
            kernel.afterEachWrite((write, result) -> {
                if (write instanceof KernelWrite.WriteSysfs(String path, String value)
                        && path.endsWith("efi-framebuffer/bind")) {
                    kernel.afterEachWrite((laterWrite, laterResult) -> {});
                    kernel.write(
                            new KernelWrite.WriteSysfs(
                                    "/sys/bus/pci/drivers/bochs-drm/bind",
                                    gpu(kernel).address().toString()),
                            Duration.ofSeconds(1),
                            waited -> {});
                }
            });
            kernel.injectOnce(
                    write -> write instanceof KernelWrite.WriteSysfs(String path, String value)
                            && path.endsWith("snd_hda_intel/bind"),
                    new SimulatedFault.ErrnoFault("ENOMEM"));
            runner.run(plan, () -> false, events::add);
        }
        assertThat(kernel.hasOops()).isFalse();
    }
}
