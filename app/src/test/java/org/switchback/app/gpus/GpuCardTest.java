package org.switchback.app.gpus;

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
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.switching.Direction;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Overlap;

class GpuCardTest {
    private static final Path CAPTURES = Path.of("../helper/src/test/resources/captures");

    private final Words words = Words.in(Locale.ENGLISH);

    @Test
    void theGtx1080SaysWhatItIsAndWhoseItIs() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(card.identity()).isEqualTo("0000:04:00.0 · 10de:1b80 · VGA controller (0300)");
        assertThat(card.status()).isEqualTo(new GpuCard.Status("Host mode (nvidia)", GpuCard.Tone.HOST));
        assertThat(card.id()).isEqualTo("0000-04-00-0");
        assertThat(texts(card))
                .containsExactly(
                        "IOMMU group 27",
                        "Moves with it: 04:00.1 NVIDIA GP104 High Definition Audio Controller (snd_hda_intel)",
                        "Used by no program");
    }

    @Test
    void itsDetailsAreTold() throws Exception {
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
                        tuple("Reset", "not known"),
                        tuple("Power", "awake (D0), kept awake"));
        assertThat(cards(sample("iommu-off")).get(1).details())
                .extracting(GpuDetail::label, GpuDetail::text)
                .contains(
                        tuple("Screens", "DP-1"),
                        tuple("Resizable", "BAR 0 has 16 GiB, the most it can have."),
                        tuple("Reset", "bus"));
    }

    @Test
    void theClaimInItsBarIsCutOutOfTheStripAndTold() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        BarStrip bar1 = card.strips().get(1);
        assertThat(bar1.bar().index()).isEqualTo(1);
        assertThat(bar1.pieces()).hasSize(2);
        assertThat(bar1.pieces().getFirst()).isInstanceOf(BarStrip.Claimed.class);
        assertThat(bar1.sizes()).containsExactly(0x870000L, (256L << 20) - 0x870000);
        assertThat(card.claims())
                .containsExactly(new GpuCard.Claim(
                        1,
                        "efifb c0000000-c086ffff covers 8.4 MiB of BAR 1",
                        "vfio-pci can't reserve BAR 1 while efifb is there.",
                        true));
    }

    @Test
    void theDriversOwnPartOfABarIsNoOverlap() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.strips().getFirst().overlapped()).isFalse();
        assertThat(card.strips().getFirst().pieces()).hasSize(1);
    }

    @Test
    void theGpuThatDrawsTheDesktopStaysWithTheHost() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).get(1);
        assertThat(card.status()).isEqualTo(new GpuCard.Status("Draws this desktop (radeon)", GpuCard.Tone.DESKTOP));
        assertThat(card.choices()).isEmpty();
        assertThat(card.reason()).startsWith("Stays with the host");
        assertThat(texts(card)).contains("Used by Xorg (PID 812, user root)");
    }

    @Test
    void aGpuInHostModeCanBeSwitched() throws Exception {
        GpuCard card = cards(ScriptedHelper.withGtx1080()).getFirst();
        assertThat(card.choices())
                .containsExactly(new GpuCard.Choice(Direction.TO_VM, "Switch to VM mode", true));
        assertThat(card.reason()).isEmpty();
    }

    @Test
    void aProgramThatUsesItIsNamedAndTheChoiceStays() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        GpuCard card = cards(helper).getFirst();
        assertThat(texts(card)).contains("Used by Xorg (PID 4121, user ann)");
        assertThat(card.choices().getFirst().enabled()).isTrue();
    }

    @Test
    void aGpuInVmModeCanBeSwitchedBack() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.isInVmMode();
        GpuCard card = cards(helper).getFirst();
        assertThat(card.status()).isEqualTo(new GpuCard.Status("VM mode", GpuCard.Tone.VM));
        assertThat(card.choices())
                .containsExactly(new GpuCard.Choice(Direction.TO_HOST, "Switch back to host mode", true));
        assertThat(card.claims()).isEmpty();
    }

    @Test
    void aHalfSwitchedGpuCanBePutBackOrFinished() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        GpuCard card = cards(helper).getFirst();
        assertThat(card.status()).isEqualTo(new GpuCard.Status("Half switched", GpuCard.Tone.MIXED));
        assertThat(card.choices())
                .extracting(GpuCard.Choice::direction)
                .containsExactly(Direction.TO_HOST, Direction.TO_VM);
    }

    @Test
    void aGpuThatNoDriverTookBackAndOnlyVfioPciMayHaveIsHalfSwitchedToo() throws Exception {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        helper.binds(ScriptedHelper.GTX_1080, "");
        helper.binds(ScriptedHelper.ITS_SOUND, "");
        Capture left = helper.machine()
                .with(Map.of(
                        "/sys/bus/pci/devices/0000:04:00.1/driver_override",
                        Optional.of(new Capture.Text("vfio-pci"))));
        GpuCard card = cards(new ScriptedHelper(new Source.ThisMachine(), left)).getFirst();
        assertThat(card.status()).isEqualTo(new GpuCard.Status("Half switched", GpuCard.Tone.MIXED));
        assertThat(card.sentence()).isEqualTo("Half switched: graphics without a driver and sound without a driver.");
        assertThat(card.choices())
                .containsExactly(
                        new GpuCard.Choice(Direction.TO_HOST, "Put back to host mode", true),
                        new GpuCard.Choice(Direction.TO_VM, "Finish the switch", true));
    }

    @Test
    void aGpuOnVfioPciWithAFramebufferLeftInItsMemoryCanBeCured() throws Exception {
        GpuCard card = cards(captured("q35-6.1-0380-vfio-blocked")).getFirst();
        assertThat(card.status().tone()).isEqualTo(GpuCard.Tone.VM);
        assertThat(card.claims()).singleElement().matches(GpuCard.Claim::refused);
        assertThat(card.choices())
                .extracting(GpuCard.Choice::direction)
                .containsExactly(Direction.TO_VM, Direction.TO_HOST);
    }

    @Test
    void aDisabledChoiceHasTheHelpersReasonAndThePlanCanStillBeSeen() throws Exception {
        GpuCard card = cards(sample("iommu-off")).getFirst();
        assertThat(card.choices().getFirst())
                .isEqualTo(new GpuCard.Choice(Direction.TO_VM, "Switch to VM mode", false));
        assertThat(card.reason()).contains("no IOMMU group").contains("firmware setup");
        assertThat(card.choices().getLast()).isEqualTo(new GpuCard.Choice(Direction.TO_VM, "See the plan", true));
    }

    @Test
    void withoutAHelperNothingCanBeSwitchedAndTheReasonIsThere() throws Exception {
        ScriptedHelper lookOnly = new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.MISSING),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
        GpuCard card = cards(lookOnly).getFirst();
        assertThat(card.choices()).singleElement().matches(choice -> !choice.enabled());
        assertThat(card.reason()).isEqualTo("Switching needs the helper.");
        assertThat(texts(card)).contains("Programs that use it can't be seen without the helper");
        assertThat(lookOnly.calls()).containsExactly("inspect");
    }

    @Test
    void aClaimWhoseAddressIsHiddenIsShownAllTheSame() throws Exception {
        GpuCard card = cards(captured("q35-6.1-0380-user")).getFirst();
        assertThat(card.claims())
                .singleElement()
                .extracting(GpuCard.Claim::text)
                .isEqualTo("efifb lies in BAR 0; its address is hidden");
        assertThat(card.strips().getFirst().pieces()).hasSize(2).allMatch(piece -> piece.length()
                .isEmpty());
    }

    @ParameterizedTest
    @MethodSource("machines")
    void thePiecesOfEveryBarOfEveryMachineAddUp(String machine) throws Exception {
        for (GpuCard card : cards(machine(machine))) {
            assertThat(card.strips()).isNotEmpty();
            for (BarStrip strip : card.strips()) {
                if (strip.pieces().stream().allMatch(piece -> piece.length().isPresent())) {
                    assertThat(strip.sizes().stream().mapToLong(Long::longValue).sum())
                            .isEqualTo(strip.bar().length());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("machines")
    void everyOverlapThatVfioPciRefusesIsOnTheCard(String machine) throws Exception {
        ScriptedHelper helper = machine(machine);
        Overview overview = Overview.of(helper, ActivityLog.inMemory());
        List<GpuCard> cards = cards(helper);
        for (int i = 0; i < cards.size(); i++) {
            List<Overlap> refused = overview.machine().gpus().get(i).conflicts();
            assertThat(cards.get(i).claims().stream().filter(GpuCard.Claim::refused)).hasSameSizeAs(refused);
        }
    }

    static List<String> machines() throws IOException {
        try (var files = Files.list(CAPTURES)) {
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
        return SampleMachines.names().contains(name) ? sample(name) : captured(name);
    }

    private static ScriptedHelper sample(String name) {
        return new ScriptedHelper(
                new Source.Sample(name), SampleMachines.load(name).orElseThrow());
    }

    private static ScriptedHelper captured(String name) throws Exception {
        return new ScriptedHelper(
                new Source.ThisMachine(), Capture.parse(Files.readString(CAPTURES.resolve(name + ".capture"))));
    }

    private List<GpuCard> cards(ScriptedHelper helper) throws HelperProblem {
        Overview overview = Overview.of(helper, ActivityLog.inMemory());
        CardWriter writer = new CardWriter(words, overview, helper.source(), Map.of());
        return overview.machine().gpus().stream().map(writer::card).toList();
    }

    private static List<String> texts(GpuCard card) {
        return card.facts().stream().map(GpuCard.Fact::text).toList();
    }
}
