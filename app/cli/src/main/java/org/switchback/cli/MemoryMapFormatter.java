package org.switchback.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Bar;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** Memory maps for people. */
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

    /** What has to be said about a map: how it was read, and what firmware left in a BAR. */
    List<String> formatNotes(MemoryMap map, boolean foreign) {
        List<String> notes = new ArrayList<>();
        if (foreign) {
            notes.add(mapMessages.formatParseSummary(map));
        }
        if (map.addressesHidden()) {
            notes.add(messages.text(foreign ? "map.hidden" : "cli.iomem.hidden"));
        }
        addFirmwareRegionNotes(map.roots(), map.addressesHidden(), notes);
        return notes;
    }

    /** A firmware framebuffer inside a region that is named after a PCI function. */
    private void addFirmwareRegionNotes(List<Region> level, boolean hidden, List<String> notes) {
        for (Region region : level) {
            Optional<PciAddress> function = PciAddress.parse(region.name());
            for (Region child : region.children()) {
                if (function.isPresent()
                        && FirmwareRegion.fromRegionName(child.name()).isPresent()) {
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
                                            region.range().toString(),
                                            function.get().toShortString()));
                }
            }
            addFirmwareRegionNotes(region.children(), hidden, notes);
        }
    }

    /** The regions that hold a BAR of a GPU, each with what is in it; the outermost that hold nothing else but PCI. */
    static List<Region> regionsAroundGpu(MemoryMap map, Gpu gpu) {
        List<Region> parts = new ArrayList<>();
        collectGpuRegions(map.roots(), gpu, parts);
        return parts;
    }

    private static void collectGpuRegions(List<Region> level, Gpu gpu, List<Region> parts) {
        for (Region region : level) {
            boolean own = gpu.functions().stream()
                    .anyMatch(f -> region.name().equals(f.address().toString()));
            boolean ownBus = region.children().stream().anyMatch(child -> gpu.functions().stream()
                    .anyMatch(f -> child.name().equals(f.address().toString())));
            if (own || (ownBus && region.name().startsWith("PCI Bus"))) {
                parts.add(region);
            } else {
                collectGpuRegions(region.children(), gpu, parts);
            }
        }
    }

    /**
     * A line a region: range, size, and the name indented by depth, with what it is to a GPU.
     *
     * @param roots what of the map is shown
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

    /** Which BAR of which GPU a region is; without the name where that does not fit. */
    private String formatOwner(Region region, List<Gpu> gpus, int room) {
        for (Gpu gpu : gpus) {
            for (PciDevice function : gpu.functions()) {
                for (Bar bar : function.bars()) {
                    if (region.name().equals(function.address().toString())
                            && bar.range().equals(region.range())) {
                        String whole =
                                messages.text("cli.iomem.bar-of", messages.formatBar(bar.index()), function.name());
                        return whole.length() <= room ? whole : messages.formatBar(bar.index());
                    }
                }
            }
        }
        return "";
    }

    /** What changed, as a sentence, and where it takes more than a few names to say so, line by line. */
    void print(MemoryMapDiff changes) {
        out.println(mapMessages.formatDiff(changes));
        if (changes.removed().size() + changes.added().size() > 1) {
            changes.removed().forEach(region -> out.println("- " + formatRegion(region, changes)));
            changes.added().forEach(region -> out.println("+ " + formatRegion(region, changes)));
        }
    }

    private static String formatRegion(Region region, MemoryMapDiff changes) {
        return changes.onlyNamesCompared() ? region.name() : region.toLine();
    }
}
