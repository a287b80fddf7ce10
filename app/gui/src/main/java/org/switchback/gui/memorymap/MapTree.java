package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Region;

/**
 * A memory map in flat arrays: the whole, its regions and what lies between them, each an <em>item</em> with a number.
 * Items are numbered level by level, and within a level by address, so the parts of an item follow each other and leave
 * nothing out. In a map without addresses there is nothing between the regions, and the order is that of the listing.
 */
final class MapTree {
    /** The item that holds all others. */
    static final int ROOT = 0;

    /** What overlaps still deeper is left out: nobody could see it. */
    private static final int MAX_DEPTH = 100;

    private final MemoryMap map;
    private final int size;
    private final long[] first;
    private final long[] last;
    private final int[] parent;
    private final int[] childrenStart;
    private final int[] childrenEnd;
    private final int[] listingOrder;
    private final int[] regionPrefixCounts;
    private final int[] highlightPrefixCounts;
    private final byte[] depth;
    private final byte[] subtreeHeight;
    private final RegionKind[] kind;
    private final RegionChange[] change;
    private final @Nullable Region[] region;
    private final int[] overlaps;

    /** A map by itself. */
    static MapTree of(MemoryMap map) {
        return of(map, Set.of());
    }

    /** @param foreign regions inside BARs that do not belong to the function's driver, whatever their names */
    static MapTree of(MemoryMap map, Set<Region> foreign) {
        return new MapTree(new MapTreeBuilder(map, foreign, Map.of(), Map.of()));
    }

    /** Two maps in one, so that nothing moves between them; what only one of them has is marked. */
    static MapTree compare(MemoryMap before, MemoryMapDiff changes) {
        return new MapTree(new MapTreeBuilder(
                MemoryMap.union(before, changes.added()),
                Set.of(),
                countByKey(changes.removed()),
                countByKey(changes.added())));
    }

    private static Map<RegionKey, Integer> countByKey(List<Region> regions) {
        Map<RegionKey, Integer> counts = new HashMap<>();
        regions.forEach(region -> counts.merge(RegionKey.of(region), 1, Integer::sum));
        return counts;
    }

    private record RegionKey(AddressRange range, String name) {
        static RegionKey of(Region region) {
            return new RegionKey(region.range(), region.name());
        }
    }

    private MapTree(MapTreeBuilder built) {
        map = built.map;
        size = built.size;
        first = Arrays.copyOf(built.first, size);
        last = Arrays.copyOf(built.last, size);
        parent = Arrays.copyOf(built.parent, size);
        kind = Arrays.copyOf(built.kind, size);
        change = Arrays.copyOf(built.change, size);
        region = Arrays.copyOf(built.region, size);
        childrenStart = Arrays.copyOf(built.childrenStart, size);
        childrenEnd = Arrays.copyOf(built.childrenEnd, size);
        depth = Arrays.copyOf(built.depth, size);
        subtreeHeight = new byte[size];
        listingOrder = new int[size];
        regionPrefixCounts = new int[size + 1];
        highlightPrefixCounts = new int[size + 1];
        int[] whole = new int[size];
        boolean[] alarm = new boolean[size];
        for (int i = size - 1; i >= 0; i--) {
            whole[i]++;
            alarm[i] |= kind[i] == RegionKind.OVERLAP || change[i] != RegionChange.UNCHANGED;
            if (i > 0) {
                whole[parent[i]] += whole[i];
                subtreeHeight[parent[i]] = (byte) Math.max(subtreeHeight[parent[i]], subtreeHeight[i] + 1);
                alarm[parent[i]] |= alarm[i];
            }
        }
        for (int i = 0; i < size; i++) {
            int next = listingOrder[i] + 1;
            for (int child = childrenStart[i]; child < childrenEnd[i]; child++) {
                listingOrder[child] = next;
                next += whole[child];
            }
            regionPrefixCounts[i + 1] = regionPrefixCounts[i] + (kind[i].isRegion() ? 1 : 0);
            highlightPrefixCounts[i + 1] = highlightPrefixCounts[i] + (alarm[i] ? 1 : 0);
        }
        overlaps = findAll(item -> kind[item] == RegionKind.OVERLAP && kind[parent[item]] != RegionKind.OVERLAP);
    }

    MemoryMap map() {
        return map;
    }

    int size() {
        return size;
    }

