package org.switchback.gui.memorymap;

import java.text.NumberFormat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** Localized texts about the items of one map. */
final class RegionMessages {
    private final Messages messages;
    private final MapTree tree;
    private final Optional<Machine> machine;
    /** The BARs of a map without addresses, by item; a function's BARs are listed in the order of their addresses. */
    private final Map<Integer, Bar> hiddenBars = new HashMap<>();

    /** @param machine the machine whose map it is; empty for a dump of an unknown one */
    RegionMessages(Messages messages, MapTree tree, Optional<Machine> machine) {
        this.messages = messages;
        this.tree = tree;
        this.machine = machine;
        if (tree.map().addressesHidden()) {
            machine.ifPresent(this::findHiddenBars);
        }
    }

    private void findHiddenBars(Machine known) {
        Map<PciAddress, List<Integer>> items = new HashMap<>();
        for (int item : tree.findAll(i -> tree.kind(i) == RegionKind.BAR)) {
            PciAddress.parse(tree.name(item))
                    .ifPresent(address -> items.computeIfAbsent(address, a -> new ArrayList<>())
                            .add(item));
        }
        items.forEach((address, barItems) -> {
            List<Bar> bars =
                    known.device(address).map(PciDevice::memoryBarsByAddress).orElse(List.of());
            for (int i = 0; bars.size() == barItems.size() && i < barItems.size(); i++) {
                hiddenBars.put(barItems.get(i), bars.get(i));
            }
        });
    }

    /** The PCI function whose BAR the item is; empty for other items and unknown machines. */
    Optional<PciDevice> device(int item) {
        return tree.kind(item) != RegionKind.BAR
                ? Optional.empty()
                : PciAddress.parse(tree.name(item)).flatMap(address -> machine.flatMap(known -> known.device(address)));
    }

    /** The BAR that the item is; empty for other items and unknown machines. */
    Optional<Bar> bar(int item) {
        Bar hidden = hiddenBars.get(item);
        return hidden != null
                ? Optional.of(hidden)
                : device(item).flatMap(device -> device.memoryBars().stream()
                        .filter(bar -> bar.range().equals(tree.range(item)))
                        .findFirst());
    }

    /** The addresses of an item; in a map without addresses, those of a BAR are known from its function. */
    Optional<AddressRange> range(int item) {
        return tree.hasAddresses() ? Optional.of(tree.range(item)) : bar(item).map(Bar::range);
    }

    /** A short name, such as {@code 04:00.0 BAR 1}. */
    String label(int item) {
        return switch (tree.kind(item)) {
            case ROOT -> messages.text("window.map.whole");
            case GAP -> messages.text("window.map.gap");
            case UNCLAIMED -> messages.text("window.map.unclaimed");
            case BAR ->
                bar(item)
                        .map(bar ->
                                messages.text("window.map.bar", shortAddress(item), messages.formatBar(bar.index())))
                        .orElse(shortAddress(item));
            default -> tree.name(item);
        };
    }

    /** The address of the PCI function whose BAR the item is. */
    private String shortAddress(int item) {
        return PciAddress.parse(tree.name(item)).map(PciAddress::toShortString).orElse(tree.name(item));
    }

    /** The formatted size; empty if unknown. */
    String size(int item) {
        return range(item).map(range -> messages.formatSize(range.length())).orElse("");
    }

    /** Label and size, such as {@code BOOTFB · 8.4 MiB}. */
    String caption(int item) {
        String size = size(item);
        return size.isEmpty() ? label(item) : messages.text("window.map.caption", label(item), size);
    }

    /** The driver of the function whose BAR the item is; empty for other items. */
    String driver(int item) {
        return device(item).map(messages::formatDriver).orElse("");
    }

    /** The text for screen readers; parameters as in {@link #tooltipLines}. */
    String accessibleText(int item, int count) {
        return String.join(", ", tooltipLines(item, count));
    }

    /**
     * Label, range, size and state of an item.
     *
     * @param count number of items merged into its box, see {@link Box#count}; 1 for the item alone
     */
    List<String> tooltipLines(int item, int count) {
        List<String> lines = new ArrayList<>();
        lines.add(label(item));
        range(item).ifPresent(range -> lines.add(range.toString()));
        if (!size(item).isEmpty()) {
            lines.add(size(item));
        }
        if (tree.kind(item) == RegionKind.OVERLAP) {
            lines.add(messages.text("window.map.overlaps"));
        }
        switch (tree.change(item)) {
            case REMOVED -> lines.add(messages.text("window.map.removed"));
            case ADDED -> lines.add(messages.text("window.map.added"));
            case UNCHANGED -> {
                // In both maps.
            }
        }
        if (count > 1) {
            lines.add(messages.text("window.map.more", count - 1));
        }
        return lines;
    }

    /** The overlap of the machine to which an overlapping region belongs. */
    Optional<Overlap> overlap(int item) {
        if (tree.kind(item) != RegionKind.OVERLAP) {
            return Optional.empty();
        }
        return gpus().stream()
                .flatMap(gpu -> gpu.overlaps().stream())
                .filter(overlap -> overlap.regions().stream()
                        .anyMatch(region ->
                                tree.region(item).filter(region::equals).isPresent()))
                .findFirst();
    }

    /** The BAR item that is or contains the item, if any. */
    Optional<Integer> enclosingBar(int item) {
        return tree.pathFromRoot(item).reversed().stream()
                .filter(ancestor -> tree.kind(ancestor) == RegionKind.BAR)
                .findFirst();
    }

