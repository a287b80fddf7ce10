package org.switchback.app.memorymap;

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
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Region;

/**
 * A memory map in flat arrays: the whole, its regions and what lies between them, each an <em>item</em> with a number.
 * Items are numbered level by level, and within a level by address, so the parts of an item follow each other and leave
 * nothing out. In a map without addresses there is nothing between the regions, and the order is that of the listing.
 */
final class MapTree {
    /** The item that holds all others. */
    static final int WHOLE = 0;

    /** What overlaps still deeper is left out: nobody could see it. */
    private static final int DEEPEST = 100;

    private final MemoryMap map;
    private final int size;
    private final long[] first;
    private final long[] last;
    private final int[] parent;
    private final int[] childFrom;
    private final int[] childTo;
    private final int[] order;
    private final int[] regionsBefore;
    private final int[] alarmsBefore;
    private final byte[] depth;
    private final byte[] below;
    private final Kind[] kind;
    private final Mark[] mark;
    private final @Nullable Region[] region;
    private final int[] overlaps;

    /** A map by itself. */
    static MapTree of(MemoryMap map) {
        return of(map, Set.of());
    }

    /** @param foreign regions inside BARs that do not belong to the function's driver, whatever their names */
    static MapTree of(MemoryMap map, Set<Region> foreign) {
        return new MapTree(new Builder(map, foreign, Map.of(), Map.of()));
    }

    /** Two maps in one, so that nothing moves between them; what only one of them has is marked. */
    static MapTree compare(MemoryMap before, MapChanges changes) {
        return new MapTree(new Builder(
                MemoryMap.union(before, changes.added()),
                Set.of(),
                counted(changes.removed()),
                counted(changes.added())));
    }

    private static Map<Place, Integer> counted(List<Region> regions) {
        Map<Place, Integer> counts = new HashMap<>();
        regions.forEach(region -> counts.merge(Place.of(region), 1, Integer::sum));
        return counts;
    }

    private record Place(AddressRange range, String name) {
        static Place of(Region region) {
            return new Place(region.range(), region.name());
        }
    }

    private MapTree(Builder built) {
        map = built.map;
        size = built.size;
        first = Arrays.copyOf(built.first, size);
        last = Arrays.copyOf(built.last, size);
        parent = Arrays.copyOf(built.parent, size);
        kind = Arrays.copyOf(built.kind, size);
        mark = Arrays.copyOf(built.mark, size);
        region = Arrays.copyOf(built.region, size);
        childFrom = Arrays.copyOf(built.childFrom, size);
        childTo = Arrays.copyOf(built.childTo, size);
        depth = Arrays.copyOf(built.depth, size);
        below = new byte[size];
        order = new int[size];
        regionsBefore = new int[size + 1];
        alarmsBefore = new int[size + 1];
        int[] whole = new int[size];
        boolean[] alarm = new boolean[size];
        for (int i = size - 1; i >= 0; i--) {
            whole[i]++;
            alarm[i] |= kind[i] == Kind.OVERLAP || mark[i] != Mark.SAME;
            if (i > 0) {
                whole[parent[i]] += whole[i];
                below[parent[i]] = (byte) Math.max(below[parent[i]], below[i] + 1);
                alarm[parent[i]] |= alarm[i];
            }
        }
        for (int i = 0; i < size; i++) {
            int next = order[i] + 1;
            for (int child = childFrom[i]; child < childTo[i]; child++) {
                order[child] = next;
                next += whole[child];
            }
            regionsBefore[i + 1] = regionsBefore[i] + (kind[i].isRegion() ? 1 : 0);
            alarmsBefore[i + 1] = alarmsBefore[i] + (alarm[i] ? 1 : 0);
        }
        overlaps = find(item -> kind[item] == Kind.OVERLAP && kind[parent[item]] != Kind.OVERLAP);
    }

    MemoryMap map() {
        return map;
    }

    int size() {
        return size;
    }

    /** Whether the items have addresses. */
    boolean addressed() {
        return !map.hidden() && size > 1;
    }

    Kind kind(int item) {
        return kind[item];
    }

