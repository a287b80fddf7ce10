package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MemoryMapDiffTest {
    private static final MemoryMap BEFORE = MemoryMap.parse("""
            c0000000-d1ffffff : PCI Bus 0000:04
              c0000000-cfffffff : 0000:04:00.0
                c0000000-c086ffff : BOOTFB
              d0000000-d1ffffff : 0000:04:00.0
            """);

    @Test
    void identicalMapsHaveNoDiff() {
        assertThat(MemoryMapDiff.between(BEFORE, BEFORE).isEmpty()).isTrue();
    }

    @Test
    void missingRegionIsRemoved() {
        MemoryMap after = beforeWithoutLine("    c0000000-c086ffff : BOOTFB\n");
        assertThat(MemoryMapDiff.between(BEFORE, after).removed())
                .extracting(Region::toLine)
                .containsExactly("c0000000-c086ffff : BOOTFB");
        assertThat(MemoryMapDiff.between(BEFORE, after).added()).isEmpty();
        assertThat(MemoryMapDiff.between(after, BEFORE).added()).hasSize(1);
    }

    @Test
    void resizedRegionIsRemovedAndAdded() {
        MemoryMap after = MemoryMap.parse(BEFORE.toText().replace("c086ffff", "c07fffff"));
        MemoryMapDiff diff = MemoryMapDiff.between(BEFORE, after);
        assertThat(diff.removed()).extracting(Region::toLine).containsExactly("c0000000-c086ffff : BOOTFB");
        assertThat(diff.added()).extracting(Region::toLine).containsExactly("c0000000-c07fffff : BOOTFB");
    }

    @Test
    void diffOfPartialMapAppliesToFullMap() {
        MemoryMap fullMap = MemoryMap.parse("00001000-0009ffff : System RAM\n" + BEFORE.toText());
        MemoryMap after = MemoryMap.parse(
                BEFORE.toText().replace("    c0000000-c086ffff : BOOTFB\n", "    c0000000-cfffffff : vfio-pci\n"));
        MemoryMapDiff diff = MemoryMapDiff.between(BEFORE, after);
        String expected = "00001000-0009ffff : System RAM\n" + after.toText();
        assertThat(diff.applyTo(fullMap).toText()).isEqualTo(expected);
        assertThat(diff.applyTo(diff.applyTo(fullMap)).toText()).isEqualTo(expected);
    }

    @Test
    void childrenOfARemovedRegionAreKept() {
        MemoryMap after = beforeWithoutLine("c0000000-d1ffffff : PCI Bus 0000:04\n");
        assertThat(MemoryMapDiff.between(BEFORE, after).removed())
                .extracting(Region::name)
                .containsExactly("PCI Bus 0000:04");
    }

    @Test
    void duplicateLinesAreCounted() {
        MemoryMap once = MemoryMap.parse("e0000000-efffffff : Reserved\n");
        MemoryMap twice = MemoryMap.parse("e0000000-efffffff : Reserved\n  e0000000-efffffff : Reserved\n");
        assertThat(MemoryMapDiff.between(twice, once).removed()).hasSize(1);
        assertThat(MemoryMapDiff.between(twice, twice).isEmpty()).isTrue();
    }

    @Test
    void hiddenAddressesCompareNamesAndNesting() {
        MemoryMap hidden = MemoryMap.parse(BEFORE.toText().replaceAll("[0-9a-f]{8}-[0-9a-f]{8}", "00000000-00000000"));
        assertThat(MemoryMapDiff.between(hidden, BEFORE).isEmpty()).isTrue();
        MemoryMapDiff diff = MemoryMapDiff.between(hidden, beforeWithoutLine("    c0000000-c086ffff : BOOTFB\n"));
        assertThat(diff.onlyNamesCompared()).isTrue();
        assertThat(diff.removed()).extracting(Region::name).containsExactly("BOOTFB");
    }

    private static MemoryMap beforeWithoutLine(String line) {
        assertThat(BEFORE.toText()).contains(line);
        return MemoryMap.parse(BEFORE.toText().replace(line, ""));
    }
}
