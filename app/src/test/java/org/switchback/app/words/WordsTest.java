package org.switchback.app.words;

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
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.ModuleLoading;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;
import org.switchback.plan.Refusal;
import org.switchback.plan.Rung;
import org.switchback.plan.Target;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;
import org.switchback.transaction.Outcome;
import org.switchback.transaction.Phase;

class WordsTest {
    private static final PciAddress GPU = PciAddress.of("04:00.0");
    private static final AddressRange BOOTFB = new AddressRange(0xc0000000L, 0xc086ffffL);

    private static final AddressRange HIDDEN = new AddressRange(0, 0);

    /** What os-release says of some, and of one that nobody knows. */
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

    private final Words words = Words.in(Locale.ENGLISH);
    private final Machine machine =
            MachineReader.read(SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());

    private static Rung.Claim claim(String region, AddressRange range) {
        return new Rung.Claim(GPU, 1, region, range);
    }

    static Stream<Refusal> refusals() {
        Holder xorg = new Holder(812, "Xorg", "ann", "dri/card0");
        List<Refusal> all = new ArrayList<>(List.of(
                new Refusal.NoSuchDevice(GPU),
                new Refusal.NotAGpu(GPU, "a card", "0200"),
                new Refusal.AlreadyThere(GPU, Target.VM),
                new Refusal.AlreadyThere(GPU, Target.HOST),
                new Refusal.IommuOff(GPU, Optional.of("intel_iommu=on"), Optional.empty()),
                new Refusal.IommuOff(GPU, Optional.empty(), Optional.of("amd_iommu=off")),
                new Refusal.IommuOff(GPU, Optional.empty(), Optional.empty()),
                new Refusal.VfioMissing("6.1.0"),
                new Refusal.InUse(GPU, xorg),
                new Refusal.InUse(GPU, new Holder(812, "Xorg", "", "dri/card0")),
                new Refusal.InUse(GPU, new Holder(4711, "qemu-system-x86", "ann", "vfio/27")),
                new Refusal.GroupShared(GPU, 27, PciAddress.of("05:00.0"), "a card", "nvme"),
                new Refusal.FramebufferStays(claim("efifb", BOOTFB)),
                new Refusal.FramebufferStays(claim("efifb", HIDDEN)),
                new Refusal.FramebufferSpent(claim("BOOTFB", BOOTFB)),
                new Refusal.ModuleMissing(claim("BOOTFB", BOOTFB), "6.1.0", false),
                new Refusal.ModuleMissing(claim("BOOTFB", HIDDEN), "6.1.0", true),
                new Refusal.UnknownClaim(new Rung.Claim(GPU, 6, "thing", BOOTFB)),
                new Refusal.UnknownClaim(claim("thing", HIDDEN)),
                new Refusal.KernelDied()));
        for (List<String> distribution : DISTRIBUTIONS) {
            all.add(new Refusal.ModuleUnsigned(
                    claim("BOOTFB", BOOTFB), ModuleLoading.LOCKED_DOWN, distribution, false));
            all.add(new Refusal.ModuleUnsigned(
                    claim("BOOTFB", BOOTFB), ModuleLoading.SIGNED_ONLY, distribution, true));
        }
        for (Refusal.NeverMoves.Kind kind : Refusal.NeverMoves.Kind.values()) {
            all.add(new Refusal.NeverMoves(GPU, "a card", kind));
        }
        return all.stream();
    }

