package org.switchback.gui.memorymap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMap;

class MapLayoutTest {
    private static final Set<Filter> ALL_FILTERS = EnumSet.allOf(Filter.class);
    private static final double HALF_PIXEL = 0.5;

    @ParameterizedTest
    @CsvSource({"x99-gtx1080, 800", "x99-gtx1080, 1000", "strix-halo-32g, 800", "x99-gtx1080-efifb, 800"})
    void framebufferIsVisibleInTheWholeMap(String sample, double width) {
        MapTree tree = sample(sample);
        Box overlap = boxOf(createLayout(tree, MapTree.ROOT, ScaleMode.FIT, width, 1, 0), tree.overlaps()[0]);
        assertThat(overlap.width()).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
    }

    @Test
    void framebufferHasRoomForItsNameWithinItsBus() {
        MapTree tree = sample("x99-gtx1080");
        int bootfb = tree.overlaps()[0];
        int bus = tree.parent(tree.parent(bootfb));
        assertThat(tree.name(bus)).isEqualTo("PCI Bus 0000:04");
        assertThat(boxOf(createLayout(tree, bus, ScaleMode.FIT, 1000, 1, 0), bootfb).width()).isGreaterThan(250);
        // On a line that is true to scale it would be a thirtieth of its BAR.
        assertThat(boxOf(createLayout(tree, bus, ScaleMode.TRUE_SIZE, 1000, 1, 0), bootfb).width()).isLessThan(31);
    }

    @Test
    void narrowNeighboursAreMergedWithACount() {
        MapTree tree = sample("x99-gtx1080");
        List<Box> pieces = createLayout(tree, MapTree.ROOT, ScaleMode.TRUE_SIZE, 800, 1, 0).boxes();
        assertThat(pieces).anyMatch(piece -> piece.count() > 3);
        assertThat(pieces).allMatch(piece -> piece.count() == 1 || piece.width() <= MapLayout.MIN_BOX_WIDTH + 0.01);
        // Of those that share a tick the one that matters is what is shown.
        assertThat(pieces).anyMatch(piece -> tree.firstHighlighted(piece.item(), piece.item() + 1) >= 0);
    }

    @Test
    void repeatedListingAndHiddenAddressesAreLaidOut() {
        String listing = "80000000-8fffffff : PCI Bus 0000:00\n  80000000-8fffffff : 0000:00:02.0\n";
        MapTree tree = MapTree.of(MemoryMap.parse(
                listing + "    80000000-802fffff : BOOTFB\n00000000-00000000 : one\n00000000-00000000 : two\nafter:\n"
                        + listing));
        assertThat(tree.regionCount(0, tree.size())).as("the second listing's regions are the first's").isEqualTo(5);
        for (ScaleMode scale : ScaleMode.values()) {
            List<Box> pieces =
                    createLayout(tree, MapTree.ROOT, scale, 800, 1, 0).boxes();
            assertThat(pieces).as(scale.name()).anyMatch(piece -> tree.name(piece.item()).equals("PCI Bus 0000:00"));
            assertThat(pieces).allMatch(piece -> piece.width() >= 0 && piece.right() <= 800 + HALF_PIXEL);
        }
        assertThat(tree.overlaps()).hasSize(1);
        int bar = tree.parent(tree.overlaps()[0]);
        assertThat(tree.name(bar)).isEqualTo("0000:00:02.0");
        assertThat(tree.kind(bar)).isEqualTo(RegionKind.BAR);
        assertThat(tree.name(tree.parent(bar))).isEqualTo("PCI Bus 0000:00");
    }

    @Test
    void filteredRegionsAreOmittedAndNarrow() {
        MapTree tree = sample("x99-gtx1080");
        Set<Filter> noRam = EnumSet.complementOf(EnumSet.of(Filter.RAM));
        Axis axis = Axis.of(ScaleMode.FIT, tree, MapTree.ROOT, noRam, 1000);
        List<Box> pieces = new MapLayout(tree, noRam, MapTree.ROOT, ScaleMode.FIT, axis, 1, 0, 1000, 300).boxes();
        assertThat(pieces).noneMatch(piece -> piece.count() == 1 && tree.kind(piece.item()) == RegionKind.RAM);
        int ram = tree.itemAt(0x100000000L);
        assertThat(tree.kind(ram)).isEqualTo(RegionKind.RAM);
        assertThat(axis.rightEdge(tree.last(ram)) - axis.leftEdge(tree.first(ram))).isLessThanOrEqualTo(Axis.FILTERED_WIDTH);
    }

