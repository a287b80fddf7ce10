package org.switchback.gui.memorymap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.w3c.dom.Document;

class PixelPainterTest {
    private static final String LISTING = """
        00001000-3fffffff : System RAM
        40000000-4fffffff : Reserved
        c0000000-d1ffffff : PCI Bus 0000:04
          c0000000-cfffffff : 0000:04:00.0
            c0000000-c086ffff : BOOTFB
          d0000000-d1ffffff : 0000:04:00.0
            d0000000-d1ffffff : nvidia
        fec00000-fec003ff : IOAPIC 0
        """;
    private static final Palette LIGHT_PALETTE = new Palette(
            0xffffffff,
            0xff6b6b6b,
            0xff0072b2,
            0xff00795a,
            0xffc04f00,
            0xffa04200,
            0xffa64d80,
            0xff8a6100,
            0xff7d848c,
            0xffb3003c,
            0xff5b3fc4);
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 300;

    private final MapTree tree = MapTree.of(MemoryMap.parse(LISTING));

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void overlapIsVisibleInGreyscale(int scale) {
        int[] pixels = paint(tree, layOut(tree), scale);
        Box overlap = boxOf(layOut(tree), tree.overlaps().getFirst());
        Box bar = boxOf(layOut(tree), tree.parent(tree.overlaps().getFirst()));
        assertThat(greyShades(pixels, overlap, scale)).as("stripes").hasSizeGreaterThan(1);
        assertThat(greyShades(pixels, boxOf(layOut(tree), tree.itemAt(0xd0000000L)), scale))
                .as("a plain BAR")
                .hasSize(1);
        assertThat(bar.width()).isGreaterThan(overlap.width());
    }

    @Test
    void kindsDifferInGreyscale() {
        List<Box> boxes = layOut(tree);
        int[] pixels = paint(tree, boxes, 1);
        assertThat(greyShades(pixels, boxOf(boxes, tree.itemAt(0x40000000L)), 1))
                .as("dots")
                .hasSizeGreaterThan(1);
        assertThat(greyShades(pixels, boxOf(boxes, tree.itemAt(0xfec00000L)), 1))
                .as("lines")
                .hasSizeGreaterThan(1);
        assertThat(greyShades(pixels, boxOf(boxes, tree.itemAt(0x2000L)), 1))
                .as("RAM")
                .hasSize(1);
    }

    @Test
    void removedRegionHasItsOwnPattern() {
        MemoryMap before = MemoryMap.parse(LISTING);
        MemoryMap after = MemoryMap.parse(LISTING.replace("    c0000000-c086ffff : BOOTFB\n", ""));
        MapTree comparison = MapTree.compare(before, MemoryMapDiff.between(before, after));
        List<Box> boxes = layOut(comparison);
        Set<Integer> removed = greyShades(
                paint(comparison, boxes, 1), boxOf(boxes, comparison.overlaps().getFirst()), 1);
        assertThat(removed)
                .hasSizeGreaterThan(1)
                .isNotEqualTo(greyShades(
                        paint(tree, boxes, 1), boxOf(boxes, tree.overlaps().getFirst()), 1));
    }

    @Test
    void boxesAreClippedToTheImage() {
        List<Box> boxes = List.of(new Box(tree.overlaps().getFirst(), 1, -1e9, -5, 2e9, 900));
        int[] pixels = paint(tree, boxes, 1);
        assertThat(pixels).hasSize(WIDTH * HEIGHT);
        assertThat(pixels[WIDTH * HEIGHT / 2]).isNotEqualTo(LIGHT_PALETTE.card());
    }

    @Test
    void boxIsAtLeastOnePixelWide() {
        int[] pixels = paint(tree, List.of(new Box(tree.overlaps().getFirst(), 1, 500.2, 0, 0.01, 100)), 1);
        assertThat(pixels[500 + 50 * WIDTH]).isEqualTo(LIGHT_PALETTE.overlap());
    }

    @Test
    void svgIsWellFormedForAnyRegionName() throws Exception {
        MapTree withUnusualName =
                MapTree.of(MemoryMap.parse(LISTING + "fed00000-fed00fff : a \"b\" & \u0007'c' ]]>\n"));
        RegionMessages regionMessages =
                new RegionMessages(Messages.forLocale(Locale.ENGLISH), withUnusualName, Optional.empty());
        String svg = new SvgWriter(withUnusualName, LIGHT_PALETTE, regionMessages)
                .write(layOut(withUnusualName), WIDTH, HEIGHT);
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getElementsByTagName("title").getLength())
                .isEqualTo(layOut(withUnusualName).size());
        assertThat(svg).contains("BOOTFB · 8.4 MiB").contains("url(#overlap)");
    }

    private static List<Box> layOut(MapTree tree) {
        Set<Filter> filters = EnumSet.allOf(Filter.class);
        Axis axis = Axis.of(ScaleMode.FIT, tree, MapTree.ROOT, filters, WIDTH);
        return new MapLayout(tree, filters, MapTree.ROOT, ScaleMode.FIT, axis, 1, 0, WIDTH, HEIGHT).boxes();
    }

    private static Box boxOf(List<Box> boxes, int item) {
        return boxes.stream().filter(box -> box.item() == item).findFirst().orElseThrow();
    }

    private static int[] paint(MapTree tree, List<Box> boxes, int scale) {
        int[] pixels = new int[WIDTH * HEIGHT * scale * scale];
        new PixelPainter(pixels, WIDTH * scale, HEIGHT * scale, scale, LIGHT_PALETTE).paint(tree, boxes);
        return pixels;
    }

    /** The grey values inside a box, without its border, after a conversion to greyscale. */
    private static Set<Integer> greyShades(int[] pixels, Box box, int scale) {
        Set<Integer> shades = new HashSet<>();
        for (int y = (int) (box.y() + 26) * scale; y < (box.y() + box.height() - 8) * scale; y++) {
            for (int x = (int) (box.x() + 6) * scale; x < (box.right() - 6) * scale; x++) {
                int colour = pixels[y * WIDTH * scale + x];
                shades.add(((colour >> 16 & 0xff) * 30 + (colour >> 8 & 0xff) * 59 + (colour & 0xff) * 11) / 100);
            }
        }
        return shades;
    }
}