    /** Whether the items have addresses. */
    boolean hasAddresses() {
        return !map.addressesHidden() && size > 1;
    }

    RegionKind kind(int item) {
        return kind[item];
    }

    RegionChange change(int item) {
        return change[item];
    }

    /** Lowest address that the item has to itself or shares with its parts; two regions that overlap are told apart. */
    long first(int item) {
        return first[item];
    }

    /** Highest address, inclusive. */
    long last(int item) {
        return last[item];
    }

    AddressRange range(int item) {
        return new AddressRange(first[item], last[item]);
    }

    /** Bytes, unsigned; 0 stands for 2^64. */
    long length(int item) {
        return last[item] - first[item] + 1;
    }

    /** The claim; empty for the whole and for what lies between regions. */
    Optional<Region> region(int item) {
        return Optional.ofNullable(region[item]);
    }

    String name(int item) {
        Region claimed = region[item];
        return claimed == null ? "" : claimed.name();
    }

    /** The item around an item; the whole is around itself. */
    int parent(int item) {
        return parent[item];
    }

    /** First of the parts of an item. */
    int childrenStart(int item) {
        return childrenStart[item];
    }

    /** After the last of the parts of an item; equal to {@link #childrenStart} for one without parts. */
    int childrenEnd(int item) {
        return childrenEnd[item];
    }

    /** How many items are around it. */
    int depth(int item) {
        return depth[item];
    }

    /** How many levels of parts an item has. */
    int subtreeHeight(int item) {
        return subtreeHeight[item];
    }

    /** Place in the listing: an item comes before its parts, and they before what follows it. */
    int listingOrder(int item) {
        return listingOrder[item];
    }

    /** Regions among the items from one to before another, which have the same parent. */
    int regionCount(int from, int to) {
        return regionPrefixCounts[to] - regionPrefixCounts[from];
    }

