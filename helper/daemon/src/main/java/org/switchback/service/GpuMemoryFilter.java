package org.switchback.service;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** Reduces the memory map of a snapshot to the regions that overlap the BARs of graphics functions. */
final class GpuMemoryFilter {
    private static final String IOMEM = "/proc/iomem";

    private GpuMemoryFilter() {}

    /** Returns the snapshot with all other regions removed from its memory map. */
    static MachineSnapshot filter(MachineSnapshot snapshot, Machine machine) {
        // A map with hidden addresses is readable by every user, and its zero addresses cannot be filtered.
        if (snapshot.text(IOMEM).isEmpty() || machine.memoryMap().addressesHidden()) {
            return snapshot;
        }
        List<AddressRange> bars = machine.devices().values().stream()
                .filter(device -> device.pciClass().isDisplay())
                .map(PciDevice::bars)
                .flatMap(List::stream)
                .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
                .map(Bar::range)
                .toList();
        StringBuilder text = new StringBuilder();
        appendRegions(machine.memoryMap().roots(), 0, bars, text);
        if (!text.isEmpty()) {
            text.setLength(text.length() - 1);
        }
        return snapshot.withChanges(Map.of(IOMEM, Optional.of(new MachineSnapshot.TextEntry(text.toString()))));
    }

    private static void appendRegions(List<Region> regions, int depth, List<AddressRange> bars, StringBuilder text) {
        for (Region region : regions) {
            if (bars.stream().anyMatch(region.range()::overlaps)) {
                text.repeat("  ", depth).append(region.toLine()).append('\n');
                appendRegions(region.children(), depth + 1, bars, text);
            }
        }
    }
}
