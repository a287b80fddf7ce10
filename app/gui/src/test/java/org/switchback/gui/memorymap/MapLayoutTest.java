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
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.SnapshotParser;

class MapLayoutTest {
    private static final Set<Filter> ALL_FILTERS = EnumSet.allOf(Filter.class);
    private static final double HALF_PIXEL = 0.5;

    @ParameterizedTest
    @CsvSource({"x99-gtx1080, 800", "x99-gtx1080, 1000", "strix-halo-32g, 800", "x99-gtx1080-efifb, 800"})
    void framebufferIsVisibleInTheWholeMap(String sample, double width) {
        MapTree tree = sample(sample);
        Box overlap = boxOf(
                createLayout(tree, MapTree.ROOT, ScaleMode.FIT, width, 1, 0),
                tree.overlaps().getFirst());
        assertThat(overlap.width()).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
    }

    @Test
    void framebufferHasRoomForItsNameWithinItsBus() {
        MapTree tree = sample("x99-gtx1080");
        int bootfb = tree.overlaps().getFirst();
        int bus = tree.parent(tree.parent(bootfb));
        assertThat(tree.name(bus)).isEqualTo("PCI Bus 0000:04");
        assertThat(boxOf(createLayout(tree, bus, ScaleMode.FIT, 1000, 1, 0), bootfb)
                        .width())
                .isGreaterThan(250);
        // At true size it is less than a thirtieth of its BAR.
        assertThat(boxOf(createLayout(tree, bus, ScaleMode.TRUE_SIZE, 1000, 1, 0), bootfb)
                        .width())
                .isLessThan(31);
    }

    @Test
    void narrowNeighboursAreMergedWithACount() {
        MapTree tree = sample("x99-gtx1080");
        List<Box> boxes =
                createLayout(tree, MapTree.ROOT, ScaleMode.TRUE_SIZE, 800, 1, 0).boxes();
        assertThat(boxes).anyMatch(box -> box.count() > 3);
        assertThat(boxes).allMatch(box -> box.count() == 1 || box.width() <= MapLayout.MIN_BOX_WIDTH + 0.01);
        // A merged box stands for its most important item.
        assertThat(boxes).anyMatch(box -> tree.firstHighlighted(box.item(), box.item() + 1) >= 0);
    }

    @Test
    void repeatedListingAndHiddenAddressesAreLaidOut() {
        String listing = "80000000-8fffffff : PCI Bus 0000:00\n  80000000-8fffffff : 0000:00:02.0\n";
        MapTree tree = MapTree.of(MemoryMap.parse(
                listing + "    80000000-802fffff : BOOTFB\n00000000-00000000 : one\n00000000-00000000 : two\nafter:\n"
                        + listing));
        assertThat(tree.regionCount(0, tree.size()))
                .as("regions of the repeated listing are merged")
                .isEqualTo(5);
        for (ScaleMode scale : ScaleMode.values()) {
            List<Box> boxes = createLayout(tree, MapTree.ROOT, scale, 800, 1, 0).boxes();
            assertThat(boxes).as(scale.name()).anyMatch(box -> tree.name(box.item())
                    .equals("PCI Bus 0000:00"));
            assertThat(boxes).allMatch(box -> box.width() >= 0 && box.right() <= 800 + HALF_PIXEL);
        }
        assertThat(tree.overlaps()).hasSize(1);
        int bar = tree.parent(tree.overlaps().getFirst());
        assertThat(tree.name(bar)).isEqualTo("0000:00:02.0");
        assertThat(tree.kind(bar)).isEqualTo(RegionKind.BAR);
        assertThat(tree.name(tree.parent(bar))).isEqualTo("PCI Bus 0000:00");
    }

