package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The lines of a {@code pci.ids} that name some devices, and those of its display classes, found while it is read piece by
 * piece: the whole is over a megabyte, and little of it is wanted.
 */
public final class PciIdsExcerpt {
    private static final String DISPLAY_CLASS = "C 03";

    private final Set<String> wantedIds;
    private final List<String> pendingSectionPrefixes;
    private final List<String> keptLines = new ArrayList<>();
    private String currentSection = "";

    /** @param wantedIds {@code vendor:device}, lower case */
    public PciIdsExcerpt(Set<String> wantedIds) {
        this.wantedIds = Set.copyOf(wantedIds);
        pendingSectionPrefixes = Stream.concat(wantedIds.stream().map(id -> id.substring(0, 4) + "  "), Stream.of(DISPLAY_CLASS))
                .distinct()
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /**
     * Takes what comes next.
     *
     * @param piece whole lines
     * @return true once nothing that follows is wanted
     */
    public boolean add(String piece) {
        int start = currentSection.isEmpty() ? nextSection(piece, 0) : 0;
        while (start < piece.length()) {
            int feed = piece.indexOf('\n', start);
            int end = feed < 0 ? piece.length() : feed;
            String line = piece.substring(start, end);
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
                start = nextSection(piece, start);
            }
        }
        return pendingSectionPrefixes.isEmpty() && currentSection.isEmpty();
    }

    /** Looks for a section rather than at every line: the file has 40,000 of them. */
    private int nextSection(String piece, int from) {
        int next = piece.length();
        for (String head : pendingSectionPrefixes) {
            if (piece.startsWith(head, from)) {
                return from;
            }
            int found = piece.indexOf("\n" + head, from);
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
                || (line.length() > 6 && wantedIds.contains(currentSection.substring(0, 4) + ":" + line.substring(1, 5)));
    }

    /** What was found, a line each, as it is in the file; empty when there was nothing. */
    public String toText() {
        return String.join("\n", keptLines);
    }
}
