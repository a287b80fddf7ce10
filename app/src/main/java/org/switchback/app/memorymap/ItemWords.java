package org.switchback.app.memorymap;

import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.app.words.MapWords;
import org.switchback.app.words.Words;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** What is said about the items of one map. */
final class ItemWords {
    private final Words words;
    private final MapTree tree;
    private final @Nullable Machine machine;
    /** How many items of that name came before, in a map without addresses: the BARs of a function follow each other. */
    private final Map<Integer, Bar> hiddenBars = new HashMap<>();

    /** @param machine the machine whose map it is; null for a dump of some other one */
    ItemWords(Words words, MapTree tree, @Nullable Machine machine) {
        this.words = words;
        this.tree = tree;
        this.machine = machine;
        if (machine != null && tree.map().hidden()) {
            findHiddenBars(machine);
        }
    }

    private void findHiddenBars(Machine known) {
        Map<PciAddress, List<Integer>> items = new HashMap<>();
        for (int item : tree.find(i -> tree.kind(i) == Kind.BAR)) {
            PciAddress.parse(tree.name(item)).ifPresent(address -> items.computeIfAbsent(address, a -> new ArrayList<>())
                    .add(item));
        }
        items.forEach((address, own) -> {
            List<Bar> bars = known.device(address).map(PciDevice::bars).orElse(List.of()).stream()
                    .filter(bar -> bar.space() == Bar.Space.MEMORY)
                    .sorted((a, b) -> Long.compareUnsigned(a.range().first(), b.range().first()))
                    .toList();
            for (int i = 0; bars.size() == own.size() && i < own.size(); i++) {
                hiddenBars.put(own.get(i), bars.get(i));
            }
        });
    }

    /** The function whose BAR an item is. */
    Optional<PciDevice> device(int item) {
        Machine known = machine;
        return known == null || tree.kind(item) != Kind.BAR
                ? Optional.empty()
                : PciAddress.parse(tree.name(item)).flatMap(known::device);
    }

    /** The BAR that an item is; empty when nothing is known of the machine. */
    Optional<Bar> bar(int item) {
        Bar hidden = hiddenBars.get(item);
        return hidden != null
                ? Optional.of(hidden)
                : device(item).flatMap(device -> device.bars().stream()
                        .filter(bar -> bar.space() == Bar.Space.MEMORY && bar.range().equals(tree.range(item)))
                        .findFirst());
    }

    /** The addresses of an item, where they are known. */
    Optional<AddressRange> range(int item) {
        return tree.addressed() ? Optional.of(tree.range(item)) : bar(item).map(Bar::range);
    }

    /** In a word or two: {@code 04:00.0 BAR 1}. */
    String label(int item) {
        return switch (tree.kind(item)) {
            case WHOLE -> words.text("window.map.whole");
            case GAP -> words.text("window.map.gap");
            case UNCOVERED -> words.text("window.map.uncovered");
            case BAR -> {
                String address =
                        PciAddress.parse(tree.name(item)).map(PciAddress::brief).orElse(tree.name(item));
                yield bar(item)
                        .map(bar -> words.text("window.map.bar", address, words.bar(bar.index())))
                        .orElse(address);
            }
            default -> tree.name(item);
        };
    }

    /** Empty where it is not known. */
    String size(int item) {
        return range(item).map(range -> words.size(range.length())).orElse("");
    }

    /** {@code BOOTFB · 8.4 MiB} */
    String caption(int item) {
        String size = size(item);
        return size.isEmpty() ? label(item) : words.text("window.map.caption", label(item), size);
    }

    /** The driver of a function whose BAR it is; empty for anything else. */
    String owner(int item) {
        return device(item).map(words::driver).orElse("");
    }

    /** What the mark of a compared region is said as; empty for one that is in both maps. */
    String mark(int item) {
        return switch (tree.mark(item)) {
            case SAME -> "";
            case REMOVED -> words.text("window.map.removed");
            case ADDED -> words.text("window.map.added");
        };
    }