    @Test
    void filteredRegionsAreOmittedAndNarrow() {
        MapTree tree = sample("x99-gtx1080");
        Set<Filter> noRam = EnumSet.complementOf(EnumSet.of(Filter.RAM));
        Axis axis = Axis.of(ScaleMode.FIT, tree, MapTree.ROOT, noRam, 1000);
        List<Box> boxes = new MapLayout(tree, noRam, MapTree.ROOT, ScaleMode.FIT, axis, 1, 0, 1000, 300).boxes();
        assertThat(boxes).noneMatch(box -> box.count() == 1 && tree.kind(box.item()) == RegionKind.RAM);
        int ram = tree.itemAt(0x100000000L);
        assertThat(tree.kind(ram)).isEqualTo(RegionKind.RAM);
        assertThat(axis.rightEdge(tree.last(ram)) - axis.leftEdge(tree.first(ram)))
                .isLessThanOrEqualTo(Axis.FILTERED_WIDTH);
    }

    @Test
    void zoomedLayoutHasOnlyVisibleBoxes() {
        MapTree tree = sample("x99-gtx1080");
        List<Box> unzoomedBoxes =
                createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 1, 0).boxes();
        List<Box> zoomedBoxes =
                createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 4, 0.5).boxes();
        assertThat(zoomedBoxes.size()).isLessThan(unzoomedBoxes.size());
        for (Box box : zoomedBoxes) {
            assertThat(box.right()).isPositive();
            assertThat(box.x()).isLessThan(800);
        }
        int bootfb = tree.overlaps().getFirst();
        Box unzoomed = boxOf(createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 1, 0), bootfb);
        double offset = unzoomed.x() / 800 - 0.02;
        Box zoomedBox = boxOf(createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 800, 4, offset), bootfb);
        assertThat(zoomedBox.width()).isGreaterThan(3 * unzoomed.width());
    }

    @Test
    void sixteenLevelsAreLaidOut() {
        StringBuilder listing = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            listing.append(String.format("%08x-%08x : level %d%n", i << 12, 0x10000000 - (i << 12), i));
        }
        MapTree tree = MapTree.of(MemoryMap.parse(listing.toString()));
        List<Box> boxes =
                createLayout(tree, MapTree.ROOT, ScaleMode.FIT, 1000, 1, 0).boxes();
        for (int level = 0; level < 16; level++) {
            String name = "level " + level;
            assertThat(boxes).anyMatch(box -> tree.name(box.item()).equals(name) && box.height() >= 1);
        }
    }

    @Property(tries = 300)
    void boxesDoNotOverlapAndStayInsideTheirParents(
            @ForAll("maps") MemoryMap map,
            @ForAll ScaleMode scale,
            @ForAll @DoubleRange(min = 200, max = 3000) double width,
            @ForAll @DoubleRange(min = 1, max = 500) double zoom,
            @ForAll @DoubleRange(min = 0, max = 1) double position) {
        MapTree tree = MapTree.of(map);
        List<Box> boxes = createLayout(tree, MapTree.ROOT, scale, width, zoom, position * (1 - 1 / zoom))
                .boxes();
        Map<Integer, Box> boxesByItem = new HashMap<>();
        Map<Integer, Box> lastOfLevel = new HashMap<>();
        for (Box box : boxes) {
            // Near 2^64 a page is narrower than the precision of a double; it is painted one pixel wide.
            assertThat(box.width()).isNotNegative();
            assertThat(box.height()).isPositive();
            assertThat(box.y()).isNotNegative();
            assertThat(box.y() + box.height()).isLessThanOrEqualTo(300 + 1e-6);
            int parent = tree.parent(box.item());
            Box parentBox = boxesByItem.get(parent);
            if (parentBox != null) {
                assertThat(box.x()).isGreaterThanOrEqualTo(parentBox.x() - HALF_PIXEL);
                assertThat(box.right()).isLessThanOrEqualTo(parentBox.right() + HALF_PIXEL);
                assertThat(box.y()).isGreaterThanOrEqualTo(parentBox.y());
            } else {
                assertThat(parent).isEqualTo(MapTree.ROOT);
            }
            Box previous = lastOfLevel.put(parent, box);
            if (previous != null) {
                assertThat(box.x()).isGreaterThanOrEqualTo(previous.right() - 1e-6 * zoom * width);
                assertThat(box.item()).isGreaterThan(previous.item());
            }
            if (box.count() == 1) {
                boxesByItem.put(box.item(), box);
            }
        }
    }

    @Property(tries = 300)
    void axisIsMonotonicAndFillsItsWidth(
            @ForAll("maps") MemoryMap map,
            @ForAll ScaleMode scale,
            @ForAll @DoubleRange(min = 100, max = 3000) double width) {
        MapTree tree = MapTree.of(map);
        Axis axis = Axis.of(scale, tree, MapTree.ROOT, ALL_FILTERS, width);
        double end = 0;
        for (int child = tree.childrenStart(0); child < tree.childrenEnd(0); child++) {
            assertThat(axis.leftEdge(tree.first(child))).isGreaterThanOrEqualTo(end - 1e-6);
            end = axis.rightEdge(tree.last(child));
            assertThat(end).isGreaterThanOrEqualTo(axis.leftEdge(tree.first(child)));
        }
        assertThat(end).isCloseTo(width, within(1e-6));
        assertThat(axis.leftEdge(0)).isCloseTo(0, within(1e-6));
    }

    @Property(tries = 300)
    void axisPositionMapsBackToItsAddress(
            @ForAll("maps") MemoryMap map,
            @ForAll ScaleMode scale,
            @ForAll @DoubleRange(min = 0, max = 1) double position) {
        MapTree tree = MapTree.of(map);
        Axis axis = Axis.of(scale, tree, MapTree.ROOT, ALL_FILTERS, 1000);
        long address = axis.addressAt(position * 1000);
        assertThat(Long.compareUnsigned(address, tree.last(MapTree.ROOT))).isNotPositive();
        assertThat(axis.leftEdge(address)).isLessThanOrEqualTo(position * 1000 + HALF_PIXEL);
        assertThat(axis.rightEdge(address)).isGreaterThanOrEqualTo(position * 1000 - HALF_PIXEL);
    }

    @Provide
    Arbitrary<MemoryMap> maps() {
        Arbitrary<Long> boundaries = Arbitraries.oneOf(
                Arbitraries.longs().between(1, 1 << 20).map(n -> n << 12),
                Arbitraries.longs().between(1, 1 << 12).map(n -> n << 30),
                Arbitraries.longs().map(n -> n & ~0xfffL).filter(n -> n != 0));
        Arbitrary<String> line = Combinators.combine(
                        boundaries,
                        boundaries,
                        Arbitraries.of("System RAM", "PCI Bus 0000:00", "0000:04:00.0", "BOOTFB", "reserved", "other"))
                .as((a, b, name) -> {
                    long low = Long.compareUnsigned(a, b) < 0 ? a : b;
                    long high = low == a ? b : a;
                    return String.format("%08x-%08x : %s", low, high, name);
                });
        return line.list().ofMinSize(1).ofMaxSize(40).map(lines -> MemoryMap.parse(String.join("\n", lines)));
    }

    private static MapTree sample(String name) {
        return MapTree.of(
                SnapshotParser.parse(SampleMachines.load(name).orElseThrow()).memoryMap());
    }

    private static MapLayout createLayout(
            MapTree tree, int viewRoot, ScaleMode scale, double width, double zoom, double offset) {
        Axis axis = Axis.of(scale, tree, viewRoot, ALL_FILTERS, width);
        return new MapLayout(tree, ALL_FILTERS, viewRoot, scale, axis, zoom, offset, width, 300);
    }

    private static Box boxOf(MapLayout layout, int item) {
        List<Box> matching = new ArrayList<>(layout.boxes());
        matching.removeIf(box -> box.item() != item);
        assertThat(matching).hasSize(1);
        return matching.getFirst();
    }
}