    Mark mark(int item) {
        return mark[item];
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
    int childFrom(int item) {
        return childFrom[item];
    }

    /** After the last of the parts of an item; equal to {@link #childFrom} for one without parts. */
    int childTo(int item) {
        return childTo[item];
    }

    /** How many items are around it. */
    int depth(int item) {
        return depth[item];
    }

    /** How many levels of parts an item has. */
    int below(int item) {
        return below[item];
    }

    /** Place in the listing: an item comes before its parts, and they before what follows it. */
    int order(int item) {
        return order[item];
    }

    /** Regions among the items from one to before another, which have the same parent. */
    int regions(int from, int to) {
        return regionsBefore[to] - regionsBefore[from];
    }

    /** The first of some items that is an overlap or a change, or has one inside; -1 when there is none. */
    int alarm(int from, int to) {
        if (alarmsBefore[to] == alarmsBefore[from]) {
            return -1;
        }
        int low = from;
        int high = to - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (alarmsBefore[middle + 1] > alarmsBefore[from]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The innermost item at an address: also a gap. The whole when the address is past its end. */
    int at(long address) {
        int item = WHOLE;
        while (childFrom[item] < childTo[item]) {
            int low = childFrom[item];
            int high = childTo[item] - 1;
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
    List<Integer> path(int item) {
        List<Integer> path = new ArrayList<>();
        for (int at = item; at != WHOLE; at = parent[at]) {
            path.add(at);
        }
        path.add(WHOLE);
        return path.reversed();
    }

    /** Whether an item is another one or lies in it. */
    boolean within(int item, int around) {
        int at = item;
        while (depth[at] > depth[around]) {
            at = parent[at];
        }
        return at == around;
    }

    /** Every item whose number passes, in the order of the listing. */
    int[] find(IntPredicate test) {
        return IntStream.range(0, size)
                .filter(test)
                .boxed()
                .sorted((a, b) -> Integer.compare(order[a], order[b]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** The outermost overlaps, by address. */
    int[] overlaps() {
        return overlaps.clone();
    }

    /** The item of the same name and range in another map; the whole when it is not there. */
    int same(MapTree other, int item) {
        if (other.region[item] == null) {
            return WHOLE;
        }
        int like = at(other.first[item]);
        for (int found : path(like).reversed()) {
            if (last[found] == other.last[item] && name(found).equals(other.name(item))) {
                return found;
            }
        }
        return WHOLE;
    }

    private static final class Builder {
        final MemoryMap map;
        final Set<Region> foreign;
        final Map<Place, Integer> removed;
        final Map<Place, Integer> added;
        long[] first = new long[256];
        long[] last = new long[256];
        int[] parent = new int[256];
        byte[] depth = new byte[256];
        int[] childFrom = new int[256];
        int[] childTo = new int[256];
        Kind[] kind = new Kind[256];
        Mark[] mark = new Mark[256];
        @Nullable Region[] region = new Region[256];
        final Map<Integer, List<Region>> adopted = new HashMap<>();
        int size;

        Builder(MemoryMap map, Set<Region> foreign, Map<Place, Integer> removed, Map<Place, Integer> added) {
            this.map = map;
            this.foreign = foreign;
            this.removed = removed;
            this.added = added;
            long end = 0;
            for (Region root : map.roots()) {
                end = Long.compareUnsigned(root.range().last(), end) > 0
                        ? root.range().last()
                        : end;
            }
            add(0, end, 0, Kind.WHOLE, null);
            for (int item = 0; item < size; item++) {
                childFrom[item] = size;
                Region claimed = region[item];
                List<Region> parts = item == WHOLE ? map.roots() : claimed == null ? List.of() : claimed.children();
                List<Region> more = adopted.remove(item);
                if (more != null) {
                    parts = new ArrayList<>(parts);
                    parts.addAll(more);
                }
                if (!parts.isEmpty()) {
                    if (map.hidden()) {
                        for (Region part : parts) {
                            add(0, 0, item, part);
                        }
                    } else {
                        addInOrder(item, parts);
                    }
                }
                childTo[item] = size;
            }
        }

        private void addInOrder(int around, List<Region> parts) {
            List<Region> sorted = new ArrayList<>(parts);
            sorted.sort(Region.BY_ADDRESS);
            Kind between = kind[around].between();
            long next = first[around];
            boolean full = false;
            int before = -1;
            for (Region part : sorted) {
                long from = part.range().first();
                long to = part.range().last();
                if (full || (next != 0 && Long.compareUnsigned(to, next) < 0)) {
                    // Listed out of its place, it lies in the one before. No kernel lists regions that overlap in part;
                    // of those that a text does, what lies in the shared part is shown once.
                    if (before >= 0 && depth[before] < DEEPEST) {
                        // A second listing of the same computer has the same regions again: its own are shown with theirs.
                        boolean again = part.range().equals(region[before].range())
                                && part.name().equals(region[before].name());
                        adopted.computeIfAbsent(before, none -> new ArrayList<>())
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
            mark[size - 1] = taken(removed, part) ? Mark.REMOVED : taken(added, part) ? Mark.ADDED : Mark.SAME;
        }

        private static boolean taken(Map<Place, Integer> from, Region part) {
            return !from.isEmpty() && from.merge(Place.of(part), -1, Integer::sum) >= 0;
        }

        private Kind kindOf(Region part, Kind around) {
            Kind kindByName = Kind.of(part.name(), around);
            return kindByName == Kind.DRIVER && foreign.contains(part) ? Kind.OVERLAP : kindByName;
        }

        private void add(long from, long to, int around, Kind what, @Nullable Region claimed) {
            if (size == first.length) {
                int more = size * 2;
                first = Arrays.copyOf(first, more);
                last = Arrays.copyOf(last, more);
                parent = Arrays.copyOf(parent, more);
                depth = Arrays.copyOf(depth, more);
                childFrom = Arrays.copyOf(childFrom, more);
                childTo = Arrays.copyOf(childTo, more);
                kind = Arrays.copyOf(kind, more);
                mark = Arrays.copyOf(mark, more);
                region = Arrays.copyOf(region, more);
            }
            first[size] = from;
            last[size] = to;
            parent[size] = around;
            depth[size] = (byte) (size == WHOLE ? 0 : depth[around] + 1);
            kind[size] = what;
            mark[size] = Mark.SAME;
            region[size] = claimed;
            size++;
        }
    }
}
