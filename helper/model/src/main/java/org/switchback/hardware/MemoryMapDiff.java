package org.switchback.hardware;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Differences between two readings of a memory map. Two regions are the same if their ranges and names are equal. If
 * the addresses of either map are hidden, two regions are the same if their names and the names of all regions around
 * them are equal.
 *
 * @param removed regions that only the earlier map has, in the order of its listing; their children are listed
 *     separately
 * @param added regions that only the later map has, likewise
 * @param onlyNamesCompared whether only names were compared, because the addresses of a map are hidden
 */
public record MemoryMapDiff(List<Region> removed, List<Region> added, boolean onlyNamesCompared) {
    public MemoryMapDiff {
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    /** Compares two readings of a memory map. */
    public static MemoryMapDiff between(MemoryMap before, MemoryMap after) {
        boolean namesOnly = before.addressesHidden() || after.addressesHidden();
        return new MemoryMapDiff(
                missingRegions(before, after, namesOnly), missingRegions(after, before, namesOnly), namesOnly);
    }

    public boolean isEmpty() {
        return removed.isEmpty() && added.isEmpty();
    }

    /**
     * Applies the differences to a map; returns it unchanged if only names were compared.
     *
     * @param map earlier map, which may have more regions than the two that were compared
     */
    public MemoryMap applyTo(MemoryMap map) {
        if (isEmpty() || onlyNamesCompared) {
            return map;
        }
        Set<Region> removedRegions = withoutChildren(removed);
        List<Region> kept = map.find(region -> !removedRegions.contains(region.withoutChildren()));
        Set<Region> keptRegions = withoutChildren(kept);
        List<Region> newRegions = added.stream()
                .filter(region -> !keptRegions.contains(region.withoutChildren()))
                .toList();
        return MemoryMap.union(MemoryMap.union(MemoryMap.EMPTY, kept), newRegions);
    }

    private static Set<Region> withoutChildren(List<Region> regions) {
        return regions.stream().map(Region::withoutChildren).collect(Collectors.toSet());
    }

    /** Returns the regions that the first map contains more often than the second. */
    private static List<Region> missingRegions(MemoryMap map, MemoryMap other, boolean namesOnly) {
        Map<Object, Integer> unmatchedCounts = new HashMap<>();
        visit(other.roots(), "", namesOnly, (key, region) -> unmatchedCounts.merge(key, 1, Integer::sum));
        List<Region> missing = new ArrayList<>();
        visit(map.roots(), "", namesOnly, (key, region) -> {
            if (unmatchedCounts.merge(key, -1, Integer::sum) < 0) {
                missing.add(region);
            }
        });
        return missing;
    }

    private interface RegionVisitor {
        void visit(Object key, Region region);
    }

    private static void visit(List<Region> regions, String parentPath, boolean namesOnly, RegionVisitor visitor) {
        for (Region region : regions) {
            String path = namesOnly ? parentPath + '\n' + region.name() : "";
            visitor.visit(namesOnly ? path : region.withoutChildren(), region);
            visit(region.children(), path, namesOnly, visitor);
        }
    }
}
