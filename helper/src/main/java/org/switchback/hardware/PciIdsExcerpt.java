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
    private static final String DISPLAYS = "C 03";

    private final Set<String> wanted;
    private final List<String> heads;
    private final List<String> kept = new ArrayList<>();
    private String section = "";

    /** @param wanted {@code vendor:device}, lower case */
    public PciIdsExcerpt(Set<String> wanted) {
        this.wanted = Set.copyOf(wanted);
        heads = Stream.concat(wanted.stream().map(id -> id.substring(0, 4) + "  "), Stream.of(DISPLAYS))
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
        int start = section.isEmpty() ? nextSection(piece, 0) : 0;
        while (start < piece.length()) {
            int feed = piece.indexOf('\n', start);
            int end = feed < 0 ? piece.length() : feed;
            String line = piece.substring(start, end);
            if (line.isEmpty() || line.charAt(0) == '\t' || line.charAt(0) == '#') {
                if (names(line)) {
                    kept.add(line);
                }
                start = end + 1;
            } else if (heads.removeIf(line::startsWith)) {
                section = line;
                kept.add(line);
                start = end + 1;
            } else {
                section = "";
                start = nextSection(piece, start);
            }
        }
        return heads.isEmpty() && section.isEmpty();
    }

    /** Looks for a section rather than at every line: the file has 40,000 of them. */
    private int nextSection(String piece, int from) {
        int next = piece.length();
        for (String head : heads) {
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

    private boolean names(String line) {
        if (!line.startsWith("\t") || line.startsWith("\t\t")) {
            return false;
        }
        return section.startsWith(DISPLAYS)
                || (line.length() > 6 && wanted.contains(section.substring(0, 4) + ":" + line.substring(1, 5)));
    }

    /** What was found, a line each, as it is in the file; empty when there was nothing. */
    public String text() {
        return String.join("\n", kept);
    }
}
