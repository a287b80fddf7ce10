package org.switchback.client.messages;

import java.util.List;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Region;

/** Messages about memory maps, for command line and window. */
public final class MemoryMapMessages {
    /** Number of regions that a sentence names; the rest is only counted. */
    private static final int MAX_NAMED_REGIONS = 4;

    private final Messages messages;

    public MemoryMapMessages(Messages messages) {
        this.messages = messages;
    }

    /** The result of parsing a text: {@code Read 9 regions. 2 parts were left out by the author (<snip>).} */
    public String formatParseSummary(MemoryMap map) {
        StringBuilder summary = new StringBuilder(messages.formatCount("map.read", map.regionCount()));
        if (map.omissionCount() > 0) {
            summary.append(' ').append(messages.formatCount("map.omitted", map.omissionCount()));
        }
        if (map.unreadableLineCount() > 0) {
            summary.append(' ').append(messages.formatCount("map.unreadable", map.unreadableLineCount()));
        }
        return summary.toString();
    }

    /** {@code 1 region removed: BOOTFB (8.4 MiB). Nothing else changed.} */
    public String formatDiff(MemoryMapDiff diff) {
        if (diff.isEmpty()) {
            return messages.text("map.diff.nothing");
        }
        return formatDiffPart("map.diff.removed", diff.removed(), diff.onlyNamesCompared())
                + formatDiffPart("map.diff.added", diff.added(), diff.onlyNamesCompared())
                + messages.text("map.diff.rest");
    }

    /** A sentence and a space; empty without regions. */
    private String formatDiffPart(String key, List<Region> regions, boolean namesOnly) {
        if (regions.isEmpty()) {
            return "";
        }
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
                ? messages.text("map.diff.and-more", String.join(", ", named), regions.size() - MAX_NAMED_REGIONS)
                : messages.formatList(named);
        return (regions.size() == 1
                        ? messages.text(key + ".one", list)
                        : messages.text(key + ".many", regions.size(), list))
                + " ";
    }

    /** The percentage of a range that another one covers, without the percent sign: {@code 3.3}, or {@code <0.1}. */
    public String formatPercentage(AddressRange part, AddressRange whole) {
        double percent = 100 * toDouble(part.length()) / toDouble(whole.length());
        return percent < 0.1 ? "<0.1" : String.format(messages.locale(), "%.1f", percent);
    }

    private static double toDouble(long length) {
        return length > 0 ? length : length + 0x1p64;
    }
}
