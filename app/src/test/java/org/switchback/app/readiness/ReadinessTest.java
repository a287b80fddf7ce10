package org.switchback.app.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.readiness.Finding.Result;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlannedRefusal;

class ReadinessTest {
    private static final Path CAPTURES = Path.of("../helper/src/test/resources/captures");
    private static final String GTX_1080 = "04:00.0";
    private static final String FOLDER = MachineReader.PCI_DEVICES + "0000:04:00.0";

    private final Words words = Words.in(Locale.ENGLISH);

    @Test
    void theGtx1080IsReady() {
        Readiness ready = of(SampleMachines.DEFAULT, GTX_1080);
        assertThat(ready.blocked()).isFalse();
        assertThat(said(ready, Check.IOMMU_KERNEL)).isEqualTo("The kernel uses it: the GPU is in IOMMU group 27.");
        assertThat(said(ready, Check.GROUP)).isEqualTo("Group 27 holds only this GPU's functions.");
        assertThat(said(ready, Check.FUNCTIONS)).isEqualTo("04:00.0 and 04:00.1 move together.");
        assertThat(said(ready, Check.DESKTOP))
                .isEqualTo("The desktop is on AMD/ATI Radeon HD 8570 / R7 240/340 OEM, on DVI-I-1.");
        assertThat(said(ready, Check.FRAMEBUFFER))
                .isEqualTo("efifb c0000000-c086ffff covers 8.4 MiB of BAR 1. The switch releases it first.");
        assertThat(new ReadinessText(words, ready).summary())
                .isEqualTo("Ready: nothing keeps NVIDIA GeForce GTX 1080 from VM mode.");
    }

    /** Kernel 5.10 says neither how the GPU is reset nor how large its BARs could be. */
    @Test
    void whatCouldNotBeMeasuredIsMarkedSoAndBlocksNothing() {
        Readiness old = of(SampleMachines.DEFAULT, GTX_1080);
        assertThat(finding(old, Check.RESET).result()).isEqualTo(Result.UNKNOWN);
        assertThat(finding(old, Check.RESIZABLE_BAR).result()).isEqualTo(Result.UNKNOWN);
        assertThat(old.blocked()).isFalse();
    }

