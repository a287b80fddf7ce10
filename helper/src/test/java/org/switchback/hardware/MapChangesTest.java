package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MapChangesTest {
    private static final MemoryMap BEFORE = MemoryMap.parse(
            """
            c0000000-d1ffffff : PCI Bus 0000:04
              c0000000-cfffffff : 0000:04:00.0
                c0000000-c086ffff : BOOTFB
              d0000000-d1ffffff : 0000:04:00.0
            """);

    @Test
    void aMapHasNotChangedFromItself() {
        assertThat(MapChanges.between(BEFORE, BEFORE).nothing()).isTrue();
    }

    @Test
    void aRegionThatIsGoneIsRemoved() {
        MemoryMap after = without("    c0000000-c086ffff : BOOTFB\n");
        assertThat(MapChanges.between(BEFORE, after).removed())
                .extracting(Region::line)
                .containsExactly("c0000000-c086ffff : BOOTFB");
        assertThat(MapChanges.between(BEFORE, after).added()).isEmpty();
        assertThat(MapChanges.between(after, BEFORE).added()).hasSize(1);
    }

    @Test
    void aRegionOfAnotherSizeIsRemovedAndAdded() {
        MemoryMap after = MemoryMap.parse(BEFORE.toText().replace("c086ffff", "c07fffff"));
        MapChanges changes = MapChanges.between(BEFORE, after);
        assertThat(changes.removed()).extracting(Region::line).containsExactly("c0000000-c086ffff : BOOTFB");
        assertThat(changes.added()).extracting(Region::line).containsExactly("c0000000-c07fffff : BOOTFB");
    }

    @Test
    void whatHasChangedInAPartOfAMapChangesInTheWhole() {
        MemoryMap whole = MemoryMap.parse("00001000-0009ffff : System RAM\n" + BEFORE.toText());
        MemoryMap after = MemoryMap.parse(BEFORE.toText()
                .replace("    c0000000-c086ffff : BOOTFB\n", "    c0000000-cfffffff : vfio-pci\n"));
        MapChanges changes = MapChanges.between(BEFORE, after);
        String expected = "00001000-0009ffff : System RAM\n" + after.toText();
        assertThat(changes.appliedTo(whole).toText()).isEqualTo(expected);
        assertThat(changes.appliedTo(changes.appliedTo(whole)).toText()).isEqualTo(expected);
    }

    @Test
    void whatLiesInARegionThatIsGoneStays() {
        MemoryMap after = without("c0000000-d1ffffff : PCI Bus 0000:04\n");
        assertThat(MapChanges.between(BEFORE, after).removed())
                .extracting(Region::name)
                .containsExactly("PCI Bus 0000:04");
    }

    @Test
    void theSameLineTwiceCountsTwice() {
        MemoryMap once = MemoryMap.parse("e0000000-efffffff : Reserved\n");
        MemoryMap twice = MemoryMap.parse("e0000000-efffffff : Reserved\n  e0000000-efffffff : Reserved\n");
        assertThat(MapChanges.between(twice, once).removed()).hasSize(1);
        assertThat(MapChanges.between(twice, twice).nothing()).isTrue();
    }

    @Test
    void withoutAddressesNamesAndNestingAreCompared() {
        MemoryMap hidden =
                MemoryMap.parse(BEFORE.toText().replaceAll("[0-9a-f]{8}-[0-9a-f]{8}", "00000000-00000000"));
        assertThat(MapChanges.between(hidden, BEFORE).nothing()).isTrue();
        MapChanges changes = MapChanges.between(hidden, without("    c0000000-c086ffff : BOOTFB\n"));
        assertThat(changes.namesOnly()).isTrue();
        assertThat(changes.removed()).extracting(Region::name).containsExactly("BOOTFB");
    }

    private static MemoryMap without(String line) {
        assertThat(BEFORE.toText()).contains(line);
        return MemoryMap.parse(BEFORE.toText().replace(line, ""));
    }
}
