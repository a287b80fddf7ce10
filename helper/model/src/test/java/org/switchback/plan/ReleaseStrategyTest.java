package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.TestSnapshots;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;

/** Which rung of the ladder is taken for what lies in the BAR, and why. */
class ReleaseStrategyTest {
    /** BOOTFB without a driver under nvidia, kernel 4.6. */
    private static final String GTX1080 = "x99-gtx1080";
    /** BOOTFB under simpledrm, no driver on the GPU of class 0380, kernel 6.18. */
    private static final String STRIX_HALO = "strix-halo-32g";

    private static final String MODULE_PATH_FORMAT = "/lib/modules/%s/switchback_bootfb";
    private static final String RELEASE_4_6 = "4.6.0-1-amd64";
    private static final String RELEASE_6_18 = "6.18.48-talos";

    private static SwitchPlan plan(Machine machine, boolean nativeDriver) {
        SwitchRequest request = new SwitchRequest(machine.gpus().getFirst().address(), Target.VM, List.of(), nativeDriver);
        return ((Planner.PlanningResult.PlanCreated) Planner.plan(machine, request, Optional.empty())).plan();
    }

    private static SwitchPlan plan(String capture) {
        return plan(TestSnapshots.parseMachine(capture), false);
    }

    private static Machine machineWithTexts(String capture, Map<String, String> texts) {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        texts.forEach((path, text) ->
                changes.put(path, text.isEmpty() ? Optional.empty() : Optional.of(new MachineSnapshot.TextEntry(text))));
        return SnapshotParser.parse(TestSnapshots.load(capture).withChanges(changes));
    }

    private static String modulePath(String release) {
        return MODULE_PATH_FORMAT.formatted(release);
    }

