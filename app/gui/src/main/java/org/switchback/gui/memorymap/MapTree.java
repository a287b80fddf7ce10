package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Region;

/**
 * A memory map as a tree. Each node is an <em>item</em> with an index: the root, the regions and the addresses between
 * them. Items are numbered level by level and by address within a level, so the children of an item have consecutive
 * indexes and cover it completely. In a map without addresses there are only regions, in the order of the listing.
 */
final class MapTree {
    /** The item that contains all others. */
    static final int ROOT = 0;

    /** Partly overlapping regions are nested up to this depth; deeper ones would be invisible and are dropped. */
    private static final int MAX_DEPTH = 100;

    private final MemoryMap map;
    private final List<Item> items;
    private final int[] childrenStart;
    private final int[] childrenEnd;
    private final int[] listingOrder;
    private final int[] regionPrefixCounts;
    private final int[] highlightPrefixCounts;
    private final int[] subtreeHeight;
    private final List<Integer> overlaps;

    private record Item(
            long first,
            long last,
            int parent,
            int depth,
            RegionKind kind,
            RegionChange change,
            @Nullable Region region) {}

    /** A tree of a single map. */
    static MapTree of(MemoryMap map) {
        return of(map, Set.of());
    }

    /** @param foreign regions inside BARs that do not belong to the function's driver, regardless of their names */
    static MapTree of(MemoryMap map, Set<Region> foreign) {
        return new MapTree(new MapTreeBuilder(map, foreign, Map.of(), Map.of()));
    }

    /** A tree of the union of two maps, so that unchanged regions keep their positions; the others are marked. */
    static MapTree compare(MemoryMap before, MemoryMapDiff changes) {
        return new MapTree(new MapTreeBuilder(
                MemoryMap.union(before, changes.added()),
                Set.of(),
                countOccurrences(changes.removed()),
                countOccurrences(changes.added())));
    }

    /** The number of occurrences of each region; mutable. */
    private static Map<Region, Integer> countOccurrences(List<Region> regions) {
        return regions.stream()
                .collect(Collectors.toMap(Region::withoutChildren, region -> 1, Integer::sum, HashMap::new));
    }

    private MapTree(MapTreeBuilder builder) {
        map = builder.map;
        items = builder.items;
        int size = items.size();
        childrenStart = new int[size];
        childrenEnd = new int[size];
        subtreeHeight = new int[size];
        listingOrder = new int[size];
        regionPrefixCounts = new int[size + 1];
        highlightPrefixCounts = new int[size + 1];
        int[] subtreeSizes = new int[size];
        boolean[] highlighted = new boolean[size];
        for (int i = size - 1; i >= 0; i--) {
            subtreeSizes[i]++;
            highlighted[i] |= kind(i) == RegionKind.OVERLAP || change(i) != RegionChange.UNCHANGED;
            if (i > 0) {
                int parent = parent(i);
                childrenStart[parent] = i;
                childrenEnd[parent] = Math.max(childrenEnd[parent], i + 1);
                subtreeSizes[parent] += subtreeSizes[i];
                subtreeHeight[parent] = Math.max(subtreeHeight[parent], subtreeHeight[i] + 1);
                highlighted[parent] |= highlighted[i];
            }
        }
        for (int i = 0; i < size; i++) {
            int next = listingOrder[i] + 1;
            for (int child = childrenStart[i]; child < childrenEnd[i]; child++) {
                listingOrder[child] = next;
                next += subtreeSizes[child];
            }
            regionPrefixCounts[i + 1] = regionPrefixCounts[i] + (kind(i).isRegion() ? 1 : 0);
            highlightPrefixCounts[i + 1] = highlightPrefixCounts[i] + (highlighted[i] ? 1 : 0);
        }
        overlaps = findAll(item -> kind(item) == RegionKind.OVERLAP && kind(parent(item)) != RegionKind.OVERLAP);
    }

    MemoryMap map() {
        return map;
    }

    int size() {
        return items.size();
    }

    /** Whether the items have addresses. */
    boolean hasAddresses() {
        return !map.addressesHidden() && size() > 1;
    }

    RegionKind kind(int item) {
        return items.get(item).kind();
    }

    RegionChange change(int item) {
        return items.get(item).change();
    }

