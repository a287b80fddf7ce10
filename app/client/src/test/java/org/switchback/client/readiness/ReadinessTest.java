package org.switchback.client.readiness;

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
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult.CheckStatus;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Target;

class ReadinessTest {
    private static final Path SNAPSHOTS = Path.of("../../helper/model/src/test/resources/captures");
    private static final String GTX_1080 = "04:00.0";
    private static final String DEVICE_DIRECTORY = SnapshotParser.PCI_DEVICES + "0000:04:00.0";

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);

    @Test
    void theGtx1080IsReady() {
        Readiness ready = of(SampleMachines.DEFAULT, GTX_1080);
        assertThat(ready.isBlocked()).isFalse();
        assertThat(description(ready, ReadinessCheckKind.IOMMU_KERNEL))
                .isEqualTo("The kernel uses it: the GPU is in IOMMU group 27.");
        assertThat(description(ready, ReadinessCheckKind.GROUP)).isEqualTo("Group 27 holds only this GPU's functions.");
        assertThat(description(ready, ReadinessCheckKind.FUNCTIONS))
                .isEqualTo("04:00.0 and 04:00.1 are switched together.");
        assertThat(description(ready, ReadinessCheckKind.DESKTOP))
                .isEqualTo("AMD/ATI Radeon HD 8570 / R7 240/340 OEM draws the desktop, on DVI-I-1.");
        assertThat(description(ready, ReadinessCheckKind.FRAMEBUFFER))
                .isEqualTo("efifb c0000000-c086ffff covers 8.4 MiB of BAR 1. The switch releases it first.");
        assertThat(new ReadinessFormatter(messages, ready).summary()).isEqualTo("Ready for VM mode.");
    }

    /** Kernel 5.10 reports neither reset methods nor possible BAR sizes. */
    @Test
    void unknownResultsDoNotBlock() {
        Readiness old = of(SampleMachines.DEFAULT, GTX_1080);
        assertThat(resultOf(old, ReadinessCheckKind.RESET).status()).isEqualTo(CheckStatus.UNKNOWN);
        assertThat(resultOf(old, ReadinessCheckKind.RESIZABLE_BAR).status()).isEqualTo(CheckStatus.UNKNOWN);
        assertThat(old.isBlocked()).isFalse();
    }

    // IOMMU: the advice depends on the processor vendor and on the current kernel command line.

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GenuineIntel | -    | ro                 | BLOCKED  | Enable VT-d in the firmware setup, "
                        + "then restart. | Add intel_iommu=on to the kernel command line, then restart.",
                "GenuineIntel | DMAR | ro                 | READY   | '' | Add intel_iommu=on to the "
                        + "kernel command line, then restart.",
                "GenuineIntel | -    | ro intel_iommu=on  | BLOCKED  | Enable VT-d in the firmware setup, "
                        + "then restart. | Enable the IOMMU in the firmware setup, then restart. No kernel option is "
                        + "needed.",
                "GenuineIntel | DMAR | ro intel_iommu=on  | READY   | '' | Search the kernel log "
                        + "(journalctl -k) for DMAR or AMD-Vi: it names the reason.",
                "GenuineIntel | ?    | ro                 | UNKNOWN | '' | Add intel_iommu=on to the "
                        + "kernel command line, then restart.",
                "AuthenticAMD | -    | ro                 | BLOCKED  | Enable IOMMU (AMD-Vi) in the "
                        + "firmware setup, often next to SVM, then restart. | Enable the IOMMU in the firmware "
                        + "setup, then restart. No kernel option is needed.",
                "AuthenticAMD | IVRS | ro amd_iommu=off   | READY   | '' | Remove amd_iommu=off from the "
                        + "kernel command line, then restart.",
                "AuthenticAMD | IVRS | ro                 | READY   | '' | Search the kernel log "
                        + "(journalctl -k) for DMAR or AMD-Vi: it names the reason.",
                "AuthenticAMD | ?    | ro                 | UNKNOWN | '' | Enable the IOMMU in the "
                        + "firmware setup, then restart. No kernel option is needed.",
            })
    void iommuAdviceFitsProcessorAndCommandLine(
            String processor,
            String table,
            String commandLine,
            CheckStatus firmware,
            String firmwareAdvice,
            String kernelAdvice) {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new java.util.HashMap<>();
        changes.put("/proc/cpuinfo", textFile("vendor_id : " + processor));
        changes.put("/proc/cmdline", textFile(commandLine));
        Optional<MachineSnapshot.SnapshotEntry> directory = Optional.of(new MachineSnapshot.DirectoryEntry());
        changes.put("/sys/firmware/acpi/tables", table.equals("?") ? Optional.empty() : directory);
        if (table.length() > 1) {
            changes.put("/sys/firmware/acpi/tables/" + table, directory);
        }
        Readiness readiness = of(sample("iommu-off").withChanges(changes), "06:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_FIRMWARE).status())
                .isEqualTo(firmware);
        assertThat(advice(readiness, ReadinessCheckKind.IOMMU_FIRMWARE)).isEqualTo(firmwareAdvice);
        assertThat(resultOf(readiness, ReadinessCheckKind.IOMMU_KERNEL).status())
                .isEqualTo(CheckStatus.BLOCKED);
        assertThat(advice(readiness, ReadinessCheckKind.IOMMU_KERNEL)).isEqualTo(kernelAdvice);
        assertThat(resultOf(readiness, ReadinessCheckKind.GROUP).status()).isEqualTo(CheckStatus.UNKNOWN);
    }

    @Test
    void sharedIommuGroupBlocksAndNamesTheOtherDevice() {
        Readiness readiness = withChanges(Map.of(
                SnapshotParser.PCI_DEVICES + "0000:00:1b.0/iommu_group",
                Optional.of(new MachineSnapshot.LinkEntry("../../../kernel/iommu_groups/27"))));
        assertThat(resultOf(readiness, ReadinessCheckKind.GROUP).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(readiness, ReadinessCheckKind.GROUP))
                .contains("00:1b.0")
                .contains("snd_hda_intel")
                .contains("put it into another slot");
    }

    @Test
    void missingVfioPciBlocks() {
        Readiness without = withChanges(Map.of("/lib/modules/5.10.0-46-amd64/vfio-pci", Optional.empty()));
        assertThat(resultOf(without, ReadinessCheckKind.VFIO).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(without, ReadinessCheckKind.VFIO)).contains("restart into the new one");
    }

    @Test
    void displayUsedByNoProgramIsOnlyAWarning() {
        MachineSnapshot snapshot = sample(SampleMachines.DEFAULT);
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new java.util.HashMap<>();
        snapshot.entries().keySet().stream()
                .filter(path -> path.startsWith("/proc/812/"))
                .forEach(path -> changes.put(path, Optional.empty()));
        Readiness readiness = of(snapshot.withChanges(changes), "08:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.DESKTOP).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.DESKTOP)).contains("The switch turns it dark.");
        assertThat(readiness.isBlocked()).isFalse();
    }

    @Test
    void onlyGpuOfALaptopGetsItsOwnAdvice() {
        Readiness laptop = of("laptop-one-gpu", "00:02.0");
        assertThat(description(laptop, ReadinessCheckKind.DESKTOP))
                .isEqualTo("This GPU draws the desktop, on eDP-1, and there is no other.");
        assertThat(advice(laptop, ReadinessCheckKind.DESKTOP)).startsWith("Log in over SSH");
    }

    @Test
    void desktopGpuIsBlocked() {
        Readiness desktop = of(SampleMachines.DEFAULT, "08:00.0");
        assertThat(resultOf(desktop, ReadinessCheckKind.DESKTOP).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(desktop, ReadinessCheckKind.DESKTOP))
                .isEqualTo("This GPU draws the desktop, on DVI-I-1.");
        assertThat(advice(desktop, ReadinessCheckKind.DESKTOP)).startsWith("Connect the screen to another GPU");
    }

    @Test
    void programsUsingTheGpuAreNamed() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        Readiness readiness = of(helper.snapshot(), GTX_1080, new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(readiness, ReadinessCheckKind.USERS))
                .isEqualTo("Xorg (PID 4121, user ann) uses 04:00.0 through /dev/dri/card7."
                        + " Close that program or session, then check again.");
    }

    @Test
    void modesettingOfNvidiaDrmBlocks() {
        Readiness readiness = of(TestSnapshots.load("tu117m-usage-count"), "01:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.READY);
        assertThat(resultOf(readiness, ReadinessCheckKind.REFERENCES).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(readiness, ReadinessCheckKind.REFERENCES))
                .contains("sudo modprobe -r nvidia_uvm nvidia_drm nvidia_modeset");
    }

    @Test
    void userOfAnotherNvidiaGpuIsNamed() {
        Readiness readiness = of(TestSnapshots.load("truenas-two-t400"), "65:00.0", new MachineSource.ThisMachine());
        assertThat(readiness.isBlocked()).isFalse();
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.READY);
        assertThat(description(readiness, ReadinessCheckKind.USERS))
                .contains("plex-transcoder uses another NVIDIA GPU");
    }

    @Test
    void userOfOnlySharedNvidiaNodesIsAWarning() {
        MachineSnapshot snapshot =
                TestSnapshots.load("truenas-two-t400").withChanges(Map.of("/proc/3100/fd/10", Optional.empty()));
        Readiness readiness = of(snapshot, "65:00.0", new MachineSource.ThisMachine());
        assertThat(readiness.isBlocked()).isFalse();
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.USERS)).contains("plex-transcoder");
    }

    @Test
    void integratedAmdGpuWithoutVisibleUserIsAWarning() {
        MachineSnapshot snapshot = TestSnapshots.load("kwin-nvidia-modeset")
                .withChanges(Map.of("/proc/1701/fd/10", Optional.empty(), "/proc/1701/fd/11", Optional.empty()));
        Readiness readiness = of(snapshot, "0d:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.REFERENCES).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.REFERENCES)).contains("integrated AMD GPU");
        assertThat(advice(readiness, ReadinessCheckKind.REFERENCES)).startsWith("Save your work first");
    }

    @Test
    void keyboardOnTheUsbControllerOfTheGpuIsAWarning() {
        MachineSnapshot snapshot = TestSnapshots.load("hd530-0380")
                .withChanges(Map.of(
                        "/proc/1701/fd/10",
                        Optional.of(new MachineSnapshot.LinkEntry("/dev/input/event3")),
                        "/proc/1701/fd/11",
                        Optional.empty(),
                        "/sys/class/input/event3",
                        Optional.of(new MachineSnapshot.LinkEntry(
                                "../../devices/pci0000:00/0000:00:01.0/0000:01:00.2/usb3/3-1/input/event3"))));
        Readiness readiness = of(snapshot, "01:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(description(readiness, ReadinessCheckKind.USERS)).contains("a keyboard, are in use by gnome-shell.");
    }

    @Test
    void persistenceDaemonGetsItsOwnAdvice() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.openDeviceNode(604, "nvidia-persiste", "nvidia-persistenced", "dri/card7");
        Readiness readiness = of(helper.snapshot(), GTX_1080, new MachineSource.ThisMachine());
        assertThat(advice(readiness, ReadinessCheckKind.USERS)).contains("systemctl stop nvidia-persistenced");
    }

    @Test
    void withoutHelperGpuUsersAreUnknown() {
        Readiness readiness = of(
                sample(SampleMachines.DEFAULT),
                GTX_1080,
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING));
        assertThat(resultOf(readiness, ReadinessCheckKind.USERS).status()).isEqualTo(CheckStatus.UNKNOWN);
    }

    @Test
    void framebufferNeedingTheModuleBlocksWithoutIt() {
        assertThat(resultOf(of("x99-gtx1080", GTX_1080), ReadinessCheckKind.FRAMEBUFFER)
                        .status())
                .isEqualTo(CheckStatus.READY);
        MachineSnapshot without =
                sample("x99-gtx1080").withChanges(Map.of(BootfbModule.path("4.6.0-1-amd64"), Optional.empty()));
        Readiness bootfb = of(without, GTX_1080, new MachineSource.ThisMachine());
        assertThat(resultOf(bootfb, ReadinessCheckKind.FRAMEBUFFER).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(bootfb, ReadinessCheckKind.FRAMEBUFFER))
                .startsWith("BOOTFB c0000000-c086ffff stays in BAR 1");
    }

    @Test
    void framebufferLeftInVmModeIsAWarning() throws Exception {
        Readiness readiness =
                of(recordedMachine("q35-6.1-0380-vfio-blocked"), "01:00.0", new MachineSource.ThisMachine());
        assertThat(resultOf(readiness, ReadinessCheckKind.FRAMEBUFFER).status()).isEqualTo(CheckStatus.WARNING);
        assertThat(readiness.isBlocked()).isFalse();
    }

    @Test
    void kernelOopsBlocks() {
        Readiness readiness = withChanges(Map.of("/proc/sys/kernel/tainted", textFile("128")));
        assertThat(description(readiness, ReadinessCheckKind.KERNEL)).startsWith("The kernel has had an oops");
        assertThat(resultOf(readiness, ReadinessCheckKind.KERNEL).status()).isEqualTo(CheckStatus.BLOCKED);
    }

    @Test
    void unknownRefusalCodeStillBlocks() {
        Machine machine = SnapshotParser.parse(sample(SampleMachines.DEFAULT));
        Readiness readiness = Readiness.of(
                machine,
                machine.gpu(PciAddress.of(GTX_1080)).orElseThrow(),
                new MachineSource.ThisMachine(),
                List.of(new RefusalSummary(RefusalCode.UNKNOWN, List.of("moon-too-full", "04:00.0"))));
        assertThat(readiness.isBlocked()).isTrue();
        assertThat(description(readiness, ReadinessCheckKind.KERNEL)).contains("moon-too-full");
    }

    @ParameterizedTest
    @CsvSource({
        "resource1_resize, 00000000000001c0, READY, 'BAR 1 has 256 MiB, its maximum.'",
        "resource1_resize, 0000000000003fc0, READY, BAR 1 has 256 MiB and could have 8 GiB.",
        "nothing,          0,                READY, The sizes of the BARs are fixed.",
    })
    void resizableBarSizesAreDescribed(String file, String bits, CheckStatus result, String sentence) {
        Readiness readiness = withChanges(Map.of(
                "/proc/sys/kernel/osrelease",
                textFile("6.1.0-40-amd64"),
                DEVICE_DIRECTORY + "/" + file,
                textFile(bits)));
        assertThat(resultOf(readiness, ReadinessCheckKind.RESIZABLE_BAR).status())
                .isEqualTo(result);
        assertThat(description(readiness, ReadinessCheckKind.RESIZABLE_BAR)).isEqualTo(sentence);
    }

    @Test
    void missingResetMethodIsAWarning() {
        Readiness withoutReset = withChanges(Map.of("/proc/sys/kernel/osrelease", textFile("6.1.0-40-amd64")));
        assertThat(resultOf(withoutReset, ReadinessCheckKind.RESET).status()).isEqualTo(CheckStatus.WARNING);
        Readiness resettable = withChanges(Map.of(DEVICE_DIRECTORY + "/reset_method", textFile("flr bus")));
        assertThat(description(resettable, ReadinessCheckKind.RESET))
                .isEqualTo("The kernel can reset the GPU: flr and bus.");
    }

    @ParameterizedTest
    @CsvSource({
        "active,    D0,     READY,   The GPU is awake.",
        "suspended, D3cold, READY,   The GPU is asleep (D3cold). The switch wakes it.",
        "error,     D0,     WARNING,   The kernel could not wake or suspend the GPU.",
        "'',        '',     UNKNOWN, The kernel does not report whether the GPU is awake.",
    })
    void suspendedDiffersFromPowerError(String status, String state, CheckStatus result, String sentence) {
        Readiness power = withChanges(Map.of(
                DEVICE_DIRECTORY + "/power/runtime_status",
                textFile(status),
                DEVICE_DIRECTORY + "/power_state",
                textFile(state)));
        assertThat(resultOf(power, ReadinessCheckKind.POWER).status()).isEqualTo(result);
        assertThat(description(power, ReadinessCheckKind.POWER)).isEqualTo(sentence);
    }

    @Test
    void partiallySwitchedGpuListsItsFunctions() {
        Readiness readiness = withChanges(
                Map.of(DEVICE_DIRECTORY + "/driver", Optional.of(new MachineSnapshot.LinkEntry("x/vfio-pci"))));
        assertThat(description(readiness, ReadinessCheckKind.FUNCTIONS))
                .isEqualTo("Partially switched: 04:00.0 in VM mode, 04:00.1 not.");
    }

    @Test
    void unboundGpuWithDriverOverrideIsPartiallySwitched() {
        Readiness readiness = withChanges(Map.of(
                DEVICE_DIRECTORY + "/driver",
                Optional.empty(),
                DEVICE_DIRECTORY + "/driver_override",
                textFile("vfio-pci")));
        assertThat(description(readiness, ReadinessCheckKind.FUNCTIONS))
                .isEqualTo(
                        "Partially switched: the GPU has no driver, and the driver override of 04:00.0 is vfio-pci.");
    }

    @ParameterizedTest
    @EnumSource(HelperException.FailureKind.class)
    void everyHelperProblemHasAdvice(HelperException.FailureKind kind) {
        Readiness without = of(sample(SampleMachines.DEFAULT), GTX_1080, new MachineSource.ReadOnlyMachine(kind));
        assertThat(resultOf(without, ReadinessCheckKind.HELPER).status()).isEqualTo(CheckStatus.BLOCKED);
        assertThat(description(without, ReadinessCheckKind.HELPER)).endsWith(".");
        assertThat(advice(without, ReadinessCheckKind.HELPER)).endsWith(".");
    }

    @Test
    void helperProblemsHaveDistinctTexts() {
        Set<String> texts = new HashSet<>();
        for (HelperException.FailureKind kind : List.of(
                HelperException.FailureKind.MISSING,
                HelperException.FailureKind.STOPPED,
                HelperException.FailureKind.REFUSED,
                HelperException.FailureKind.UNDECIDED,
                HelperException.FailureKind.WRONG_VERSION,
                HelperException.FailureKind.LOST)) {
            texts.add(description(
                    of(sample(SampleMachines.DEFAULT), GTX_1080, new MachineSource.ReadOnlyMachine(kind)),
                    ReadinessCheckKind.HELPER));
        }
        assertThat(texts).hasSize(6);
    }

    // Properties of every machine.

    @ParameterizedTest
    @MethodSource("machines")
    void everyCheckHasOneResultWithADescription(String name) throws Exception {
        for (Readiness readiness : readinessOfEveryGpu(name)) {
            assertThat(readiness.results()).extracting(CheckResult::check).containsExactly(ReadinessCheckKind.values());
            ReadinessFormatter formatter = new ReadinessFormatter(messages, readiness);
            for (CheckResult result : readiness.results()) {
                assertThat(formatter.title(result.check())).isNotEmpty();
                assertThat(formatter.description(result)).endsWith(".").doesNotContain("{", "}");
                formatter
                        .advice(result)
                        .ifPresent(advice -> assertThat(advice).endsWith(".").doesNotContain("{"));
                if (result.status() == CheckStatus.UNKNOWN || result.status() == CheckStatus.READY) {
                    assertThat(formatter.advice(result)).isEmpty();
                } else if (result.refusals().isEmpty()) {
                    assertThat(formatter.advice(result)).isPresent();
                }
            }
            assertThat(formatter.toPlainText().lines()).hasSize(ReadinessCheckKind.values().length + 3);
        }
    }

    /** A check blocks exactly when the planner refuses. */
    @ParameterizedTest
    @MethodSource("machines")
    void blockedExactlyWhenThePlannerRefuses(String name) throws Exception {
        ScriptedHelper helper = new ScriptedHelper(new MachineSource.ThisMachine(), machine(name));
        Machine machine = SnapshotParser.parse(helper.snapshot());
        for (Gpu gpu : machine.gpus()) {
            List<RefusalSummary> refusals =
                    helper.plan(gpu.address(), Target.VM, List.of(), false).refusals();
            Readiness readiness = Readiness.of(machine, gpu, helper.source(), refusals);
            boolean refused = refusals.stream().anyMatch(refusal -> refusal.code() != RefusalCode.ALREADY_IN_VM_MODE);
            assertThat(readiness.isBlocked()).isEqualTo(refused);
        }
    }

    @Test
    void everyReadinessMessageBelongsToACheck() {
        Set<String> prefixes = new HashSet<>(Set.of("heading", "summary", "result", "accessible", "advice", "page"));
        for (ReadinessCheckKind check : ReadinessCheckKind.values()) {
            prefixes.add(check.id());
        }
        for (String key : Collections.list(messages.bundle().getKeys())) {
            if (key.startsWith("readiness.")) {
                assertThat(prefixes).contains(key.split("\\.")[1]);
            }
        }
    }

    static List<String> machines() throws Exception {
        try (Stream<Path> files = Files.list(SNAPSHOTS)) {
            List<String> names = new ArrayList<>(SampleMachines.names());
            files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".capture"))
                    .map(file -> file.replace(".capture", ""))
                    .sorted()
                    .forEach(names::add);
            return names;
        }
    }

    private static List<Readiness> readinessOfEveryGpu(String name) throws Exception {
        List<Readiness> all = new ArrayList<>();
        MachineSnapshot snapshot = machine(name);
        for (Gpu gpu : SnapshotParser.parse(snapshot).gpus()) {
            all.add(of(snapshot, gpu.address().toString(), new MachineSource.ThisMachine()));
            all.add(of(
                    snapshot,
                    gpu.address().toString(),
                    new MachineSource.ReadOnlyMachine(HelperException.FailureKind.STOPPED)));
        }
        return all;
    }

    private static MachineSnapshot machine(String name) throws Exception {
        return SampleMachines.names().contains(name) ? sample(name) : recordedMachine(name);
    }

    private static MachineSnapshot recordedMachine(String name) throws Exception {
        return MachineSnapshot.parse(Files.readString(SNAPSHOTS.resolve(name + ".capture")));
    }

    private static MachineSnapshot sample(String name) {
        return SampleMachines.load(name).orElseThrow();
    }

    private static Optional<MachineSnapshot.SnapshotEntry> textFile(String text) {
        return Optional.of(new MachineSnapshot.TextEntry(text));
    }

    private static Readiness withChanges(Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes) {
        return of(sample(SampleMachines.DEFAULT).withChanges(changes), GTX_1080, new MachineSource.ThisMachine());
    }

    private static Readiness of(String sample, String gpu) {
        return of(sample(sample), gpu, new MachineSource.ThisMachine());
    }

    private static Readiness of(MachineSnapshot snapshot, String gpu, MachineSource source) {
        Machine machine = SnapshotParser.parse(snapshot);
        PciAddress address = PciAddress.of(gpu);
        try {
            return Readiness.of(
                    machine,
                    machine.gpu(address).orElseThrow(),
                    source,
                    new ScriptedHelper(source, snapshot)
                            .plan(address, Target.VM, List.of(), false)
                            .refusals());
        } catch (HelperException e) {
            throw new AssertionError(e);
        }
    }

    private static CheckResult resultOf(Readiness readiness, ReadinessCheckKind check) {
        return readiness.results().get(check.ordinal());
    }

    private String description(Readiness readiness, ReadinessCheckKind check) {
        return new ReadinessFormatter(messages, readiness).description(resultOf(readiness, check));
    }

    private String advice(Readiness readiness, ReadinessCheckKind check) {
        return new ReadinessFormatter(messages, readiness)
                .advice(resultOf(readiness, check))
                .orElse("");
    }
}
