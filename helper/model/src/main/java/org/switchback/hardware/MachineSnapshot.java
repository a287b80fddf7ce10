package org.switchback.hardware;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The files of sysfs and /proc that describe a machine, read at one moment. Live kernels, replies of the helper, saved
 * reports, sample machines and test fixtures all use this format, so that one parser ({@link SnapshotParser}) serves
 * them all.
 *
 * <p>The text format is a header line {@code switchback-capture 1}, followed by one line per path:
 *
 * <pre>
 * PATH = content of one line          PATH -> target of a link        PATH /    directory
 * PATH :                              PATH # bytes in hexadecimal     PATH ! why it could not be read
 * | content of several lines
 * </pre>
 *
 * @param entries what was found at each absolute path
 */
public record MachineSnapshot(NavigableMap<String, SnapshotEntry> entries) {
    static final String HEADER = "switchback-capture 1";

    /** A snapshot without entries. */
    public static final MachineSnapshot EMPTY = new MachineSnapshot(new TreeMap<>());

    /** What was found at a path. */
    public sealed interface SnapshotEntry {}

    /** @param text content of a file without its last line feed */
    public record TextEntry(String text) implements SnapshotEntry {}

    /** @param target target of the link, relative or absolute */
    public record LinkEntry(String target) implements SnapshotEntry {}

    /** @param hex content of a binary file in lower-case hexadecimal */
    public record BinaryEntry(String hex) implements SnapshotEntry {}

    /** A directory whose existence matters. */
    public record DirectoryEntry() implements SnapshotEntry {}

    /** @param reason why the existing file could not be read */
    public record UnreadableEntry(String reason) implements SnapshotEntry {
        /** The kernel did not reply within the time limit. */
        public static final UnreadableEntry TIMED_OUT = new UnreadableEntry("no answer");
    }

    /** Thrown for a text that is not a snapshot; the message names the line. */
    public static final class MalformedSnapshotException extends Exception {
        private static final long serialVersionUID = 1;
        private final int lineNumber;

        MalformedSnapshotException(int lineNumber) {
            super("line " + lineNumber + " is not a valid snapshot line");
            this.lineNumber = lineNumber;
        }

        /** The first malformed line, counted from 1. */
        public int lineNumber() {
            return lineNumber;
        }
    }

    /** A space within a path, escaped as in /proc/mounts: some drivers have names like {@code budget dvb}. */
    private static final String ESCAPED_SPACE = "\\040";

    public MachineSnapshot {
        entries = Collections.unmodifiableNavigableMap(new TreeMap<>(entries));
    }

    /** Whether the text starts with a snapshot header of any version. */
    public static boolean hasSnapshotHeader(String text) {
        return text.startsWith("switchback-capture ");
    }

