package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PciIdsExcerptTest {
    private static final Set<String> WANTED = Set.of("10de:1b80", "10de:10f0", "1234:1111");
    private static final String LIST = """
            # Syntax
            10dd  Evans & Sutherland
            \t1b80  Not this
            10de  NVIDIA Corporation
            \t10f0  GP104 High Definition Audio Controller
            \t1b7f  Not this either
            \t1b80  GP104 [GeForce GTX 1080]
            \t\t1043 8591  GTX 1080 TURBO
            # between

            \t1b81  GP104 [GeForce GTX 1070]
            1234  Technical Corp.
            \t1111  QEMU Virtual Video Controller
            C 02  Network controller
            \t00  Ethernet controller
            C 03  Display controller
            \t00  VGA compatible controller
            \t\t00  VGA controller
            \t80  Display controller
            C 04  Multimedia controller
            \t00  Multimedia video controller
            """;
    private static final String EXCERPT = """
            10de  NVIDIA Corporation
            \t10f0  GP104 High Definition Audio Controller
            \t1b80  GP104 [GeForce GTX 1080]
            1234  Technical Corp.
            \t1111  QEMU Virtual Video Controller
            C 03  Display controller
            \t00  VGA compatible controller
            \t80  Display controller""";

    @Property
    void excerptDoesNotDependOnChunkSize(@ForAll @IntRange(min = 1, max = 25) int lines) {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(WANTED);
        String rest = LIST;
        while (!rest.isEmpty()) {
            String piece = String.join("", rest.lines().limit(lines).map(line -> line + "\n").toList());
            excerpt.add(piece);
            rest = rest.substring(piece.length());
        }

        assertThat(excerpt.toText()).isEqualTo(EXCERPT);
    }

    @Test
    void addReturnsTrueWhenComplete() {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(WANTED);

        assertThat(excerpt.add(LIST.substring(0, LIST.indexOf("C 04")))).isFalse();
        assertThat(excerpt.add(LIST.substring(LIST.indexOf("C 04")))).isTrue();
    }

    @Test
    void excerptIsEmptyWithoutMatches() {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(Set.of("8086:0000"));
        excerpt.add("10de  NVIDIA Corporation\n\t1b80  GP104\n");

        assertThat(excerpt.toText()).isEmpty();
    }
}
