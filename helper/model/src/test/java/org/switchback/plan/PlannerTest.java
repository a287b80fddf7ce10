package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;

class PlannerTest {
    private static final PciAddress GPU = PciAddress.of("01:00.0");
    private static final PciAddress SOUND = PciAddress.of("01:00.1");
    private static final HostSettings HOST_SETTINGS = new HostSettings(
            Map.of(
                    GPU, new HostSettings.FunctionSettings("bochs-drm", "", "auto"),
                    SOUND, new HostSettings.FunctionSettings("snd_hda_intel", "", "on")),
            Optional.of(new BootFramebuffer("efi-framebuffer.0", Optional.of("efi-framebuffer"), true)));

    private static SwitchPlan plan(Machine machine, Target target, PciAddress... extraFunctions) {
        return plan(machine, target, machine.gpus().getFirst().address(), List.of(extraFunctions));
    }

    private static SwitchPlan plan(Machine machine, Target target, PciAddress gpu, List<PciAddress> extraFunctions) {
        return requirePlan(Planner.plan(machine, new SwitchRequest(gpu, target, extraFunctions), Optional.empty()));
    }

    private static SwitchPlan requirePlan(Planner.PlanningResult result) {
        assertThat(result).isInstanceOf(Planner.PlanningResult.PlanCreated.class);
        return ((Planner.PlanningResult.PlanCreated) result).plan();
    }

    private static List<String> shellCommands(SwitchPlan plan) {
        return plan.steps().stream()
                .flatMap(step -> step.kernelWrite().stream())
                .map(KernelWrite::shellCommand)
                .toList();
    }

    private static Machine machineWithChanges(
            String name, Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes) {
        return SnapshotParser.parse(TestSnapshots.load(name).withChanges(changes));
    }

    private static Optional<MachineSnapshot.SnapshotEntry> text(String text) {
        return Optional.of(new MachineSnapshot.TextEntry(text));
    }

    private static Optional<MachineSnapshot.SnapshotEntry> link(String target) {
        return Optional.of(new MachineSnapshot.LinkEntry(target));
    }

