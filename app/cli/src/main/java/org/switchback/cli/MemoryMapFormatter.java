package org.switchback.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Bar;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** Prints memory maps for people. */
final class MemoryMapFormatter {
    private final Terminal terminal;
    private final PrintStream out;
    private final Messages messages;
    private final MemoryMapMessages mapMessages;

    MemoryMapFormatter(Terminal terminal, Messages messages) {
        this.terminal = terminal;
        this.out = terminal.out();
        this.messages = messages;
        this.mapMessages = new MemoryMapMessages(messages);
    }

    /**
     * Notes about a map: how it was parsed, hidden addresses, and firmware regions inside BARs.
     *
     * @param fromFile whether the map was read from a file and not from a machine
     */
    List<String> formatNotes(MemoryMap map, boolean fromFile) {
        List<String> notes = new ArrayList<>();
        if (fromFile) {
            notes.add(mapMessages.formatParseSummary(map));
        }
        if (map.addressesHidden()) {
            notes.add(messages.text(fromFile ? "map.hidden" : "cli.iomem.hidden"));
        }
        addFirmwareRegionNotes(map.roots(), map.addressesHidden(), notes);
        return notes;
    }

    /** Adds a note for each firmware region inside a region that is named after a PCI function. */
    private void addFirmwareRegionNotes(List<Region> level, boolean hidden, List<String> notes) {
        for (Region region : level) {
            Optional<PciAddress> function = PciAddress.parse(region.name());
            for (Region child : region.children()) {
                if (function.isPresent()
                        && FirmwareRegionKind.fromRegionName(child.name()).isPresent()) {
                    notes.add(
                            hidden
                                    ? messages.text(
                                            "cli.iomem.claim.hidden",
                                            child.name(),
                                            function.get().toShortString())
                                    : messages.text(
                                            "cli.iomem.claim",
                                            child.name() + " " + child.range(),
                                            messages.formatSize(child.range().length()),
                                            region.range(),
                                            function.get().toShortString()));
                }
            }
            addFirmwareRegionNotes(region.children(), hidden, notes);
        }
    }

    /**
     * The regions around the BARs of a GPU, with their children: the bus of the GPU, or the BAR itself where its parent
     * is no PCI bus.
     */
    static List<Region> regionsAroundGpu(MemoryMap map, Gpu gpu) {
        Set<String> gpuNames = gpu.functions().stream()
                .map(function -> function.address().toString())
                .collect(Collectors.toSet());
        List<Region> regions = new ArrayList<>();
        collectGpuRegions(map.roots(), gpuNames, regions);
        return regions;
    }

    private static void collectGpuRegions(List<Region> level, Set<String> gpuNames, List<Region> regions) {
        for (Region region : level) {
            boolean isGpuBus = region.name().startsWith("PCI Bus")
                    && region.children().stream().anyMatch(child -> gpuNames.contains(child.name()));
            if (isGpuBus || gpuNames.contains(region.name())) {
                regions.add(region);
            } else {
                collectGpuRegions(region.children(), gpuNames, regions);
            }
        }
    }

    /**
     * Prints one line a region: range, size, the name indented by depth, and its relation to a GPU.
     *
     * @param roots the shown part of the map
     */
    void printSizes(MemoryMap map, List<Region> roots, List<Gpu> gpus) {
        int range = map.addressesHidden() ? 0 : maxRangeWidth(roots);
        for (Region region : roots) {
            print(region, 0, range, map.addressesHidden(), gpus);
        }
    }

    private static int maxRangeWidth(List<Region> level) {
        int widest = 0;
        for (Region region : level) {
            widest = Math.max(widest, Math.max(region.range().toString().length(), maxRangeWidth(region.children())));
        }
        return widest;
    }

    private void print(Region region, int depth, int width, boolean hidden, List<Gpu> gpus) {
        StringBuilder line = new StringBuilder();
        if (!hidden) {
            line.append(TextColumns.padRight(region.range().toString(), width))
                    .append("  ")
                    .append(TextColumns.padLeft(
                            messages.formatSize(region.range().length()), 9))
                    .append("  ");
        }
        line.append("  ".repeat(depth)).append(region.name());
        Optional<Overlap> overlap = findOverlap(region, gpus);
        if (overlap.isPresent() && overlap.get().isFromFirmware()) {
            out.println(terminal.warning(line + "  " + formatCoverage(overlap.get())));
        } else {
            String owner = formatOwner(region, gpus, TextColumns.WIDTH - line.length() - 2);
            out.println(owner.isEmpty() ? line : line + "  " + terminal.faint(owner));
        }
        for (Region child : region.children()) {
            print(child, depth + 1, width, hidden, gpus);
        }
    }

    private static Optional<Overlap> findOverlap(Region region, List<Gpu> gpus) {
        return gpus.stream()
                .flatMap(gpu -> gpu.overlaps().stream())
                .filter(overlap -> overlap.outermostRegion().equals(region))
                .findFirst();
    }

    private String formatCoverage(Overlap overlap) {
        if (!overlap.hasAddress()) {
            return messages.text(
                    "cli.iomem.lies-in", messages.formatBar(overlap.bar().index()));
        }
        return messages.text(
                "cli.iomem.covers",
                mapMessages.formatPercentage(
                        overlap.outermostRegion().range(), overlap.bar().range()),
                messages.formatBar(overlap.bar().index()));
    }

    /**
     * The BAR and GPU of a region; without the GPU's name when the line would be too long. Empty for other regions.
     *
     * @param maxWidth in characters
     */
    private String formatOwner(Region region, List<Gpu> gpus, int maxWidth) {
        for (Gpu gpu : gpus) {
            for (PciDevice function : gpu.functions()) {
                for (Bar bar : function.bars()) {
                    if (region.name().equals(function.address().toString())
                            && bar.range().equals(region.range())) {
                        String fullText =
                                messages.text("cli.iomem.bar-of", messages.formatBar(bar.index()), function.name());
                        return fullText.length() <= maxWidth ? fullText : messages.formatBar(bar.index());
                    }
                }
            }
        }
        return "";
    }

    /** Prints the changes as a sentence, and more than one change also line by line. */
    void print(MemoryMapDiff diff) {
        out.println(mapMessages.formatDiff(diff));
        if (diff.removed().size() + diff.added().size() > 1) {
            diff.removed().forEach(region -> out.println("- " + formatRegion(region, diff)));
            diff.added().forEach(region -> out.println("+ " + formatRegion(region, diff)));
        }
    }

    private static String formatRegion(Region region, MemoryMapDiff diff) {
        return diff.onlyNamesCompared() ? region.name() : region.toLine();
    }
}
