package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;

/** Which rung of the ladder is taken for what lies in the BAR, and why. */
class LadderTest {
    /** BOOTFB without a driver under nvidia, kernel 4.6. */
    private static final String REPORTED = "x99-gtx1080";
    /** BOOTFB under simpledrm, no driver on the GPU of class 0380, kernel 6.18. */
    private static final String APU = "strix-halo-32g";

    private static final String MODULE = "/lib/modules/%s/switchback_bootfb";
    private static final String RELEASE_4_6 = "4.6.0-1-amd64";
    private static final String RELEASE_6_18 = "6.18.48-talos";

    private static SwitchPlan plan(Machine machine, boolean nativeDriver) {
        Request request = new Request(machine.gpus().getFirst().address(), Target.VM, List.of(), nativeDriver);
        return ((Planner.Answer.Planned) Planner.plan(machine, request, Optional.empty())).plan();
    }

    private static SwitchPlan plan(String capture) {
        return plan(Captures.machine(capture), false);
    }

    private static Machine with(String capture, Map<String, String> texts) {
        Map<String, Optional<Capture.Entry>> changes = new HashMap<>();
        texts.forEach((path, text) ->
                changes.put(path, text.isEmpty() ? Optional.empty() : Optional.of(new Capture.Text(text))));
        return MachineReader.read(Captures.named(capture).with(changes));
    }

    private static String module(String release) {
        return MODULE.formatted(release);
    }