    @Test
    void zoomedLayoutHasOnlyVisibleBoxes() {
        MapTree tree = sample("x99-gtx1080");
        List<Box> whole = createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 1, 0).boxes();
        List<Box> part = createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 4, 0.5).boxes();
        assertThat(part.size()).isLessThan(whole.size());
        for (Box piece : part) {
            assertThat(piece.right()).isPositive();
            assertThat(piece.x()).isLessThan(800);
        }
        int bootfb = tree.overlaps()[0];
        Box small = boxOf(createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 1, 0), bootfb);
        Box large = boxOf(createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 4, small.x() / 800 - 0.02), bootfb);
        assertThat(large.width()).isGreaterThan(3 * small.width());
    }

    @Test
    void sixteenLevelsAreLaidOut() {
        StringBuilder nest = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            nest.append(String.format("%08x-%08x : level %d%n", i << 12, 0x10000000 - (i << 12), i));
        }
        MapTree tree = MapTree.of(MemoryMap.parse(nest.toString()));
        List<Box> pieces = createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 1000, 1, 0).boxes();
        for (int level = 0; level < 16; level++) {
            String name = "level " + level;
            assertThat(pieces).anyMatch(piece -> tree.name(piece.item()).equals(name) && piece.height() >= 1);
        }
    }

    @Property(tries = 300)
    void boxesDoNotOverlapAndStayInsideTheirParents(
            @ForAll("maps") MemoryMap map,
            @ForAll ScaleMode scale,
            @ForAll @DoubleRange(min = 200, max = 3000) double width,
            @ForAll @DoubleRange(min = 1, max = 500) double zoom,
            @ForAll @DoubleRange(min = 0, max = 1) double where) {
        MapTree tree = MapTree.of(map);
        List<Box> pieces = createLayout(tree, MapTree.ROOT, scale, width, zoom, where * (1 - 1 / zoom)).boxes();
        Map<Integer, Box> boxes = new HashMap<>();
        Map<Integer, Box> lastOfLevel = new HashMap<>();
        for (Box piece : pieces) {
            // At the end of 64 bits a page is narrower than a double can tell; it is painted a pixel wide.
            assertThat(piece.width()).isNotNegative();
            assertThat(piece.height()).isPositive();
            assertThat(piece.y()).isNotNegative();
            assertThat(piece.y() + piece.height()).isLessThanOrEqualTo(300 + 1e-6);
            int parent = tree.parent(piece.item());
            Box around = boxes.get(parent);
            if (around != null) {
                assertThat(piece.x()).isGreaterThanOrEqualTo(around.x() - HALF_PIXEL);
                assertThat(piece.right()).isLessThanOrEqualTo(around.right() + HALF_PIXEL);
                assertThat(piece.y()).isGreaterThanOrEqualTo(around.y());
            } else {
                assertThat(parent).isEqualTo(MapTree.ROOT);
            }
            Box before = lastOfLevel.put(parent, piece);
            if (before != null) {
                assertThat(piece.x()).isGreaterThanOrEqualTo(before.right() - 1e-6 * zoom * width);
                assertThat(piece.item()).isGreaterThan(before.item());
            }
            if (piece.count() == 1) {
                boxes.put(piece.item(), piece);
            }
        }
    }

    @Property(tries = 300)
    void axisIsMonotonicAndFillsItsWidth(
            @ForAll("maps") MemoryMap map, @ForAll ScaleMode scale, @ForAll @DoubleRange(min = 100, max = 3000) double width) {
        MapTree tree = MapTree.of(map);
        Axis axis = Axis.of(scale, tree, MapTree.ROOT, ALL_FILTERS, width);
        double last = 0;
        for (int child = tree.childrenStart(0); child < tree.childrenEnd(0); child++) {
            assertThat(axis.leftEdge(tree.first(child))).isGreaterThanOrEqualTo(last - 1e-6);
            last = axis.rightEdge(tree.last(child));
            assertThat(last).isGreaterThanOrEqualTo(axis.leftEdge(tree.first(child)));
        }
        assertThat(last).isCloseTo(width, within(1e-6));
        assertThat(axis.leftEdge(0)).isCloseTo(0, within(1e-6));
    }

    @Property(tries = 300)
    void axisPositionMapsBackToItsAddress(
            @ForAll("maps") MemoryMap map, @ForAll ScaleMode scale, @ForAll @DoubleRange(min = 0, max = 1) double where) {
        MapTree tree = MapTree.of(map);
        Axis axis = Axis.of(scale, tree, MapTree.ROOT, ALL_FILTERS, 1000);
        long address = axis.addressAt(where * 1000);
        assertThat(Long.compareUnsigned(address, tree.last(MapTree.ROOT))).isNotPositive();
        assertThat(axis.leftEdge(address)).isLessThanOrEqualTo(where * 1000 + HALF_PIXEL);
        assertThat(axis.rightEdge(address)).isGreaterThanOrEqualTo(where * 1000 - HALF_PIXEL);
    }

    @Provide
    Arbitrary<MemoryMap> maps() {
        Arbitrary<Long> edge = Arbitraries.oneOf(
                Arbitraries.longs().between(1, 1 << 20).map(page -> page << 12),
                Arbitraries.longs().between(1, 1 << 12).map(giant -> giant << 30),
                Arbitraries.longs().map(any -> any & ~0xfffL).filter(any -> any != 0));
        Arbitrary<String> line = Combinators.combine(
                        edge,
                        edge,
                        Arbitraries.of("System RAM", "PCI Bus 0000:00", "0000:04:00.0", "BOOTFB", "reserved", "other"))
                .as((a, b, name) -> {
                    long low = Long.compareUnsigned(a, b) < 0 ? a : b;
                    long high = low == a ? b : a;
                    return String.format("%08x-%08x : %s", low, high, name);
                });
        return line.list().ofMinSize(1).ofMaxSize(40).map(lines -> MemoryMap.parse(String.join("\n", lines)));
    }

    private static MapTree sample(String name) {
        return MapTree.of(SnapshotParser.parse(SampleMachines.load(name).orElseThrow()).memoryMap());
    }

    private static MapLayout createLayout(MapTree tree, int focus, ScaleMode scale, double width, double zoom, double offset) {
        return new MapLayout(
                tree, ALL_FILTERS, focus, scale, Axis.of(scale, tree, focus, ALL_FILTERS, width), zoom, offset, width, 300);
    }

    private static Box boxOf(MapLayout picture, int item) {
        List<Box> found = new ArrayList<>(picture.boxes());
        found.removeIf(piece -> piece.item() != item);
        assertThat(found).hasSize(1);
        return found.getFirst();
    }
}
