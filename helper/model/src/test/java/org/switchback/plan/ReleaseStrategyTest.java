package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;

/** Tests which methods release the region in the BAR, and the reason given for each. */
class ReleaseStrategyTest {
    /** BOOTFB without a platform driver, GPU bound to nvidia, kernel 4.6. */
    private static final String GTX1080 = "x99-gtx1080";
    /** BOOTFB bound to simpledrm, no driver on the GPU of class 0380, kernel 6.18. */
    private static final String STRIX_HALO = "strix-halo-32g";

    private static final String MODULE_PATH_FORMAT = "/lib/modules/%s/switchback_bootfb";
    private static final String RELEASE_4_6 = "4.6.0-1-amd64";
    private static final String RELEASE_6_18 = "6.18.48-talos";

    private static SwitchPlan plan(Machine machine, boolean nativeDriverAllowed) {
        SwitchRequest request =
                new SwitchRequest(machine.gpus().getFirst().address(), Target.VM, List.of(), nativeDriverAllowed);
        return ((Planner.PlanningResult.PlanCreated) Planner.plan(machine, request, Optional.empty())).plan();
    }

    private static SwitchPlan plan(String name) {
        return plan(TestSnapshots.parseMachine(name), false);
    }

    private static Machine machineWithTexts(String name, Map<String, String> texts) {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        texts.forEach((path, text) -> changes.put(
                path, text.isEmpty() ? Optional.empty() : Optional.of(new MachineSnapshot.TextEntry(text))));
        return SnapshotParser.parse(TestSnapshots.load(name).withChanges(changes));
    }

    private static String modulePath(String release) {
        return MODULE_PATH_FORMAT.formatted(release);
    }

    /** The release methods of a plan in order, without duplicates. */
    private static List<ReleaseStage.ReleaseMethod> releaseMethods(SwitchPlan plan) {
        return plan.steps().stream()
                .filter(Step.FallbackStep.class::isInstance)
                .map(step -> ((Step.FallbackStep) step).stage().method())
                .distinct()
                .toList();
    }

    private static List<ReleaseStage.ReleaseReason> reasons(SwitchPlan plan) {
        return plan.steps().stream()
                .filter(Step.FallbackStep.class::isInstance)
                .map(step -> ((Step.FallbackStep) step).stage())
                .filter(stage -> stage.role() == ReleaseStage.StepRole.RELEASE)
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
    void regionOwnedByDriverIsReleasedByUnbind(String name) {
        SwitchPlan plan = plan(name);
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
                        "echo 0000:04:00.0 c0000000-c086ffff"
                                + " | sudo tee /sys/module/switchback_bootfb/parameters/release",
                        "sudo modprobe -r switchback_bootfb",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers_probe");
        assertThat(plan.steps())
                .filteredOn(step -> step.undoPolicy() == Step.UndoPolicy.NEEDS_RESTART)
                .singleElement()
                .satisfies(step -> assertThat(step.unwrap())
                        .isInstanceOfSatisfying(Step.ChangeSetting.class, change -> assertThat(change.setting())
                                .isInstanceOf(Setting.FramebufferRegion.class)));
        assertThat(plan.hostSettings().framebuffer())
                .as("nothing can be restored until restart")
                .isEmpty();
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
        assertThat(releaseMethods(plan))
                .containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
        assertThat(reasons(plan))
                .containsExactly(
                        ReleaseStage.ReleaseReason.NATIVE_DRIVER_ALLOWED,
                        ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DEVICE);
        assertThat(shellCommands(plan))
                .as("the module may be unnecessary, so it is loaded only when its stage begins")
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
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine("q35-5.10-0380"), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.UNBIND);
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine(GTX1080), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.MODULE);
        assertThat(releaseMethods(plan(TestSnapshots.parseMachine("q35-6.1-0380"), true)))
                .as("efifb is released by unbinding its driver; the native driver is only a fallback")
                .containsExactly(ReleaseStage.ReleaseMethod.UNBIND, ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
    }

