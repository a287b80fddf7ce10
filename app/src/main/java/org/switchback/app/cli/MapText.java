package org.switchback.app.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.app.words.MapWords;
import org.switchback.app.words.Words;
import org.switchback.hardware.Bar;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** Memory maps for people. */
final class MapText {
    private final Terminal terminal;
    private final PrintStream out;
    private final Words words;
    private final MapWords said;

    MapText(Terminal terminal, Words words) {
        this.terminal = terminal;
        this.out = terminal.out();
        this.words = words;
        this.said = new MapWords(words);
    }

    /** What has to be said about a map: how it was read, and what firmware left in a BAR. */
    List<String> notes(MemoryMap map, boolean foreign) {
        List<String> notes = new ArrayList<>();
        if (foreign) {
            notes.add(said.read(map));
        }
        if (map.hidden()) {
            notes.add(words.text(foreign ? "map.hidden" : "cli.iomem.hidden"));
        }
        claims(map.roots(), map.hidden(), notes);
        return notes;
    }

    /** A firmware framebuffer inside a region that is named after a PCI function. */
    private void claims(List<Region> level, boolean hidden, List<String> notes) {
        for (Region region : level) {
            Optional<PciAddress> function = PciAddress.parse(region.name());
            for (Region child : region.children()) {
                if (function.isPresent() && FirmwareClaim.ofRegion(child.name()).isPresent()) {
                    notes.add(
                            hidden
                                    ? words.text("cli.iomem.claim.hidden", child.name(), function.get().brief())
                                    : words.text(
                                            "cli.iomem.claim",
                                            child.name() + " " + child.range(),
                                            words.size(child.range().length()),
                                            region.range().toString(),
                                            function.get().brief()));
                }
            }
            claims(region.children(), hidden, notes);
        }
    }

    /** The regions that hold a BAR of a GPU, each with what is in it; the outermost that hold nothing else but PCI. */
    static List<Region> around(MemoryMap map, Gpu gpu) {
        List<Region> parts = new ArrayList<>();
        collect(map.roots(), gpu, parts);
        return parts;
    }

    private static void collect(List<Region> level, Gpu gpu, List<Region> parts) {
        for (Region region : level) {
            boolean own = gpu.functions().stream()
                    .anyMatch(f -> region.name().equals(f.address().toString()));
            boolean ownBus = region.children().stream()
                    .anyMatch(child -> gpu.functions().stream()
                            .anyMatch(f -> child.name().equals(f.address().toString())));
            if (own || (ownBus && region.name().startsWith("PCI Bus"))) {
                parts.add(region);
            } else {
                collect(region.children(), gpu, parts);
            }
        }
    }

    /**
     * A line a region: range, size, and the name indented by depth, with what it is to a GPU.
     *
     * @param roots what of the map is shown
     */
    void printSizes(MemoryMap map, List<Region> roots, List<Gpu> gpus) {
        int range = map.hidden() ? 0 : widest(roots);
        for (Region region : roots) {
            print(region, 0, range, map.hidden(), gpus);
        }
    }

    private static int widest(List<Region> level) {
        int widest = 0;
        for (Region region : level) {
            widest = Math.max(widest, Math.max(region.range().toString().length(), widest(region.children())));
        }
        return widest;
    }

    private void print(Region region, int depth, int width, boolean hidden, List<Gpu> gpus) {
        StringBuilder line = new StringBuilder();
        if (!hidden) {
            line.append(Columns.left(region.range().toString(), width))
                    .append("  ")
                    .append(Columns.right(words.size(region.range().length()), 9))
                    .append("  ");
        }
        line.append("  ".repeat(depth)).append(region.name());
        Optional<Overlap> overlap = overlap(region, gpus);
        if (overlap.isPresent() && overlap.get().fromFirmware()) {
            out.println(terminal.warning(line + "  " + covers(overlap.get())));
        } else {
            String owner = owner(region, gpus, Columns.WIDTH - line.length() - 2);
            out.println(owner.isEmpty() ? line : line + "  " + terminal.faint(owner));
        }
        for (Region child : region.children()) {
            print(child, depth + 1, width, hidden, gpus);
        }
    }

    private static Optional<Overlap> overlap(Region region, List<Gpu> gpus) {
        return gpus.stream()
                .flatMap(gpu -> gpu.overlaps().stream())
                .filter(overlap -> overlap.region().equals(region))
                .findFirst();
    }

    private String covers(Overlap overlap) {
        if (!overlap.addressed()) {
            return words.text("cli.iomem.lies-in", words.bar(overlap.bar().index()));
        }
        return words.text(
                "cli.iomem.covers",
                said.percent(overlap.region().range(), overlap.bar().range()),
                words.bar(overlap.bar().index()));
    }

    /** Which BAR of which GPU a region is; without the name where that does not fit. */
    private String owner(Region region, List<Gpu> gpus, int room) {
        for (Gpu gpu : gpus) {
            for (PciDevice function : gpu.functions()) {
                for (Bar bar : function.bars()) {
                    if (region.name().equals(function.address().toString())
                            && bar.range().equals(region.range())) {
                        String whole = words.text("cli.iomem.bar-of", words.bar(bar.index()), function.name());
                        return whole.length() <= room ? whole : words.bar(bar.index());
                    }
                }
            }
        }
        return "";
    }

    /** What changed, as a sentence, and where it takes more than a few names to say so, line by line. */
    void print(MapChanges changes) {
        out.println(said.changes(changes));
        if (changes.removed().size() + changes.added().size() > 1) {
            changes.removed().forEach(region -> out.println("- " + line(region, changes)));
            changes.added().forEach(region -> out.println("+ " + line(region, changes)));
        }
    }

    private static String line(Region region, MapChanges changes) {
        return changes.namesOnly() ? region.name() : region.line();
    }
}
