package org.switchback.app.memorymap;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.app.words.Words;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.w3c.dom.Document;

class RasterTest {
    private static final String LISTING =
            """
            00001000-3fffffff : System RAM
            40000000-4fffffff : Reserved
            c0000000-d1ffffff : PCI Bus 0000:04
              c0000000-cfffffff : 0000:04:00.0
                c0000000-c086ffff : BOOTFB
              d0000000-d1ffffff : 0000:04:00.0
                d0000000-d1ffffff : nvidia
            fec00000-fec003ff : IOAPIC 0
            """;
    private static final Palette LIGHT = new Palette(
            0xffffffff, 0xff6b6b6b, 0xff0072b2, 0xff00795a, 0xffc04f00, 0xffa04200, 0xffa64d80, 0xff8a6100, 0xff7d848c,
            0xffb3003c, 0xff5b3fc4);
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 300;

    private final MapTree tree = MapTree.of(MemoryMap.parse(LISTING));

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aGreyCopyStillShowsTheOverlap(int scale) {
        int[] pixels = paint(tree, pieces(tree), scale);
        Piece overlap = box(pieces(tree), tree.overlaps()[0]);
        Piece bar = box(pieces(tree), tree.parent(tree.overlaps()[0]));
        assertThat(greys(pixels, overlap, scale)).as("stripes").hasSizeGreaterThan(1);
        assertThat(greys(pixels, box(pieces(tree), tree.at(0xd0000000L)), scale)).as("a plain BAR").hasSize(1);
        assertThat(bar.width()).isGreaterThan(overlap.width());
    }

    @Test
    void everyKindLooksDifferentInGreyOrHasAPattern() {
        List<Piece> pieces = pieces(tree);
        int[] pixels = paint(tree, pieces, 1);
        assertThat(greys(pixels, box(pieces, tree.at(0x40000000L)), 1)).as("dots").hasSizeGreaterThan(1);
        assertThat(greys(pixels, box(pieces, tree.at(0xfec00000L)), 1)).as("lines").hasSizeGreaterThan(1);
        assertThat(greys(pixels, box(pieces, tree.at(0x2000L)), 1)).as("RAM").hasSize(1);
    }

    @Test
    void whatIsGoneHasAPatternOfItsOwn() {
        MemoryMap before = MemoryMap.parse(LISTING);
        MemoryMap after = MemoryMap.parse(LISTING.replace("    c0000000-c086ffff : BOOTFB\n", ""));
        MapTree both = MapTree.compare(before, MapChanges.between(before, after));
        List<Piece> pieces = pieces(both);
        Set<Integer> gone = greys(paint(both, pieces, 1), box(pieces, both.overlaps()[0]), 1);
        assertThat(gone).hasSizeGreaterThan(1).isNotEqualTo(greys(paint(tree, pieces, 1), box(pieces, tree.overlaps()[0]), 1));
    }

    @Test
    void nothingIsPaintedOutsideThePictureHoweverFarABoxSticksOut() {
        List<Piece> pieces = List.of(new Piece(tree.overlaps()[0], 1, -1e9, -5, 2e9, 900));
        int[] pixels = paint(tree, pieces, 1);
        assertThat(pixels).hasSize(WIDTH * HEIGHT);
        assertThat(pixels[WIDTH * HEIGHT / 2]).isNotEqualTo(LIGHT.card());
    }

    @Test
    void aPieceIsNeverThinnerThanAPixel() {
        int[] pixels = paint(tree, List.of(new Piece(tree.overlaps()[0], 1, 500.2, 0, 0.01, 100)), 1);
        assertThat(pixels[500 + 50 * WIDTH]).isEqualTo(LIGHT.overlap());
    }

    @Test
    void theDrawingIsWellFormedWhateverRegionsAreCalled() throws Exception {
        MapTree odd = MapTree.of(MemoryMap.parse(LISTING + "fed00000-fed00fff : a \"b\" & \u0007'c' ]]>\n"));
        ItemWords words = new ItemWords(Words.in(Locale.ENGLISH), odd, null);
        String svg = new SvgPicture(odd, LIGHT, words).draw(pieces(odd), WIDTH, HEIGHT);
        Document document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getElementsByTagName("title").getLength()).isEqualTo(pieces(odd).size());
        assertThat(svg).contains("BOOTFB · 8.4 MiB").contains("url(#overlap)");
    }

    private static List<Piece> pieces(MapTree of) {
        Set<Filter> all = EnumSet.allOf(Filter.class);
        Axis axis = Axis.of(Scale.FIT, of, MapTree.WHOLE, all, WIDTH);
        return new Picture(of, all, MapTree.WHOLE, Scale.FIT, axis, 1, 0, WIDTH, HEIGHT).pieces();
    }

    private static Piece box(List<Piece> pieces, int item) {
        return pieces.stream().filter(piece -> piece.item() == item).findFirst().orElseThrow();
    }

    private static int[] paint(MapTree of, List<Piece> pieces, int scale) {
        int[] pixels = new int[WIDTH * HEIGHT * scale * scale];
        new Raster(pixels, WIDTH * scale, HEIGHT * scale, scale, LIGHT).paint(of, pieces);
        return pixels;
    }

    /** The shades inside a box, without its edges, as a grey copy has them. */
    private static Set<Integer> greys(int[] pixels, Piece piece, int scale) {
        Set<Integer> greys = new HashSet<>();
        for (int y = (int) (piece.y() + 26) * scale; y < (piece.y() + piece.height() - 8) * scale; y++) {
            for (int x = (int) (piece.x() + 6) * scale; x < (piece.right() - 6) * scale; x++) {
                int colour = pixels[y * WIDTH * scale + x];
                greys.add(((colour >> 16 & 0xff) * 30 + (colour >> 8 & 0xff) * 59 + (colour & 0xff) * 11) / 100);
            }
        }
        return greys;
    }
}