    /**
     * Parses the text format described above.
     *
     * @throws MalformedSnapshotException at the first malformed line, or if the version is not 1
     */
    public static MachineSnapshot parse(String text) throws MalformedSnapshotException {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
            throw new MalformedSnapshotException(1);
        }
        TreeMap<String, SnapshotEntry> entries = new TreeMap<>();
        int next = 1;
        while (next < lines.size()) {
            String line = lines.get(next);
            int lineNumber = ++next;
            if (line.isEmpty()) {
                continue;
            }
            if (line.endsWith(" :") && line.indexOf(" = ") < 0) {
                List<String> content = new ArrayList<>();
                while (next < lines.size() && lines.get(next).startsWith("|")) {
                    String contentLine = lines.get(next++);
                    content.add(contentLine.startsWith("| ") ? contentLine.substring(2) : contentLine.substring(1));
                }
                String path = parsePath(line.substring(0, line.length() - 2), lineNumber);
                entries.put(path, new TextEntry(String.join("\n", content)));
            } else {
                parseEntry(line, lineNumber, entries);
            }
        }
        return new MachineSnapshot(entries);
    }

    private static void parseEntry(String line, int lineNumber, Map<String, SnapshotEntry> entries)
            throws MalformedSnapshotException {
        int space = line.indexOf(' ');
        if (space < 0) {
            throw new MalformedSnapshotException(lineNumber);
        }
        String path = parsePath(line.substring(0, space), lineNumber);
        String value = line.substring(space + 1);
        if (value.equals("=")) {
            entries.put(path, new TextEntry(""));
        } else if (value.startsWith("= ")) {
            entries.put(path, new TextEntry(value.substring(2)));
        } else if (value.startsWith("-> ")) {
            entries.put(path, new LinkEntry(value.substring(3)));
        } else if (value.startsWith("# ")) {
            entries.put(path, new BinaryEntry(parseHex(value.substring(2), lineNumber)));
        } else if (value.equals("/")) {
            entries.put(path, new DirectoryEntry());
        } else if (value.startsWith("! ")) {
            entries.put(path, new UnreadableEntry(value.substring(2)));
        } else {
            throw new MalformedSnapshotException(lineNumber);
        }
    }

    private static String parsePath(String path, int lineNumber) throws MalformedSnapshotException {
        if (!path.startsWith("/")) {
            throw new MalformedSnapshotException(lineNumber);
        }
        return path.replace(ESCAPED_SPACE, " ");
    }

    private static String parseHex(String digits, int lineNumber) throws MalformedSnapshotException {
        try {
            return HexFormat.of().formatHex(HexFormat.of().parseHex(digits));
        } catch (IllegalArgumentException e) {
            throw new MalformedSnapshotException(lineNumber);
        }
    }

    /** Formats the snapshot as text, as accepted by {@link #parse}. */
    public String toText() {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        entries.forEach((path, entry) -> {
            text.append(path.replace(" ", ESCAPED_SPACE));
            switch (entry) {
                case TextEntry(String content)
                when content.indexOf('\n') < 0 ->
                    text.append(content.isEmpty() ? " =" : " = ").append(content);
                case TextEntry(String content) -> {
                    text.append(" :");
                    content.lines().forEach(line -> text.append("\n| ").append(line));
                }
                case LinkEntry(String target) -> text.append(" -> ").append(target);
                case BinaryEntry(String hex) -> text.append(" # ").append(hex);
                case DirectoryEntry() -> text.append(" /");
                case UnreadableEntry(String reason) -> text.append(" ! ").append(reason);
            }
            text.append('\n');
        });
        return text.toString();
    }

    /** Returns the content of a file without its last line feed; empty if the file is missing or could not be read. */
    public Optional<String> text(String path) {
        return entries.get(path) instanceof TextEntry(String text) ? Optional.of(text) : Optional.empty();
    }

    /**
     * Returns the last part of a link's target; empty if there is no link. For {@code …/driver} it is the name of the
     * driver, for {@code …/iommu_group} the group's number.
     */
    public Optional<String> linkTargetName(String path) {
        return entries.get(path) instanceof LinkEntry(String target)
                ? Optional.of(target.substring(target.lastIndexOf('/') + 1))
                : Optional.empty();
    }

    /** Whether there is an entry for the path, readable or not. */
    public boolean hasPath(String path) {
        return entries.containsKey(path);
    }

    /**
     * Returns the names of the direct children of a folder, in order, whether or not the folder itself has an entry.
     */
    public Set<String> childNames(String folder) {
        String prefix = folder.endsWith("/") ? folder : folder + "/";
        Set<String> names = new LinkedHashSet<>();
        for (String path : entries.tailMap(prefix, true).keySet()) {
            if (!path.startsWith(prefix)) {
                break;
            }
            int slash = path.indexOf('/', prefix.length());
            names.add(path.substring(prefix.length(), slash < 0 ? path.length() : slash));
        }
        return names;
    }

    /** Returns this snapshot with some entries replaced or, where the value is empty, removed. */
    public MachineSnapshot withChanges(Map<String, Optional<SnapshotEntry>> changes) {
        TreeMap<String, SnapshotEntry> changed = new TreeMap<>(entries);
        changes.forEach((path, entry) ->
                entry.ifPresentOrElse(newEntry -> changed.put(path, newEntry), () -> changed.remove(path)));
        return new MachineSnapshot(changed);
    }
}
