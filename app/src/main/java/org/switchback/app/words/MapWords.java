package org.switchback.app.words;

import java.util.List;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Region;

/** What is said about memory maps, on the command line and in the window. */
public final class MapWords {
    /** Regions that a sentence names before it counts the rest. */
    private static final int NAMED = 4;

    private final Words words;

    public MapWords(Words words) {
        this.words = words;
    }

    /** How a text was read: {@code Read 9 regions. 2 parts were left out by the author (<snip>).} */
    public String read(MemoryMap map) {
        StringBuilder read = new StringBuilder(counted("map.read", map.regions()));
        if (map.omissions() > 0) {
            read.append(' ').append(counted("map.omitted", map.omissions()));
        }
        if (map.unreadable() > 0) {
            read.append(' ').append(counted("map.unreadable", map.unreadable()));
        }
        return read.toString();
    }

    private String counted(String key, int number) {
        return words.text(number == 1 ? key + ".one" : key + ".many", Integer.toString(number));
    }

    /** {@code 1 region removed: BOOTFB (8.4 MiB). Nothing else changed.} */
    public String changes(MapChanges changes) {
        if (changes.nothing()) {
            return words.text("map.diff.nothing");
        }
        StringBuilder sentence = new StringBuilder();
        if (!changes.removed().isEmpty()) {
            sentence.append(part("map.diff.removed", changes.removed(), changes.namesOnly()))
                    .append(' ');
        }
        if (!changes.added().isEmpty()) {
            sentence.append(part("map.diff.added", changes.added(), changes.namesOnly()))
                    .append(' ');
        }
        return sentence.append(words.text("map.diff.rest")).toString();
    }

    private String part(String key, List<Region> regions, boolean namesOnly) {
        List<String> named = regions.stream()
                .limit(NAMED)
                .map(region -> namesOnly
                        ? region.name()
                        : words.text(
                                "map.diff.region",
                                region.name(),
                                words.size(region.range().length())))
                .toList();
        String list = regions.size() > NAMED
                ? words.text(
                        "map.diff.and-more",
                        String.join(", ", named),
                        Integer.toString(regions.size() - NAMED))
                : words.list(named);
        return regions.size() == 1
                ? words.text(key + ".one", list)
                : words.text(key + ".many", Integer.toString(regions.size()), list);
    }

    /** How much of a range another one covers, in percent, without the sign: {@code 3.3}, or {@code <0.1}. */
    public String percent(AddressRange part, AddressRange of) {
        double percent = 100 * amount(part.length()) / amount(of.length());
        return percent < 0.1 ? "<0.1" : String.format(words.locale(), "%.1f", percent);
    }

    private static double amount(long length) {
        return length > 0 ? length : length + 0x1p64;
    }
}
