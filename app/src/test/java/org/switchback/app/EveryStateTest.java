package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.background.Background;
import org.switchback.app.gpus.GpuCard;
import org.switchback.app.gpus.GpuState;
import org.switchback.app.gpus.GpusViewModel;
import org.switchback.app.gpus.Overview;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.switching.Direction;
import org.switchback.app.switching.Familiarity;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;
import org.switchback.service.Deadline;

/** Whatever state there is, a person reads one sentence about it that is said of no other state. */
class EveryStateTest {
    private static final String FOLDER = MachineReader.PCI_DEVICES + "0000:04:00.0";

    private final Words words = Words.in(Locale.ENGLISH);
    private final Background background = new Background(Runnable::run, Runnable::run);

    @Test
    void everyStateHasItsOwnSentence() throws Exception {
        Map<String, String> sentences = new HashMap<>();
        GpusViewModel page = new GpusViewModel(words, (gpu, direction) -> {});
        sentences.put("scanning", page.messageProperty().get());
        page.show(Overview.of(new ScriptedHelper(new Source.ThisMachine(), Capture.EMPTY), ActivityLog.inMemory()), new Source.ThisMachine());
        sentences.put("no GPU", page.messageProperty().get());
        cards(sentences);
        switches(sentences);
        helpers(sentences);

        assertThat(sentences).hasSizeGreaterThanOrEqualTo(30);
        sentences.forEach((state, sentence) ->
                assertThat(sentence).as(state).isNotBlank().doesNotContain("{", "}", "null"));
        assertThat(sentences.values()).doesNotHaveDuplicates();
    }

    @Test
    void everyStateOfAGpuIsAmongThem() throws Exception {
        Map<String, String> sentences = new HashMap<>();
        cards(sentences);
        assertThat(sentences.keySet())
                .containsAll(java.util.stream.Stream.of(GpuState.values())
                        .map(Spelling::of)
                        .collect(Collectors.toSet()));
    }

    // The cards.

    private void cards(Map<String, String> sentences) throws Exception {
        sentences.put("host", onCard(Map.of(
                "/proc/iomem", without("efifb"))));
        sentences.put("claimed", onCard(Map.of()));
        sentences.put("claim-held", onCard(Map.of(
                "/proc/iomem", map().map(text -> text.replace(
                        "c0000000-c086ffff : efifb", "c0000000-c086ffff : efifb\n        c0000000-c086ffff : efidrm")))));
        sentences.put("claim-stays", card("x99-gtx1080", new Source.ThisMachine(), Map.of()).sentence());
        sentences.put(
                "hidden",
                card(
                                SampleMachines.DEFAULT,
                                new Source.LookOnly(HelperProblem.Kind.MISSING),
                                Map.of("/proc/iomem", map().map(text -> text.replaceAll(
                                        "[0-9a-f]{8,16}-[0-9a-f]{8,16} :", "00000000-00000000 :"))))
                        .sentence());
        sentences.put("in-use", used(1));
        sentences.put("in use by two", used(2));
        sentences.put("desktop", cards(SampleMachines.DEFAULT, new Source.ThisMachine(), Map.of())
                .get(1)
                .sentence());
        sentences.put("group-shared", onCard(Map.of(
                MachineReader.PCI_DEVICES + "0000:00:1b.0/iommu_group",
                Optional.of("-> ../../../kernel/iommu_groups/27"))));
        sentences.put("iommu-off", card("iommu-off", new Source.ThisMachine(), Map.of()).sentence());
        sentences.put("blocked", onCard(Map.of("/proc/sys/kernel/tainted", Optional.of("128"))));
        sentences.put("unreserved", unreserved());
        assertThat(sentences.get("unreserved"))
                .isEqualTo("The last switch failed: the kernel can't reserve BAR 1 (c0000000-cfffffff).");
        sentences.put("unbound", onCard(Map.of(
                "/proc/iomem", without("efifb"), FOLDER + "/driver", Optional.empty())));
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        sentences.put("mixed", of(helper).getFirst().sentence());
        helper.binds(ScriptedHelper.ITS_SOUND, "vfio-pci");
        sentences.put("vm-blocked", of(helper).getFirst().sentence());
        helper.isInVmMode();
        sentences.put("vm", of(helper).getFirst().sentence());
        helper.isHeldBy(4711, "qemu-system-x86", "libvirt-qemu", "vfio/27");
        sentences.put("vm-used by a program", of(helper).getFirst().sentence());
        Capture named = helper.machine().with(Map.of(
                "/proc/4711/cgroup",
                Optional.of(new Capture.Text("0::/machine.slice/machine-qemu\\x2d1\\x2dwin10.scope"))));
        sentences.put("vm-used", of(new ScriptedHelper(new Source.ThisMachine(), named)).getFirst().sentence());
        assertThat(sentences.get("vm-used")).isEqualTo("VM \"win10\" has it.");
        assertThat(sentences.get("mixed")).isEqualTo("Half switched: graphics in VM mode and sound in host mode.");
        assertThat(sentences.get("in use by two")).startsWith("2 programs use it.");

        ScriptedHelper outside = ScriptedHelper.withGtx1080();
        GpusViewModel page = new GpusViewModel(words, (gpu, direction) -> {});
        page.show(Overview.of(outside, ActivityLog.inMemory()), outside.source());
        outside.isInVmMode();
        page.show(Overview.of(outside, ActivityLog.inMemory()), outside.source());
        sentences.put("changed outside", page.cards().getFirst().change());
        assertThat(sentences.get("changed outside"))
                .isEqualTo("Changed outside this window. Before: Host mode (nvidia).");
        page.expectChange();
        page.show(Overview.of(outside, ActivityLog.inMemory()), outside.source());
        assertThat(page.cards().getFirst().change()).isEmpty();
    }

