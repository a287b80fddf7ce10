package org.switchback.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Region;

/** The tree of claimed physical address ranges, with the rules of kernel/resource.c for further claims. */
final class SimulatedResourceTree {
    /** Deepest indentation level of /proc/iomem ({@code MAX_IORES_LEVEL}). */
    private static final int MAX_INDENT = 5;

    private final ResourceNode root = new ResourceNode(new AddressRange(0, -1), "PCI mem");
    private final boolean bootfbBusy;

    /** @param bootfbBusy whether sysfb claims BOOTFB exclusively, as it did until c96898342c38 (5.18) */
    SimulatedResourceTree(MemoryMap map, boolean bootfbBusy) {
        this.bootfbBusy = bootfbBusy;
        map.roots().forEach(region -> root.children.add(copy(region)));
    }

    private static ResourceNode copy(Region region) {
        ResourceNode node = new ResourceNode(region.range(), region.name());
        region.children().forEach(child -> node.children.add(copy(child)));
        return node;
    }

    /**
     * Claims a range ({@code __request_region}) inside the deepest region that contains all of it and is not busy.
     *
     * @return false when the range overlaps a region that is busy or does not contain all of it (EBUSY)
     */
    boolean request(AddressRange range, String name) {
        ResourceNode parent = root;
        // The loop ends when the new parent does not contain the whole range.
        while (parent.range.contains(range)) {
            int index = 0;
            while (index < parent.children.size() && parent.children.get(index).isBelow(range)) {
                index++;
            }
            if (index == parent.children.size()
                    || !parent.children.get(index).range.overlaps(range)) {
                parent.children.add(index, new ResourceNode(range, name));
                return true;
            }
            if (isBusy(parent.children.get(index))) {
                return false;
            }
            parent = parent.children.get(index);
        }
        return false;
    }

    /** Removes every matching region with its children. */
    void release(Predicate<Region> filter) {
        release(root, filter);
    }

    private static void release(ResourceNode parent, Predicate<Region> filter) {
        parent.children.removeIf(child -> filter.test(child.toRegion()));
        parent.children.forEach(child -> release(child, filter));
    }

    /** All regions inside the resource that the PCI core created for a BAR, at any depth; outermost first. */
    List<Region> regionsInside(AddressRange bar, PciAddress function) {
        List<Region> found = new ArrayList<>();
        regionsInside(root, bar, function.toString(), false, found);
        return found;
    }

    private static void regionsInside(
            ResourceNode parent, AddressRange bar, String name, boolean isInside, List<Region> found) {
        for (ResourceNode child : parent.children) {
            if (isInside) {
                found.add(child.toRegion());
            }
            regionsInside(child, bar, name, isInside || (child.range.equals(bar) && child.name.equals(name)), found);
        }
    }

    /** The content of /proc/iomem ({@code r_show}), without the last line feed. */
    String toText() {
        List<String> lines = new ArrayList<>();
        appendLines(root, 0, lines);
        return String.join("\n", lines);
    }

    private static void appendLines(ResourceNode parent, int depth, List<String> lines) {
        for (ResourceNode child : parent.children) {
            lines.add(
                    "  ".repeat(Math.min(depth, MAX_INDENT)) + child.toRegion().toLine());
            appendLines(child, depth + 1, lines);
        }
    }

    /** Resources of the PCI core allow claims inside them, and so does BOOTFB since 5.18. */
    private boolean isBusy(ResourceNode node) {
        boolean allowsClaims = node.name.startsWith("PCI Bus ")
                || PciAddress.parse(node.name).isPresent()
                || (node.name.equals("BOOTFB") && !bootfbBusy);
        return !allowsClaims;
    }

    private static final class ResourceNode {
        private final AddressRange range;
        private final String name;
        private final List<ResourceNode> children = new ArrayList<>();

        ResourceNode(AddressRange range, String name) {
            this.range = range;
            this.name = name;
        }

        boolean isBelow(AddressRange other) {
            return Long.compareUnsigned(range.last(), other.first()) < 0;
        }

        /** The region without its children. */
        Region toRegion() {
            return new Region(range, name, List.of());
        }
    }
}
