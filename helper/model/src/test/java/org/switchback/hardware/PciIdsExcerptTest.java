package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PciIdsExcerptTest {
    private static final Set<String> WANTED_IDS = Set.of("10de:1b80", "10de:10f0", "1234:1111");
    private static final String PCI_IDS = """
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
    void excerptDoesNotDependOnChunkSize(@ForAll @IntRange(min = 1, max = 25) int chunkSize) {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(WANTED_IDS);
        String remaining = PCI_IDS;
        while (!remaining.isEmpty()) {
            String chunk = String.join(
                    "",
                    remaining.lines().limit(chunkSize).map(line -> line + "\n").toList());
            excerpt.add(chunk);
            remaining = remaining.substring(chunk.length());
        }

        assertThat(excerpt.toText()).isEqualTo(EXCERPT);
    }

    @Test
    void addReturnsTrueWhenComplete() {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(WANTED_IDS);

        assertThat(excerpt.add(PCI_IDS.substring(0, PCI_IDS.indexOf("C 04")))).isFalse();
        assertThat(excerpt.add(PCI_IDS.substring(PCI_IDS.indexOf("C 04")))).isTrue();
    }

    @Test
    void excerptIsEmptyWithoutMatches() {
        PciIdsExcerpt excerpt = new PciIdsExcerpt(Set.of("8086:0000"));
        excerpt.add("10de  NVIDIA Corporation\n\t1b80  GP104\n");

        assertThat(excerpt.toText()).isEmpty();
    }
}