    /** Lowest address of the item; addresses that an overlapping sibling before it covers are not included. */
    long first(int item) {
        return items.get(item).first();
    }

    /** Highest address, inclusive. */
    long last(int item) {
        return items.get(item).last();
    }

    AddressRange range(int item) {
        return new AddressRange(first(item), last(item));
    }

    /** Bytes, unsigned; 0 stands for 2^64. */
    long length(int item) {
        return last(item) - first(item) + 1;
    }

    /** The region; empty for the root and for addresses between regions. */
    Optional<Region> region(int item) {
        return Optional.ofNullable(items.get(item).region());
    }

    String name(int item) {
        return region(item).map(Region::name).orElse("");
    }

    /** The parent of an item; the root is its own parent. */
    int parent(int item) {
        return items.get(item).parent();
    }

    /** Index of the first child of an item. */
    int childrenStart(int item) {
        return childrenStart[item];
    }

    /** Index after the last child of an item; equal to {@link #childrenStart} if there are no children. */
    int childrenEnd(int item) {
        return childrenEnd[item];
    }

    boolean hasChildren(int item) {
        return childrenStart[item] < childrenEnd[item];
    }

    /** Number of ancestors. */
    int depth(int item) {
        return items.get(item).depth();
    }

    /** Number of levels below an item. */
    int subtreeHeight(int item) {
        return subtreeHeight[item];
    }

    /** Position in the listing (preorder): an item is before its children, and they are before its next sibling. */
    int listingOrder(int item) {
        return listingOrder[item];
    }

    /** Number of regions among the items {@code from} (inclusive) to {@code to} (exclusive). */
    int regionCount(int from, int to) {
        return regionPrefixCounts[to] - regionPrefixCounts[from];
    }

    /**
     * The first of the items {@code from} (inclusive) to {@code to} (exclusive) that is or contains an overlap or a
     * change; -1 when there is none.
     */
    int firstHighlighted(int from, int to) {
        int index = BinarySearch.firstIndex(from, to, i -> highlightPrefixCounts[i + 1] > highlightPrefixCounts[from]);
        return index < to ? index : -1;
    }

    /** The innermost item, possibly a gap, at an address; {@link #ROOT} for an address after its end. */
    int itemAt(long address) {
        int item = ROOT;
        while (hasChildren(item)) {
            int next = BinarySearch.firstIndex(
                    childrenStart[item] + 1, childrenEnd[item], i -> Long.compareUnsigned(first(i), address) > 0);
            int child = next - 1;
            if (!range(child).contains(address)) {
                return item;
            }
            item = child;
        }
        return item;
    }

    /** The root, the other ancestors of the item and the item itself, in this order. */
    List<Integer> pathFromRoot(int item) {
        List<Integer> path = new ArrayList<>();
        for (int ancestor = item; ancestor != ROOT; ancestor = parent(ancestor)) {
            path.add(ancestor);
        }
        path.add(ROOT);
        return path.reversed();
    }

    /** Whether an item is another one or one of its descendants. */
    boolean isWithin(int item, int container) {
        int ancestor = item;
        while (depth(ancestor) > depth(container)) {
            ancestor = parent(ancestor);
        }
        return ancestor == container;
    }

    /** All items that pass a test, in the order of the listing. */
    List<Integer> findAll(IntPredicate test) {
        return IntStream.range(0, size())
                .filter(test)
                .boxed()
                .sorted((a, b) -> Integer.compare(listingOrder[a], listingOrder[b]))
                .toList();
    }

    /** The outermost overlaps, in the order of the listing. */
    List<Integer> overlaps() {
        return overlaps;
    }

    /** The added and removed regions of a comparison, in the order of the listing. */
    List<Integer> changes() {
        return findAll(item -> change(item) != RegionChange.UNCHANGED);
    }

    /** The item with the position, name and end of an item of another tree; {@link #ROOT} when there is none. */
    int findMatching(MapTree other, int item) {
        if (other.region(item).isEmpty()) {
            return ROOT;
        }
        for (int candidate : pathFromRoot(itemAt(other.first(item))).reversed()) {
            if (last(candidate) == other.last(item) && name(candidate).equals(other.name(item))) {
                return candidate;
            }
        }
        return ROOT;
    }