    /** The rungs of a plan, each once, in their order. */
    private static List<ReleaseStage.ReleaseMethod> releaseMethods(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step instanceof Step.FallbackStep(ReleaseStage rung, Step s) ? Optional.of(rung).stream() : Optional.<ReleaseStage>empty().stream())
                .map(ReleaseStage::method)
                .distinct()
                .toList();
    }

    private static List<ReleaseStage.ReleaseReason> reasons(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step instanceof Step.FallbackStep(ReleaseStage rung, Step s)
                                && rung.role() == ReleaseStage.StepRole.RELEASE
                        ? Optional.of(rung).stream()
                        : Optional.<ReleaseStage>empty().stream())
                .map(ReleaseStage::reason)
                .toList();
    }

    private static List<String> shellCommands(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step.kernelWrite().stream())
                .map(KernelWrite::shellCommand)
                .toList();
    }

    @Test
    void vfioPciEvictionNeedsNoReleaseMethod() {
        assertThat(releaseMethods(plan("q35-6.1-0300"))).isEmpty();
        assertThat(plan("q35-6.1-0300").steps()).anyMatch(step -> step instanceof Step.FramebufferEviction);
    }

    @Test
    void regionRemovedByNativeDriverNeedsNoReleaseMethod() {
        assertThat(releaseMethods(plan("q35-6.1-0380-native"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"q35-6.1-0380", "q35-5.10-0300", "q35-5.10-0380", "q35-7.2-0380", "x99-gtx1080-efifb"})
    void regionOwnedByDriverIsReleasedByUnbind(String capture) {
        SwitchPlan plan = plan(capture);
        assertThat(plan.refusals()).isEmpty();
        assertThat(releaseMethods(plan)).containsExactly(ReleaseStage.ReleaseMethod.UNBIND);
        assertThat(reasons(plan)).containsExactly(ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DRIVER);
    }

    @Test
    void bootfbModuleIsLoadedFirstAndUnloadedAfterwards() {
        SwitchPlan plan = plan(GTX1080);
        assertThat(plan.refusals()).isEmpty();
        assertThat(reasons(plan)).containsExactly(ReleaseStage.ReleaseReason.NO_DRIVER);
        assertThat(shellCommands(plan))
                .containsSubsequence(
                        "sudo modprobe switchback_bootfb",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:04:00.0/driver_override",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind",
                        "echo 0000:04:00.0 c0000000-c086ffff | sudo tee /sys/module/switchback_bootfb/parameters/release",
                        "sudo modprobe -r switchback_bootfb",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers_probe");
        assertThat(plan.steps())
                .filteredOn(step -> step.undoPolicy() == Step.UndoPolicy.NEEDS_RESTART)
                .singleElement()
                .satisfies(step -> assertThat(step.unwrap())
                        .isInstanceOfSatisfying(
                                Step.ChangeSetting.class,
                                change -> assertThat(change.setting()).isInstanceOf(Setting.FramebufferRegion.class)));
        assertThat(plan.hostSettings().framebuffer()).as("nothing comes back before a restart").isEmpty();
    }

    @Test
    void bootfbUsedBySimpledrmIsReleasedByModuleWithoutUnbind() {
        SwitchPlan plan = plan(STRIX_HALO);
        assertThat(plan.refusals()).isEmpty();
        assertThat(reasons(plan)).containsExactly(ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DEVICE);
        assertThat(shellCommands(plan)).noneMatch(command -> command.contains("simple-framebuffer"));
    }

    @Test
    void alreadyLoadedModuleIsNeitherLoadedNorUnloaded() {
        SwitchPlan plan = plan(machineWithTexts(GTX1080, Map.of("/sys/module/switchback_bootfb", "x")), false);
        assertThat(shellCommands(plan))
                .anyMatch(command -> command.contains("parameters/release"))
                .noneMatch(command -> command.contains("modprobe switchback") || command.contains("modprobe -r"));
    }

    @Test
    void allowedNativeDriverComesBeforeModule() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine(STRIX_HALO), true);
        assertThat(releaseMethods(plan)).containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
        assertThat(reasons(plan)).containsExactly(ReleaseStage.ReleaseReason.NATIVE_DRIVER_ALLOWED, ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DEVICE);
        assertThat(shellCommands(plan))
                .as("the module may be spared, so it is loaded only when it is its turn")
                .containsSubsequence(
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:c3:00.0/driver_override",
                        "echo '' | sudo tee /sys/bus/pci/devices/0000:c3:00.0/driver_override",
                        "sudo modprobe \"$(cat /sys/bus/pci/devices/0000:c3:00.0/modalias)\"",
                        "echo 0000:c3:00.0 | sudo tee /sys/bus/pci/drivers_probe",
                        "echo 0000:c3:00.0 | sudo tee /sys/bus/pci/devices/0000:c3:00.0/driver/unbind",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:c3:00.0/driver_override",
                        "sudo modprobe switchback_bootfb");
    }

    @Test
    void nativeDriverIsNotUsedBeforeLinux60OrWhileGpuIsBound() {
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine("q35-5.10-0380"), true))).containsExactly(ReleaseStage.ReleaseMethod.UNBIND);
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine(GTX1080), true))).containsExactly(ReleaseStage.ReleaseMethod.MODULE);
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine("q35-6.1-0380"), true)))
                .as("efifb goes with its driver; the native one only if that does not do")
                .containsExactly(ReleaseStage.ReleaseMethod.UNBIND, ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
    }

    @Test
    void nativeDriverIsNotUsedForUnboundFramebufferOnNonVgaBeforeLinux611() {
        String driver = "/sys/bus/platform/devices/simple-framebuffer.0/driver";
        String release = "/proc/sys/kernel/osrelease";
        Map<String, String> on61 = Map.of(release, "6.1.0-56-amd64", modulePath("6.1.0-56-amd64"), "unsigned");
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, on61), true))).containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
        Map<String, String> unbound = new HashMap<>(on61);
        unbound.put(driver, "");
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, unbound), true))).containsExactly(ReleaseStage.ReleaseMethod.MODULE);
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, Map.of(driver, "")), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
    }

    @Test
    void missingModuleRefusalTellsWhetherNativeDriverSuffices() {
        assertThat(plan(machineWithTexts(GTX1080, Map.of(modulePath(RELEASE_4_6), "")), false).refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo("module-missing");
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", RELEASE_4_6, "");
                });
        Machine apu = machineWithTexts(STRIX_HALO, Map.of(modulePath(RELEASE_6_18), ""));
        assertThat(plan(apu, false).refusals())
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.details()).endsWith("native-driver"));
        assertThat(plan(apu, true).refusals()).isEmpty();
        assertThat(releaseMethods(plan(apu, true))).containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
    }

    @ParameterizedTest
    @CsvSource({
        "/sys/kernel/security/lockdown, none [integrity] confidentiality, lockdown",
        "/sys/kernel/security/lockdown, none integrity [confidentiality], lockdown",
        "/proc/cmdline, quiet lockdown=integrity, lockdown",
        "/sys/module/module/parameters/sig_enforce, Y, signatures"
    })
    void unsignedModuleIsRefusedWhereSignaturesAreEnforced(
            String path, String text, String why) {
        assertThat(plan(machineWithTexts(GTX1080, Map.of(path, text)), false).refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo("module-unsigned");
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", why, "", "debian");
                });
        for (String signature : List.of("signed", "unknown")) {
            assertThat(plan(machineWithTexts(GTX1080, Map.of(path, text, modulePath(RELEASE_4_6), signature)), false).refusals())
                    .as(signature)
                    .isEmpty();
        }
        Machine efifb = machineWithTexts("x99-gtx1080-efifb", Map.of(path, text));
        assertThat(plan(efifb, false).refusals()).as("unbinding takes no module").isEmpty();
    }

    @Test
    void unsignedModuleIsAcceptedWithoutLockdown() {
        assertThat(plan(
                                machineWithTexts(
                                        GTX1080,
                                        Map.of(
                                                "/sys/kernel/security/lockdown", "[none] integrity confidentiality",
                                                "/sys/module/module/parameters/sig_enforce", "N")),
                                false)
                        .refusals())
                .isEmpty();
    }

    @Test
    void takenOverFramebufferIsNeitherUnboundNorUnregistered() {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        changes.put(
                "/sys/bus/platform/devices/simple-framebuffer.0/driver",
                Optional.of(new MachineSnapshot.LinkEntry("../../../bus/platform/drivers/simple-framebuffer")));
        Machine machine = SnapshotParser.parse(TestSnapshots.load(GTX1080).withChanges(changes));
        assertThat(machine.firmwareFramebuffers()).singleElement().matches(fb -> fb.isTakenOver());
        assertThat(plan(machine, false).refusals())
                .extracting(Refusal::code)
                .containsExactly("framebuffer-spent");
        assertThat(releaseMethods(plan(machine, false))).isEmpty();
    }

    @Test
    void takenOverEfifbIsNotUnbound() {
        Machine machine = TestSnapshots.parseMachine("q35-5.10-0300-native");
        assertThat(machine.firmwareFramebuffers()).anyMatch(fb -> fb.isTakenOver());
        assertThat(shellCommands(plan(machine, false))).noneMatch(command -> command.contains("framebuffer"));
    }

    @Test
    void unknownRegionIsLeftAlone() {
        String map = TestSnapshots.load(GTX1080).text("/proc/iomem").orElseThrow();
        Machine machine = machineWithTexts(GTX1080, Map.of("/proc/iomem", map.replace("BOOTFB", "something")));
        assertThat(releaseMethods(plan(machine, true))).isEmpty();
    }
}