    @Test
    void planToVmModeForDisplayGpuWithEfifbInBar() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine("q35-6.1-0380"), Target.VM);
        assertThat(plan.refusals()).isEmpty();
        assertThat(shellCommands(plan))
                .containsExactly(
                        "sudo modprobe vfio-pci",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:01:00.0/driver_override",
                        "echo vfio-pci | sudo tee /sys/bus/pci/devices/0000:01:00.1/driver_override",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers/snd_hda_intel/unbind",
                        "echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind",
                        "echo 0000:01:00.0 | sudo tee /sys/bus/pci/drivers_probe",
                        "echo 0000:01:00.1 | sudo tee /sys/bus/pci/drivers_probe");
        assertThat(plan.steps().getFirst()).isEqualTo(new Step.RunCheck(Step.CheckKind.UNUSED, List.of(GPU, SOUND)));
        assertThat(plan.steps().getLast())
                .isEqualTo(new Step.RunCheck(Step.CheckKind.VFIO_USABLE, List.of(GPU, SOUND)));
        assertThat(plan.requiredPermission()).isEqualTo(SwitchPlan.RequiredPermission.SWITCH_DISPLAY);
        assertThat(plan.hostSettings().framebuffer())
                .contains(new BootFramebuffer("efi-framebuffer.0", Optional.of("efi-framebuffer"), true));
    }

    @Test
    void vfioEvictionUnbindsNothingAndLastsUntilRestart() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine("q35-6.1-0300"), Target.VM);
        assertThat(shellCommands(plan)).noneMatch(command -> command.contains("efi-framebuffer"));
        assertThat(plan.steps())
                .filteredOn(step -> step.undoPolicy() == Step.UndoPolicy.NEEDS_RESTART)
                .singleElement()
                .isInstanceOfSatisfying(Step.FramebufferEviction.class, eviction -> assertThat(eviction.region())
                        .isEqualTo("efifb"));
    }

    @Test
    void everyReversibleWriteHasAnUndoWrite() {
        for (String name : List.of("q35-6.1-0380", "q35-6.1-0380-native", "q35-5.10-0300", "x99-gtx1080-efifb")) {
            for (Step step : plan(TestSnapshots.parseMachine(name), Target.VM).steps()) {
                if (step instanceof Step.ChangeSetting change && change.undoPolicy() == Step.UndoPolicy.REVERSIBLE) {
                    assertThat(change.undoWrite()).as("%s: %s", name, step).isPresent();
                    assertThat(change.undoWrite()).isNotEqualTo(change.kernelWrite());
                }
            }
        }
    }

    @Test
    void overridesAreSetBeforeAnyUnbind() {
        List<Step> steps = plan(TestSnapshots.parseMachine("q35-6.1-0380-native"), Target.VM)
                .steps();
        int lastOverride = -1;
        int firstUnbind = steps.size();
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i) instanceof Step.ChangeSetting change
                    && change.setting() instanceof Setting.DriverOverride) {
                lastOverride = i;
            }
            if (steps.get(i) instanceof Step.ChangeSetting change && change.setting() instanceof Setting.Driver) {
                firstUnbind = Math.min(firstUnbind, i);
            }
        }
        assertThat(lastOverride).isBetween(0, firstUnbind - 1);
    }

    @Test
    void gpuOnVfioButBlockedOnlyReleasesItsFramebuffer() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine("q35-6.1-0380-vfio-blocked"), Target.VM);
        assertThat(plan.refusals()).isEmpty();
        assertThat(shellCommands(plan))
                .containsExactly("echo efi-framebuffer.0 | sudo tee /sys/bus/platform/drivers/efi-framebuffer/unbind");
        assertThat(plan.steps().getLast()).isInstanceOf(Step.RunCheck.class);
    }

    @Test
    void gpuAlreadyInTargetModeIsRefused() {
        assertThat(plan(TestSnapshots.parseMachine("q35-6.1-0380-vfio"), Target.VM)
                        .refusals())
                .containsExactly(new Refusal.AlreadyInMode(GPU, Target.VM));
        assertThat(plan(TestSnapshots.parseMachine("q35-6.1-0380-native"), Target.HOST)
                        .refusals())
                .containsExactly(new Refusal.AlreadyInMode(GPU, Target.HOST));
    }

    @Test
    void planToHostRestoresSavedSettingsAndFramebufferBetweenUnbindAndBind() {
        Machine machine = TestSnapshots.parseMachine("q35-6.1-0380-vfio");
        SwitchPlan plan = requirePlan(
                Planner.plan(machine, new SwitchRequest(GPU, Target.HOST, List.of()), Optional.of(HOST_SETTINGS)));
        assertThat(shellCommands(plan))
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
        assertThat(plan.requiredPermission()).isEqualTo(SwitchPlan.RequiredPermission.RESTORE);
    }

    @Test
    void withoutSavedSettingsTheKernelProbesDrivers() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine("q35-6.1-0380-vfio"), Target.HOST);
        assertThat(plan.steps()).contains(new Step.ProbeAny(GPU), new Step.ProbeAny(SOUND));
    }

    @Test
    void extraSoundDeviceIsSwitchedOnRequest() {
        PciAddress boardSound = PciAddress.of("00:1b.0");
        SwitchPlan plan = plan(TestSnapshots.parseMachine("x99-gtx1080-efifb"), Target.VM, boardSound);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.functions()).extracting(PciDevice::address).contains(boardSound);
        assertThat(shellCommands(plan))
                .contains("echo 0000:00:1b.0 | sudo tee /sys/bus/pci/drivers/snd_hda_intel/unbind");
    }

    @Test
    void extraGpuWithDisplayNeedsDisplayPermission() {
        Machine machine = TestSnapshots.parseMachine("q35-6.1-0380");
        PciAddress secondGpu = PciAddress.of("02:00.0");
        assertThat(plan(machine, Target.VM, secondGpu, List.of()).requiredPermission())
                .isEqualTo(SwitchPlan.RequiredPermission.SWITCH);
        assertThat(plan(machine, Target.VM, secondGpu, List.of(GPU)).requiredPermission())
                .isEqualTo(SwitchPlan.RequiredPermission.SWITCH_DISPLAY_WITH_OTHERS);
    }

    @Test
    void bridgesStorageAndUnknownDevicesAreRefusedAsExtras() {
        SwitchPlan plan = plan(
                TestSnapshots.parseMachine("q35-6.1-0380"),
                Target.VM,
                PciAddress.of("00:01.0"),
                PciAddress.of("00:1f.2"),
                PciAddress.of("09:00.0"));
        assertThat(plan.refusals())
                .extracting(Refusal::code)
                .contains(RefusalCode.BRIDGE_NOT_MOVABLE, RefusalCode.STORAGE_NOT_MOVABLE, RefusalCode.NO_SUCH_DEVICE);
    }

    @Test
    void storageControllerInIommuGroupIsReported() {
        Machine machine = machineWithChanges(
                "q35-6.1-0380",
                Map.of(
                        "/sys/bus/pci/devices/0000:00:1f.2/iommu_group",
                        TestSnapshots.load("q35-6.1-0380")
                                                .entries()
                                                .get("/sys/bus/pci/devices/0000:01:00.0/iommu_group")
                                        instanceof MachineSnapshot.LinkEntry group
                                ? Optional.of(group)
                                : Optional.empty()));
        assertThat(plan(machine, Target.VM).refusals())
                .filteredOn(refusal -> refusal.code() == RefusalCode.GROUP_SHARED_NOT_MOVABLE)
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.details()).contains("00:1f.2", "ahci"));
    }

    @Test
    void processUsingTheGpuIsReportedInBothDirections() {
        Machine host = machineWithChanges(
                "q35-6.1-0380-native",
                Map.of(
                        "/proc/4121/comm", text("Xorg"),
                        "/proc/4121/owner", text("ann"),
                        "/proc/4121/fd/7", link("/dev/dri/card0")));
        assertThat(plan(host, Target.VM).refusals()).singleElement().satisfies(refusal -> assertThat(refusal.details())
                .containsExactly("01:00.0", "Xorg", "4121", "ann", "/dev/dri/card0"));
        String group = TestSnapshots.load("q35-6.1-0380-vfio")
                .linkTargetName("/sys/bus/pci/devices/0000:01:00.0/iommu_group")
                .orElseThrow();
        Machine vm = machineWithChanges(
                "q35-6.1-0380-vfio",
                Map.of(
                        "/proc/77/comm", text("qemu-system-x86"),
                        "/proc/77/owner", text("ann"),
                        "/proc/77/fd/9", link("/dev/vfio/" + group)));
        assertThat(plan(vm, Target.HOST).refusals()).extracting(Refusal::code).contains(RefusalCode.IN_USE);
    }

    @Test
    void processUsingTheFirmwareFramebufferIsReported() {
        Machine machine = machineWithChanges(
                "q35-6.1-0380",
                Map.of(
                        "/proc/4121/comm", text("Xorg"),
                        "/proc/4121/owner", text("root"),
                        "/proc/4121/fd/7", link("/dev/fb0")));
        assertThat(plan(machine, Target.VM).refusals()).singleElement().satisfies(refusal -> assertThat(
                        refusal.details())
                .containsExactly("01:00.0", "Xorg", "4121", "root", "/dev/fb0"));
    }

    @Test
    void soundServerWithOnlyControlDeviceOpenDoesNotBlock() {
        Machine machine = machineWithChanges(
                "q35-6.1-0380-native",
                Map.of(
                        "/sys/bus/pci/devices/0000:01:00.1/sound/card0",
                                Optional.of(new MachineSnapshot.DirectoryEntry()),
                        "/proc/900/comm", text("pipewire"),
                        "/proc/900/fd/20", link("/dev/snd/controlC0")));
        assertThat(plan(machine, Target.VM).refusals()).isEmpty();
        Machine machineWithPlayback = machineWithChanges(
                "q35-6.1-0380-native",
                Map.of(
                        "/sys/bus/pci/devices/0000:01:00.1/sound/card0",
                                Optional.of(new MachineSnapshot.DirectoryEntry()),
                        "/proc/900/comm", text("pipewire"),
                        "/proc/900/fd/21", link("/dev/snd/pcmC0D0p")));
        assertThat(plan(machineWithPlayback, Target.VM).refusals())
                .extracting(Refusal::code)
                .containsExactly(RefusalCode.IN_USE);
    }

    @Test
    void allRefusalsAreReportedTogether() {
        Machine machine = machineWithChanges(
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
                .containsExactlyInAnyOrder(
                        RefusalCode.KERNEL_OOPS, RefusalCode.IOMMU_OFF, RefusalCode.VFIO_MISSING, RefusalCode.IN_USE);
    }

    @Test
    void suggestedKernelOptionMatchesCpuVendor() {
        assertThat(iommuOff(Map.of("/proc/cpuinfo", text("vendor_id : GenuineIntel")))
                        .details())
                .containsExactly("06:00.0", "intel_iommu=on", "", "not-enabled");
    }

    @Test
    void amdNeedsNoKernelOption() {
        assertThat(iommuOff(Map.of()).details()).containsExactly("06:00.0", "", "", "not-enabled");
    }

    @Test
    void kernelOptionDisablingIommuIsReported() {
        assertThat(iommuOff(Map.of("/proc/cmdline", text("ro amd_iommu=off quiet")))
                        .details())
                .containsExactly("06:00.0", "", "amd_iommu=off", "disabled");
    }

    private static Refusal iommuOff(Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes) {
        Machine machine = SnapshotParser.parse(TestSnapshots.load("iommu-off").withChanges(changes));
        Planner.PlanningResult result = Planner.plan(
                machine, new SwitchRequest(PciAddress.of("06:00.0"), Target.VM, List.of()), Optional.empty());
        return ((Planner.PlanningResult.PlanCreated) result)
                .plan().refusals().stream()
                        .filter(refusal -> refusal.code() == RefusalCode.IOMMU_OFF)
                        .findFirst()
                        .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"00:01.0", "00:1f.2", "01:00.1"})
    void nonGpuHasNoPlan(String address) {
        Planner.PlanningResult result = Planner.plan(
                TestSnapshots.parseMachine("q35-6.1-0380"),
                new SwitchRequest(PciAddress.of(address), Target.VM, List.of()),
                Optional.empty());
        assertThat(result).isInstanceOfSatisfying(Planner.PlanningResult.InvalidRequest.class, invalid -> assertThat(
                        invalid.refusal())
                .isInstanceOf(Refusal.NotAGpu.class));
    }

    @Test
    void plansAreEqualOnlyForTheSameMachineState() {
        SwitchPlan plan = plan(TestSnapshots.parseMachine("q35-6.1-0380"), Target.VM);
        assertThat(plan(TestSnapshots.parseMachine("q35-6.1-0380"), Target.VM)).isEqualTo(plan);
        assertThat(plan(TestSnapshots.parseMachine("q35-6.1-0380-native"), Target.VM))
                .isNotEqualTo(plan);
    }
}