    @Test
    void nativeDriverIsNotUsedForUnboundFramebufferOnNonVgaBeforeLinux611() {
        String driverPath = "/sys/bus/platform/devices/simple-framebuffer.0/driver";
        String releasePath = "/proc/sys/kernel/osrelease";
        Map<String, String> on61 = Map.of(releasePath, "6.1.0-56-amd64", modulePath("6.1.0-56-amd64"), "unsigned");
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, on61), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
        Map<String, String> withoutDriver = new HashMap<>(on61);
        withoutDriver.put(driverPath, "");
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, withoutDriver), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.MODULE);
        assertThat(releaseMethods(plan(machineWithTexts(STRIX_HALO, Map.of(driverPath, "")), true)))
                .containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER, ReleaseStage.ReleaseMethod.MODULE);
    }

    @Test
    void missingModuleRefusalTellsWhetherNativeDriverSuffices() {
        assertThat(plan(machineWithTexts(GTX1080, Map.of(modulePath(RELEASE_4_6), "")), false)
                        .refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo(RefusalCode.MODULE_MISSING);
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", RELEASE_4_6, "");
                });
        Machine machine = machineWithTexts(STRIX_HALO, Map.of(modulePath(RELEASE_6_18), ""));
        assertThat(plan(machine, false).refusals()).singleElement().satisfies(refusal -> assertThat(refusal.details())
                .endsWith("native-driver"));
        assertThat(plan(machine, true).refusals()).isEmpty();
        assertThat(releaseMethods(plan(machine, true))).containsExactly(ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
    }

    @ParameterizedTest
    @CsvSource({
        "/sys/kernel/security/lockdown, none [integrity] confidentiality, lockdown",
        "/sys/kernel/security/lockdown, none integrity [confidentiality], lockdown",
        "/proc/cmdline, quiet lockdown=integrity, lockdown",
        "/sys/module/module/parameters/sig_enforce, Y, signatures"
    })
    void unsignedModuleIsRefusedWhereSignaturesAreEnforced(String path, String text, String requirement) {
        assertThat(plan(machineWithTexts(GTX1080, Map.of(path, text)), false).refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo(RefusalCode.MODULE_UNSIGNED);
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", requirement, "", "debian");
                });
        for (String signature : List.of("signed", "unknown")) {
            assertThat(plan(machineWithTexts(GTX1080, Map.of(path, text, modulePath(RELEASE_4_6), signature)), false)
                            .refusals())
                    .as(signature)
                    .isEmpty();
        }
        Machine efifb = machineWithTexts("x99-gtx1080-efifb", Map.of(path, text));
        assertThat(plan(efifb, false).refusals())
                .as("unbinding needs no module")
                .isEmpty();
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
    void orphanedFramebufferIsNeitherUnboundNorUnregistered() {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        changes.put(
                "/sys/bus/platform/devices/simple-framebuffer.0/driver",
                Optional.of(new MachineSnapshot.LinkEntry("../../../bus/platform/drivers/simple-framebuffer")));
        Machine machine = SnapshotParser.parse(TestSnapshots.load(GTX1080).withChanges(changes));
        assertThat(machine.bootFramebuffers()).singleElement().matches(BootFramebuffer::isTakenOver);
        assertThat(plan(machine, false).refusals())
                .extracting(Refusal::code)
                .containsExactly(RefusalCode.FRAMEBUFFER_ORPHANED);
        assertThat(releaseMethods(plan(machine, false))).isEmpty();
    }

    @Test
    void orphanedEfifbIsNotUnbound() {
        Machine machine = TestSnapshots.parseMachine("q35-5.10-0300-native");
        assertThat(machine.bootFramebuffers()).anyMatch(BootFramebuffer::isTakenOver);
        assertThat(shellCommands(plan(machine, false))).noneMatch(command -> command.contains("framebuffer"));
    }

    @Test
    void unknownRegionIsNotReleased() {
        String map = TestSnapshots.load(GTX1080).text("/proc/iomem").orElseThrow();
        Machine machine = machineWithTexts(GTX1080, Map.of("/proc/iomem", map.replace("BOOTFB", "something")));
        assertThat(releaseMethods(plan(machine, true))).isEmpty();
    }
}