    /** What the card says after a switch that the kernel's log had something against. */
    private String unreserved() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        MainViewModel model = new MainViewModel(
                new ScriptedConnections(helper), ActivityLog.inMemory(), background, words, () -> false);
        model.openThisMachine();
        GpuCard before = model.gpus().cards().getFirst();
        model.gpus().choose(before, before.choices().getFirst());
        act(Objects.requireNonNull(model.switchingProperty().get()), "switch-apply");
        helper.says("failed", 10, 1, "not-reserved", "04:00.0", "BAR 1", "c0000000-cfffffff");
        helper.says("finished", -1, 1, "put-back");
        Deadline.seconds(10).await("the attempt is written down", () -> {
            model.refresh();
            return !model.gpus().cards().getFirst().sentence().equals(before.sentence());
        });
        return model.gpus().cards().getFirst().sentence();
    }

    private static void act(SwitchViewModel model, String action) {
        model.actions().stream()
                .filter(offered -> offered.id().equals(action))
                .findFirst()
                .orElseThrow()
                .run()
                .run();
    }

    private String used(int programs) throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        for (int i = 0; i < programs; i++) {
            helper.isHeldBy(4121 + i, "Xorg", "ann", "dri/card7");
        }
        return of(helper).getFirst().sentence();
    }

    private String onCard(Map<String, Optional<String>> changes) throws Exception {
        return card(SampleMachines.DEFAULT, new Source.ThisMachine(), changes).sentence();
    }

    private GpuCard card(String sample, Source source, Map<String, Optional<String>> changes) throws Exception {
        return cards(sample, source, changes).getFirst();
    }

    private List<GpuCard> cards(String sample, Source source, Map<String, Optional<String>> changes) throws Exception {
        Map<String, Optional<Capture.Entry>> entries = new HashMap<>();
        changes.forEach((path, text) -> entries.put(
                path,
                text.map(content -> content.startsWith("-> ")
                        ? new Capture.Link(content.substring(3))
                        : new Capture.Text(content))));
        return of(new ScriptedHelper(source, SampleMachines.load(sample).orElseThrow().with(entries)));
    }

    private List<GpuCard> of(ScriptedHelper helper) throws Exception {
        GpusViewModel page = new GpusViewModel(words, (gpu, direction) -> {});
        page.show(Overview.of(helper, ActivityLog.inMemory()), helper.source());
        return page.cards();
    }

    private static Optional<String> map() {
        return SampleMachines.load(SampleMachines.DEFAULT).orElseThrow().text("/proc/iomem");
    }

    private static Optional<String> without(String claim) {
        return map().map(text -> text.lines()
                .filter(line -> !line.endsWith(": " + claim))
                .collect(Collectors.joining("\n")));
    }

    // A switch.

    private void switches(Map<String, String> sentences) {
        sentences.put("waiting for authentication", status(helper -> {}));
        sentences.put("authentication cancelled", end("authentication-cancelled"));
        sentences.put("denied", end("denied"));
        sentences.put("polkit silent", end("undecided"));
        sentences.put("no agent", end("no-agent"));
        sentences.put("switching", status(helper -> helper.says("started", 2, 1, "")));
        assertThat(sentences.get("switching")).startsWith("Step 3 of 11: ");
        assertThat(sentences.get("authentication cancelled")).isEqualTo("Cancelled. Nothing was changed.");
        SwitchViewModel slow = begun(ScriptedHelper.withGtx1080(), helper -> {
            helper.says("started", 6, 1, "");
            helper.says("waiting", 6, 11_000, "");
        });
        sentences.put("step slow", slow.steps().get(6).note());
        sentences.put("failed and restored", end("put-back"));
        sentences.put("failed and mixed", ended(helper -> {
            helper.binds(ScriptedHelper.ITS_SOUND, "vfio-pci");
            helper.says("finished", -1, 1, "mixed");
        }));
        assertThat(sentences.get("failed and mixed"))
                .isEqualTo("Half switched: graphics in host mode and sound in VM mode.");
        sentences.put("checked and not true", end("done"));
        assertThat(sentences.get("checked and not true"))
                .isEqualTo("The helper reported success, but 04:00.0 is still on nvidia.");
        sentences.put("lost during a step", end("helper-lost"));
    }

    private String status(Consumer<ScriptedHelper> does) {
        return begun(ScriptedHelper.withGtx1080(), does).statusProperty().get();
    }

    private String end(String detail) {
        return ended(helper -> helper.says("finished", -1, 1, detail));
    }

    private String ended(Consumer<ScriptedHelper> does) {
        return Objects.requireNonNull(
                        begun(ScriptedHelper.withGtx1080(), does).outcomeProperty().get())
                .title();
    }

    private SwitchViewModel begun(ScriptedHelper helper, Consumer<ScriptedHelper> does) {
        SwitchViewModel model = new SwitchViewModel(
                helper,
                background,
                words,
                PciAddress.of("0000:04:00.0"),
                Direction.TO_VM,
                (target, plan) -> Familiarity.NEW,
                () -> {});
        act(model, "switch-apply");
        does.accept(helper);
        return model;
    }

    // The helper, and whose machine it is.

    private void helpers(Map<String, String> sentences) {
        for (HelperProblem.Kind kind : List.of(
                HelperProblem.Kind.MISSING,
                HelperProblem.Kind.STOPPED,
                HelperProblem.Kind.REFUSED,
                HelperProblem.Kind.UNDECIDED,
                HelperProblem.Kind.WRONG_VERSION,
                HelperProblem.Kind.LOST)) {
            sentences.put("helper " + kind, opened(kind).bannerProperty().get());
        }
        MainViewModel sample = opened(HelperProblem.Kind.MISSING);
        sample.openSample("iommu-off");
        sentences.put("sample machine", sample.ribbonProperty().get());
    }

    private MainViewModel opened(HelperProblem.Kind kind) {
        ScriptedHelper here = new ScriptedHelper(
                new Source.LookOnly(kind), SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        MainViewModel model = new MainViewModel(
                new ScriptedConnections(here), ActivityLog.inMemory(), background, words, () -> false);
        model.openThisMachine();
        return model;
    }
}