    /** The rungs of a plan, each once, in their order. */
    private static List<Rung.Way> ways(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step instanceof Step.OnRung(Rung rung, Step s) ? Optional.of(rung).stream() : Optional.<Rung>empty().stream())
                .map(Rung::way)
                .distinct()
                .toList();
    }

    private static List<Rung.Reason> reasons(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step instanceof Step.OnRung(Rung rung, Step s)
                                && rung.part() == Rung.Part.RELEASES
                        ? Optional.of(rung).stream()
                        : Optional.<Rung>empty().stream())
                .map(Rung::reason)
                .toList();
    }

    private static List<String> shell(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step.write().stream())
                .map(KernelWrite::shell)
                .toList();
    }

    @Test
    void whatVfioPciEvictsTakesNoRung() {
        assertThat(ways(plan("q35-6.1-0300"))).isEmpty();
        assertThat(plan("q35-6.1-0300").steps()).anyMatch(step -> step instanceof Step.Eviction);
    }

    @Test
    void aRegionThatHasGoneWithTheNativeDriverTakesNoRung() {
        assertThat(ways(plan("q35-6.1-0380-native"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"q35-6.1-0380", "q35-5.10-0300", "q35-5.10-0380", "q35-7.2-0380", "x99-gtx1080-efifb"})
    void aRegionOfItsDriversGoesWithTheDriver(String capture) {
        SwitchPlan plan = plan(capture);
        assertThat(plan.refusals()).isEmpty();
        assertThat(ways(plan)).containsExactly(Rung.Way.UNBIND);
        assertThat(reasons(plan)).containsExactly(Rung.Reason.GOES_WITH_DRIVER);
    }

    @Test
    void bootfbTakesTheModuleLoadedBeforeAnythingIsTouchedAndUnloadedAgain() {
        SwitchPlan plan = plan(REPORTED);
        assertThat(plan.refusals()).isEmpty();
        assertThat(reasons(plan)).containsExactly(Rung.Reason.NO_DRIVER);
        assertThat(shell(plan))
                .containsSubsequence(
                        "sudo modprobe switchback_bootfb",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:04:00.0/driver_override",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind",
                        "echo 0000:04:00.0 c0000000-c086ffff | sudo tee /sys/module/switchback_bootfb/parameters/release",
                        "sudo modprobe -r switchback_bootfb",
                        "echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers_probe");
        assertThat(plan.steps())
                .filteredOn(step -> step.undo() == Step.Undo.UNTIL_RESTART)
                .singleElement()
                .satisfies(step -> assertThat(step.bare())
                        .isInstanceOfSatisfying(
                                Step.Change.class,
                                change -> assertThat(change.setting()).isInstanceOf(Setting.FirmwareRegion.class)));
        assertThat(plan.remember().framebuffer()).as("nothing comes back before a restart").isEmpty();
    }

    @Test
    void bootfbUnderSimpledrmTakesTheModuleWithoutUnbindingAnythingFirst() {
        SwitchPlan plan = plan(APU);
        assertThat(plan.refusals()).isEmpty();
        assertThat(reasons(plan)).containsExactly(Rung.Reason.OUTLIVES_DRIVER);
        assertThat(shell(plan)).noneMatch(command -> command.contains("simple-framebuffer"));
    }

    @Test
    void aModuleThatIsLoadedAlreadyIsNeitherLoadedNorUnloaded() {
        SwitchPlan plan = plan(with(REPORTED, Map.of("/sys/module/switchback_bootfb", "x")), false);
        assertThat(shell(plan))
                .anyMatch(command -> command.contains("parameters/release"))
                .noneMatch(command -> command.contains("modprobe switchback") || command.contains("modprobe -r"));
    }

    @Test
    void theNativeDriverComesBeforeTheModuleWhereItIsAllowed() {
        SwitchPlan plan = plan(Captures.machine(APU), true);
        assertThat(ways(plan)).containsExactly(Rung.Way.NATIVE_DRIVER, Rung.Way.MODULE);
        assertThat(reasons(plan)).containsExactly(Rung.Reason.ALLOWED, Rung.Reason.OUTLIVES_DRIVER);
        assertThat(shell(plan))
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
    void theNativeDriverIsNoRungBefore60NorWhileADriverHasTheGpu() {
        assertThat(ways(plan(Captures.machine("q35-5.10-0380"), true))).containsExactly(Rung.Way.UNBIND);
        assertThat(ways(plan(Captures.machine(REPORTED), true))).containsExactly(Rung.Way.MODULE);
        assertThat(ways(plan(Captures.machine("q35-6.1-0380"), true)))
                .as("efifb goes with its driver; the native one only if that does not do")
                .containsExactly(Rung.Way.UNBIND, Rung.Way.NATIVE_DRIVER);
    }

    @Test
    void theNativeDriverIsNoRungForAFramebufferThatNobodyHasOnOtherThanVgaBefore611() {
        String driver = "/sys/bus/platform/devices/simple-framebuffer.0/driver";
        String release = "/proc/sys/kernel/osrelease";
        Map<String, String> on61 = Map.of(release, "6.1.0-56-amd64", module("6.1.0-56-amd64"), "unsigned");
        assertThat(ways(plan(with(APU, on61), true))).containsExactly(Rung.Way.NATIVE_DRIVER, Rung.Way.MODULE);
        Map<String, String> unbound = new HashMap<>(on61);
        unbound.put(driver, "");
        assertThat(ways(plan(with(APU, unbound), true))).containsExactly(Rung.Way.MODULE);
        assertThat(ways(plan(with(APU, Map.of(driver, "")), true)))
                .containsExactly(Rung.Way.NATIVE_DRIVER, Rung.Way.MODULE);
    }

    @Test
    void withoutTheModuleTheRefusalSaysSoAndWhetherTheNativeDriverWouldDo() {
        assertThat(plan(with(REPORTED, Map.of(module(RELEASE_4_6), "")), false).refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo("module-missing");
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", RELEASE_4_6, "");
                });
        Machine apu = with(APU, Map.of(module(RELEASE_6_18), ""));
        assertThat(plan(apu, false).refusals())
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.details()).endsWith("native-driver"));
        assertThat(plan(apu, true).refusals()).isEmpty();
        assertThat(ways(plan(apu, true))).containsExactly(Rung.Way.NATIVE_DRIVER);
    }

    @ParameterizedTest
    @CsvSource({
        "/sys/kernel/security/lockdown, none [integrity] confidentiality, lockdown",
        "/sys/kernel/security/lockdown, none integrity [confidentiality], lockdown",
        "/proc/cmdline, quiet lockdown=integrity, lockdown",
        "/sys/module/module/parameters/sig_enforce, Y, signatures"
    })
    void aKernelThatTakesSignedModulesOnlyIsRefusedAnUnsignedOneBeforeAnythingIsDone(
            String path, String text, String why) {
        assertThat(plan(with(REPORTED, Map.of(path, text)), false).refusals())
                .singleElement()
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo("module-unsigned");
                    assertThat(refusal.details())
                            .containsExactly("04:00.0", "1", "BOOTFB", "c0000000-c086ffff", why, "", "debian");
                });
        for (String signature : List.of("signed", "unknown")) {
            assertThat(plan(with(REPORTED, Map.of(path, text, module(RELEASE_4_6), signature)), false).refusals())
                    .as(signature)
                    .isEmpty();
        }
        Machine efifb = with("x99-gtx1080-efifb", Map.of(path, text));
        assertThat(plan(efifb, false).refusals()).as("unbinding takes no module").isEmpty();
    }

    @Test
    void aKernelThatIsNotLockedDownTakesTheModuleUnsigned() {
        assertThat(plan(
                                with(
                                        REPORTED,
                                        Map.of(
                                                "/sys/kernel/security/lockdown", "[none] integrity confidentiality",
                                                "/sys/module/module/parameters/sig_enforce", "N")),
                                false)
                        .refusals())
                .isEmpty();
    }

    @Test
    void aFramebufferThatANativeDriverHasTakenIsNeitherUnboundNorUnregistered() {
        Map<String, Optional<Capture.Entry>> changes = new HashMap<>();
        changes.put(
                "/sys/bus/platform/devices/simple-framebuffer.0/driver",
                Optional.of(new Capture.Link("../../../bus/platform/drivers/simple-framebuffer")));
        Machine machine = MachineReader.read(Captures.named(REPORTED).with(changes));
        assertThat(machine.framebuffers()).singleElement().matches(fb -> fb.spent());
        assertThat(plan(machine, false).refusals())
                .extracting(Refusal::code)
                .containsExactly("framebuffer-spent");
        assertThat(ways(plan(machine, false))).isEmpty();
    }

    @Test
    void anEfifbWhoseDriverANativeOneHasRobbedIsNotUnbound() {
        Machine machine = Captures.machine("q35-5.10-0300-native");
        assertThat(machine.framebuffers()).anyMatch(fb -> fb.spent());
        assertThat(shell(plan(machine, false))).noneMatch(command -> command.contains("framebuffer"));
    }

    @Test
    void whatNobodyKnowsIsLeftAlone() {
        String map = Captures.named(REPORTED).text("/proc/iomem").orElseThrow();
        Machine machine = with(REPORTED, Map.of("/proc/iomem", map.replace("BOOTFB", "something")));
        assertThat(ways(plan(machine, true))).isEmpty();
    }
}