    /** The first of some items that is an overlap or a change, or has one inside; -1 when there is none. */
    int firstHighlighted(int from, int to) {
        if (highlightPrefixCounts[to] == highlightPrefixCounts[from]) {
            return -1;
        }
        int low = from;
        int high = to - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (highlightPrefixCounts[middle + 1] > highlightPrefixCounts[from]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The innermost item at an address: also a gap. The whole when the address is past its end. */
    int itemAt(long address) {
        int item = ROOT;
        while (childrenStart[item] < childrenEnd[item]) {
            int low = childrenStart[item];
            int high = childrenEnd[item] - 1;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (Long.compareUnsigned(first[middle], address) <= 0) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            if (Long.compareUnsigned(address, first[low]) < 0 || Long.compareUnsigned(address, last[low]) > 0) {
                return item;
            }
            item = low;
        }
        return item;
    }

    /** The item and everything around it, from the whole down to the item. */
    List<Integer> pathFromRoot(int item) {
        List<Integer> path = new ArrayList<>();
        for (int at = item; at != ROOT; at = parent[at]) {
            path.add(at);
        }
        path.add(ROOT);
        return path.reversed();
    }

    /** Whether an item is another one or lies in it. */
    boolean isWithin(int item, int around) {
        int at = item;
        while (depth[at] > depth[around]) {
            at = parent[at];
        }
        return at == around;
    }

    /** Every item whose number passes, in the order of the listing. */
    int[] findAll(IntPredicate test) {
        return IntStream.range(0, size)
                .filter(test)
                .boxed()
                .sorted((a, b) -> Integer.compare(listingOrder[a], listingOrder[b]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** The outermost overlaps, by address. */
    int[] overlaps() {
        return overlaps.clone();
    }

    /** The item of the same name and range in another map; the whole when it is not there. */
    int findMatching(MapTree other, int item) {
        if (other.region[item] == null) {
            return ROOT;
        }
        int like = itemAt(other.first[item]);
        for (int found : pathFromRoot(like).reversed()) {
            if (last[found] == other.last[item] && name(found).equals(other.name(item))) {
                return found;
            }
        }
        return ROOT;
    }

    private static final class MapTreeBuilder {
        final MemoryMap map;
        final Set<Region> foreignRegions;
        final Map<RegionKey, Integer> removed;
        final Map<RegionKey, Integer> added;
        long[] first = new long[256];
        long[] last = new long[256];
        int[] parent = new int[256];
        byte[] depth = new byte[256];
        int[] childrenStart = new int[256];
        int[] childrenEnd = new int[256];
        RegionKind[] kind = new RegionKind[256];
        RegionChange[] change = new RegionChange[256];
        @Nullable Region[] region = new Region[256];
        final Map<Integer, List<Region>> reparented = new HashMap<>();
        int size;

        MapTreeBuilder(MemoryMap map, Set<Region> foreignRegions, Map<RegionKey, Integer> removed, Map<RegionKey, Integer> added) {
            this.map = map;
            this.foreignRegions = foreignRegions;
            this.removed = removed;
            this.added = added;
            long end = 0;
            for (Region root : map.roots()) {
                end = Long.compareUnsigned(root.range().last(), end) > 0
                        ? root.range().last()
                        : end;
            }
            add(0, end, 0, RegionKind.ROOT, null);
            for (int item = 0; item < size; item++) {
                childrenStart[item] = size;
                Region claimed = region[item];
                List<Region> parts = item == ROOT ? map.roots() : claimed == null ? List.of() : claimed.children();
                List<Region> more = reparented.remove(item);
                if (more != null) {
                    parts = new ArrayList<>(parts);
                    parts.addAll(more);
                }
                if (!parts.isEmpty()) {
                    if (map.addressesHidden()) {
                        for (Region part : parts) {
                            add(0, 0, item, part);
                        }
                    } else {
                        addSorted(item, parts);
                    }
                }
                childrenEnd[item] = size;
            }
        }

        private void addSorted(int around, List<Region> parts) {
            List<Region> sorted = new ArrayList<>(parts);
            sorted.sort(Region.BY_ADDRESS);
            RegionKind between = kind[around].fillerKind();
            long next = first[around];
            boolean full = false;
            int before = -1;
            for (Region part : sorted) {
                long from = part.range().first();
                long to = part.range().last();
                if (full || (next != 0 && Long.compareUnsigned(to, next) < 0)) {
                    // Listed out of its place, it lies in the one before. No kernel lists regions that overlap in part;
                    // of those that a text does, what lies in the shared part is shown once.
                    if (before >= 0 && depth[before] < MAX_DEPTH) {
                        // A second listing of the same computer has the same regions again: its own are shown with theirs.
                        boolean again = part.range().equals(region[before].range())
                                && part.name().equals(region[before].name());
                        reparented.computeIfAbsent(before, none -> new ArrayList<>())
                                .addAll(again ? part.children() : List.of(part));
                    }
                    continue;
                }
                if (Long.compareUnsigned(from, next) > 0) {
                    add(next, from - 1, around, between, null);
                } else {
                    from = next;
                }
                before = size;
                add(from, to, around, part);
                next = to + 1;
                full = to == last[around];
            }
            if (!full) {
                add(next, last[around], around, between, null);
            }
        }

        private void add(long from, long to, int around, Region part) {
            add(from, to, around, kindOf(part, kind[around]), part);
            change[size - 1] = takeOne(removed, part) ? RegionChange.REMOVED : takeOne(added, part) ? RegionChange.ADDED : RegionChange.UNCHANGED;
        }

        private static boolean takeOne(Map<RegionKey, Integer> from, Region part) {
            return !from.isEmpty() && from.merge(RegionKey.of(part), -1, Integer::sum) >= 0;
        }

        private RegionKind kindOf(Region part, RegionKind around) {
            RegionKind kindByName = RegionKind.of(part.name(), around);
            return kindByName == RegionKind.DRIVER && foreignRegions.contains(part) ? RegionKind.OVERLAP : kindByName;
        }

        private void add(long from, long to, int around, RegionKind what, @Nullable Region claimed) {
            if (size == first.length) {
                int more = size * 2;
                first = Arrays.copyOf(first, more);
                last = Arrays.copyOf(last, more);
                parent = Arrays.copyOf(parent, more);
                depth = Arrays.copyOf(depth, more);
                childrenStart = Arrays.copyOf(childrenStart, more);
                childrenEnd = Arrays.copyOf(childrenEnd, more);
                kind = Arrays.copyOf(kind, more);
                change = Arrays.copyOf(change, more);
                region = Arrays.copyOf(region, more);
            }
            first[size] = from;
            last[size] = to;
            parent[size] = around;
            depth[size] = (byte) (size == ROOT ? 0 : depth[around] + 1);
            kind[size] = what;
            change[size] = RegionChange.UNCHANGED;
            region[size] = claimed;
            size++;
        }
    }
}
