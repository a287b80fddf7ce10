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

/** The part of a memory map that an ordinary user may see: what lies in and above the BARs of graphics functions. */
final class GpuMemoryFilter {
    private static final String IOMEM = "/proc/iomem";

    private GpuMemoryFilter() {}

    /** The capture with everything else taken out of its memory map. */
    static MachineSnapshot filter(MachineSnapshot capture, Machine machine) {
        // With its addresses hidden the map is what every user reads anyway, and tells no place from another.
        if (capture.text(IOMEM).isEmpty() || machine.memoryMap().addressesHidden()) {
            return capture;
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
        return capture.withChanges(Map.of(IOMEM, Optional.of(new MachineSnapshot.TextEntry(text.toString()))));
    }

    private static void appendRegions(List<Region> level, int depth, List<AddressRange> bars, StringBuilder text) {
        for (Region region : level) {
            if (bars.stream().anyMatch(region.range()::overlaps)) {
                text.repeat("  ", depth).append(region.toLine()).append('\n');
                appendRegions(region.children(), depth + 1, bars, text);
            }
        }
    }
}
