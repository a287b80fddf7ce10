package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.gpus.GpuState;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.gpus.GpuCard;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.gpus.MachineOverview;
import org.switchback.gui.switching.PlanComparison;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.Target;
import org.switchback.service.Deadline;

/** Checks that every state of a GPU, a switch and the helper has a sentence of its own. */
class StateSentencesTest {
    private static final String GPU_DIRECTORY = SnapshotParser.PCI_DEVICES + "0000:04:00.0";

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);
    private final BackgroundTasks background = new BackgroundTasks(Runnable::run, Runnable::run);

    @Test
    void everyStateHasAUniqueSentence() throws Exception {
        Map<String, String> sentences = new HashMap<>();
        GpusViewModel page = new GpusViewModel(messages, (gpu, target) -> {});
        sentences.put("scanning", page.messageProperty().get());
        ScriptedHelper empty = new ScriptedHelper(new MachineSource.ThisMachine(), MachineSnapshot.EMPTY);
        page.show(MachineOverview.load(empty, ActivityLog.inMemory()), empty.source());
        sentences.put("no GPU", page.messageProperty().get());
        addCardSentences(sentences);
        addSwitchSentences(sentences);
        addHelperSentences(sentences);

        assertThat(sentences).hasSizeGreaterThanOrEqualTo(30);
        sentences.forEach(
                (state, sentence) -> assertThat(sentence).as(state).isNotBlank().doesNotContain("{", "}", "null"));
        assertThat(sentences.values()).doesNotHaveDuplicates();
    }

    @Test
    void everyGpuStateIsCovered() throws Exception {
        Map<String, String> sentences = new HashMap<>();
        addCardSentences(sentences);
        assertThat(sentences.keySet())
                .containsAll(Stream.of(GpuState.values()).map(KebabCase::of).collect(Collectors.toSet()));
    }

    // The cards.

    private void addCardSentences(Map<String, String> sentences) throws Exception {
        sentences.put("host", cardSentence(Map.of("/proc/iomem", iomemWithout("efifb"))));
        sentences.put("firmware-region-releasable", cardSentence(Map.of()));
        sentences.put(
                "firmware-region-in-use",
                cardSentence(Map.of(
                        "/proc/iomem",
                        readIomem()
                                .map(text -> text.replace(
                                        "c0000000-c086ffff : efifb",
                                        "c0000000-c086ffff : efifb\n        c0000000-c086ffff : efidrm")))));
        sentences.put(
                "firmware-region-not-releasable",
                createCard("x99-gtx1080", new MachineSource.ThisMachine(), Map.of())
                        .stateText());
        sentences.put(
                "addresses-hidden",
                createCard(
                                SampleMachines.DEFAULT,
                                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                                Map.of(
                                        "/proc/iomem",
                                        readIomem()
                                                .map(text -> text.replaceAll(
                                                        "[0-9a-f]{8,16}-[0-9a-f]{8,16} :", "00000000-00000000 :"))))
                        .stateText());
        sentences.put("in-use", inUseSentence(1));
        sentences.put("in use by two", inUseSentence(2));
        sentences.put(
                "possibly-in-use",
                cardSentence(Map.of(
                        "/proc/iomem",
                        iomemWithout("efifb"),
                        "/sys/module/nvidia_drm/parameters/modeset",
                        Optional.empty())));
        sentences.put(
                "desktop",
                createCards(SampleMachines.DEFAULT, new MachineSource.ThisMachine(), Map.of())
                        .get(1)
                        .stateText());
        sentences.put(
                "group-shared",
                cardSentence(Map.of(
                        SnapshotParser.PCI_DEVICES + "0000:00:1b.0/iommu_group",
                        Optional.of("-> ../../../kernel/iommu_groups/27"))));
        sentences.put(
                "iommu-off",
                createCard("iommu-off", new MachineSource.ThisMachine(), Map.of())
                        .stateText());
        sentences.put("blocked", cardSentence(Map.of("/proc/sys/kernel/tainted", Optional.of("128"))));
        sentences.put(
                "not-responding", cardSentence(Map.of(GPU_DIRECTORY + "/config", Optional.of("# " + "ff".repeat(64)))));
        sentences.put(
                "memory-unassigned",
                cardSentence(Map.of(
                        "/proc/iomem",
                        iomemWithout("efifb"),
                        GPU_DIRECTORY + "/resource",
                        Optional.of(("0x0000000000000000 ".repeat(2) + "0x0000000000000000\n").repeat(13)))));
        sentences.put("reservation-failed", reservationFailureSentence());
        assertThat(sentences.get("reservation-failed"))
                .isEqualTo("The last switch failed: the kernel can't reserve BAR 1 (c0000000-cfffffff).");
        sentences.put(
                "unbound",
                cardSentence(
                        Map.of("/proc/iomem", iomemWithout("efifb"), GPU_DIRECTORY + "/driver", Optional.empty())));
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        sentences.put("partially-switched", createCards(helper).getFirst().stateText());
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "vfio-pci");
        sentences.put("vm-blocked", createCards(helper).getFirst().stateText());
        helper.setVmMode();
        sentences.put("vm", createCards(helper).getFirst().stateText());
        helper.openDeviceNode(4711, "qemu-system-x86", "libvirt-qemu", "vfio/27");
        sentences.put("VM in use by a program", createCards(helper).getFirst().stateText());
        MachineSnapshot withVmName = helper.snapshot()
                .withChanges(Map.of(
                        "/proc/4711/cgroup",
                        Optional.of(new MachineSnapshot.TextEntry(
                                "0::/machine.slice/machine-qemu\\x2d1\\x2dwin10.scope"))));
        sentences.put(
                "vm-in-use",
                createCards(new ScriptedHelper(new MachineSource.ThisMachine(), withVmName))
                        .getFirst()
                        .stateText());
        assertThat(sentences.get("vm-in-use")).isEqualTo("VM \"win10\" uses it.");
        assertThat(sentences.get("partially-switched"))
                .isEqualTo("Partially switched: graphics in VM mode and sound in host mode.");
        assertThat(sentences.get("in use by two")).startsWith("2 programs use this GPU.");

        ScriptedHelper changed = ScriptedHelper.withGtx1080();
        GpusViewModel page = new GpusViewModel(messages, (gpu, target) -> {});
        page.show(MachineOverview.load(changed, ActivityLog.inMemory()), changed.source());
        changed.setVmMode();
        page.show(MachineOverview.load(changed, ActivityLog.inMemory()), changed.source());
        sentences.put("changed outside", page.cards().getFirst().externalChange());
        assertThat(sentences.get("changed outside"))
                .isEqualTo("Changed outside this window. Before: Host mode (nvidia).");
        page.resetChangeDetection();
        page.show(MachineOverview.load(changed, ActivityLog.inMemory()), changed.source());
        assertThat(page.cards().getFirst().externalChange()).isEmpty();
    }

    /** The sentence after a switch that failed because the kernel could not reserve a BAR. */
    private String reservationFailureSentence() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        MainViewModel model = new MainViewModel(
                new ScriptedConnections(helper), ActivityLog.inMemory(), background, messages, () -> false);
        model.openThisMachine();
        GpuCard before = model.gpus().cards().getFirst();
        model.gpus().runAction(before, before.actions().getFirst());
        runAction(Objects.requireNonNull(model.activeSwitchProperty().get()), "switch-apply");
        helper.emitEvent("failed", 10, 1, "not-reserved", "04:00.0", "BAR 1", "c0000000-cfffffff");
        helper.emitEvent("finished", -1, 1, "rolled-back");
        Deadline.seconds(10).await("the switch is recorded", () -> {
            model.refresh();
            return !model.gpus().cards().getFirst().stateText().equals(before.stateText());
        });
        return model.gpus().cards().getFirst().stateText();
    }

    private static void runAction(SwitchViewModel model, String actionId) {
        model.actions().stream()
                .filter(action -> action.id().equals(actionId))
                .findFirst()
                .orElseThrow()
                .handler()
                .run();
    }

    private String inUseSentence(int programs) throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        for (int i = 0; i < programs; i++) {
            helper.openDeviceNode(4121 + i, "Xorg", "ann", "dri/card7");
        }
        return createCards(helper).getFirst().stateText();
    }

    private String cardSentence(Map<String, Optional<String>> changes) throws Exception {
        return createCard(SampleMachines.DEFAULT, new MachineSource.ThisMachine(), changes)
                .stateText();
    }

    private GpuCard createCard(String sample, MachineSource source, Map<String, Optional<String>> changes)
            throws Exception {
        return createCards(sample, source, changes).getFirst();
    }

    private List<GpuCard> createCards(String sample, MachineSource source, Map<String, Optional<String>> changes)
            throws Exception {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> entries = new HashMap<>();
        changes.forEach((path, text) -> entries.put(
                path,
                text.map(content -> content.startsWith("-> ")
                        ? new MachineSnapshot.LinkEntry(content.substring(3))
                        : content.startsWith("# ")
                                ? new MachineSnapshot.BinaryEntry(content.substring(2))
                                : new MachineSnapshot.TextEntry(content))));
        MachineSnapshot snapshot = SampleMachines.load(sample).orElseThrow();
        return createCards(new ScriptedHelper(source, snapshot.withChanges(entries)));
    }

    private List<GpuCard> createCards(ScriptedHelper helper) throws Exception {
        GpusViewModel page = new GpusViewModel(messages, (gpu, target) -> {});
        page.show(MachineOverview.load(helper, ActivityLog.inMemory()), helper.source());
        return page.cards();
    }

    private static Optional<String> readIomem() {
        return SampleMachines.load(SampleMachines.DEFAULT).orElseThrow().text("/proc/iomem");
    }

    private static Optional<String> iomemWithout(String region) {
        return readIomem().map(text -> text.lines()
                .filter(line -> !line.endsWith(": " + region))
                .collect(Collectors.joining("\n")));
    }

    // A switch.

    private void addSwitchSentences(Map<String, String> sentences) {
        sentences.put("waiting for authentication", switchStatus(helper -> {}));
        sentences.put("authentication cancelled", resultTitleFor("authentication-cancelled"));
        sentences.put("denied", resultTitleFor("denied"));
        sentences.put("polkit silent", resultTitleFor("undecided"));
        sentences.put("no agent", resultTitleFor("no-agent"));
        sentences.put("switching", switchStatus(helper -> helper.emitEvent("started", 2, 1, "")));
        assertThat(sentences.get("switching")).startsWith("Step 3 of 11: ");
        assertThat(sentences.get("authentication cancelled")).isEqualTo("Cancelled. Nothing was changed.");
        SwitchViewModel slow = startSwitch(ScriptedHelper.withGtx1080(), helper -> {
            helper.emitEvent("started", 6, 1, "");
            helper.emitEvent("waiting", 6, 11_000, "");
        });
        sentences.put("step slow", slow.steps().get(6).note());
        sentences.put("failed and restored", resultTitleFor("rolled-back"));
        sentences.put("failed and partially switched", resultTitle(helper -> {
            helper.bind(ScriptedHelper.GTX_1080_AUDIO, "vfio-pci");
            helper.emitEvent("finished", -1, 1, "rollback-failed");
        }));
        assertThat(sentences.get("failed and partially switched"))
                .isEqualTo("Partially switched: graphics in host mode and sound in VM mode.");
        sentences.put("success not confirmed", resultTitleFor("done"));
        assertThat(sentences.get("success not confirmed"))
                .isEqualTo("The helper reported success, but 04:00.0 is still bound to nvidia.");
        sentences.put("lost during a step", resultTitleFor("helper-lost"));
    }

    private String switchStatus(Consumer<ScriptedHelper> events) {
        return startSwitch(ScriptedHelper.withGtx1080(), events)
                .statusProperty()
                .get();
    }

    private String resultTitleFor(String detail) {
        return resultTitle(helper -> helper.emitEvent("finished", -1, 1, detail));
    }

    private String resultTitle(Consumer<ScriptedHelper> events) {
        return Objects.requireNonNull(startSwitch(ScriptedHelper.withGtx1080(), events)
                        .switchResultProperty()
                        .get())
                .title();
    }

    private SwitchViewModel startSwitch(ScriptedHelper helper, Consumer<ScriptedHelper> events) {
        SwitchViewModel model = new SwitchViewModel(
                helper,
                background,
                messages,
                PciAddress.of("0000:04:00.0"),
                Target.VM,
                (target, plan) -> PlanComparison.NEW,
                () -> {});
        runAction(model, "switch-apply");
        events.accept(helper);
        return model;
    }

    // The helper, and a sample machine.

    private void addHelperSentences(Map<String, String> sentences) {
        for (HelperException.FailureKind kind : List.of(
                HelperException.FailureKind.MISSING,
                HelperException.FailureKind.STOPPED,
                HelperException.FailureKind.REFUSED,
                HelperException.FailureKind.UNDECIDED,
                HelperException.FailureKind.WRONG_VERSION,
                HelperException.FailureKind.LOST)) {
            sentences.put(
                    "helper " + kind,
                    openWithoutHelper(kind).helperMessageProperty().get());
        }
        MainViewModel sample = openWithoutHelper(HelperException.FailureKind.MISSING);
        sample.openSample("iommu-off");
        sentences.put("sample machine", sample.simulationMessageProperty().get());
    }

    private MainViewModel openWithoutHelper(HelperException.FailureKind kind) {
        ScriptedHelper helper = new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(kind),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        MainViewModel model = new MainViewModel(
                new ScriptedConnections(helper), ActivityLog.inMemory(), background, messages, () -> false);
        model.openThisMachine();
        return model;
    }
}
