package org.switchback.gui.memorymap;

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
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;

class MemoryMapViewModelTest {
    private static final String BEFORE = "# cat /proc/iomem # before hack <snip> 60000000-6fffffff : PCI MMCONFIG 0000"
            + " [bus 00-ff] 60000000-6fffffff : reserved 70000000-fbffbfff : PCI Bus 0000:00 "
            + "c0000000-d1ffffff : PCI Bus"
            + " 0000:04 c0000000-cfffffff : 0000:04:00.0 c0000000-c086ffff : BOOTFB d0000000-d1ffffff : 0000:04:00.0"
            + " <snip>";
    private static final String AFTER = BEFORE.replace(" c0000000-c086ffff : BOOTFB", "");

    private final List<PciAddress> shownGpus = new ArrayList<>();
    private final MemoryMapViewModel model = new MemoryMapViewModel(
            new BackgroundTasks(Runnable::run, Runnable::run),
            Messages.forLocale(Locale.ENGLISH),
            Clock.fixed(Instant.parse("2026-11-22T14:02:00Z"), ZoneOffset.UTC),
            shownGpus::add);

    @Test
    void mapOpensOnItsOverlapInsideItsBus() {
        openSample("x99-gtx1080");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(pathLabels()).containsExactly("Whole machine", "PCI Bus 0000:00", "PCI Bus 0000:04");
        assertThat(model.overlapsText()).isEqualTo("1 overlap");
    }

    @Test
    void arrowsReachEveryRegion() {
        openSample("x99-gtx1080");
        model.navigation().select(MapTree.ROOT);
        List<Integer> visited = new ArrayList<>();
        model.navigation().selectFirstChild();
        visitAllByArrows(visited);
        MapTree tree = tree();
        assertThat(visited).doesNotHaveDuplicates();
        assertThat(visited)
                .containsAll(IntStream.range(1, tree.size())
                        .filter(item -> tree.kind(item).isRegion())
                        .boxed()
                        .toList());
    }

