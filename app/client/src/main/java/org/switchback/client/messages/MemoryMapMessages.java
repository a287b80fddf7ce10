package org.switchback.client.messages;

import java.util.List;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Region;

/** What is said about memory maps, on the command line and in the window. */
public final class MemoryMapMessages {
    /** Regions that a sentence names before it counts the rest. */
    private static final int MAX_NAMED_REGIONS = 4;

    private final Messages messages;

    public MemoryMapMessages(Messages messages) {
        this.messages = messages;
    }

    /** How a text was read: {@code Read 9 regions. 2 parts were left out by the author (<snip>).} */
    public String formatParseSummary(MemoryMap map) {
        StringBuilder read = new StringBuilder(formatCount("map.read", map.regionCount()));
        if (map.omissionCount() > 0) {
            read.append(' ').append(formatCount("map.omitted", map.omissionCount()));
        }
        if (map.unreadableLineCount() > 0) {
            read.append(' ').append(formatCount("map.unreadable", map.unreadableLineCount()));
        }
        return read.toString();
    }

    private String formatCount(String key, int number) {
        return messages.text(number == 1 ? key + ".one" : key + ".many", Integer.toString(number));
    }

    /** {@code 1 region removed: BOOTFB (8.4 MiB). Nothing else changed.} */
    public String formatDiff(MemoryMapDiff changes) {
        if (changes.isEmpty()) {
            return messages.text("map.diff.nothing");
        }
        StringBuilder sentence = new StringBuilder();
        if (!changes.removed().isEmpty()) {
            sentence.append(formatDiffPart("map.diff.removed", changes.removed(), changes.onlyNamesCompared()))
                    .append(' ');
        }
        if (!changes.added().isEmpty()) {
            sentence.append(formatDiffPart("map.diff.added", changes.added(), changes.onlyNamesCompared()))
                    .append(' ');
        }
        return sentence.append(messages.text("map.diff.rest")).toString();
    }

    private String formatDiffPart(String key, List<Region> regions, boolean namesOnly) {
        List<String> named = regions.stream()
                .limit(MAX_NAMED_REGIONS)
                .map(region -> namesOnly
                        ? region.name()
                        : messages.text(
                                "map.diff.region",
                                region.name(),
                                messages.formatSize(region.range().length())))
                .toList();
        String list = regions.size() > MAX_NAMED_REGIONS
                ? messages.text(
                        "map.diff.and-more",
                        String.join(", ", named),
                        Integer.toString(regions.size() - MAX_NAMED_REGIONS))
                : messages.formatList(named);
        return regions.size() == 1
                ? messages.text(key + ".one", list)
                : messages.text(key + ".many", Integer.toString(regions.size()), list);
    }

    /** How much of a range another one covers, in percent, without the sign: {@code 3.3}, or {@code <0.1}. */
    public String formatPercentage(AddressRange part, AddressRange of) {
        double percent = 100 * toDouble(part.length()) / toDouble(of.length());
        return percent < 0.1 ? "<0.1" : String.format(messages.locale(), "%.1f", percent);
    }

    private static double toDouble(long length) {
        return length > 0 ? length : length + 0x1p64;
    }
}
