package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Extracts from {@code pci.ids} the lines of some devices and of the display classes. The file is read in chunks,
 * because it is over a megabyte and only a few lines are needed.
 */
public final class PciIdsExcerpt {
    private static final String DISPLAY_CLASS = "C 03";

    private final Set<String> wantedIds;
    private final List<String> pendingSectionPrefixes;
    private final List<String> keptLines = new ArrayList<>();
    private String currentSection = "";

    /** @param wantedIds IDs of the devices as {@code vendor:device}, lower case */
    public PciIdsExcerpt(Set<String> wantedIds) {
        this.wantedIds = Set.copyOf(wantedIds);
        pendingSectionPrefixes = Stream.concat(
                        wantedIds.stream().map(id -> id.substring(0, 4) + "  "), Stream.of(DISPLAY_CLASS))
                .distinct()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /**
     * Processes the next chunk of the file.
     *
     * @param chunk complete lines
     * @return true once the rest of the file is not needed
     */
    public boolean add(String chunk) {
        int start = currentSection.isEmpty() ? nextSection(chunk, 0) : 0;
        while (start < chunk.length()) {
            int lineFeed = chunk.indexOf('\n', start);
            int end = lineFeed < 0 ? chunk.length() : lineFeed;
            String line = chunk.substring(start, end);
            if (line.isEmpty() || line.charAt(0) == '\t' || line.charAt(0) == '#') {
                if (isWantedLine(line)) {
                    keptLines.add(line);
                }
                start = end + 1;
            } else if (pendingSectionPrefixes.removeIf(line::startsWith)) {
                currentSection = line;
                keptLines.add(line);
                start = end + 1;
            } else {
                currentSection = "";
                start = nextSection(chunk, start);
            }
        }
        return pendingSectionPrefixes.isEmpty() && currentSection.isEmpty();
    }

    /**
     * Finds the next wanted section. Searching for sections is faster than checking every line: the file has 40,000
     * lines.
     */
    private int nextSection(String chunk, int from) {
        int next = chunk.length();
        for (String prefix : pendingSectionPrefixes) {
            if (chunk.startsWith(prefix, from)) {
                return from;
            }
            int found = chunk.indexOf("\n" + prefix, from);
            if (found >= 0) {
                next = Math.min(next, found + 1);
            }
        }
        return next;
    }

    private boolean isWantedLine(String line) {
        if (!line.startsWith("\t") || line.startsWith("\t\t")) {
            return false;
        }
        return currentSection.startsWith(DISPLAY_CLASS)
                || (line.length() > 6
                        && wantedIds.contains(currentSection.substring(0, 4) + ":" + line.substring(1, 5)));
    }

    /** Returns the extracted lines, unchanged; empty if there are none. */
    public String toText() {
        return String.join("\n", keptLines);
    }
}