    private static final class MapTreeBuilder {
        final MemoryMap map;
        final Set<Region> foreignRegions;
        final Map<Region, Integer> removed;
        final Map<Region, Integer> added;
        final List<Item> items = new ArrayList<>();
        final Map<Integer, List<Region>> reparented = new HashMap<>();

        MapTreeBuilder(
                MemoryMap map, Set<Region> foreignRegions, Map<Region, Integer> removed, Map<Region, Integer> added) {
            this.map = map;
            this.foreignRegions = foreignRegions;
            this.removed = removed;
            this.added = added;
            long end = map.roots().stream()
                    .map(root -> root.range().last())
                    .max(Long::compareUnsigned)
                    .orElse(0L);
            items.add(new Item(0, end, ROOT, 0, RegionKind.ROOT, RegionChange.UNCHANGED, null));
            for (int item = 0; item < items.size(); item++) {
                Region itemRegion = items.get(item).region();
                List<Region> children =
                        item == ROOT ? map.roots() : itemRegion == null ? List.of() : itemRegion.children();
                List<Region> moved = reparented.remove(item);
                if (moved != null) {
                    children = new ArrayList<>(children);
                    children.addAll(moved);
                }
                if (map.addressesHidden()) {
                    for (Region child : children) {
                        add(0, 0, item, child);
                    }
                } else if (!children.isEmpty()) {
                    addSorted(item, children);
                }
            }
        }

        private void addSorted(int parentItem, List<Region> children) {
            List<Region> sorted = new ArrayList<>(children);
            sorted.sort(Region.BY_ADDRESS);
            RegionKind filler = items.get(parentItem).kind().fillerKind();
            long next = items.get(parentItem).first();
            long end = items.get(parentItem).last();
            boolean full = false;
            int previous = -1;
            for (Region child : sorted) {
                long from = child.range().first();
                long to = child.range().last();
                if (full || (next != 0 && Long.compareUnsigned(to, next) < 0)) {
                    // The previous region covers the addresses, so the region becomes its child. The kernel never lists
                    // partly overlapping regions; for dumps that do, the shared addresses appear once.
                    if (previous >= 0 && items.get(previous).depth() < MAX_DEPTH) {
                        // A text with a second listing of the same computer repeats regions: merge their children.
                        Region previousRegion =
                                Objects.requireNonNull(items.get(previous).region());
                        boolean repeated = child.withoutChildren().equals(previousRegion.withoutChildren());
                        reparented
                                .computeIfAbsent(previous, key -> new ArrayList<>())
                                .addAll(repeated ? child.children() : List.of(child));
                    }
                    continue;
                }
                if (Long.compareUnsigned(from, next) > 0) {
                    add(next, from - 1, parentItem, filler, RegionChange.UNCHANGED, null);
                } else {
                    from = next;
                }
                previous = items.size();
                add(from, to, parentItem, child);
                next = to + 1;
                full = to == end;
            }
            if (!full) {
                add(next, end, parentItem, filler, RegionChange.UNCHANGED, null);
            }
        }

        private void add(long from, long to, int parentItem, Region child) {
            RegionChange change = takeOne(removed, child)
                    ? RegionChange.REMOVED
                    : takeOne(added, child) ? RegionChange.ADDED : RegionChange.UNCHANGED;
            add(from, to, parentItem, kindOf(child, items.get(parentItem).kind()), change, child);
        }

        /** Consumes one occurrence of the region; false when none is left. */
        private static boolean takeOne(Map<Region, Integer> counts, Region child) {
            return !counts.isEmpty() && counts.merge(child.withoutChildren(), -1, Integer::sum) >= 0;
        }

        private RegionKind kindOf(Region child, RegionKind parentKind) {
            RegionKind kindByName = RegionKind.of(child.name(), parentKind);
            return kindByName == RegionKind.DRIVER && foreignRegions.contains(child) ? RegionKind.OVERLAP : kindByName;
        }

        private void add(
                long from, long to, int parentItem, RegionKind kind, RegionChange change, @Nullable Region region) {
            int depth = items.get(parentItem).depth() + 1;
            items.add(new Item(from, to, parentItem, depth, kind, change, region));
        }
    }
}
