package org.switchback.gui.memorymap;

import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;

/** What is said about the items of one map. */
final class RegionMessages {
    private final Messages messages;
    private final MapTree tree;
    private final @Nullable Machine machine;
    /** How many items of that name came before, in a map without addresses: the BARs of a function follow each other. */
    private final Map<Integer, Bar> hiddenBars = new HashMap<>();

    /** @param machine the machine whose map it is; null for a dump of some other one */
    RegionMessages(Messages messages, MapTree tree, @Nullable Machine machine) {
        this.messages = messages;
        this.tree = tree;
        this.machine = machine;
        if (machine != null && tree.map().addressesHidden()) {
            findHiddenBars(machine);
        }
    }

    private void findHiddenBars(Machine known) {
        Map<PciAddress, List<Integer>> items = new HashMap<>();
        for (int item : tree.findAll(i -> tree.kind(i) == RegionKind.BAR)) {
            PciAddress.parse(tree.name(item)).ifPresent(address -> items.computeIfAbsent(address, a -> new ArrayList<>())
                    .add(item));
        }
        items.forEach((address, own) -> {
            List<Bar> bars = known.device(address).map(PciDevice::bars).orElse(List.of()).stream()
                    .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
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
        return known == null || tree.kind(item) != RegionKind.BAR
                ? Optional.empty()
                : PciAddress.parse(tree.name(item)).flatMap(known::device);
    }

    /** The BAR that an item is; empty when nothing is known of the machine. */
    Optional<Bar> bar(int item) {
        Bar hidden = hiddenBars.get(item);
        return hidden != null
                ? Optional.of(hidden)
                : device(item).flatMap(device -> device.bars().stream()
                        .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY && bar.range().equals(tree.range(item)))
                        .findFirst());
    }

    /** The addresses of an item, where they are known. */
    Optional<AddressRange> range(int item) {
        return tree.hasAddresses() ? Optional.of(tree.range(item)) : bar(item).map(Bar::range);
    }

    /** In a word or two: {@code 04:00.0 BAR 1}. */
    String label(int item) {
        return switch (tree.kind(item)) {
            case ROOT -> messages.text("window.map.whole");
            case GAP -> messages.text("window.map.gap");
            case UNCOVERED -> messages.text("window.map.uncovered");
            case BAR -> {
                String address =
                        PciAddress.parse(tree.name(item)).map(PciAddress::toShortString).orElse(tree.name(item));
                yield bar(item)
                        .map(bar -> messages.text("window.map.bar", address, messages.formatBar(bar.index())))
                        .orElse(address);
            }
            default -> tree.name(item);
        };
    }

    /** Empty where it is not known. */
    String size(int item) {
        return range(item).map(range -> messages.formatSize(range.length())).orElse("");
    }

    /** {@code BOOTFB · 8.4 MiB} */
    String caption(int item) {
        String size = size(item);
        return size.isEmpty() ? label(item) : messages.text("window.map.caption", label(item), size);
    }

    /** The driver of a function whose BAR it is; empty for anything else. */
    String driver(int item) {
        return device(item).map(messages::formatDriver).orElse("");
    }

    /** What the mark of a compared region is said as; empty for one that is in both maps. */
    String changeText(int item) {
        return switch (tree.change(item)) {
            case UNCHANGED -> "";
            case REMOVED -> messages.text("window.map.removed");
            case ADDED -> messages.text("window.map.added");
        };
    }

    /** For whoever does not see the picture. */
    String accessibleText(int item, int count) {
        return String.join(", ", tooltipLines(item, count));
    }

    /**
     * Name, range and size, and what is the matter.
     *
     * @param count items that are drawn as one, this one the most important; 1 for it alone
     */
    List<String> tooltipLines(int item, int count) {
        List<String> said = new ArrayList<>();
        said.add(label(item));
        range(item).ifPresent(range -> said.add(range.toString()));
        if (!size(item).isEmpty()) {
            said.add(size(item));
        }
        if (tree.kind(item) == RegionKind.OVERLAP) {
            said.add(messages.text("window.map.overlaps"));
        }
        if (tree.change(item) != RegionChange.UNCHANGED) {
            said.add(changeText(item));
        }
        if (count > 1) {
            said.add(messages.text("window.map.more", Integer.toString(count - 1)));
        }
        return said;
    }

    /** The overlap of the machine's that a region is, or lies in. */
    Optional<Overlap> overlap(int item) {
        Machine known = machine;
        if (known == null || tree.kind(item) != RegionKind.OVERLAP) {
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
    Optional<Integer> enclosingBar(int item) {
        for (int at = item; at != MapTree.ROOT; at = tree.parent(at)) {
            if (tree.kind(at) == RegionKind.BAR) {
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
                : enclosingBar(item)
                        .flatMap(bar -> PciAddress.parse(tree.name(bar)))
                        .flatMap(address -> known.gpus().stream()
                                .filter(gpu -> gpu.functions().stream()
                                        .anyMatch(function -> function.address().equals(address)))
                                .findFirst());
    }

    /** {@code BAR 1 of NVIDIA GeForce GTX 1080}, as far as that is known. */
    private String describeBar(int bar) {
        String address = PciAddress.parse(tree.name(bar)).map(PciAddress::toShortString).orElse(tree.name(bar));
        String of = device(bar).map(PciDevice::name).orElse(address);
        return bar(bar)
                .map(known -> messages.text("window.map.bar-of", messages.formatBar(known.index()), of))
                .orElseGet(() -> messages.text("window.map.some-bar-of", of));
    }

    /** How an item is called in the middle of a sentence. */
    private String nameInSentence(int item) {
        return tree.kind(item) == RegionKind.BAR ? describeBar(item) : tree.name(item);
    }

    /** What there is to know about an item, a line each. */
    List<String> detailLines(int item) {
        List<String> facts = new ArrayList<>();
        range(item).ifPresent(range -> {
            facts.add(messages.text("window.map.range", range.toString()));
            facts.add(messages.text("window.map.size", messages.formatSize(range.length()), formatBytes(range), formatHex(range)));
        });
        if (tree.map().addressesHidden() && range(item).isEmpty() && tree.kind(item).isRegion()) {
            facts.add(messages.text("window.map.address-hidden"));
        }
        if (tree.change(item) != RegionChange.UNCHANGED) {
            facts.add(messages.text(
                    tree.change(item) == RegionChange.REMOVED ? "window.map.removed.fact" : "window.map.added.fact"));
        }
        switch (tree.kind(item)) {
            case BAR -> {
                facts.add(describeBar(item));
                device(item).ifPresent(device -> facts.add(messages.text("window.map.driver", messages.formatDriver(device))));
            }
            case OVERLAP -> addOverlapDetails(item, facts);
            case DRIVER -> enclosingBar(item).ifPresent(bar -> facts.add(messages.text("window.map.claimed", nameInSentence(bar))));
            case GAP -> facts.add(messages.text("window.map.gap.fact", enclosingName(tree.parent(item))));
            default -> {
                int parts = tree.regionCount(tree.childrenStart(item), tree.childrenEnd(item));
                if (parts > 0) {
                    facts.add(messages.text(
                            parts == 1 ? "window.map.parts.one" : "window.map.parts.many", Integer.toString(parts)));
                }
            }
        }
        return facts;
    }

    private void addOverlapDetails(int item, List<String> facts) {
        enclosingBar(item).ifPresent(bar -> {
            if (!tree.hasAddresses()) {
                facts.add(messages.text("window.map.lies-in", describeBar(bar)));
                return;
            }
            String percent = new MemoryMapMessages(messages).formatPercentage(tree.range(item), tree.range(bar));
            facts.add(messages.text(
                    tree.first(item) == tree.first(bar) ? "window.map.covers.start" : "window.map.covers",
                    percent,
                    describeBar(bar)));
        });
        overlap(item).ifPresent(overlap -> facts.add(messages.formatVerdict(overlap)));
    }

    private String enclosingName(int item) {
        return item == MapTree.ROOT ? messages.text("window.map.whole") : nameInSentence(item);
    }

    private String formatBytes(AddressRange range) {
        return range.length() > 0
                ? NumberFormat.getIntegerInstance(messages.locale()).format(range.length())
                : range.length() == 0 ? "2^64" : Long.toUnsignedString(range.length());
    }

    private static String formatHex(AddressRange range) {
        return range.length() == 0 ? "0x10000000000000000" : "0x" + Long.toHexString(range.length());
    }

    /** What is at an address, a sentence. */
    String describeAddress(long address) {
        String typed = String.format("%08x", address);
        int item = tree.itemAt(address);
        if (item == MapTree.ROOT) {
            return messages.text("window.map.at.past", typed);
        }
        int around = tree.parent(item);
        return switch (tree.kind(item)) {
            case GAP ->
                around == MapTree.ROOT
                        ? messages.text("window.map.at.gap", typed, size(item))
                        : messages.text("window.map.at.gap.inside", typed, size(item), nameInSentence(around));
            case UNCOVERED -> messages.text("window.map.at.uncovered", typed, nameInSentence(around));
            default -> messages.text("window.map.at.region", typed, nameInSentence(item), tree.range(item).toString());
        };
    }

    /** The line of the listing; for a gap and for the whole its range and what it is. */
    String listingLine(int item) {
        return tree.region(item)
                .map(Region::toLine)
                .orElseGet(() -> tree.range(item) + " : " + label(item));
    }

    /** The lines of everything around an item and its own, nested as in the listing. */
    String listingLinesWithParents(int item) {
        StringBuilder lines = new StringBuilder();
        int depth = 0;
        for (int at : tree.pathFromRoot(item)) {
            if (at != MapTree.ROOT || item == MapTree.ROOT) {
                lines.append("  ".repeat(depth++)).append(listingLine(at)).append('\n');
            }
        }
        return lines.toString();
    }

    /** What to paste into a report about an item: where it lies, whose that is, and what follows. */
    String bugReportText(int item) {
        StringBuilder report = new StringBuilder(listingLinesWithParents(item));
        for (int part = tree.childrenStart(item); part < tree.childrenEnd(item); part++) {
            if (tree.kind(part).isRegion()) {
                report.repeat("  ", tree.depth(part) - 1).append(listingLine(part)).append('\n');
            }
        }
        Machine known = machine;
        if (known != null) {
            report.append('\n');
            enclosingBar(item).flatMap(this::device).ifPresent(device -> report.append(messages.text(
                            "window.map.report.device",
                            device.address().toString(),
                            device.name(),
                            device.ids().toString(),
                            messages.formatDriver(device)))
                    .append('\n'));
            overlap(item).ifPresent(overlap -> report.append(messages.formatVerdict(overlap)).append('\n'));
            report.append(messages.text("window.map.report.kernel", known.kernelVersion().release()))
                    .append('\n');
        }
        return report.toString();
    }
}