    /** For whoever does not see the picture. */
    String accessible(int item, int count) {
        return String.join(", ", tip(item, count));
    }

    /**
     * Name, range and size, and what is the matter.
     *
     * @param count items that are drawn as one, this one the most important; 1 for it alone
     */
    List<String> tip(int item, int count) {
        List<String> said = new ArrayList<>();
        said.add(label(item));
        range(item).ifPresent(range -> said.add(range.toString()));
        if (!size(item).isEmpty()) {
            said.add(size(item));
        }
        if (tree.kind(item) == Kind.OVERLAP) {
            said.add(words.text("window.map.overlaps"));
        }
        if (tree.mark(item) != Mark.SAME) {
            said.add(mark(item));
        }
        if (count > 1) {
            said.add(words.text("window.map.more", Integer.toString(count - 1)));
        }
        return said;
    }

    /** The overlap of the machine's that a region is, or lies in. */
    Optional<Overlap> overlap(int item) {
        Machine known = machine;
        if (known == null || tree.kind(item) != Kind.OVERLAP) {
            return Optional.empty();
        }
        return known.gpus().stream()
                .map(Gpu::overlaps)
                .flatMap(List::stream)
                .filter(overlap -> overlap.regions().stream()
                        .anyMatch(region -> tree.region(item).filter(region::equals).isPresent()))
                .findFirst();
    }

    /** The BAR an item is or lies in; empty when it lies in none. */
    Optional<Integer> barAround(int item) {
        for (int at = item; at != MapTree.WHOLE; at = tree.parent(at)) {
            if (tree.kind(at) == Kind.BAR) {
                return Optional.of(at);
            }
        }
        return Optional.empty();
    }

    /** The GPU that an item belongs to. */
    Optional<Gpu> gpu(int item) {
        Machine known = machine;
        return known == null
                ? Optional.empty()
                : barAround(item)
                        .flatMap(bar -> PciAddress.parse(tree.name(bar)))
                        .flatMap(address -> known.gpus().stream()
                                .filter(gpu -> gpu.functions().stream()
                                        .anyMatch(function -> function.address().equals(address)))
                                .findFirst());
    }

    /** {@code BAR 1 of NVIDIA GeForce GTX 1080}, as far as that is known. */
    private String barOf(int bar) {
        String address = PciAddress.parse(tree.name(bar)).map(PciAddress::brief).orElse(tree.name(bar));
        String of = device(bar).map(PciDevice::name).orElse(address);
        return bar(bar)
                .map(known -> words.text("window.map.bar-of", words.bar(known.index()), of))
                .orElseGet(() -> words.text("window.map.some-bar-of", of));
    }

    /** How an item is called in the middle of a sentence. */
    private String inSentence(int item) {
        return tree.kind(item) == Kind.BAR ? barOf(item) : tree.name(item);
    }

    /** What there is to know about an item, a line each. */
    List<String> facts(int item) {
        List<String> facts = new ArrayList<>();
        range(item).ifPresent(range -> {
            facts.add(words.text("window.map.range", range.toString()));
            facts.add(words.text("window.map.size", words.size(range.length()), bytes(range), hex(range)));
        });
        if (tree.map().hidden() && range(item).isEmpty() && tree.kind(item).isRegion()) {
            facts.add(words.text("window.map.address-hidden"));
        }
        if (tree.mark(item) != Mark.SAME) {
            facts.add(words.text(
                    tree.mark(item) == Mark.REMOVED ? "window.map.removed.fact" : "window.map.added.fact"));
        }
        switch (tree.kind(item)) {
            case BAR -> {
                facts.add(barOf(item));
                device(item).ifPresent(device -> facts.add(words.text("window.map.driver", words.driver(device))));
            }
            case OVERLAP -> overlapFacts(item, facts);
            case DRIVER -> barAround(item).ifPresent(bar -> facts.add(words.text("window.map.claimed", inSentence(bar))));
            case GAP -> facts.add(words.text("window.map.gap.fact", around(tree.parent(item))));
            default -> {
                int parts = tree.regions(tree.childFrom(item), tree.childTo(item));
                if (parts > 0) {
                    facts.add(words.text(
                            parts == 1 ? "window.map.parts.one" : "window.map.parts.many", Integer.toString(parts)));
                }
            }
        }
        return facts;
    }

