package org.switchback.gui.gpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.gpus.GpuDetail;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Overlap;
import org.switchback.plan.Target;

class GpuCardTest {
    private static final Path SNAPSHOTS = Path.of("../../helper/model/src/test/resources/captures");

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);

    @Test
    void cardShowsNameIdentityAndStatus() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(card.identity()).isEqualTo("0000:04:00.0 · 10de:1b80 · VGA controller (0300)");
        assertThat(card.status()).isEqualTo(new GpuCard.StatusLabel("Host mode (nvidia)", GpuCard.StatusStyle.HOST));
        assertThat(card.nodeId()).isEqualTo("0000-04-00-0");
        assertThat(summaryTexts(card))
                .containsExactly(
                        "IOMMU group 27",
                        "Also switched: 04:00.1 NVIDIA GP104 High Definition Audio Controller (snd_hda_intel)",
                        "Used by no program");
    }

    @Test
    void cardListsDetails() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.details())
                .extracting(GpuDetail::label, GpuDetail::text)
                .containsExactly(
                        tuple("Driver", "nvidia"),
                        tuple("Link", "2.5 GT/s PCIe ×16, up to 8.0 GT/s PCIe ×16"),
                        tuple("Screens", "none is on"),
                        tuple("BAR 0", "16 MiB at fa000000-faffffff"),
                        tuple("BAR 1", "256 MiB at c0000000-cfffffff, prefetchable"),
                        tuple("BAR 3", "32 MiB at d0000000-d1ffffff, prefetchable"),
                        tuple("BAR 5", "128 ports at 0000e000-0000e07f"),
                        tuple("expansion ROM", "512 KiB at fb000000-fb07ffff, prefetchable"),
                        tuple("Reset", "unknown"),
                        tuple("Power", "awake; sleep disabled"));
        assertThat(cards(sample("iommu-off")).get(1).details())
                .extracting(GpuDetail::label, GpuDetail::text)
                .contains(
                        tuple("Screens", "DP-1"),
                        tuple("Resizable", "BAR 0 has 16 GiB, its maximum."),
                        tuple("Reset", "bus"));
    }

    @Test
    void firmwareRegionIsASegmentOfItsBarAndIsDescribed() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        BarSegments bar1 = card.barStrips().get(1);
        assertThat(bar1.bar().index()).isEqualTo(1);
        assertThat(bar1.segments()).hasSize(2);
        assertThat(bar1.segments().getFirst()).isInstanceOf(BarSegments.OverlapSegment.class);
        assertThat(bar1.segmentSizes()).containsExactly(0x870000L, (256L << 20) - 0x870000);
        assertThat(card.overlaps())
                .containsExactly(new GpuCard.OverlapRow(
                        1,
                        "efifb c0000000-c086ffff covers 8.4 MiB of BAR 1",
                        "vfio-pci can't reserve BAR 1 while efifb is there.",
                        true));
    }

    @Test
    void regionOfTheOwnDriverIsNotAnOverlap() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.barStrips().getFirst().hasOverlap()).isFalse();
        assertThat(card.barStrips().getFirst().segments()).hasSize(1);
    }

    @Test
    void desktopGpuHasNoActions() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).get(1);
        assertThat(card.status())
                .isEqualTo(new GpuCard.StatusLabel("Draws this desktop (radeon)", GpuCard.StatusStyle.DESKTOP));
        assertThat(card.actions()).isEmpty();
        assertThat(card.disabledReason()).startsWith("Stays with the host");
        assertThat(summaryTexts(card)).contains("Used by Xorg (PID 812, user root)");
    }

    @Test
    void hostModeGpuCanBeSwitchedToVmMode() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.actions()).containsExactly(new GpuCard.CardAction(Target.VM, "Switch to VM mode", true));
        assertThat(card.disabledReason()).isEmpty();
    }

    @Test
    void programUsingTheGpuIsNamedAndTheActionStaysEnabled() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        GpuCard card = cards(helper).getFirst();
        assertThat(summaryTexts(card)).contains("Used by Xorg (PID 4121, user ann)");
        assertThat(card.actions().getFirst().enabled()).isTrue();
    }

    @Test
    void vmModeGpuCanBeSwitchedToHostMode() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.setVmMode();
        GpuCard card = cards(helper).getFirst();
        assertThat(card.status()).isEqualTo(new GpuCard.StatusLabel("VM mode", GpuCard.StatusStyle.VM));
        assertThat(card.actions())
                .containsExactly(new GpuCard.CardAction(Target.HOST, "Switch back to host mode", true));
        assertThat(card.overlaps()).isEmpty();
    }

    @Test
    void partiallySwitchedGpuCanBeRolledBackOrSwitchedAgain() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        GpuCard card = cards(helper).getFirst();
        assertThat(card.status())
                .isEqualTo(new GpuCard.StatusLabel("Partially switched", GpuCard.StatusStyle.PARTIALLY_SWITCHED));
        assertThat(card.actions()).extracting(GpuCard.CardAction::target).containsExactly(Target.HOST, Target.VM);
    }

    @Test
    void unboundGpuWithVfioDriverOverrideIsPartiallySwitched() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.bind(ScriptedHelper.GTX_1080, "");
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "");
        MachineSnapshot withOverride = helper.snapshot()
                .withChanges(Map.of(
                        "/sys/bus/pci/devices/0000:04:00.1/driver_override",
                        Optional.of(new MachineSnapshot.TextEntry("vfio-pci"))));
        GpuCard card = cards(new ScriptedHelper(new MachineSource.ThisMachine(), withOverride))
                .getFirst();
        assertThat(card.status())
                .isEqualTo(new GpuCard.StatusLabel("Partially switched", GpuCard.StatusStyle.PARTIALLY_SWITCHED));
        assertThat(card.stateText())
                .isEqualTo("Partially switched: graphics without a driver and sound without a driver.");
        assertThat(card.actions())
                .containsExactly(
                        new GpuCard.CardAction(Target.HOST, "Roll back to host mode", true),
                        new GpuCard.CardAction(Target.VM, "Roll back and try again", true));
    }

    @Test
    void framebufferLeftInVmModeCanBeReleased() throws Exception {
        GpuCard card = cards(recordedMachine("q35-6.1-0380-vfio-blocked")).getFirst();
        assertThat(card.status().style()).isEqualTo(GpuCard.StatusStyle.VM);
        assertThat(card.overlaps()).singleElement().matches(GpuCard.OverlapRow::refused);
        assertThat(card.actions()).extracting(GpuCard.CardAction::target).containsExactly(Target.VM, Target.HOST);
    }

    @Test
    void disabledActionShowsTheRefusalAndThePlanCanBeOpened() throws Exception {
        GpuCard card = cards(sample("iommu-off")).getFirst();
        assertThat(card.actions().getFirst()).isEqualTo(new GpuCard.CardAction(Target.VM, "Switch to VM mode", false));
        assertThat(card.disabledReason()).contains("no IOMMU group").contains("firmware setup");
        assertThat(card.actions().getLast()).isEqualTo(new GpuCard.CardAction(Target.VM, "Show the plan", true));
    }

    @Test
    void withoutHelperActionsAreDisabledWithAReason() throws Exception {
        ScriptedHelper readOnly = new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        GpuCard card = cards(readOnly).getFirst();
        assertThat(card.actions()).singleElement().matches(action -> !action.enabled());
        assertThat(card.disabledReason()).isEqualTo("Switching needs the helper.");
        assertThat(summaryTexts(card)).contains("Programs using it are visible only with the helper");
        assertThat(readOnly.calls()).containsExactly("inspect");
    }

    @Test
    void firmwareRegionWithHiddenAddressIsShown() throws Exception {
        GpuCard card = cards(recordedMachine("q35-6.1-0380-user")).getFirst();
        assertThat(card.overlaps())
                .singleElement()
                .extracting(GpuCard.OverlapRow::text)
                .isEqualTo("efifb lies in BAR 0; its address is hidden");
        assertThat(card.barStrips().getFirst().segments()).hasSize(2).allMatch(segment -> segment.length()
                .isEmpty());
    }

    @ParameterizedTest
    @MethodSource("machines")
    void segmentSizesAddUpToTheBarSize(String machine) throws Exception {
        for (GpuCard card : cards(machine(machine))) {
            assertThat(card.barStrips()).isNotEmpty();
            for (BarSegments strip : card.barStrips()) {
                if (strip.segments().stream()
                        .allMatch(segment -> segment.length().isPresent())) {
                    assertThat(strip.segmentSizes().stream()
                                    .mapToLong(Long::longValue)
                                    .sum())
                            .isEqualTo(strip.bar().length());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("machines")
    void everyRefusedOverlapIsOnTheCard(String machine) throws Exception {
        ScriptedHelper helper = machine(machine);
        MachineOverview overview = MachineOverview.load(helper, ActivityLog.inMemory());
        List<GpuCard> cards = cards(helper);
        for (int i = 0; i < cards.size(); i++) {
            List<Overlap> refused = overview.machine().gpus().get(i).conflicts();
            assertThat(cards.get(i).overlaps().stream().filter(GpuCard.OverlapRow::refused))
                    .hasSameSizeAs(refused);
        }
    }

    static List<String> machines() throws IOException {
        try (var files = Files.list(SNAPSHOTS)) {
            return Stream.concat(
                            SampleMachines.names().stream(),
                            files.map(file -> file.getFileName().toString())
                                    .filter(name -> name.endsWith(".capture"))
                                    .map(name -> name.replace(".capture", ""))
                                    .sorted())
                    .toList();
        }
    }

    private static ScriptedHelper machine(String name) throws Exception {
        return SampleMachines.names().contains(name) ? sample(name) : recordedMachine(name);
    }

    private static ScriptedHelper sample(String name) {
        return new ScriptedHelper(
                new MachineSource.SampleMachine(name), SampleMachines.load(name).orElseThrow());
    }

    private static ScriptedHelper recordedMachine(String name) throws Exception {
        return new ScriptedHelper(
                new MachineSource.ThisMachine(),
                MachineSnapshot.parse(Files.readString(SNAPSHOTS.resolve(name + ".capture"))));
    }

    private List<GpuCard> cards(ScriptedHelper helper) throws HelperException {
        MachineOverview overview = MachineOverview.load(helper, ActivityLog.inMemory());
        GpuCardFactory factory = new GpuCardFactory(messages, overview, helper.source(), Map.of());
        return overview.machine().gpus().stream().map(factory::create).toList();
    }

    private static List<String> summaryTexts(GpuCard card) {
        return card.summary().stream().map(GpuCard.SummaryLine::text).toList();
    }
}
