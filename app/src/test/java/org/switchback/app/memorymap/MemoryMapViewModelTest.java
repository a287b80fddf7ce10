package org.switchback.app.memorymap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;

class MemoryMapViewModelTest {
    private static final String BEFORE = "# cat /proc/iomem # before hack <snip> 60000000-6fffffff : PCI MMCONFIG 0000"
            + " [bus 00-ff] 60000000-6fffffff : reserved 70000000-fbffbfff : PCI Bus 0000:00 c0000000-d1ffffff : PCI Bus"
            + " 0000:04 c0000000-cfffffff : 0000:04:00.0 c0000000-c086ffff : BOOTFB d0000000-d1ffffff : 0000:04:00.0"
            + " <snip>";
    private static final String AFTER = BEFORE.replace(" c0000000-c086ffff : BOOTFB", "");

    private final List<PciAddress> gpus = new ArrayList<>();
    private final MemoryMapViewModel model = new MemoryMapViewModel(
            new Background(Runnable::run, Runnable::run),
            Words.in(Locale.ENGLISH),
            Clock.fixed(Instant.parse("2026-11-22T14:02:00Z"), ZoneOffset.UTC),
            gpus::add);

    @Test
    void aMapOpensOnItsOverlapWithTheBusAroundIt() {
        sample("x99-gtx1080");
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(path()).containsExactly("Whole machine", "PCI Bus 0000:00", "PCI Bus 0000:04");
        assertThat(model.overlapsText()).isEqualTo("1 overlap");
    }

    @Test
    void arrowsReachEveryRegion() {
        sample("x99-gtx1080");
        model.select(MapTree.WHOLE);
        List<Integer> reached = new ArrayList<>();
        model.selectFirstChild();
        walk(reached);
        MapTree tree = tree();
        assertThat(reached).doesNotHaveDuplicates();
        assertThat(reached)
                .containsAll(IntStream.range(1, tree.size())
                        .filter(item -> tree.kind(item).isRegion())
                        .boxed()
                        .toList());
    }