    @Test
    void theListOfRefusalsAboveHasEveryKindThereIs() {
        assertThat(refusals().map(Object::getClass).distinct())
                .containsExactlyInAnyOrder(Refusal.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void everyRefusalHasASentenceWithAllItsDetails(Refusal refusal) {
        String sentence = words.refusal(new PlannedRefusal(refusal.code(), refusal.details()));
        assertThat(sentence).doesNotContain("does not know:").endsWith(".");
        assertComplete(sentence);
        assertThat(sentence).doesNotContain("00000000-00000000");
        if (refusal instanceof Refusal.ModuleMissing missing) {
            assertThat(sentence)
                    .startsWith(missing.claim().range().equals(HIDDEN)
                            ? "BOOTFB stays in BAR 1 of 04:00.0 "
                            : "BOOTFB c0000000-c086ffff stays in BAR 1 of 04:00.0 ");
            assertThat(sentence.contains("--native-driver")).isEqualTo(missing.nativeWouldDo());
        }
    }

    @Test
    void howToSignTheModuleIsSaidForTheDistribution() {
        assertThat(DISTRIBUTIONS.stream()
                        .map(ids -> new Refusal.ModuleUnsigned(
                                claim("BOOTFB", BOOTFB), ModuleLoading.LOCKED_DOWN, ids, false))
                        .map(refusal -> words.refusal(new PlannedRefusal(refusal.code(), refusal.details())))
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
    void aRefusalOfALaterVersionIsQuoted() {
        assertThat(words.refusal(new PlannedRefusal("moon-too-full", List.of("04:00.0"))))
                .contains("moon-too-full 04:00.0");
    }

    @ParameterizedTest
    @EnumSource(HelperProblem.Kind.class)
    void everyProblemWithTheHelperHasASentence(HelperProblem.Kind kind) {
        assertThat(words.problem(kind)).endsWith(".");
    }

    @ParameterizedTest
    @EnumSource(Outcome.class)
    void everyOutcomeHasASentence(Outcome outcome) {
        for (String target : List.of("vm", "host")) {
            String sentence = words.finished(entry("finished", outcome.word()), target, "GTX 1080");
            assertThat(sentence).doesNotContain("does not know").endsWith(".");
            assertComplete(sentence);
        }
    }

    @Test
    void everyOtherEndOfAJobHasASentence() {
        for (String detail : List.of(
                "denied",
                "no-agent",
                "authentication-cancelled",
                "undecided",
                "stale",
                "busy",
                "refused",
                "error",
                "helper-lost")) {
            assertThat(words.finished(entry("finished", detail), "vm", "GTX 1080"))
                    .as(detail)
                    .doesNotContain("does not know")
                    .endsWith(".");
        }
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void everyPhaseOfAStepHasWords(Phase phase) {
        PlannedStep step = new PlannedStep("driver", "0000:04:00.0", "nvidia", "", "reversible", "", "", "", "");
        String text = words.progress(
                new JobEntry(phase.word(), 0, 0, "EBUSY", List.of("7")), List.of(step), machine, "vm", "GTX 1080");
        assertThat(text).isNotEqualTo(phase.word()).contains("Take 04:00.0 from nvidia");
        assertComplete(text);
    }

    @Test
    void aFailedStepSaysWhy() {
        assertThat(words.failure(entry("failed", "not-true", "nvidia")))
                .isEqualTo("The kernel reported success, but it is still on nvidia.");
        assertThat(words.failure(entry("failed", "in-use", "Xorg", "812", "ann", "/dev/dri/card0")))
                .isEqualTo("Xorg (PID 812, user ann) uses it through /dev/dri/card0.");
        assertThat(words.failure(entry("failed", "not-back", "04:00.0", "")))
                .isEqualTo("04:00.0 is not back: it is on no driver.");
        assertThat(words.failure(entry("failed", "not-proven", "04:00.0", "BAR 0: EBUSY")))
                .isEqualTo("A virtual machine would not get 04:00.0: BAR 0: EBUSY.");
        assertThat(words.failure(entry("failed", "not-reserved", "04:00.0", "BAR 1", "c0000000-cfffffff")))
                .isEqualTo("A virtual machine would not get 04:00.0: something is in BAR 1 (c0000000-cfffffff), and the kernel"
                        + " can't reserve it.");
        assertThat(words.failure(entry("failed", "EOWNERDEAD"))).isEqualTo("The kernel refused: EOWNERDEAD.");
        assertThat(words.failure(entry("failed", "release-EOWNERDEAD"))).isEqualTo("The kernel refused: EOWNERDEAD.");
        assertThat(words.failure(entry("failed", "still-there", "BOOTFB", "c0000000-c086ffff")))
                .isEqualTo("The kernel reported success, but BOOTFB c0000000-c086ffff is still in the BAR.");
    }

    /** The errnos of kmod/README.md. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "EINVAL", "EPERM", "ENODEV", "EOPNOTSUPP", "EBUSY", "ERANGE", "ENOENT", "ENXIO", "EXDEV", "ESTALE", "EEXIST"
            })
    void everyAnswerOfTheFramebufferModuleHasASentence(String errno) {
        assertThat(words.failure(entry("failed", "release-" + errno)))
                .doesNotContain(errno)
                .contains("ramebuffer module")
                .endsWith(".");
    }

    @Test
    void everyRungSaysWhyItIsTakenAndASecondOneWhen() {
        List<PlannedStep> steps = new ArrayList<>();
        steps.add(new PlannedStep("module", "vfio-pci", "", "loaded", "stays", "", "", "", ""));
        for (Rung.Reason reason : Rung.Reason.values()) {
            String rung = switch (reason) {
                case GOES_WITH_DRIVER -> "unbind";
                case ALLOWED -> "native-driver";
                case NO_DRIVER, OUTLIVES_DRIVER -> "module";
            };
            steps.add(new PlannedStep(
                    "region", "0000:04:00.0 c0000000-c086ffff", "BOOTFB", "", "until-restart", "", "", rung, reason.word()));
        }
        List<String> sentences = words.rungs(steps, machine);
        assertThat(sentences)
                .hasSize(Rung.Reason.values().length)
                .allSatisfy(sentence -> assertThat(sentence).contains("BOOTFB c0000000-c086ffff").endsWith("."));
        assertThat(sentences.getFirst()).startsWith("BOOTFB");
        assertThat(sentences.subList(1, sentences.size()))
                .allSatisfy(sentence -> assertThat(sentence).startsWith("If that does not free the BAR: "));
    }

    @Test
    void stepsNameDeviceAndDriverAndWhatUndoesThem() {
        assertStep("driver", "0000:04:00.0", "nvidia", "", "Take 04:00.0 from nvidia", "back to nvidia");
        assertStep("driver", "0000:04:00.0", "", "vfio-pci", "Give 04:00.0 to vfio-pci", "away from vfio-pci");
        assertStep("override", "0000:04:00.1", "", "vfio-pci", "Reserve 04:00.1 for vfio-pci", "lift the reservation");
        assertStep(
                "override",
                "0000:04:00.1",
                "vfio-pci",
                "",
                "Let 04:00.1 take any driver again",
                "reserve for vfio-pci");
        assertStep("power", "0000:04:00.1", "auto", "on", "Keep 04:00.1 awake", "let it sleep when idle");
        assertStep("power", "0000:04:00.1", "on", "auto", "Let 04:00.1 sleep when idle", "keep it awake");
        assertStep("module", "switchback_bootfb", "", "loaded", "Load switchback_bootfb", "unload it");
        assertStep("module", "switchback_bootfb", "loaded", "", "Unload switchback_bootfb", "-");
        assertThat(words.inverse(new PlannedStep("module", "vfio-pci", "", "loaded", "stays", "", "", "", "")))
                .isEqualTo("stays loaded");
        assertStep(
                "region",
                "0000:04:00.0 c0000000-c086ffff",
                "BOOTFB",
                "",
                "Release BOOTFB c0000000-c086ffff",
                "gone until restart");
        assertStep("region", "0000:04:00.0 00000000-00000000", "BOOTFB", "", "Release BOOTFB", "gone until restart");
        assertStep("summon", "0000:04:00.0", "", "", "Load the driver of 04:00.0", "stays loaded");
        assertStep("withdraw", "0000:04:00.0", "", "", "Take 04:00.0 from that driver again", "-");
        assertStep(
                "framebuffer",
                "efi-framebuffer.0",
                "efi-framebuffer",
                "",
                "Release efifb c0000000-c086ffff",
                "back to efi-framebuffer");
        assertStep(
                "framebuffer",
                "efi-framebuffer.0",
                "",
                "efi-framebuffer",
                "Give efi-framebuffer.0 back to efi-framebuffer",
                "release it");
        assertStep(
                "eviction",
                "0000:04:00.0",
                "1 efifb c0000000-c086ffff",
                "",
                "vfio-pci removes efifb c0000000-c086ffff",
                "gone until restart");
        assertStep(
                "check-unused",
                "0000:04:00.0,0000:04:00.1",
                "",
                "",
                "Check that no program uses 04:00.0 and 04:00.1",
                "-");
        assertStep("check-proven", "0000:04:00.0", "", "", "Check that a virtual machine gets every BAR", "-");
        assertStep(
                "check-back",
                "0000:04:00.0,0000:04:00.1,0000:00:1b.0",
                "",
                "",
                "Check that the host has 04:00.0, 04:00.1 and 00:1b.0 back",
                "-");
        assertStep(
                "offer",
                "0000:04:00.0",
                "",
                "",
                "Let the kernel choose a driver for 04:00.0",
                "away from that driver");
    }

    private void assertStep(String kind, String subject, String before, String after, String title, String inverse) {
        PlannedStep step = new PlannedStep(kind, subject, before, after, "reversible", "", "", "", "");
        assertThat(words.step(step, machine)).isEqualTo(title);
        assertThat(words.inverse(step)).isEqualTo(inverse);
    }

    @Test
    void reversibilityHasWords() {
        assertThat(Stream.of("not-needed", "reversible", "stays", "until-restart")
                        .map(undo -> words.undo(new PlannedStep("driver", "", "", "", undo, "", "", "", ""))))
                .containsExactly("changes nothing", "reversible", "stays loaded", "until restart");
        assertThat(words.undo(new PlannedStep("module", "switchback_bootfb", "loaded", "", "stays", "", "", "", "")))
                .isEqualTo("stays unloaded");
    }

    @Test
    void anOverlapSaysWhatCoversHowMuchOfWhich() {
        Machine reported = MachineReader.read(SampleMachines.load("x99-gtx1080").orElseThrow());
        Overlap overlap = reported.gpu(GPU).orElseThrow().conflicts().getFirst();
        assertThat(words.overlap(overlap)).isEqualTo("BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1");
        assertThat(words.verdict(overlap)).isEqualTo("vfio-pci can't reserve BAR 1 while BOOTFB is there.");
    }

    @Test
    void aDriverInsideTheClaimIsNamedToo() {
        Machine apu = MachineReader.read(SampleMachines.load("strix-halo-32g").orElseThrow());
        assertThat(words.overlap(apu.gpus().getFirst().conflicts().getFirst()))
                .isEqualTo("BOOTFB > simpledrm 2800000000-2801fa3fff covers 31.6 MiB of BAR 0");
    }

    @Test
    void modesAreSaidWithTheirDriver() {
        assertThat(machine.gpus().stream().map(words::mode))
                .containsExactly("Host mode (nvidia)", "Host mode (radeon)");
        for (Gpu.Mode mode : Gpu.Mode.values()) {
            assertThat(words.bundle().keySet()).contains("mode." + Spelling.of(mode));
        }
    }

    @Test
    void everySampleHasADescription() {
        assertThat(words.bundle().keySet())
                .containsAll(SampleMachines.names().stream().map(name -> "sample." + name).toList());
    }

    @Test
    void noTextSpeaksOfViolenceOrDoubtsTheReader() {
        for (String key : Collections.list(words.bundle().getKeys())) {
            assertThat(words.bundle().getString(key).toLowerCase(Locale.ROOT))
                    .as(key)
                    .doesNotContain("force", "kill", "are you sure", "!");
        }
    }

    /** A lone apostrophe would swallow the placeholders behind it. */
    @Test
    void everyPatternIsWellFormed() {
        for (String key : Collections.list(words.bundle().getKeys())) {
            String pattern = words.bundle().getString(key);
            boolean picocli = key.startsWith("switchback.") || key.startsWith("usage.") || key.startsWith("parameter.");
            if (picocli) {
                assertThat(pattern).as(key).doesNotContain("'");
                continue;
            }
            assertThat(pattern.replace("''", "")).as(key).doesNotContain("'");
            new MessageFormat(pattern);
        }
    }

    private static JobEntry entry(String what, String detail, String... values) {
        return new JobEntry(what, 0, 0, detail, List.of(values));
    }

    private static void assertComplete(String text) {
        assertThat(text).doesNotContain("{", "}", "null").doesNotContain("  ");
    }
}
