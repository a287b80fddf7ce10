package org.switchback.hardware;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What became of the regions between two readings of a memory map. A region is the same when its range and its name
 * are; where the addresses of either map are hidden, when its name and those of all regions around it are.
 *
 * @param removed   regions of the earlier map alone, in the order of its listing; their children are listed themselves
 * @param added     regions of the later map alone, likewise
 * @param onlyNamesCompared the addresses of a map are hidden, so that names alone were compared
 */
public record MemoryMapDiff(List<Region> removed, List<Region> added, boolean onlyNamesCompared) {
    public MemoryMapDiff {
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    public static MemoryMapDiff between(MemoryMap before, MemoryMap after) {
        boolean namesOnly = before.addressesHidden() || after.addressesHidden();
        return new MemoryMapDiff(missingRegions(before, after, namesOnly), missingRegions(after, before, namesOnly), namesOnly);
    }

    public boolean isEmpty() {
        return removed.isEmpty() && added.isEmpty();
    }

    /**
     * A map after these changes.
     *
     * @param map as it was before; it may have more regions than the two that were compared
     */
    public MemoryMap applyTo(MemoryMap map) {
        if (isEmpty() || onlyNamesCompared) {
            return map;
        }
        Set<RegionIdentity> gone = regionIdentities(removed);
        List<Region> kept = map.find(region -> !gone.contains(RegionIdentity.of(region)));
        Set<RegionIdentity> there = regionIdentities(kept);
        List<Region> come =
                added.stream().filter(region -> !there.contains(RegionIdentity.of(region))).toList();
        return MemoryMap.union(MemoryMap.union(MemoryMap.EMPTY, kept), come);
    }

    private static Set<RegionIdentity> regionIdentities(List<Region> regions) {
        return regions.stream().map(RegionIdentity::of).collect(Collectors.toSet());
    }

    /** Regions that the first map has more often than the second. */
    private static List<Region> missingRegions(MemoryMap from, MemoryMap in, boolean namesOnly) {
        Map<Object, Integer> there = new HashMap<>();
        visit(in.roots(), "", namesOnly, (key, region) -> there.merge(key, 1, Integer::sum));
        List<Region> missing = new ArrayList<>();
        visit(from.roots(), "", namesOnly, (key, region) -> {
            if (there.merge(key, -1, Integer::sum) < 0) {
                missing.add(region);
            }
        });
        return missing;
    }

    private interface RegionVisitor {
        void visit(Object key, Region region);
    }

    private record RegionIdentity(AddressRange range, String name) {
        static RegionIdentity of(Region region) {
            return new RegionIdentity(region.range(), region.name());
        }
    }

    private static void visit(List<Region> level, String above, boolean namesOnly, RegionVisitor visitor) {
        for (Region region : level) {
            String path = namesOnly ? above + '\n' + region.name() : "";
            visitor.visit(namesOnly ? path : RegionIdentity.of(region), region);
            visit(region.children(), path, namesOnly, visitor);
        }
    }
}
