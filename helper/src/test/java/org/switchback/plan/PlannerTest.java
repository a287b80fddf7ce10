package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;

class PlannerTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final HostSettings HOST = new HostSettings(
            Map.of(
                    GPU, new HostSettings.Function("bochs-drm", "", "auto"),
                    SOUND, new HostSettings.Function("snd_hda_intel", "", "on")),
            Optional.of(new FirmwareFramebuffer("efi-framebuffer.0", Optional.of("efi-framebuffer"), true)));

    private static SwitchPlan plan(Machine machine, Target target, PciAddress... with) {
        return plan(machine, target, machine.gpus().getFirst().address(), List.of(with));
    }

    private static SwitchPlan plan(Machine machine, Target target, PciAddress gpu, List<PciAddress> with) {
        return planned(Planner.plan(machine, new Request(gpu, target, with), Optional.empty()));
    }

    private static SwitchPlan planned(Planner.Answer answer) {
        assertThat(answer).isInstanceOf(Planner.Answer.Planned.class);
        return ((Planner.Answer.Planned) answer).plan();
    }

    private static List<String> shell(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step.write().stream())
                .map(KernelWrite::shell)
                .toList();
    }

    private static Machine changed(String capture, Map<String, Optional<Capture.Entry>> changes) {
        return MachineReader.read(Captures.named(capture).with(changes));
    }

    private static Optional<Capture.Entry> text(String text) {
        return Optional.of(new Capture.Text(text));
    }

    private static Optional<Capture.Entry> link(String target) {
        return Optional.of(new Capture.Link(target));
    }

    @Test
    void theWholeWayToVmModeOfADisplayWithEfifbInItsBar() {
        SwitchPlan plan = plan(Captures.machine("q35-6.1-0380"), Target.VM);
        assertThat(plan.refusals()).isEmpty();
        assertThat(shell(plan))
                .containsExactly(
                        "sudo modprobe vfio-pci",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:01:00.0/driver_override",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:01:00.1/driver_override",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers/snd_hda_intel/unbind",
                        "echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind",
                        "echo 0000:01:00.0 | sudo tee /sys/bus/pci/drivers_probe",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers_probe");
        assertThat(plan.steps().getFirst())
                .isEqualTo(new Step.Check(Step.Question.UNUSED, List.of(GPU, SOUND)));
        assertThat(plan.steps().getLast())
                .isEqualTo(new Step.Check(Step.Question.PROVEN, List.of(GPU, SOUND)));
        assertThat(plan.risk()).isEqualTo(SwitchPlan.Risk.SWITCH_DISPLAY);
        assertThat(plan.remember().framebuffer())
                .contains(new FirmwareFramebuffer("efi-framebuffer.0", Optional.of("efi-framebuffer"), true));
    }

    @Test
    void whereVfioEvictsTheFramebufferNothingIsUnboundAndThePlanSaysItIsGoneUntilRestart() {
        SwitchPlan plan = plan(Captures.machine("q35-6.1-0300"), Target.VM);
        assertThat(shell(plan)).noneMatch(command -> command.contains("efi-framebuffer"));
        assertThat(plan.steps())
                .filteredOn(step -> step.undo() == Step.Undo.UNTIL_RESTART)
                .singleElement()
                .isInstanceOfSatisfying(
                        Step.Eviction.class,
                        eviction -> assertThat(eviction.region()).isEqualTo("efifb"));
    }

    @Test
    void everyWriteThatIsReversibleHasItsInverse() {
        for (String name : List.of("q35-6.1-0380", "q35-6.1-0380-native", "q35-5.10-0300", "x99-gtx1080-efifb")) {
            for (Step step : plan(Captures.machine(name), Target.VM).steps()) {
                if (step instanceof Step.Change change && change.undo() == Step.Undo.REVERSIBLE) {
                    assertThat(change.inverse()).as("%s: %s", name, step).isPresent();
                    assertThat(change.inverse()).isNotEqualTo(change.write());
                }
            }
        }
    }

    @Test
    void overridesComeBeforeAnythingIsUnbound() {
        List<Step> steps = plan(Captures.machine("q35-6.1-0380-native"), Target.VM).steps();
        int lastOverride = -1;
        int firstUnbind = steps.size();
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i) instanceof Step.Change(Setting.Override o, String b, String a, Step.Undo u)) {
                lastOverride = i;
            }
            if (steps.get(i) instanceof Step.Change(Setting.Driver d, String b, String a, Step.Undo u)) {
                firstUnbind = Math.min(firstUnbind, i);
            }
        }
        assertThat(lastOverride).isBetween(0, firstUnbind - 1);
    }

    @Test
    void aGpuThatIsOnVfioButStillBlockedIsOnlyFreedOfItsFramebuffer() {
        SwitchPlan plan = plan(Captures.machine("q35-6.1-0380-vfio-blocked"), Target.VM);
        assertThat(plan.refusals()).isEmpty();
        assertThat(shell(plan))
                .containsExactly("echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind");
        assertThat(plan.steps().getLast()).isInstanceOf(Step.Check.class);
    }

    @Test
    void nothingIsDoneTwice() {
        assertThat(plan(Captures.machine("q35-6.1-0380-vfio"), Target.VM).refusals())
                .containsExactly(new Refusal.AlreadyThere(GPU, Target.VM));
        assertThat(plan(Captures.machine("q35-6.1-0380-native"), Target.HOST).refusals())
                .containsExactly(new Refusal.AlreadyThere(GPU, Target.HOST));
    }

    @Test
    void theWayBackRestoresWhatWasRememberedFramebufferBetweenUnbindAndBind() {
        Machine machine = Captures.machine("q35-6.1-0380-vfio");
        SwitchPlan plan =
                planned(Planner.plan(machine, new Request(GPU, Target.HOST, List.of()), Optional.of(HOST)));
        assertThat(shell(plan))
                .containsExactly(
                        "echo '' | sudo tee /sys/bus/pci/devices/0000:01:00.0/driver_override",
                        "echo '' | sudo tee /sys/bus/pci/devices/0000:01:00.1/driver_override",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers/vfio-pci/unbind",
                        "echo 0000:01:00.0 | sudo tee /sys/bus/pci/drivers/vfio-pci/unbind",
                        "echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/bind",
                        "echo 0000:01:00.0 | sudo tee /sys/bus/pci/drivers/bochs-drm/bind",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers/snd_hda_intel/bind",
                        "echo auto | sudo tee /sys/bus/pci/devices/0000:01:00.0/power/control",
                        "echo on | sudo tee /sys/bus/pci/devices/0000:01:00.1/power/control");
        assertThat(plan.risk()).isEqualTo(SwitchPlan.Risk.RESTORE);
    }

    @Test
    void withoutAMemoryTheKernelFindsTheDriversItself() {
        SwitchPlan plan = plan(Captures.machine("q35-6.1-0380-vfio"), Target.HOST);
        assertThat(plan.steps()).contains(new Step.Offer(GPU), new Step.Offer(SOUND));
    }

    @Test
    void theSoundDeviceOfTheBoardGoesAlongWhenAsked() {
        PciAddress board = PciAddress.of("00:1b.0");
        SwitchPlan plan = plan(Captures.machine("x99-gtx1080-efifb"), Target.VM, board);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.functions()).extracting(f -> f.address()).contains(board);
        assertThat(shell(plan)).contains("echo 0000:00:1b.0 | sudo tee /sys/bus/pci/drivers/snd_hda_intel/unbind");
    }

    @Test
    void aGpuWithADisplayIsNoLessRiskyWhenItGoesAlongWithAnother() {
        Machine machine = Captures.machine("q35-6.1-0380");
        PciAddress other = PciAddress.of("02:00.0");
        assertThat(plan(machine, Target.VM, other, List.of()).risk()).isEqualTo(SwitchPlan.Risk.SWITCH);
        assertThat(plan(machine, Target.VM, other, List.of(GPU)).risk()).isEqualTo(SwitchPlan.Risk.SWITCH_DISPLAY);
    }

    @Test
    void bridgesStorageAndUnknownDevicesNeverGoAlong() {
        SwitchPlan plan = plan(
                Captures.machine("q35-6.1-0380"),
                Target.VM,
                PciAddress.of("00:01.0"),
                PciAddress.of("00:1f.2"),
                PciAddress.of("09:00.0"));
        assertThat(plan.refusals())
                .extracting(Refusal::code)
                .contains("never-moves-bridge", "never-moves-storage", "no-such-device");
    }

    @Test
    void aStorageControllerInTheGroupIsNamed() {
        Machine machine = changed(
                "q35-6.1-0380",
                Map.of(
                        "/sys/bus/pci/devices/0000:00:1f.2/iommu_group",
                        Captures.named("q35-6.1-0380")
                                .entries()
                                .get("/sys/bus/pci/devices/0000:01:00.0/iommu_group") instanceof Capture.Link group
                                ? Optional.of(group)
                                : Optional.empty()));
        assertThat(plan(machine, Target.VM).refusals())
                .filteredOn(refusal -> refusal.code().equals("group-shared"))
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.details()).contains("00:1f.2", "ahci"));
    }

    @Test
    void aProgramThatHasTheGpuOpenIsNamedOnTheWayThereAndBack() {
        Machine host = changed(
                "q35-6.1-0380-native",
                Map.of(
                        "/proc/4121/comm", text("Xorg"),
                        "/proc/4121/owner", text("ann"),
                        "/proc/4121/fd/7", link("/dev/dri/card0")));
        assertThat(plan(host, Target.VM).refusals())
                .singleElement()
                .satisfies(refusal ->
                        assertThat(refusal.details()).containsExactly("01:00.0", "Xorg", "4121", "ann", "/dev/dri/card0"));
        String group = Captures.named("q35-6.1-0380-vfio")
                .linkName("/sys/bus/pci/devices/0000:01:00.0/iommu_group")
                .orElseThrow();
        Machine vm = changed(
                "q35-6.1-0380-vfio",
                Map.of(
                        "/proc/77/comm", text("qemu-system-x86"),
                        "/proc/77/owner", text("ann"),
                        "/proc/77/fd/9", link("/dev/vfio/" + group)));
        assertThat(plan(vm, Target.HOST).refusals())
                .extracting(Refusal::code)
                .contains("in-use");
    }

    @Test
    void aProgramOnTheFirmwaresFramebufferIsNamed() {
        Machine drawing = changed(
                "q35-6.1-0380",
                Map.of(
                        "/proc/4121/comm", text("Xorg"),
                        "/proc/4121/owner", text("root"),
                        "/proc/4121/fd/7", link("/dev/fb0")));
        assertThat(plan(drawing, Target.VM).refusals())
                .singleElement()
                .satisfies(refusal ->
                        assertThat(refusal.details()).containsExactly("01:00.0", "Xorg", "4121", "root", "/dev/fb0"));
    }

    @Test
    void aSoundServerThatOnlyWatchesTheCardHoldsNothingUp() {
        Machine machine = changed(
                "q35-6.1-0380-native",
                Map.of(
                        "/sys/bus/pci/devices/0000:01:00.1/sound/card0", Optional.of(new Capture.Directory()),
                        "/proc/900/comm", text("pipewire"),
                        "/proc/900/fd/20", link("/dev/snd/controlC0")));
        assertThat(plan(machine, Target.VM).refusals()).isEmpty();
        Machine playing = changed(
                "q35-6.1-0380-native",
                Map.of(
                        "/sys/bus/pci/devices/0000:01:00.1/sound/card0", Optional.of(new Capture.Directory()),
                        "/proc/900/comm", text("pipewire"),
                        "/proc/900/fd/21", link("/dev/snd/pcmC0D0p")));
        assertThat(plan(playing, Target.VM).refusals()).extracting(Refusal::code).containsExactly("in-use");
    }

    @Test
    void allReasonsAreToldAtOnce() {
        Machine machine = changed(
                "q35-6.1-0380-native",
                Map.of(
                        "/sys/bus/pci/devices/0000:01:00.0/iommu_group", Optional.empty(),
                        "/sys/bus/pci/devices/0000:01:00.1/iommu_group", Optional.empty(),
                        "/sys/module/vfio_pci", Optional.empty(),
                        "/sys/bus/pci/drivers/vfio-pci", Optional.empty(),
                        "/lib/modules/6.1.0-56-amd64/vfio-pci", Optional.empty(),
                        "/proc/sys/kernel/tainted", text("128"),
                        "/proc/4121/comm", text("Xorg"),
                        "/proc/4121/fd/7", link("/dev/dri/card0")));
        assertThat(plan(machine, Target.VM).refusals())
                .extracting(Refusal::code)
                .containsExactlyInAnyOrder("kernel-died", "iommu-off", "vfio-missing", "in-use");
    }

    @Test
    void theKernelOptionIsThatOfTheProcessor() {
        assertThat(iommuOff(Map.of("/proc/cpuinfo", text("vendor_id : GenuineIntel"))).details())
                .containsExactly("06:00.0", "intel_iommu=on", "");
    }

    @Test
    void onAmdTheKernelNeedsNoOption() {
        assertThat(iommuOff(Map.of()).details()).containsExactly("06:00.0", "", "");
    }

    @Test
    void anOptionThatKeepsTheIommuOffIsNamed() {
        assertThat(iommuOff(Map.of("/proc/cmdline", text("ro amd_iommu=off quiet"))).details())
                .containsExactly("06:00.0", "", "amd_iommu=off");
    }

    private static Refusal iommuOff(Map<String, Optional<Capture.Entry>> changes) {
        Machine machine = MachineReader.read(Captures.named("iommu-off").with(changes));
        Planner.Answer answer =
                Planner.plan(machine, new Request(PciAddress.of("06:00.0"), Target.VM, List.of()), Optional.empty());
        return ((Planner.Answer.Planned) answer)
                .plan().refusals().stream()
                        .filter(refusal -> refusal.code().equals("iommu-off"))
                        .findFirst()
                        .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"00:01.0", "00:1f.2", "01:00.1"})
    void whatIsNoGpuHasNoPlan(String address) {
        Planner.Answer answer = Planner.plan(
                Captures.machine("q35-6.1-0380"),
                new Request(PciAddress.of(address), Target.VM, List.of()),
                Optional.empty());
        assertThat(answer)
                .isInstanceOfSatisfying(
                        Planner.Answer.NoPlan.class,
                        none -> assertThat(none.reason()).isInstanceOf(Refusal.NotAGpu.class));
    }

    @Test
    void theSameFactsGiveAnEqualPlanAndAChangedFactDoesNot() {
        SwitchPlan plan = plan(Captures.machine("q35-6.1-0380"), Target.VM);
        assertThat(plan(Captures.machine("q35-6.1-0380"), Target.VM)).isEqualTo(plan);
        assertThat(plan(Captures.machine("q35-6.1-0380-native"), Target.VM)).isNotEqualTo(plan);
    }
}