    /** Everything from the selection to the right, and what is inside, by the arrow keys alone. */
    private void walk(List<Integer> reached) {
        while (true) {
            int here = model.selectionProperty().get();
            reached.add(here);
            model.selectFirstChild();
            if (model.selectionProperty().get() != here) {
                walk(reached);
                model.selectParent();
                assertThat(model.selectionProperty().get()).isEqualTo(here);
            }
            model.selectNeighbour(1);
            if (model.selectionProperty().get() == here) {
                return;
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "c0400000 | BOOTFB",
                "0xc0400000 | BOOTFB",
                "bootfb | BOOTFB",
                "08:00.0 | 0000:08:00.0",
                "c0000000-c086ffff | BOOTFB",
                "overlap | BOOTFB",
                ">30G | System RAM",
                "<20 | pnp 00:01",
                "dmar | dmar0",
                "04:00.0 bar 3 | 0000:04:00.0",
            })
    void findUnderstands(String typed, String name) {
        sample("x99-gtx1080");
        model.select(MapTree.WHOLE);
        model.find(typed, 1);
        assertThat(selected()).isEqualTo(name);
    }

    @Test
    void findingAgainGoesOnToTheNextAndBackToTheFirst() {
        sample("x99-gtx1080");
        model.find("ICH HD", 1);
        assertThat(model.answerProperty().get()).startsWith("1 of 3: ICH HD audio");
        model.find("ICH HD", 1);
        model.find("ICH HD", 1);
        assertThat(model.answerProperty().get()).startsWith("3 of 3");
        model.find("ICH HD", 1);
        assertThat(model.answerProperty().get()).startsWith("1 of 3");
        model.find("ICH HD", -1);
        assertThat(model.answerProperty().get()).startsWith("3 of 3");
        model.find("eggs", 1);
        assertThat(model.answerProperty().get()).isEqualTo("Nothing here fits eggs.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "c0900000 | c0900000 is inside BAR 1 of NVIDIA GeForce GTX 1080; nothing else claims it.",
                "c0400000 | c0400000 is inside BOOTFB (c0000000-c086ffff).",
                "d3000000 | d3000000 is in a gap of 224 MiB inside PCI Bus 0000:00; nothing else claims it.",
                "fc000000 | fc000000 is in a gap of 44 MiB; nothing claims it.",
                "fff000000000 | fff000000000 is past the last region; nothing claims it.",
                "4G | 100000000 is inside System RAM (100000000-89fffffff).",
                "c0000000-c086ffff | 1 of 4: BOOTFB \u00b7 8.4 MiB",
                "voodoo | voodoo is no address; one looks like c0400000.",
            })
    void everyAddressIsAnswered(String typed, String sentence) {
        sample("x99-gtx1080");
        model.goTo(typed);
        assertThat(model.answerProperty().get()).isEqualTo(sentence);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffffffffffffffff", "FFFFFFFF", "fff000000000", "0xfff"})
    void findTakesAnAddressAsGoToDoes(String typed) {
        sample("x99-gtx1080");
        model.goTo(typed);
        String answer = model.answerProperty().get();
        model.whole();
        model.find(typed, 1);
        assertThat(model.answerProperty().get()).isEqualTo(answer).contains(typed.replace("0x", "").toLowerCase(Locale.ROOT));
    }

    @Test
    void anAnswerIsGoneWithTheNextMove() {
        sample("x99-gtx1080");
        List<Runnable> moves = List.of(
                () -> model.selectNeighbour(1),
                model::selectParent,
                () -> model.selectOverlap(1),
                model::whole,
                model::up,
                () -> model.zoomTo(model.selectionProperty().get()));
        for (Runnable move : moves) {
            model.find("overlap", 1);
            model.zoomTo(tree().parent(tree().parent(model.selectionProperty().get())));
            model.goTo("c0900000");
            assertThat(model.answerProperty().get()).startsWith("c0900000 is inside BAR 1");
            move.run();
            assertThat(model.answerProperty().get()).isEmpty();
        }
        model.whole();
        model.goTo("c0900000");
        model.whole();
        assertThat(model.answerProperty().get()).as("the whole is there already").isEmpty();
    }

    @Test
    void whatIsCopiedIsALineOfTheListing() {
        sample("x99-gtx1080");
        assertThat(model.line()).isEqualTo("c0000000-c086ffff : BOOTFB");
        assertThat(model.lineWithParents())
                .isEqualTo(
                        """
                        70000000-fbffbfff : PCI Bus 0000:00
                          c0000000-d1ffffff : PCI Bus 0000:04
                            c0000000-cfffffff : 0000:04:00.0
                              c0000000-c086ffff : BOOTFB
                        """);
        assertThat(model.forBugReport())
                .startsWith(model.lineWithParents())
                .contains("0000:04:00.0 NVIDIA GeForce GTX 1080 [10de:1b80], driver: nvidia")
                .contains("vfio-pci can't reserve BAR 1 while BOOTFB is there.")
                .contains("Kernel 4.6.0-1-amd64");
    }

    @Test
    void theDetailsSayWhatCoversHowMuchOfWhat() {
        sample("x99-gtx1080");
        assertThat(model.itemWords().facts(model.selectionProperty().get()))
                .containsExactly(
                        "c0000000-c086ffff (inclusive)",
                        "8.4 MiB · 8,847,360 bytes · 0x870000",
                        "Covers 3.3% of BAR 1 of NVIDIA GeForce GTX 1080, from its start",
                        "vfio-pci can't reserve BAR 1 while BOOTFB is there.");
        model.showGpu();
        assertThat(gpus).containsExactly(PciAddress.of("04:00.0"));
    }

    @Test
    void backspaceLeadsUpAndZeroToTheWhole() {
        sample("x99-gtx1080");
        model.up();
        assertThat(path()).containsExactly("Whole machine", "PCI Bus 0000:00");
        assertThat(selected()).isEqualTo("BOOTFB");
        model.zoomTo(model.selectionProperty().get());
        assertThat(path()).as("what has no parts is shown in what it lies in").endsWith("04:00.0 BAR 1");
        model.whole();
        assertThat(path()).containsExactly("Whole machine");
    }

    @Test
    void selectingWhatIsOutsideWidensTheView() {
        sample("x99-gtx1080");
        model.find("dmar0", 1);
        assertThat(path()).containsExactly("Whole machine");
    }

    @Test
    void zoomingKeepsThePlaceUnderThePointerWhereItIs() {
        sample("x99-gtx1080");
        model.whole();
        double x = 0.3;
        long under = address(x);
        model.zoomAt(4, x);
        assertThat(address(x)).isEqualTo(under);
        model.zoomAt(2, x);
        assertThat(address(x)).isEqualTo(under);
        model.zoomAt(1.0 / 1000, x);
        assertThat(model.zoomProperty().get()).isEqualTo(1);
        assertThat(model.offsetProperty().get()).isZero();
    }

    private long address(double x) {
        Picture picture = model.picture(300);
        // Half an address past the place, since a pixel of a large piece is many addresses.
        return picture.axis().address((model.offsetProperty().get() + x / model.zoomProperty().get()) * 1000) >>> 16;
    }

    @Test
    void panningEndsAtTheEdges() {
        sample("x99-gtx1080");
        model.zoomAt(4, 0.5);
        model.pan(-9);
        assertThat(model.offsetProperty().get()).isZero();
        model.pan(9);
        assertThat(model.offsetProperty().get()).isEqualTo(0.75);
    }

    @Test
    void centreBringsTheSelectionIntoTheMiddleAndThenMakesItFit() {
        sample("x99-gtx1080");
        model.whole();
        model.zoomAt(3, 0);
        model.centre();
        Piece centred = box();
        assertThat(centred.x() + centred.width() / 2).isBetween(490.0, 510.0);
        model.centre();
        assertThat(box().width()).isBetween(800.0, 950.0);
    }

    @ParameterizedTest
    @EnumSource(Scale.class)
    void whatFillsThePictureFillsItOnEveryScaleAndAtEveryWidth(Scale scale) {
        sample("x99-gtx1080-efifb");
        model.selectOverlap(1);
        model.whole();
        model.centre();
        model.centre();
        double zoom = model.zoomProperty().get();
        double offset = model.offsetProperty().get();
        assertThat(box().width()).isGreaterThan(800);
        model.scaleProperty().set(scale);
        assertThat(box().x()).isBetween(0.0, 200.0);
        assertThat(box().right()).isBetween(800.0, 1000.0);
        for (double width = 990; width >= 400; width -= 10) {
            model.widthProperty().set(width);
        }
        assertThat(box().x()).isBetween(0.0, 80.0);
        assertThat(box().right()).isBetween(320.0, 400.0);
        model.widthProperty().set(1000);
        model.scaleProperty().set(Scale.FIT);
        assertThat(model.zoomProperty().get()).isCloseTo(zoom, within(zoom / 1e6));
        assertThat(model.offsetProperty().get()).isCloseTo(offset, within(1e-6));
    }

    @Test
    void theAddressesInViewStayInViewWhenTheWindowIsResizedAndWhenAFilterOrTheScaleIsChanged() {
        sample("x99-gtx1080");
        model.whole();
        model.find("dmar0", 1);
        model.zoomAt(6, 0.2);
        model.pan(0.7);
        long first = model.firstInView();
        long last = model.lastInView();
        model.widthProperty().set(640);
        assertSees(first, last);
        model.filter(Filter.GAPS, false);
        assertSees(first, last);
        model.scaleProperty().set(Scale.TRUE_SIZE);
        assertSees(first, last);
        model.zoomAt(3, 0.5);
        model.pan(0.2);
        first = model.firstInView();
        last = model.lastInView();
        model.scaleProperty().set(Scale.LOG);
        assertSees(first, last);
    }

    /** Up to a thousandth of them: a double has not the digits of all addresses. */
    private void assertSees(long first, long last) {
        assertThat(model.firstInView()).isCloseTo(first, within((last - first) / 1000));
        assertThat(model.lastInView()).isCloseTo(last, within((last - first) / 1000));
    }

    @Test
    void allOfTheFocusStaysInViewWhenItIs() {
        sample("x99-gtx1080");
        model.whole();
        model.scaleProperty().set(Scale.LOG);
        model.widthProperty().set(640);
        assertThat(model.zoomProperty().get()).isEqualTo(1);
        assertThat(model.offsetProperty().get()).isZero();
    }

    private Piece box() {
        return model.picture(300).pieces().stream()
                .filter(piece -> piece.item() == model.selectionProperty().get())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aFilteredRegionIsNotSelectedByTheArrows() {
        sample("x99-gtx1080");
        model.filter(Filter.RAM, false);
        model.select(MapTree.WHOLE);
        List<Integer> reached = new ArrayList<>();
        model.selectFirstChild();
        walk(reached);
        assertThat(reached).noneMatch(item -> tree().kind(item) == Kind.RAM);
        model.find("BOOTFB", 1);
        model.filter(Filter.BARS, false);
        assertThat(model.visible(model.selectionProperty().get())).isTrue();
    }

    @Test
    void whatSomebodyGoesToIsShownAgainByTheFilterThatHidIt() {
        sample("x99-gtx1080");
        model.filter(Filter.BARS, false);
        model.filter(Filter.RAM, false);
        assertThat(selected()).isEqualTo("PCI Bus 0000:04");
        model.selectOverlap(1);
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(model.visible(model.selectionProperty().get())).isTrue();
        assertThat(model.shownProperty().get()).contains(Filter.BARS).doesNotContain(Filter.RAM);
        model.find(">30G", 1);
        assertThat(selected()).isEqualTo("System RAM");
        assertThat(model.shownProperty().get()).containsExactlyInAnyOrder(Filter.values());
        model.filter(Filter.BARS, false);
        model.goTo("c0400000");
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(model.visible(model.selectionProperty().get())).isTrue();
        for (Filter filter : Filter.values()) {
            model.filter(filter, false);
        }
        model.find("c0000000-c086ffff", 1);
        assertThat(model.visible(model.selectionProperty().get())).isTrue();
    }

    @Test
    void aPastedMailIsNestedAndSaysWhatWasLeftOut() {
        sample("x99-gtx1080");
        model.importText(BEFORE, "the pasted text");
        assertThat(model.messageProperty().get())
                .isEqualTo("Read 7 regions. 2 parts were left out by the author (<snip>).");
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(path()).containsExactly("Whole machine", "PCI Bus 0000:00", "PCI Bus 0000:04");
        assertThat(model.importedProperty().get()).isTrue();
        model.backToMachine();
        assertThat(model.importedProperty().get()).isFalse();
        assertThat(model.titleProperty().get()).isEqualTo("Sample machine");
    }

    @Test
    void aDumpWithoutAddressesHasNamesAndNoBoxes() {
        sample("x99-gtx1080");
        model.importText(
                """
                00000000-00000000 : PCI Bus 0000:00
                  00000000-00000000 : 0000:01:00.0
                    00000000-00000000 : efifb
                00000000-00000000 : System RAM
                """,
                "dump.txt");
        assertThat(model.stateProperty().get()).isEqualTo(MemoryMapViewModel.State.NO_ADDRESSES);
        assertThat(model.messageProperty().get())
                .contains("This dump has no addresses: it was read without root. Names and nesting are shown; sizes are not.");
        assertThat(model.picture(300).tree().addressed()).isFalse();
        assertThat(model.overlapsText()).isEqualTo("1 overlap");
        model.goTo("c0400000");
        assertThat(model.answerProperty().get()).isEqualTo("This map has no addresses to go to.");
    }

    @Test
    void aTextWithoutARegionChangesNothing() {
        sample("x99-gtx1080");
        model.importText("Lorem ipsum", "notes.txt");
        assertThat(model.messageProperty().get()).isEqualTo("No region of a memory map was found in notes.txt.");
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(model.importedProperty().get()).isFalse();
    }

    @Test
    void twoDumpsAreOneMapInWhichNothingMoves() {
        sample("x99-gtx1080");
        model.importText(BEFORE, "before.txt");
        List<Piece> before = model.picture(300).pieces();
        model.compareWith(AFTER, "after.txt");
        assertThat(model.messageProperty().get())
                .isEqualTo("1 region removed: BOOTFB (8.4 MiB). Nothing else changed.");
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(tree().mark(model.selectionProperty().get())).isEqualTo(Mark.REMOVED);
        assertThat(model.picture(300).pieces()).isEqualTo(before);
        model.backToMachine();
        assertThat(model.comparingProperty().get()).isFalse();
        assertThat(model.titleProperty().get()).isEqualTo("Sample machine");
    }

    @Test
    void comparedTheOtherWayRoundTheRegionIsAdded() {
        model.importText(AFTER, "after.txt");
        model.compareWith(BEFORE, "before.txt");
        assertThat(model.messageProperty().get())
                .isEqualTo("1 region added: BOOTFB (8.4 MiB). Nothing else changed.");
        assertThat(tree().mark(model.selectionProperty().get())).isEqualTo(Mark.ADDED);
    }

    @Test
    void onThisMachineTheWholeMapIsAskedForByAButton() {
        ScriptedHelper here = ScriptedHelper.withGtx1080();
        model.open();
        model.show(here, MachineReader.read(here.machine()));
        assertThat(model.titleProperty().get()).isEqualTo("This machine, read 2:02\u202fPM");
        assertThat(model.wholeOfferedProperty().get()).isTrue();
        assertThat(here.calls()).doesNotContain("inspect");
        model.showWhole();
        assertThat(here.calls()).contains("inspect");
        assertThat(model.wholeOfferedProperty().get()).isFalse();
    }

    @Test
    void theWholeMapStaysWhenSomethingChanges() {
        ScriptedHelper here = ScriptedHelper.withGtx1080();
        model.open();
        model.show(here, nearby(here));
        assertThat(tree().map().toText()).doesNotContain("System RAM");
        model.showWhole();
        assertThat(tree().map().toText()).contains("System RAM", ": efifb");
        int asked = here.calls().size();
        here.isInVmMode();
        model.show(here, nearby(here));
        assertThat(tree().map().toText())
                .isEqualTo(MachineReader.read(here.machine()).memory().toText())
                .contains("System RAM")
                .doesNotContain("efifb");
        assertThat(model.messageProperty().get()).isEqualTo("Around the GPUs as it is now, the rest as it was read at 2:02\u202fPM.");
        assertThat(model.wholeOfferedProperty().get()).isTrue();
        assertThat(here.calls()).hasSize(asked);
        model.showWhole();
        assertThat(model.messageProperty().get()).isEmpty();
    }

    @Test
    void theWholeMapIsBackAfterADump() {
        ScriptedHelper here = ScriptedHelper.withGtx1080();
        model.open();
        model.show(here, nearby(here));
        model.showWhole();
        model.importText(BEFORE, "before.txt");
        here.isInVmMode();
        model.show(here, nearby(here));
        model.backToMachine();
        assertThat(tree().map().toText()).contains("System RAM").doesNotContain("efifb");
    }

    /** The machine as the helper shows it to everybody: of the memory map only what concerns a GPU. */
    private static Machine nearby(ScriptedHelper helper) {
        String map = helper.machine().text("/proc/iomem").orElseThrow();
        String near = map.lines()
                .filter(line -> line.contains("PCI Bus") || line.contains("0000:0") || line.startsWith("      "))
                .collect(Collectors.joining("\n"));
        return MachineReader.read(helper.machine()
                .with(Map.of("/proc/iomem", Optional.of(new Capture.Text(near)))));
    }

    @Test
    void aMachineThatChangesKeepsSelectionAndView() {
        ScriptedHelper here = ScriptedHelper.withGtx1080();
        model.open();
        model.show(here, MachineReader.read(here.machine()));
        model.find("0000:08", 1);
        String selected = selected();
        List<String> path = path();
        here.isInVmMode();
        model.show(here, MachineReader.read(here.machine()));
        assertThat(selected()).isEqualTo(selected);
        assertThat(path()).isEqualTo(path);
    }

    @Test
    void nothingIsAskedBeforeThePageIsOpened() {
        ScriptedHelper helper = new ScriptedHelper(
                new Source.Sample("x99-gtx1080"), SampleMachines.load("x99-gtx1080").orElseThrow());
        model.show(helper, MachineReader.read(helper.machine()));
        assertThat(helper.calls()).isEmpty();
        model.open();
        assertThat(helper.calls()).containsExactly("inspect");
    }

    @Test
    void withoutAHelperTheSizesOfBarsAreKnownAllTheSame() {
        Capture capture = SampleMachines.load("x99-gtx1080").orElseThrow();
        String hidden = capture.text("/proc/iomem").orElseThrow().replaceAll("[0-9a-f]{8,}-[0-9a-f]{8,}", "00000000-00000000");
        ScriptedHelper helper = new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.MISSING),
                capture.with(Map.of("/proc/iomem", Optional.of(new Capture.Text(hidden)))));
        model.open();
        model.show(helper, MachineReader.read(helper.machine()));
        assertThat(model.stateProperty().get()).isEqualTo(MemoryMapViewModel.State.NO_ADDRESSES);
        assertThat(selected()).isEqualTo("BOOTFB");
        model.selectParent();
        assertThat(model.itemWords().label(model.selectionProperty().get())).isEqualTo("04:00.0 BAR 1");
        assertThat(model.itemWords().facts(model.selectionProperty().get()))
                .contains("c0000000-cfffffff (inclusive)", "BAR 1 of NVIDIA GeForce GTX 1080");
    }

    @Test
    void theTextIsSavedAsItIs(@TempDir Path folder) throws IOException {
        sample("x99-gtx1080");
        Path file = folder.resolve("map.txt");
        model.save(file, model.textFile());
        assertThat(Files.readString(file)).isEqualTo(tree().map().toText());
        assertThat(model.answerProperty().get()).isEqualTo("Saved as " + file + ".");
        model.save(folder.resolve("no/such/folder"), () -> "x".getBytes(StandardCharsets.UTF_8));
        assertThat(model.answerProperty().get()).endsWith("can't be written.");
    }

    private void sample(String name) {
        ScriptedHelper helper =
                new ScriptedHelper(new Source.Sample(name), SampleMachines.load(name).orElseThrow());
        model.open();
        model.show(helper, MachineReader.read(helper.machine()));
    }

    private MapTree tree() {
        return model.treeProperty().get();
    }

    private String selected() {
        return tree().name(model.selectionProperty().get());
    }

    private List<String> path() {
        return tree().path(model.focusProperty().get()).stream()
                .map(model.itemWords()::label)
                .toList();
    }
}