    /** Visits the selection, its later siblings and all their descendants with the arrow keys. */
    private void visitAllByArrows(List<Integer> visited) {
        while (true) {
            int current = model.selectionProperty().get();
            visited.add(current);
            model.navigation().selectFirstChild();
            if (model.selectionProperty().get() != current) {
                visitAllByArrows(visited);
                model.navigation().selectParent();
                assertThat(model.selectionProperty().get()).isEqualTo(current);
            }
            model.navigation().selectNeighbour(1);
            if (model.selectionProperty().get() == current) {
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
    void findAcceptsNamesAddressesRangesAndSizes(String input, String name) {
        openSample("x99-gtx1080");
        model.navigation().select(MapTree.ROOT);
        model.search().find(input, 1);
        assertThat(selectedName()).isEqualTo(name);
    }

    @Test
    void repeatedFindWrapsAround() {
        openSample("x99-gtx1080");
        model.search().find("ICH HD", 1);
        assertThat(model.statusTextProperty().get()).startsWith("1 of 3: ICH HD audio");
        model.search().find("ICH HD", 1);
        model.search().find("ICH HD", 1);
        assertThat(model.statusTextProperty().get()).startsWith("3 of 3");
        model.search().find("ICH HD", 1);
        assertThat(model.statusTextProperty().get()).startsWith("1 of 3");
        model.search().find("ICH HD", -1);
        assertThat(model.statusTextProperty().get()).startsWith("3 of 3");
        model.search().find("eggs", 1);
        assertThat(model.statusTextProperty().get()).isEqualTo("Nothing here matches eggs.");
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
                "voodoo | voodoo is not an address. Example: c0400000.",
            })
    void goToDescribesEveryAddress(String input, String expected) {
        openSample("x99-gtx1080");
        model.search().goTo(input);
        assertThat(model.statusTextProperty().get()).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffffffffffffffff", "FFFFFFFF", "fff000000000", "0xfff"})
    void findAndGoToDescribeAnAddressAlike(String input) {
        openSample("x99-gtx1080");
        model.search().goTo(input);
        String goToText = model.statusTextProperty().get();
        model.zoomToRoot();
        model.search().find(input, 1);
        assertThat(model.statusTextProperty().get())
                .isEqualTo(goToText)
                .contains(input.replace("0x", "").toLowerCase(Locale.ROOT));
    }

    @Test
    void statusTextIsClearedByTheNextMove() {
        openSample("x99-gtx1080");
        List<Runnable> actions = List.of(
                () -> model.navigation().selectNeighbour(1),
                model.navigation()::selectParent,
                () -> model.selectOverlap(1),
                model::zoomToRoot,
                model.navigation()::zoomToParent,
                () -> model.viewport().zoomTo(model.selectionProperty().get()));
        for (Runnable action : actions) {
            model.search().find("overlap", 1);
            model.viewport()
                    .zoomTo(tree().parent(
                                    tree().parent(model.selectionProperty().get())));
            model.search().goTo("c0900000");
            assertThat(model.statusTextProperty().get()).startsWith("c0900000 is inside BAR 1");
            action.run();
            assertThat(model.statusTextProperty().get()).isEmpty();
        }
        model.zoomToRoot();
        model.search().goTo("c0900000");
        model.zoomToRoot();
        assertThat(model.statusTextProperty().get())
                .as("the root was shown already")
                .isEmpty();
    }

    @Test
    void copiedTextIsAListingLine() {
        openSample("x99-gtx1080");
        assertThat(model.listingLine()).isEqualTo("c0000000-c086ffff : BOOTFB");
        assertThat(model.listingLinesWithParents()).isEqualTo("""
            70000000-fbffbfff : PCI Bus 0000:00
              c0000000-d1ffffff : PCI Bus 0000:04
                c0000000-cfffffff : 0000:04:00.0
                  c0000000-c086ffff : BOOTFB
            """);
        assertThat(model.bugReportText())
                .startsWith(model.listingLinesWithParents())
                .contains("0000:04:00.0 NVIDIA GeForce GTX 1080 [10de:1b80], driver: nvidia")
                .contains("vfio-pci can't reserve BAR 1 while BOOTFB is there.")
                .contains("Kernel 4.6.0-1-amd64");
    }

    @Test
    void detailsDescribeTheOverlap() {
        openSample("x99-gtx1080");
        assertThat(model.regionMessages().detailLines(model.selectionProperty().get()))
                .containsExactly(
                        "c0000000-c086ffff (inclusive)",
                        "8.4 MiB · 8,847,360 bytes · 0x870000",
                        "Covers 3.3% of BAR 1 of NVIDIA GeForce GTX 1080, from its start",
                        "vfio-pci can't reserve BAR 1 while BOOTFB is there.");
        model.showGpu();
        assertThat(shownGpus).containsExactly(PciAddress.of("04:00.0"));
    }

    @Test
    void zoomToParentAndToRoot() {
        openSample("x99-gtx1080");
        model.navigation().zoomToParent();
        assertThat(pathLabels()).containsExactly("Whole machine", "PCI Bus 0000:00");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        model.viewport().zoomTo(model.selectionProperty().get());
        assertThat(pathLabels())
                .as("an item without children is shown within its parent")
                .endsWith("04:00.0 BAR 1");
        model.zoomToRoot();
        assertThat(pathLabels()).containsExactly("Whole machine");
    }

    @Test
    void selectingAnItemOutsideWidensTheView() {
        openSample("x99-gtx1080");
        model.search().find("dmar0", 1);
        assertThat(pathLabels()).containsExactly("Whole machine");
    }

    @Test
    void zoomKeepsTheAddressUnderThePointer() {
        openSample("x99-gtx1080");
        model.zoomToRoot();
        double x = 0.3;
        long addressBlock = addressBlockAt(x);
        model.viewport().zoomAt(4, x);
        assertThat(addressBlockAt(x)).isEqualTo(addressBlock);
        model.viewport().zoomAt(2, x);
        assertThat(addressBlockAt(x)).isEqualTo(addressBlock);
        model.viewport().zoomAt(1.0 / 1000, x);
        assertThat(model.viewport().zoomProperty().get()).isEqualTo(1);
        assertThat(model.viewport().offsetProperty().get()).isZero();
    }

    private long addressBlockAt(double x) {
        MapViewport viewport = model.viewport();
        // In blocks of 64 KiB, since one pixel of a large box covers many addresses.
        double position =
                viewport.offsetProperty().get() + x / viewport.zoomProperty().get();
        return viewport.createLayout(300).axis().addressAt(position * 1000) >>> 16;
    }

    @Test
    void panningStopsAtTheEdges() {
        openSample("x99-gtx1080");
        model.viewport().zoomAt(4, 0.5);
        model.viewport().pan(-9);
        assertThat(model.viewport().offsetProperty().get()).isZero();
        model.viewport().pan(9);
        assertThat(model.viewport().offsetProperty().get()).isEqualTo(0.75);
    }

    @Test
    void centreSelectionCentresThenFits() {
        openSample("x99-gtx1080");
        model.zoomToRoot();
        model.viewport().zoomAt(3, 0);
        model.viewport().centreSelection();
        Box centred = selectedBox();
        assertThat(centred.x() + centred.width() / 2).isBetween(490.0, 510.0);
        model.viewport().centreSelection();
        assertThat(selectedBox().width()).isBetween(800.0, 950.0);
    }

    @ParameterizedTest
    @EnumSource(ScaleMode.class)
    void visibleRangeIsKeptOnEveryScaleAndWidth(ScaleMode scale) {
        openSample("x99-gtx1080-efifb");
        model.selectOverlap(1);
        model.zoomToRoot();
        model.viewport().centreSelection();
        model.viewport().centreSelection();
        double zoom = model.viewport().zoomProperty().get();
        double offset = model.viewport().offsetProperty().get();
        assertThat(selectedBox().width()).isGreaterThan(800);
        model.viewport().scaleProperty().set(scale);
        assertThat(selectedBox().x()).isBetween(0.0, 200.0);
        assertThat(selectedBox().right()).isBetween(800.0, 1000.0);
        for (double width = 990; width >= 400; width -= 10) {
            model.viewport().widthProperty().set(width);
        }
        assertThat(selectedBox().x()).isBetween(0.0, 80.0);
        assertThat(selectedBox().right()).isBetween(320.0, 400.0);
        model.viewport().widthProperty().set(1000);
        model.viewport().scaleProperty().set(ScaleMode.FIT);
        assertThat(model.viewport().zoomProperty().get()).isCloseTo(zoom, within(zoom / 1e6));
        assertThat(model.viewport().offsetProperty().get()).isCloseTo(offset, within(1e-6));
    }

    @Test
    void visibleAddressesSurviveResizeFilterAndScaleChanges() {
        openSample("x99-gtx1080");
        model.zoomToRoot();
        model.search().find("dmar0", 1);
        model.viewport().zoomAt(6, 0.2);
        model.viewport().pan(0.7);
        long first = model.viewport().firstVisibleAddress();
        long last = model.viewport().lastVisibleAddress();
        model.viewport().widthProperty().set(640);
        assertInView(first, last);
        model.navigation().setFilterShown(Filter.GAPS, false);
        assertInView(first, last);
        model.viewport().scaleProperty().set(ScaleMode.TRUE_SIZE);
        assertInView(first, last);
        model.viewport().zoomAt(3, 0.5);
        model.viewport().pan(0.2);
        first = model.viewport().firstVisibleAddress();
        last = model.viewport().lastVisibleAddress();
        model.viewport().scaleProperty().set(ScaleMode.LOG);
        assertInView(first, last);
    }

    /** Tolerates a thousandth of the range: a double cannot represent every address. */
    private void assertInView(long first, long last) {
        assertThat(model.viewport().firstVisibleAddress()).isCloseTo(first, within((last - first) / 1000));
        assertThat(model.viewport().lastVisibleAddress()).isCloseTo(last, within((last - first) / 1000));
    }

    @Test
    void unzoomedViewStaysUnzoomed() {
        openSample("x99-gtx1080");
        model.zoomToRoot();
        model.viewport().scaleProperty().set(ScaleMode.LOG);
        model.viewport().widthProperty().set(640);
        assertThat(model.viewport().zoomProperty().get()).isEqualTo(1);
        assertThat(model.viewport().offsetProperty().get()).isZero();
    }

    private Box selectedBox() {
        return model.viewport().createLayout(300).boxes().stream()
                .filter(box -> box.item() == model.selectionProperty().get())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void arrowsSkipFilteredRegions() {
        openSample("x99-gtx1080");
        model.navigation().setFilterShown(Filter.RAM, false);
        model.navigation().select(MapTree.ROOT);
        List<Integer> visited = new ArrayList<>();
        model.navigation().selectFirstChild();
        visitAllByArrows(visited);
        assertThat(visited).noneMatch(item -> tree().kind(item) == RegionKind.RAM);
        model.search().find("BOOTFB", 1);
        model.navigation().setFilterShown(Filter.BARS, false);
        assertThat(model.viewport().isVisible(model.selectionProperty().get())).isTrue();
    }

    @Test
    void selectingAFilteredRegionShowsItAgain() {
        openSample("x99-gtx1080");
        model.navigation().setFilterShown(Filter.BARS, false);
        model.navigation().setFilterShown(Filter.RAM, false);
        assertThat(selectedName()).isEqualTo("PCI Bus 0000:04");
        model.selectOverlap(1);
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(model.viewport().isVisible(model.selectionProperty().get())).isTrue();
        assertThat(model.viewport().shownFiltersProperty().get())
                .contains(Filter.BARS)
                .doesNotContain(Filter.RAM);
        model.search().find(">30G", 1);
        assertThat(selectedName()).isEqualTo("System RAM");
        assertThat(model.viewport().shownFiltersProperty().get()).containsExactlyInAnyOrder(Filter.values());
        model.navigation().setFilterShown(Filter.BARS, false);
        model.search().goTo("c0400000");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(model.viewport().isVisible(model.selectionProperty().get())).isTrue();
        for (Filter filter : Filter.values()) {
            model.navigation().setFilterShown(filter, false);
        }
        model.search().find("c0000000-c086ffff", 1);
        assertThat(model.viewport().isVisible(model.selectionProperty().get())).isTrue();
    }

    @Test
    void pastedMailIsNestedAndReportsOmissions() {
        openSample("x99-gtx1080");
        model.loader().importText(BEFORE, "the pasted text");
        assertThat(model.loader().messageProperty().get())
                .isEqualTo("Read 7 regions. 2 parts were left out by the author (<snip>).");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(pathLabels()).containsExactly("Whole machine", "PCI Bus 0000:00", "PCI Bus 0000:04");
        assertThat(model.loader().importedProperty().get()).isTrue();
        model.loader().showMachineMap();
        assertThat(model.loader().importedProperty().get()).isFalse();
        assertThat(model.loader().titleProperty().get()).isEqualTo("Sample machine");
    }

    @Test
    void dumpWithoutAddressesHasNamesOnly() {
        openSample("x99-gtx1080");
        model.loader().importText("""
            00000000-00000000 : PCI Bus 0000:00
              00000000-00000000 : 0000:01:00.0
                00000000-00000000 : efifb
            00000000-00000000 : System RAM
            """, "dump.txt");
        assertThat(model.loader().stateProperty().get()).isEqualTo(MapLoader.MapPageState.NO_ADDRESSES);
        assertThat(model.loader().messageProperty().get())
                .contains("This dump has no addresses: it was read without root."
                        + " Names and nesting are shown; sizes are not.");
        assertThat(model.viewport().createLayout(300).tree().hasAddresses()).isFalse();
        assertThat(model.overlapsText()).isEqualTo("1 overlap");
        model.search().goTo("c0400000");
        assertThat(model.statusTextProperty().get()).isEqualTo("This map has no addresses to go to.");
    }

    @Test
    void textWithoutRegionsChangesNothing() {
        openSample("x99-gtx1080");
        model.loader().importText("Lorem ipsum", "notes.txt");
        assertThat(model.loader().messageProperty().get())
                .isEqualTo("No region of a memory map was found in notes.txt.");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(model.loader().importedProperty().get()).isFalse();
    }

    @Test
    void comparisonKeepsTheLayout() {
        openSample("x99-gtx1080");
        model.loader().importText(BEFORE, "before.txt");
        List<Box> before = model.viewport().createLayout(300).boxes();
        model.loader().compareWith(AFTER, "after.txt");
        assertThat(model.loader().messageProperty().get())
                .isEqualTo("1 region removed: BOOTFB (8.4 MiB). Nothing else changed.");
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(tree().change(model.selectionProperty().get())).isEqualTo(RegionChange.REMOVED);
        assertThat(model.viewport().createLayout(300).boxes()).isEqualTo(before);
        model.loader().showMachineMap();
        assertThat(model.loader().comparingProperty().get()).isFalse();
        assertThat(model.loader().titleProperty().get()).isEqualTo("Sample machine");
    }

    @Test
    void reversedComparisonMarksTheRegionAsAdded() {
        model.loader().importText(AFTER, "after.txt");
        model.loader().compareWith(BEFORE, "before.txt");
        assertThat(model.loader().messageProperty().get())
                .isEqualTo("1 region added: BOOTFB (8.4 MiB). Nothing else changed.");
        assertThat(tree().change(model.selectionProperty().get())).isEqualTo(RegionChange.ADDED);
    }

    @Test
    void fullMapIsRequestedOnlyOnDemand() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        model.open();
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
        assertThat(model.loader().titleProperty().get()).isEqualTo("This machine, read 2:02\u202fPM");
        assertThat(model.loader().fullMapOfferedProperty().get()).isTrue();
        assertThat(helper.calls()).doesNotContain("inspect");
        model.loader().showFullMap();
        assertThat(helper.calls()).contains("inspect");
        assertThat(model.loader().fullMapOfferedProperty().get()).isFalse();
    }

    @Test
    void fullMapIsUpdatedWhenTheMachineChanges() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        model.open();
        model.show(helper, machineWithGpuMemoryOnly(helper));
        assertThat(tree().map().toText()).doesNotContain("System RAM");
        model.loader().showFullMap();
        assertThat(tree().map().toText()).contains("System RAM", ": efifb");
        int callCount = helper.calls().size();
        helper.setVmMode();
        model.show(helper, machineWithGpuMemoryOnly(helper));
        assertThat(tree().map().toText())
                .isEqualTo(SnapshotParser.parse(helper.snapshot()).memoryMap().toText())
                .contains("System RAM")
                .doesNotContain("efifb");
        assertThat(model.loader().messageProperty().get())
                .isEqualTo("The part around the GPUs is current. The rest was read at 2:02\u202fPM.");
        assertThat(model.loader().fullMapOfferedProperty().get()).isTrue();
        assertThat(helper.calls()).hasSize(callCount);
        model.loader().showFullMap();
        assertThat(model.loader().messageProperty().get()).isEmpty();
    }

    @Test
    void fullMapReturnsAfterADump() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        model.open();
        model.show(helper, machineWithGpuMemoryOnly(helper));
        model.loader().showFullMap();
        model.loader().importText(BEFORE, "before.txt");
        helper.setVmMode();
        model.show(helper, machineWithGpuMemoryOnly(helper));
        model.loader().showMachineMap();
        assertThat(tree().map().toText()).contains("System RAM").doesNotContain("efifb");
    }

    /** The machine as the helper reports it without authorization: with only the GPU-related part of the memory map. */
    private static Machine machineWithGpuMemoryOnly(ScriptedHelper helper) {
        String map = helper.snapshot().text("/proc/iomem").orElseThrow();
        String gpuRegions = map.lines()
                .filter(line -> line.contains("PCI Bus") || line.contains("0000:0") || line.startsWith("      "))
                .collect(Collectors.joining("\n"));
        return SnapshotParser.parse(helper.snapshot()
                .withChanges(Map.of("/proc/iomem", Optional.of(new MachineSnapshot.TextEntry(gpuRegions)))));
    }

    @Test
    void machineChangeKeepsSelectionAndView() {
        ScriptedHelper helper = ScriptedHelper.withGtx1080();
        model.open();
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
        model.search().find("0000:08", 1);
        String selected = selectedName();
        List<String> path = pathLabels();
        helper.setVmMode();
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
        assertThat(selectedName()).isEqualTo(selected);
        assertThat(pathLabels()).isEqualTo(path);
    }

    @Test
    void nothingIsRequestedBeforeThePageOpens() {
        ScriptedHelper helper = new ScriptedHelper(
                new MachineSource.SampleMachine("x99-gtx1080"),
                SampleMachines.load("x99-gtx1080").orElseThrow());
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
        assertThat(helper.calls()).isEmpty();
        model.open();
        assertThat(helper.calls()).containsExactly("inspect");
    }

    @Test
    void barSizesAreKnownWithoutHelper() {
        MachineSnapshot snapshot = SampleMachines.load("x99-gtx1080").orElseThrow();
        String mapWithoutAddresses =
                snapshot.text("/proc/iomem").orElseThrow().replaceAll("[0-9a-f]{8,}-[0-9a-f]{8,}", "00000000-00000000");
        ScriptedHelper helper = new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                snapshot.withChanges(
                        Map.of("/proc/iomem", Optional.of(new MachineSnapshot.TextEntry(mapWithoutAddresses)))));
        model.open();
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
        assertThat(model.loader().stateProperty().get()).isEqualTo(MapLoader.MapPageState.NO_ADDRESSES);
        assertThat(selectedName()).isEqualTo("BOOTFB");
        model.navigation().selectParent();
        assertThat(model.regionMessages().label(model.selectionProperty().get()))
                .isEqualTo("04:00.0 BAR 1");
        assertThat(model.regionMessages().detailLines(model.selectionProperty().get()))
                .contains("c0000000-cfffffff (inclusive)", "BAR 1 of NVIDIA GeForce GTX 1080");
    }

    @Test
    void listingIsSavedUnchanged(@TempDir Path directory) throws IOException {
        openSample("x99-gtx1080");
        Path file = directory.resolve("map.txt");
        model.save(file, model.listingContent());
        assertThat(Files.readString(file)).isEqualTo(tree().map().toText());
        assertThat(model.statusTextProperty().get()).isEqualTo("Saved as " + file + ".");
        model.save(directory.resolve("no/such/folder"), () -> "x".getBytes(StandardCharsets.UTF_8));
        assertThat(model.statusTextProperty().get()).endsWith("can't be written.");
    }

    private void openSample(String name) {
        ScriptedHelper helper = new ScriptedHelper(
                new MachineSource.SampleMachine(name), SampleMachines.load(name).orElseThrow());
        model.open();
        model.show(helper, SnapshotParser.parse(helper.snapshot()));
    }

    private MapTree tree() {
        return model.treeProperty().get();
    }

    private String selectedName() {
        return tree().name(model.selectionProperty().get());
    }

    private List<String> pathLabels() {
        return tree().pathFromRoot(model.viewport().viewRootProperty().get()).stream()
                .map(model.regionMessages()::label)
                .toList();
    }
}
