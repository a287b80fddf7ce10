package org.switchback.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Region;

/** The tree of claimed physical addresses and the rules for claiming more, after kernel/resource.c. */
final class SimulatedResourceTree {
    /** Deepest level that /proc/iomem indents ({@code MAX_IORES_LEVEL}). */
    private static final int MAX_INDENT = 5;

    private final ResourceNode root = new ResourceNode(new AddressRange(0, -1), "PCI mem");
    private final boolean bootfbBusy;

    /** @param bootfbBusy whether sysfb claims BOOTFB for itself alone: it did until c96898342c38 (5.18) */
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
     * Claims a range ({@code __request_region}): it goes as deep as regions that are not busy hold all of it.
     *
     * @return false when a region that is busy, or not wide enough, is in the way (EBUSY)
     */
    boolean request(AddressRange range, String name) {
        ResourceNode parent = root;
        // A region narrower than the range fails here, once it has become the parent.
        while (parent.range.contains(range)) {
            int at = 0;
            while (at < parent.children.size() && parent.children.get(at).isBelow(range)) {
                at++;
            }
            if (at == parent.children.size() || !parent.children.get(at).range.overlaps(range)) {
                parent.children.add(at, new ResourceNode(range, name));
                return true;
            }
            if (isBusy(parent.children.get(at))) {
                return false;
            }
            parent = parent.children.get(at);
        }
        return false;
    }

    /** Takes out every region for which the test holds, and what is in it. */
    void release(Predicate<Region> test) {
        release(root, test);
    }

    private static void release(ResourceNode parent, Predicate<Region> test) {
        parent.children.removeIf(child -> test.test(child.toRegion()));
        parent.children.forEach(child -> release(child, test));
    }

    /** Everything claimed inside a range that the PCI core made a resource of, at any depth; outermost first. */
    List<Region> regionsInside(AddressRange bar, PciAddress function) {
        List<Region> found = new ArrayList<>();
        regionsInside(root, bar, function.toString(), false, found);
        return found;
    }

    private static void regionsInside(ResourceNode parent, AddressRange bar, String name, boolean within, List<Region> found) {
        for (ResourceNode child : parent.children) {
            if (within) {
                found.add(child.toRegion());
            }
            regionsInside(child, bar, name, within || (child.range.equals(bar) && child.name.equals(name)), found);
        }
    }

    /** As /proc/iomem prints it ({@code r_show}), without the last line feed. */
    String toText() {
        List<String> lines = new ArrayList<>();
        appendLines(root, 0, lines);
        return String.join("\n", lines);
    }

    private static void appendLines(ResourceNode parent, int depth, List<String> lines) {
        for (ResourceNode child : parent.children) {
            lines.add("  ".repeat(Math.min(depth, MAX_INDENT)) + child.toRegion().toLine());
            appendLines(child, depth + 1, lines);
        }
    }

    /** The PCI core's own resources leave room for one owner inside, and so does BOOTFB since 5.18. */
    private boolean isBusy(ResourceNode node) {
        boolean roomy = node.name.startsWith("PCI Bus ")
                || PciAddress.parse(node.name).isPresent()
                || (node.name.equals("BOOTFB") && !bootfbBusy);
        return !roomy;
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

        /** Without its children. */
        Region toRegion() {
            return new Region(range, name, List.of());
        }
    }
}