    /** The GPU in whose BAR the item is. */
    Optional<Gpu> gpu(int item) {
        return enclosingBar(item)
                .flatMap(bar -> PciAddress.parse(tree.name(bar)))
                .flatMap(address -> gpus().stream()
                        .filter(gpu -> gpu.functions().stream()
                                .anyMatch(function -> function.address().equals(address)))
                        .findFirst());
    }

    private List<Gpu> gpus() {
        return machine.map(Machine::gpus).orElse(List.of());
    }

    /** A phrase such as {@code BAR 1 of NVIDIA GeForce GTX 1080}, as far as device and index are known. */
    private String describeBar(int bar) {
        String deviceName = device(bar).map(PciDevice::name).orElse(shortAddress(bar));
        return bar(bar).map(known -> messages.text("window.map.bar-of", messages.formatBar(known.index()), deviceName))
                .orElseGet(() -> messages.text("window.map.some-bar-of", deviceName));
    }

    /** The name of an item within a sentence. */
    private String nameInSentence(int item) {
        return tree.kind(item) == RegionKind.BAR ? describeBar(item) : tree.name(item);
    }

    /** The details of an item, one line each. */
    List<String> detailLines(int item) {
        List<String> details = new ArrayList<>();
        range(item).ifPresent(range -> {
            details.add(messages.text("window.map.range", range));
            details.add(messages.text(
                    "window.map.size", messages.formatSize(range.length()), formatBytes(range), formatHex(range)));
        });
        if (tree.map().addressesHidden()
                && range(item).isEmpty()
                && tree.kind(item).isRegion()) {
            details.add(messages.text("window.map.address-hidden"));
        }
        if (tree.change(item) != RegionChange.UNCHANGED) {
            details.add(messages.text(
                    tree.change(item) == RegionChange.REMOVED ? "window.map.removed.fact" : "window.map.added.fact"));
        }
        switch (tree.kind(item)) {
            case BAR -> {
                details.add(describeBar(item));
                device(item)
                        .ifPresent(device ->
                                details.add(messages.text("window.map.driver", messages.formatDriver(device))));
            }
            case OVERLAP -> addOverlapDetails(item, details);
            case DRIVER ->
                enclosingBar(item)
                        .ifPresent(bar -> details.add(messages.text("window.map.claimed", nameInSentence(bar))));
            case GAP -> details.add(messages.text("window.map.gap.fact", enclosingName(tree.parent(item))));
            default -> {
                int children = tree.regionCount(tree.childrenStart(item), tree.childrenEnd(item));
                if (children > 0) {
                    details.add(messages.formatCount("window.map.parts", children));
                }
            }
        }
        return details;
    }

    private void addOverlapDetails(int item, List<String> details) {
        enclosingBar(item).ifPresent(bar -> {
            if (!tree.hasAddresses()) {
                details.add(messages.text("window.map.lies-in", describeBar(bar)));
                return;
            }
            String percent = new MemoryMapMessages(messages).formatPercentage(tree.range(item), tree.range(bar));
            details.add(messages.text(
                    tree.first(item) == tree.first(bar) ? "window.map.covers.start" : "window.map.covers",
                    percent,
                    describeBar(bar)));
        });
        overlap(item).ifPresent(overlap -> details.add(messages.formatVerdict(overlap)));
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

    /** A sentence about the item at an address. */
    String describeAddress(long address) {
        String addressText = String.format("%08x", address);
        int item = tree.itemAt(address);
        if (item == MapTree.ROOT) {
            return messages.text("window.map.at.past", addressText);
        }
        int parent = tree.parent(item);
        return switch (tree.kind(item)) {
            case GAP ->
                parent == MapTree.ROOT
                        ? messages.text("window.map.at.gap", addressText, size(item))
                        : messages.text("window.map.at.gap.inside", addressText, size(item), nameInSentence(parent));
            case UNCLAIMED -> messages.text("window.map.at.unclaimed", addressText, nameInSentence(parent));
            default -> messages.text("window.map.at.region", addressText, nameInSentence(item), tree.range(item));
        };
    }

    /** The line of the listing; for items without a region, such as gaps, range and label in the same format. */
    String listingLine(int item) {
        return tree.region(item).map(Region::toLine).orElseGet(() -> tree.range(item) + " : " + label(item));
    }

    /** The lines of an item and its ancestors, indented as in the listing. */
    String listingLinesWithParents(int item) {
        StringBuilder lines = new StringBuilder();
        int depth = 0;
        for (int ancestor : tree.pathFromRoot(item)) {
            if (ancestor != MapTree.ROOT || item == MapTree.ROOT) {
                lines.append("  ".repeat(depth++)).append(listingLine(ancestor)).append('\n');
            }
        }
        return lines.toString();
    }

    /** A text for bug reports: the item with ancestors and children, its device, the verdict and the kernel version. */
    String bugReportText(int item) {
        StringBuilder report = new StringBuilder(listingLinesWithParents(item));
        for (int child = tree.childrenStart(item); child < tree.childrenEnd(item); child++) {
            if (tree.kind(child).isRegion()) {
                report.repeat("  ", tree.depth(child) - 1)
                        .append(listingLine(child))
                        .append('\n');
            }
        }
        machine.ifPresent(known -> {
            report.append('\n');
            enclosingBar(item).flatMap(this::device).ifPresent(device -> report.append(messages.text(
                            "window.map.report.device",
                            device.address(),
                            device.name(),
                            device.ids(),
                            messages.formatDriver(device)))
                    .append('\n'));
            overlap(item).ifPresent(overlap -> report.append(messages.formatVerdict(overlap))
                    .append('\n'));
            report.append(messages.text(
                            "window.map.report.kernel", known.kernelVersion().release()))
                    .append('\n');
        });
        return report.toString();
    }
}