    private void overlapFacts(int item, List<String> facts) {
        barAround(item).ifPresent(bar -> {
            if (!tree.addressed()) {
                facts.add(words.text("window.map.lies-in", barOf(bar)));
                return;
            }
            String percent = new MapWords(words).percent(tree.range(item), tree.range(bar));
            facts.add(words.text(
                    tree.first(item) == tree.first(bar) ? "window.map.covers.start" : "window.map.covers",
                    percent,
                    barOf(bar)));
        });
        overlap(item).ifPresent(overlap -> facts.add(words.verdict(overlap)));
    }

    private String around(int item) {
        return item == MapTree.WHOLE ? words.text("window.map.whole") : inSentence(item);
    }

    private String bytes(AddressRange range) {
        return range.length() > 0
                ? NumberFormat.getIntegerInstance(words.locale()).format(range.length())
                : range.length() == 0 ? "2^64" : Long.toUnsignedString(range.length());
    }

    private static String hex(AddressRange range) {
        return range.length() == 0 ? "0x10000000000000000" : "0x" + Long.toHexString(range.length());
    }

    /** What is at an address, a sentence. */
    String answer(long address) {
        String typed = String.format("%08x", address);
        int item = tree.at(address);
        if (item == MapTree.WHOLE) {
            return words.text("window.map.at.past", typed);
        }
        int around = tree.parent(item);
        return switch (tree.kind(item)) {
            case GAP ->
                around == MapTree.WHOLE
                        ? words.text("window.map.at.gap", typed, size(item))
                        : words.text("window.map.at.gap.inside", typed, size(item), inSentence(around));
            case UNCOVERED -> words.text("window.map.at.uncovered", typed, inSentence(around));
            default -> words.text("window.map.at.region", typed, inSentence(item), tree.range(item).toString());
        };
    }

    /** The line of the listing; for a gap and for the whole its range and what it is. */
    String line(int item) {
        return tree.region(item)
                .map(Region::line)
                .orElseGet(() -> tree.range(item) + " : " + label(item));
    }

    /** The lines of everything around an item and its own, nested as in the listing. */
    String lineWithParents(int item) {
        StringBuilder lines = new StringBuilder();
        int depth = 0;
        for (int at : tree.path(item)) {
            if (at != MapTree.WHOLE || item == MapTree.WHOLE) {
                lines.append("  ".repeat(depth++)).append(line(at)).append('\n');
            }
        }
        return lines.toString();
    }

    /** What to paste into a report about an item: where it lies, whose that is, and what follows. */
    String forBugReport(int item) {
        StringBuilder report = new StringBuilder(lineWithParents(item));
        for (int part = tree.childFrom(item); part < tree.childTo(item); part++) {
            if (tree.kind(part).isRegion()) {
                report.repeat("  ", tree.depth(part) - 1).append(line(part)).append('\n');
            }
        }
        Machine known = machine;
        if (known != null) {
            report.append('\n');
            barAround(item).flatMap(this::device).ifPresent(device -> report.append(words.text(
                            "window.map.report.device",
                            device.address().toString(),
                            device.name(),
                            device.ids().toString(),
                            words.driver(device)))
                    .append('\n'));
            overlap(item).ifPresent(overlap -> report.append(words.verdict(overlap)).append('\n'));
            report.append(words.text("window.map.report.kernel", known.kernel().release()))
                    .append('\n');
        }
        return report.toString();
    }
}