    // The IOMMU: what to do depends on who made the processor, and on what is on the command line already.

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GenuineIntel | -    | ro                 | BLOCKS  | Switch on VT-d in the firmware setup, then restart. | Add intel_iommu=on to the kernel command line, then restart.",
                "GenuineIntel | DMAR | ro                 | READY   | '' | Add intel_iommu=on to the kernel command line, then restart.",
                "GenuineIntel | -    | ro intel_iommu=on  | BLOCKS  | Switch on VT-d in the firmware setup, then restart. | Switch the IOMMU on in the firmware setup, then restart. No kernel option is needed.",
                "GenuineIntel | DMAR | ro intel_iommu=on  | READY   | '' | Look for DMAR or AMD-Vi in the kernel log (journalctl -k): it says why.",
                "GenuineIntel | ?    | ro                 | UNKNOWN | '' | Add intel_iommu=on to the kernel command line, then restart.",
                "AuthenticAMD | -    | ro                 | BLOCKS  | Switch on IOMMU (AMD-Vi) in the firmware setup, often next to SVM, then restart. | Switch the IOMMU on in the firmware setup, then restart. No kernel option is needed.",
                "AuthenticAMD | IVRS | ro amd_iommu=off   | READY   | '' | Remove amd_iommu=off from the kernel command line, then restart.",
                "AuthenticAMD | IVRS | ro                 | READY   | '' | Look for DMAR or AMD-Vi in the kernel log (journalctl -k): it says why.",
                "AuthenticAMD | ?    | ro                 | UNKNOWN | '' | Switch the IOMMU on in the firmware setup, then restart. No kernel option is needed.",
            })
    void withoutAnIommuTheAdviceFitsTheMachine(
            String processor, String table, String commandLine, Result firmware, String inFirmware, String inKernel) {
        Map<String, Optional<Capture.Entry>> changes = new java.util.HashMap<>();
        changes.put("/proc/cpuinfo", text("vendor_id : " + processor));
        changes.put("/proc/cmdline", text(commandLine));
        Optional<Capture.Entry> there = Optional.of(new Capture.Directory());
        changes.put("/sys/firmware/acpi/tables", table.equals("?") ? Optional.empty() : there);
        if (table.length() > 1) {
            changes.put("/sys/firmware/acpi/tables/" + table, there);
        }
        Readiness off = of(sample("iommu-off").with(changes), "06:00.0", new Source.ThisMachine());
        assertThat(finding(off, Check.IOMMU_FIRMWARE).result()).isEqualTo(firmware);
        assertThat(advice(off, Check.IOMMU_FIRMWARE)).isEqualTo(inFirmware);
        assertThat(finding(off, Check.IOMMU_KERNEL).result()).isEqualTo(Result.BLOCKS);
        assertThat(advice(off, Check.IOMMU_KERNEL)).isEqualTo(inKernel);
        assertThat(finding(off, Check.GROUP).result()).isEqualTo(Result.UNKNOWN);
    }

    @Test
    void aGroupSharedWithAnotherDeviceBlocksAndNamesIt() {
        Readiness shared = changed(Map.of(
                MachineReader.PCI_DEVICES + "0000:00:1b.0/iommu_group",
                Optional.of(new Capture.Link("../../../kernel/iommu_groups/27"))));
        assertThat(finding(shared, Check.GROUP).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(shared, Check.GROUP)).contains("00:1b.0").contains("snd_hda_intel").contains("put the GPU into another slot");
    }

    @Test
    void aMissingVfioPciBlocks() {
        Readiness without = changed(Map.of("/lib/modules/5.10.0-46-amd64/vfio-pci", Optional.empty()));
        assertThat(finding(without, Check.VFIO).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(without, Check.VFIO)).contains("restart into the new one");
    }

    @Test
    void aScreenOnWhichNobodyDrawsGoesDarkAndBlocksNothing() {
        Capture drawn = sample(SampleMachines.DEFAULT);
        Map<String, Optional<Capture.Entry>> ended = new java.util.HashMap<>();
        drawn.entries().keySet().stream()
                .filter(path -> path.startsWith("/proc/812/"))
                .forEach(path -> ended.put(path, Optional.empty()));
        Readiness idle = of(drawn.with(ended), "08:00.0", new Source.ThisMachine());
        assertThat(finding(idle, Check.DESKTOP).result()).isEqualTo(Result.TO_DO);
        assertThat(said(idle, Check.DESKTOP)).contains("It goes dark with the switch.");
        assertThat(idle.blocked()).isFalse();
    }

    @Test
    void theOnlyGpuOfALaptopGetsAdviceThatALaptopCanFollow() {
        Readiness laptop = of("laptop-one-gpu", "00:02.0");
        assertThat(said(laptop, Check.DESKTOP)).isEqualTo("This GPU draws the desktop, on eDP-1, and there is no other.");
        assertThat(advice(laptop, Check.DESKTOP)).startsWith("End the desktop");
    }

    @Test
    void theGpuThatDrawsTheDesktopIsBlockedByIt() {
        Readiness desktop = of(SampleMachines.DEFAULT, "08:00.0");
        assertThat(finding(desktop, Check.DESKTOP).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(desktop, Check.DESKTOP)).isEqualTo("This GPU draws the desktop, on DVI-I-1.");
        assertThat(advice(desktop, Check.DESKTOP)).startsWith("Connect the screen to another GPU");
    }

    @Test
    void programsThatUseItAreNamedWithWhatToEnd() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        Readiness used = of(helper.machine(), GTX_1080, new Source.ThisMachine());
        assertThat(finding(used, Check.USERS).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(used, Check.USERS))
                .isEqualTo("Xorg (PID 4121, user ann) uses 04:00.0 through /dev/dri/card7."
                        + " End that program or session, then check again.");
    }

    @Test
    void thePersistenceDaemonIsToldFromAPersonsProgram() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.isHeldBy(604, "nvidia-persiste", "nvidia-persistenced", "dri/card7");
        Readiness used = of(helper.machine(), GTX_1080, new Source.ThisMachine());
        assertThat(advice(used, Check.USERS)).contains("systemctl stop nvidia-persistenced");
    }

    @Test
    void withoutTheHelperProgramsCouldNotBeMeasured() {
        Readiness unseen = of(sample(SampleMachines.DEFAULT), GTX_1080, new Source.LookOnly(HelperProblem.Kind.MISSING));
        assertThat(finding(unseen, Check.USERS).result()).isEqualTo(Result.UNKNOWN);
    }

    @Test
    void aFramebufferThatOnlyAModuleWouldReleaseBlocksWithoutIt() {
        assertThat(finding(of("x99-gtx1080", GTX_1080), Check.FRAMEBUFFER).result()).isEqualTo(Result.READY);
        Capture without = sample("x99-gtx1080").with(Map.of(BootfbModule.path("4.6.0-1-amd64"), Optional.empty()));
        Readiness bootfb = of(without, GTX_1080, new Source.ThisMachine());
        assertThat(finding(bootfb, Check.FRAMEBUFFER).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(bootfb, Check.FRAMEBUFFER)).startsWith("BOOTFB c0000000-c086ffff stays in BAR 1");
    }

    @Test
    void aFramebufferLeftBehindInVmModeIsToBeFreed() throws Exception {
        Readiness left = of(captured("q35-6.1-0380-vfio-blocked"), "01:00.0", new Source.ThisMachine());
        assertThat(finding(left, Check.FRAMEBUFFER).result()).isEqualTo(Result.TO_DO);
        assertThat(left.blocked()).isFalse();
    }

    @Test
    void anOopsBlocks() {
        Readiness died = changed(Map.of("/proc/sys/kernel/tainted", text("128")));
        assertThat(said(died, Check.KERNEL)).startsWith("The kernel has had an oops");
        assertThat(finding(died, Check.KERNEL).result()).isEqualTo(Result.BLOCKS);
    }

    @Test
    void aRefusalOfALaterVersionIsNotLost() {
        Machine machine = MachineReader.read(sample(SampleMachines.DEFAULT));
        Readiness later = Readiness.of(
                machine,
                machine.gpu(PciAddress.of(GTX_1080)).orElseThrow(),
                new Source.ThisMachine(),
                List.of(new PlannedRefusal("moon-too-full", List.of("04:00.0"))));
        assertThat(later.blocked()).isTrue();
        assertThat(said(later, Check.KERNEL)).contains("moon-too-full");
    }

    @ParameterizedTest
    @CsvSource({
        "resource1_resize, 00000000000001c0, READY, 'BAR 1 has 256 MiB, the most it can have.'",
        "resource1_resize, 0000000000003fc0, READY, BAR 1 has 256 MiB and could have 8 GiB.",
        "nothing,          0,                READY, The sizes of the BARs are fixed.",
    })
    void theSizeThatABarCouldHaveIsSaid(String file, String bits, Result result, String sentence) {
        Readiness newer = changed(Map.of(
                "/proc/sys/kernel/osrelease", text("6.1.0-40-amd64"), FOLDER + "/" + file, text(bits)));
        assertThat(finding(newer, Check.RESIZABLE_BAR).result()).isEqualTo(result);
        assertThat(said(newer, Check.RESIZABLE_BAR)).isEqualTo(sentence);
    }

    @Test
    void aGpuThatNothingResetsShouldBeLookedAt() {
        Readiness stubborn = changed(Map.of("/proc/sys/kernel/osrelease", text("6.1.0-40-amd64")));
        assertThat(finding(stubborn, Check.RESET).result()).isEqualTo(Result.TO_DO);
        Readiness resettable = changed(Map.of(FOLDER + "/reset_method", text("flr bus")));
        assertThat(said(resettable, Check.RESET)).isEqualTo("The kernel can reset the GPU: flr and bus.");
    }

    @ParameterizedTest
    @CsvSource({
        "active,    D0,     READY,   The GPU is awake.",
        "suspended, D3cold, READY,   The GPU sleeps (D3cold). The switch wakes it.",
        "error,     D0,     TO_DO,   The kernel could not wake or suspend the GPU.",
        "'',        '',     UNKNOWN, The kernel does not say whether the GPU is awake.",
    })
    void sleepIsToldFromTrouble(String status, String state, Result result, String sentence) {
        Readiness power = changed(
                Map.of(FOLDER + "/power/runtime_status", text(status), FOLDER + "/power_state", text(state)));
        assertThat(finding(power, Check.POWER).result()).isEqualTo(result);
        assertThat(said(power, Check.POWER)).isEqualTo(sentence);
    }

    @Test
    void aHalfSwitchedGpuIsToldByItsFunctions() {
        Readiness mixed = changed(Map.of(FOLDER + "/driver", Optional.of(new Capture.Link("x/vfio-pci"))));
        assertThat(said(mixed, Check.FUNCTIONS)).isEqualTo("Half switched: 04:00.0 in VM mode, 04:00.1 not.");
    }

    @Test
    void aGpuThatIsReservedAndHasNoDriverIsHalfSwitchedToo() {
        Readiness left = changed(Map.of(FOLDER + "/driver", Optional.empty(), FOLDER + "/driver_override", text("vfio-pci")));
        assertThat(said(left, Check.FUNCTIONS))
                .isEqualTo("Half switched: the GPU has no driver, and 04:00.0 is reserved for vfio-pci.");
    }

    @ParameterizedTest
    @EnumSource(HelperProblem.Kind.class)
    void whateverIsTheMatterWithTheHelperThereIsSomethingToDo(HelperProblem.Kind kind) {
        Readiness without = of(sample(SampleMachines.DEFAULT), GTX_1080, new Source.LookOnly(kind));
        assertThat(finding(without, Check.HELPER).result()).isEqualTo(Result.BLOCKS);
        assertThat(said(without, Check.HELPER)).endsWith(".");
        assertThat(advice(without, Check.HELPER)).endsWith(".");
    }

    @Test
    void sixStatesOfTheHelperHaveSixTexts() {
        Set<String> texts = new HashSet<>();
        for (HelperProblem.Kind kind : List.of(
                HelperProblem.Kind.MISSING,
                HelperProblem.Kind.STOPPED,
                HelperProblem.Kind.REFUSED,
                HelperProblem.Kind.UNDECIDED,
                HelperProblem.Kind.WRONG_VERSION,
                HelperProblem.Kind.LOST)) {
            texts.add(said(of(sample(SampleMachines.DEFAULT), GTX_1080, new Source.LookOnly(kind)), Check.HELPER));
        }
        assertThat(texts).hasSize(6);
    }

    // What holds for every machine.

    @ParameterizedTest
    @MethodSource("machines")
    void everyCheckIsMadeOnceAndSaysSomething(String name) throws Exception {
        for (Readiness one : all(name)) {
            assertThat(one.findings()).extracting(Finding::check).containsExactly(Check.values());
            ReadinessText text = new ReadinessText(words, one);
            for (Finding finding : one.findings()) {
                assertThat(text.title(finding.check())).isNotEmpty();
                assertThat(text.sentence(finding)).endsWith(".").doesNotContain("{", "}");
                text.advice(finding).ifPresent(advice -> assertThat(advice).endsWith(".").doesNotContain("{"));
                if (finding.result() == Result.UNKNOWN || finding.result() == Result.READY) {
                    assertThat(text.advice(finding)).isEmpty();
                } else if (finding.refusals().isEmpty()) {
                    assertThat(text.advice(finding)).isPresent();
                }
            }
            assertThat(text.plain().lines()).hasSize(Check.values().length + 3);
        }
    }

    /** What the planner has against a switch is found by a check; and what no check finds the planner lets pass. */
    @ParameterizedTest
    @MethodSource("machines")
    void itBlocksWhatThePlannerRefuses(String name) throws Exception {
        ScriptedHelper helper = new ScriptedHelper(new Source.ThisMachine(), machine(name));
        Machine machine = MachineReader.read(helper.machine());
        for (Gpu gpu : machine.gpus()) {
            List<PlannedRefusal> refusals = helper.plan(gpu.address(), "vm", List.of(), false).refusals;
            Readiness one = Readiness.of(machine, gpu, helper.source(), refusals);
            boolean refused = refusals.stream().anyMatch(refusal -> !refusal.code.equals("already-in-vm-mode"));
            assertThat(one.blocked()).isEqualTo(refused);
        }
    }

    @Test
    void everySentenceInTheCatalogueBelongsToACheck() {
        Set<String> heads = new HashSet<>(Set.of("heading", "summary", "result", "accessible", "advice", "page"));
        for (Check check : Check.values()) {
            heads.add(check.id());
        }
        for (String key : Collections.list(words.bundle().getKeys())) {
            if (key.startsWith("readiness.")) {
                assertThat(heads).contains(key.split("\\.")[1]);
            }
        }
    }

    static List<String> machines() throws Exception {
        try (Stream<Path> files = Files.list(CAPTURES)) {
            List<String> names = new ArrayList<>(SampleMachines.names());
            files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".capture"))
                    .map(file -> file.replace(".capture", ""))
                    .sorted()
                    .forEach(names::add);
            return names;
        }
    }

    private static List<Readiness> all(String name) throws Exception {
        List<Readiness> all = new ArrayList<>();
        Capture capture = machine(name);
        for (Gpu gpu : MachineReader.read(capture).gpus()) {
            all.add(of(capture, gpu.address().toString(), new Source.ThisMachine()));
            all.add(of(capture, gpu.address().toString(), new Source.LookOnly(HelperProblem.Kind.STOPPED)));
        }
        return all;
    }

    private static Capture machine(String name) throws Exception {
        return SampleMachines.names().contains(name) ? sample(name) : captured(name);
    }

    private static Capture captured(String name) throws Exception {
        return Capture.parse(Files.readString(CAPTURES.resolve(name + ".capture")));
    }

    private static Capture sample(String name) {
        return SampleMachines.load(name).orElseThrow();
    }

    private static Optional<Capture.Entry> text(String text) {
        return Optional.of(new Capture.Text(text));
    }

    private static Readiness changed(Map<String, Optional<Capture.Entry>> changes) {
        return of(sample(SampleMachines.DEFAULT).with(changes), GTX_1080, new Source.ThisMachine());
    }

    private static Readiness of(String sample, String gpu) {
        return of(sample(sample), gpu, new Source.ThisMachine());
    }

    private static Readiness of(Capture capture, String gpu, Source source) {
        Machine machine = MachineReader.read(capture);
        PciAddress address = PciAddress.of(gpu);
        try {
            return Readiness.of(
                    machine,
                    machine.gpu(address).orElseThrow(),
                    source,
                    new ScriptedHelper(source, capture).plan(address, "vm", List.of(), false).refusals);
        } catch (HelperProblem none) {
            throw new AssertionError(none);
        }
    }

    private static Finding finding(Readiness readiness, Check check) {
        return readiness.findings().get(check.ordinal());
    }

    private String said(Readiness readiness, Check check) {
        return new ReadinessText(words, readiness).sentence(finding(readiness, check));
    }

    private String advice(Readiness readiness, Check check) {
        return new ReadinessText(words, readiness).advice(finding(readiness, check)).orElse("");
    }
}
