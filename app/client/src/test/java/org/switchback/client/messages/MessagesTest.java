package org.switchback.client.messages;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.client.HelperException;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MissingGroupReason;
import org.switchback.hardware.ModuleSignaturePolicy;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepFailure;
import org.switchback.job.StepKind;
import org.switchback.plan.Refusal;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.ReleaseStage.BarRegion;
import org.switchback.plan.ReleaseStage.ReleaseMethod;
import org.switchback.plan.ReleaseStage.ReleaseReason;
import org.switchback.plan.Step;
import org.switchback.plan.Target;

class MessagesTest {
    /** The reasons of release steps; vfio-pci's eviction of VGA framebuffers has a step of its own. */
    private static final List<ReleaseReason> RELEASE_REASONS = Stream.of(ReleaseReason.values())
            .filter(reason -> reason != ReleaseReason.VGA_CLASS)
            .toList();

    private static final PciAddress GPU = PciAddress.of("04:00.0");
    private static final AddressRange BOOTFB = new AddressRange(0xc0000000L, 0xc086ffffL);

    private static final AddressRange HIDDEN = new AddressRange(0, 0);

    /** ID and ID_LIKE from os-release of some distributions, and of an unknown one. */
    private static final List<List<String>> DISTRIBUTIONS = List.of(
            List.of("debian"),
            List.of("ubuntu", "debian"),
            List.of("linuxmint", "ubuntu", "debian"),
            List.of("fedora"),
            List.of("rocky", "rhel", "centos", "fedora"),
            List.of("arch"),
            List.of("opensuse-tumbleweed", "opensuse", "suse"),
            List.of("talos"),
            List.of());

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);
    private final Machine machine =
            SnapshotParser.parse(SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());

    private static BarRegion createFirmwareRegion(String region, AddressRange range) {
        return new BarRegion(GPU, 1, region, range);
    }

    static Stream<Refusal> allRefusals() {
        DeviceUser xorg = new DeviceUser(812, "Xorg", "ann", "dri/card0");
        List<Refusal> all = new ArrayList<>(List.of(
                new Refusal.NoSuchDevice(GPU),
                new Refusal.NotAGpu(GPU, "a card", "0200"),
                new Refusal.AlreadyInMode(GPU, Target.VM),
                new Refusal.AlreadyInMode(GPU, Target.HOST),
                new Refusal.IommuOff(
                        GPU, MissingGroupReason.NOT_ENABLED, Optional.of("intel_iommu=on"), Optional.empty()),
                new Refusal.IommuOff(GPU, MissingGroupReason.DISABLED, Optional.empty(), Optional.of("amd_iommu=off")),
                new Refusal.VfioMissing("6.1.0"),
                new Refusal.InUse(GPU, xorg),
                new Refusal.InUse(GPU, new DeviceUser(812, "Xorg", "", "dri/card0")),
                new Refusal.InUse(GPU, new DeviceUser(4711, "qemu-system-x86", "ann", "vfio/27")),
                new Refusal.GroupShared(GPU, 27, PciAddress.of("05:00.0"), "a card", "xhci_hcd", true),
                new Refusal.GroupShared(GPU, 27, PciAddress.of("05:00.0"), "a card", "nvme", false),
                new Refusal.HasVirtualFunctions(GPU, 7, List.of()),
                new Refusal.HasVirtualFunctions(GPU, 7, List.of("00:02.1 (101)")),
                new Refusal.InUse(GPU, new DeviceUser(DeviceUser.NO_PROCESS, "/mnt", "", "sdb1")),
                new Refusal.KernelReferenced(new KernelReference(KernelReference.ReferenceKind.NVIDIA_MODESET, GPU)),
                new Refusal.KernelReferenced(
                        new KernelReference(KernelReference.ReferenceKind.NVIDIA_MODESET_SHARED, GPU)),
                new Refusal.KernelReferenced(new KernelReference(KernelReference.ReferenceKind.NVIDIA_MODULE, GPU)),
                new Refusal.FramebufferNotRemovable(createFirmwareRegion("efifb", BOOTFB)),
                new Refusal.FramebufferNotRemovable(createFirmwareRegion("efifb", HIDDEN)),
                new Refusal.FramebufferOrphaned(createFirmwareRegion("BOOTFB", BOOTFB)),
                new Refusal.ModuleMissing(createFirmwareRegion("BOOTFB", BOOTFB), "6.1.0", false),
                new Refusal.ModuleMissing(createFirmwareRegion("BOOTFB", HIDDEN), "6.1.0", true),
                new Refusal.UnknownRegion(new BarRegion(GPU, 6, "thing", BOOTFB)),
                new Refusal.UnknownRegion(createFirmwareRegion("thing", HIDDEN)),
                new Refusal.NotResponding(GPU, "a card"),
                new Refusal.MemoryUnassigned(GPU, "a card", Optional.empty()),
                new Refusal.MemoryUnassigned(GPU, "a card", Optional.of(PciAddress.of("00:07.0"))),
                new Refusal.KernelOops()));
        for (MissingGroupReason reason : MissingGroupReason.values()) {
            all.add(new Refusal.IommuOff(GPU, reason, Optional.empty(), Optional.empty()));
        }
        for (Machine.RmrrRelaxation relaxation : Machine.RmrrRelaxation.values()) {
            all.add(new Refusal.DirectMapping(GPU, 27, List.of(BOOTFB), relaxation));
        }
        for (List<String> distribution : DISTRIBUTIONS) {
            all.add(new Refusal.ModuleUnsigned(
                    createFirmwareRegion("BOOTFB", BOOTFB),
                    ModuleSignaturePolicy.REQUIRED_BY_LOCKDOWN,
                    distribution,
                    false));
            all.add(new Refusal.ModuleUnsigned(
                    createFirmwareRegion("BOOTFB", BOOTFB), ModuleSignaturePolicy.ENFORCED, distribution, true));
        }
        for (Refusal.NotMovable.NotMovableKind kind : Refusal.NotMovable.NotMovableKind.values()) {
            all.add(new Refusal.NotMovable(GPU, "a card", kind));
        }
        return all.stream();
    }

    @Test
    void allRefusalTypesAreCovered() {
        assertThat(allRefusals().map(Object::getClass).distinct())
                .containsExactlyInAnyOrder(Refusal.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("allRefusals")
    void everyRefusalHasACompleteSentence(Refusal refusal) {
        String sentence = messages.formatRefusal(RefusalSummary.of(refusal));
        assertThat(sentence).doesNotContain("does not know:").endsWith(".");
        assertCompleteText(sentence);
        assertThat(sentence).doesNotContain("00000000-00000000");
        if (refusal instanceof Refusal.ModuleMissing missing) {
            assertThat(sentence)
                    .startsWith(
                            missing.region().range().equals(HIDDEN)
                                    ? "BOOTFB stays in BAR 1 of 04:00.0 "
                                    : "BOOTFB c0000000-c086ffff stays in BAR 1 of 04:00.0 ");
            assertThat(sentence.contains("--native-driver")).isEqualTo(missing.nativeDriverSuffices());
        }
    }

    @Test
    void signingInstructionsMatchTheDistribution() {
        assertThat(DISTRIBUTIONS.stream()
                        .map(ids -> new Refusal.ModuleUnsigned(
                                createFirmwareRegion("BOOTFB", BOOTFB),
                                ModuleSignaturePolicy.REQUIRED_BY_LOCKDOWN,
                                ids,
                                false))
                        .map(refusal -> messages.formatRefusal(RefusalSummary.of(refusal)))
                        .map(sentence -> Stream.of(
                                        "/var/lib/dkms/mok.pub",
                                        "/var/lib/shim-signed/mok/MOK.der",
                                        "kmodgenca",
                                        "sbctl",
                                        "KEY.der")
                                .filter(sentence::contains)
                                .findFirst()
                                .orElse("")))
                .containsExactly(
                        "/var/lib/dkms/mok.pub",
                        "/var/lib/shim-signed/mok/MOK.der",
                        "/var/lib/shim-signed/mok/MOK.der",
                        "kmodgenca",
                        "kmodgenca",
                        "sbctl",
                        "KEY.der",
                        "KEY.der",
                        "KEY.der");
    }

    @Test
    void unknownRefusalCodeIsQuoted() {
        assertThat(messages.formatRefusal(new RefusalSummary(RefusalCode.UNKNOWN, List.of("moon-too-full", "04:00.0"))))
                .contains("moon-too-full 04:00.0");
    }

    @ParameterizedTest
    @EnumSource(HelperException.FailureKind.class)
    void everyHelperFailureHasASentence(HelperException.FailureKind kind) {
        assertThat(messages.formatHelperFailure(kind)).endsWith(".");
    }

    @ParameterizedTest
    @EnumSource(Outcome.class)
    void everyOutcomeHasASentence(Outcome outcome) {
        for (Target target : Target.values()) {
            String sentence = messages.formatOutcome(outcome, target, "GTX 1080");
            assertThat(sentence).endsWith(".");
            assertCompleteText(sentence);
        }
    }

    @Test
    void failedStepIsExplained() {
        assertThat(messages.formatStepFailure(new StepFailure("not-true", List.of("nvidia"))))
                .isEqualTo("The kernel reported success, but the value is still nvidia.");
        assertThat(messages.formatStepFailure(
                        new StepFailure("in-use", List.of("Xorg", "812", "ann", "/dev/dri/card0"))))
                .isEqualTo("Xorg (PID 812, user ann) uses it through /dev/dri/card0.");
        assertThat(messages.formatStepFailure(new StepFailure("not-back", List.of("04:00.0", ""))))
                .isEqualTo("04:00.0 is not back on its host driver (now: no driver).");
        assertThat(messages.formatStepFailure(new StepFailure("not-proven", List.of("04:00.0", "BAR 0: EBUSY"))))
                .isEqualTo("A virtual machine can't use 04:00.0: BAR 0: EBUSY.");
        assertThat(messages.formatStepFailure(
                        new StepFailure("not-reserved", List.of("04:00.0", "BAR 1", "c0000000-cfffffff"))))
                .isEqualTo(
                        "A virtual machine can't use 04:00.0: something is in BAR 1 (c0000000-cfffffff), and the kernel"
                                + " can't reserve it.");
        assertThat(messages.formatStepFailure(new StepFailure("EOWNERDEAD", List.of())))
                .isEqualTo("The kernel reports an error: EOWNERDEAD.");
        assertThat(messages.formatStepFailure(new StepFailure("release-EOWNERDEAD", List.of())))
                .isEqualTo("The kernel reports an error: EOWNERDEAD.");
        assertThat(messages.formatStepFailure(new StepFailure("still-there", List.of("BOOTFB", "c0000000-c086ffff"))))
                .isEqualTo("The kernel reported success, but BOOTFB c0000000-c086ffff is still in the BAR.");
    }

    /** The errnos of kmod/README.md. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "EINVAL",
                "EPERM",
                "ENODEV",
                "EOPNOTSUPP",
                "EBUSY",
                "ERANGE",
                "ENOENT",
                "ENXIO",
                "EXDEV",
                "ESTALE",
                "EEXIST"
            })
    void everyErrnoOfTheFramebufferModuleHasASentence(String errno) {
        assertThat(messages.formatStepFailure(new StepFailure("release-" + errno, List.of())))
                .doesNotContain(errno)
                .contains("ramebuffer module")
                .endsWith(".");
    }

    @Test
    void everyReleaseMethodIsExplained() {
        List<PlannedStep> steps = new ArrayList<>();
        steps.add(step(StepKind.KERNEL_MODULE, "vfio-pci", "", "loaded", Step.UndoPolicy.KEPT));
        for (ReleaseReason reason : RELEASE_REASONS) {
            ReleaseMethod method =
                    switch (reason) {
                        case VGA_CLASS -> ReleaseMethod.VFIO_PCI;
                        case OWNED_BY_PLATFORM_DRIVER -> ReleaseMethod.UNBIND;
                        case NATIVE_DRIVER_ALLOWED -> ReleaseMethod.NATIVE_DRIVER;
                        case NO_DRIVER, OWNED_BY_PLATFORM_DEVICE -> ReleaseMethod.MODULE;
                    };
            steps.add(new PlannedStep(
                    StepKind.FRAMEBUFFER_REGION,
                    "0000:04:00.0 c0000000-c086ffff",
                    "BOOTFB",
                    "",
                    Step.UndoPolicy.NEEDS_RESTART,
                    "",
                    "",
                    Optional.of(method),
                    Optional.of(reason)));
        }
        List<String> sentences = messages.formatReleaseMethods(steps, machine);
        assertThat(sentences).hasSize(RELEASE_REASONS.size()).allSatisfy(sentence -> assertThat(sentence)
                .contains("BOOTFB c0000000-c086ffff")
                .endsWith("."));
        assertThat(sentences.getFirst()).startsWith("BOOTFB");
        assertThat(sentences.subList(1, sentences.size()))
                .allSatisfy(sentence -> assertThat(sentence).startsWith("If that does not free the BAR: "));
    }

    @Test
    void stepsAndInversesNameDeviceAndDriver() {
        assertStep(StepKind.DRIVER, "0000:04:00.0", "nvidia", "", "Unbind 04:00.0 from nvidia", "bind to nvidia");
        assertStep(StepKind.DRIVER, "0000:04:00.0", "", "vfio-pci", "Bind 04:00.0 to vfio-pci", "unbind from vfio-pci");
        assertStep(
                StepKind.DRIVER_OVERRIDE,
                "0000:04:00.1",
                "",
                "vfio-pci",
                "Set the driver override of 04:00.1 to vfio-pci",
                "clear the driver override");
        assertStep(
                StepKind.DRIVER_OVERRIDE,
                "0000:04:00.1",
                "vfio-pci",
                "",
                "Clear the driver override of 04:00.1",
                "set the driver override to vfio-pci");
        assertStep(
                StepKind.POWER_CONTROL, "0000:04:00.1", "auto", "on", "Keep 04:00.1 awake", "let it sleep when idle");
        assertStep(
                StepKind.POWER_CONTROL, "0000:04:00.1", "on", "auto", "Let 04:00.1 sleep when idle", "keep it awake");
        assertStep(StepKind.KERNEL_MODULE, "switchback_bootfb", "", "loaded", "Load switchback_bootfb", "unload it");
        assertStep(StepKind.KERNEL_MODULE, "switchback_bootfb", "loaded", "", "Unload switchback_bootfb", "-");
        assertThat(messages.formatInverse(step(StepKind.KERNEL_MODULE, "vfio-pci", "", "loaded", Step.UndoPolicy.KEPT)))
                .isEqualTo("stays loaded");
        assertStep(
                StepKind.FRAMEBUFFER_REGION,
                "0000:04:00.0 c0000000-c086ffff",
                "BOOTFB",
                "",
                "Release BOOTFB c0000000-c086ffff",
                "gone until restart");
        assertStep(
                StepKind.FRAMEBUFFER_REGION,
                "0000:04:00.0 00000000-00000000",
                "BOOTFB",
                "",
                "Release BOOTFB",
                "gone until restart");
        assertStep(StepKind.LOAD_DRIVER, "0000:04:00.0", "", "", "Load the driver of 04:00.0", "stays loaded");
        assertStep(StepKind.UNBIND_ANY, "0000:04:00.0", "", "", "Unbind 04:00.0 from that driver", "-");
        assertStep(
                StepKind.FRAMEBUFFER_DRIVER,
                "efi-framebuffer.0",
                "efi-framebuffer",
                "",
                "Release efifb c0000000-c086ffff",
                "bind to efi-framebuffer");
        assertStep(
                StepKind.FRAMEBUFFER_DRIVER,
                "efi-framebuffer.0",
                "",
                "efi-framebuffer",
                "Bind efi-framebuffer.0 to efi-framebuffer again",
                "release it");
        assertStep(
                StepKind.FRAMEBUFFER_EVICTION,
                "0000:04:00.0",
                "1 efifb c0000000-c086ffff",
                "",
                "vfio-pci removes efifb c0000000-c086ffff",
                "gone until restart");
        assertStep(
                StepKind.CHECK_UNUSED,
                "0000:04:00.0,0000:04:00.1",
                "",
                "",
                "Check that no program uses 04:00.0 and 04:00.1",
                "-");
        assertStep(
                StepKind.CHECK_VFIO_USABLE,
                "0000:04:00.0",
                "",
                "",
                "Check that a virtual machine can use every BAR",
                "-");
        assertStep(
                StepKind.CHECK_HOST_DRIVERS_BOUND,
                "0000:04:00.0,0000:04:00.1,0000:00:1b.0",
                "",
                "",
                "Check that the host drivers are bound to 04:00.0, 04:00.1 and 00:1b.0",
                "-");
        assertStep(
                StepKind.PROBE_ANY,
                "0000:04:00.0",
                "",
                "",
                "Let the kernel choose a driver for 04:00.0",
                "unbind from that driver");
    }

    private static PlannedStep step(
            StepKind kind, String subject, String before, String after, Step.UndoPolicy undoPolicy) {
        return new PlannedStep(kind, subject, before, after, undoPolicy, "", "", Optional.empty(), Optional.empty());
    }

    private void assertStep(StepKind kind, String subject, String before, String after, String title, String inverse) {
        PlannedStep step = step(kind, subject, before, after, Step.UndoPolicy.REVERSIBLE);
        assertThat(messages.formatStep(step, machine)).isEqualTo(title);
        assertThat(messages.formatInverse(step)).isEqualTo(inverse);
    }

    @Test
    void reversibilityHasTexts() {
        assertThat(Stream.of(Step.UndoPolicy.values())
                        .map(undo -> messages.formatReversibility(step(StepKind.DRIVER, "", "", "", undo))))
                .containsExactly("changes nothing", "reversible", "stays loaded", "until restart");
        assertThat(messages.formatReversibility(
                        step(StepKind.KERNEL_MODULE, "switchback_bootfb", "loaded", "", Step.UndoPolicy.KEPT)))
                .isEqualTo("stays unloaded");
    }

    @Test
    void overlapNamesRegionSizeAndBar() {
        Machine reported =
                SnapshotParser.parse(SampleMachines.load("x99-gtx1080").orElseThrow());
        Overlap overlap = reported.gpu(GPU).orElseThrow().conflicts().getFirst();
        assertThat(messages.formatOverlap(overlap)).isEqualTo("BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1");
        assertThat(messages.formatVerdict(overlap)).isEqualTo("vfio-pci can't reserve BAR 1 while BOOTFB is there.");
    }

    @Test
    void driverInsideTheFirmwareRegionIsNamed() {
        Machine apu = SnapshotParser.parse(SampleMachines.load("strix-halo-32g").orElseThrow());
        assertThat(messages.formatOverlap(apu.gpus().getFirst().conflicts().getFirst()))
                .isEqualTo("BOOTFB (used by simpledrm) 2800000000-2801fa3fff covers 31.6 MiB of BAR 0");
    }

    @Test
    void modesNameTheDriver() {
        assertThat(machine.gpus().stream().map(messages::formatMode))
                .containsExactly("Host mode (nvidia)", "Host mode (radeon)");
        for (Gpu.GpuMode mode : Gpu.GpuMode.values()) {
            assertThat(messages.bundle().keySet()).contains("mode." + KebabCase.of(mode));
        }
    }

    @Test
    void everySampleHasADescription() {
        assertThat(messages.bundle().keySet())
                .containsAll(SampleMachines.names().stream()
                        .map(name -> "sample." + name)
                        .toList());
    }

    @Test
    void textsAvoidViolentWordsAndExclamationMarks() {
        for (String key : Collections.list(messages.bundle().getKeys())) {
            assertThat(messages.bundle().getString(key).toLowerCase(Locale.ROOT))
                    .as(key)
                    .doesNotContain("force", "kill", "are you sure", "!");
        }
    }

    /** A single apostrophe would quote the placeholders after it. */
    @Test
    void everyPatternIsWellFormed() {
        for (String key : Collections.list(messages.bundle().getKeys())) {
            String pattern = messages.bundle().getString(key);
            boolean picocli = key.startsWith("switchback.") || key.startsWith("usage.") || key.startsWith("parameter.");
            if (picocli) {
                assertThat(pattern).as(key).doesNotContain("'");
                continue;
            }
            assertThat(pattern.replace("''", "")).as(key).doesNotContain("'");
            new MessageFormat(pattern);
        }
    }

    private static void assertCompleteText(String text) {
        assertThat(text).doesNotContain("{", "}", "null").doesNotContain("  ");
    }

    @Test
    void everyKernelReferenceHasAText() {
        for (KernelReference.ReferenceKind kind : KernelReference.ReferenceKind.values()) {
            boolean blocks = new KernelReference(kind, GPU).isBlockingUnbind();
            assertThat(messages.containsKey((blocks ? "refusal.kernel-reference." : "reference.") + KebabCase.of(kind)))
                    .as(kind.name())
                    .isTrue();
        }
    }

    @Test
    void mountIsNamedWithItsMountPoint() {
        DeviceUser mount = new DeviceUser(DeviceUser.NO_PROCESS, "/mnt", "", "sdb1");
        assertThat(messages.formatRefusal(RefusalSummary.of(new Refusal.InUse(GPU, mount))))
                .isEqualTo("/dev/sdb1 on the USB controller 04:00.0 is mounted at /mnt. Unmount it, then check again.");
        assertThat(messages.formatDeviceUser(mount)).isEqualTo("mount of /dev/sdb1 at /mnt");
        assertThat(messages.formatStepFailure(new StepFailure("in-use", List.of("/mnt", "0", "", "/dev/sdb1"))))
                .isEqualTo("/dev/sdb1 is mounted at /mnt.");
    }
}
