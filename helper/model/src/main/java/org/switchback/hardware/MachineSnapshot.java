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
 * The files of sysfs and /proc that say what a machine is, as they were at one moment. The same form serves the live
 * kernel, the answer of the helper, saved reports, the sample machines and the fixtures of the tests, so that one reader
 * ({@link SnapshotParser}) serves them all.
 *
 * <p>As text it is a first line {@code switchback-capture 1} and then a line a path:
 *
 * <pre>
 * PATH = content of one line          PATH -> target of a link        PATH /    a directory
 * PATH :                              PATH # bytes in hexadecimal     PATH ! why it could not be read
 * | content of several lines
 * </pre>
 *
 * @param entries what was found at each absolute path
 */
public record MachineSnapshot(NavigableMap<String, SnapshotEntry> entries) {
    static final String HEADER = "switchback-capture 1";

    /** A capture of nothing. */
    public static final MachineSnapshot EMPTY = new MachineSnapshot(new TreeMap<>());

    /** What was found at a path. */
    public sealed interface SnapshotEntry {}

    /** @param text the content of a file without its last line feed */
    public record TextEntry(String text) implements SnapshotEntry {}

    /** @param target as the link has it, relative or not */
    public record LinkEntry(String target) implements SnapshotEntry {}

    /** @param hex the content of a binary file in lower-case hexadecimal */
    public record BinaryEntry(String hex) implements SnapshotEntry {}

    /** A directory whose being there says something. */
    public record DirectoryEntry() implements SnapshotEntry {}

    /** @param reason why the file is there but could not be read */
    public record UnreadableEntry(String reason) implements SnapshotEntry {
        /** The kernel did not answer in time. */
        public static final UnreadableEntry TIMED_OUT = new UnreadableEntry("no answer");
    }

    /** Thrown when a text is no capture; the message names the line. */
    public static final class MalformedSnapshotException extends Exception {
        private static final long serialVersionUID = 1;
        private final int lineNumber;

        MalformedSnapshotException(int lineNumber) {
            super("line " + lineNumber + " is not a line of a capture");
            this.lineNumber = lineNumber;
        }

        /** First line that could not be read, counted from 1. */
        public int lineNumber() {
            return lineNumber;
        }
    }

    /** A blank within a path, as /proc/mounts has it: there are drivers with such names, {@code budget dvb}. */
    private static final String ESCAPED_SPACE = "\\040";

    public MachineSnapshot {
        entries = Collections.unmodifiableNavigableMap(new TreeMap<>(entries));
    }

    /** Whether the text claims to be a capture. */
    public static boolean hasSnapshotHeader(String text) {
        return text.startsWith("switchback-capture ");
    }

    /** @throws MalformedSnapshotException at the first line that has not the form above, or when the version is not 1 */
    public static MachineSnapshot parse(String text) throws MalformedSnapshotException {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
            throw new MalformedSnapshotException(1);
        }
        TreeMap<String, SnapshotEntry> entries = new TreeMap<>();
        int at = 1;
        while (at < lines.size()) {
            String line = lines.get(at);
            int number = ++at;
            if (line.isEmpty()) {
                continue;
            }
            if (line.endsWith(" :") && line.indexOf(" = ") < 0) {
                List<String> content = new ArrayList<>();
                while (at < lines.size() && lines.get(at).startsWith("|")) {
                    String inner = lines.get(at++);
                    content.add(inner.startsWith("| ") ? inner.substring(2) : inner.substring(1));
                }
                entries.put(parsePath(line.substring(0, line.length() - 2), number), new TextEntry(String.join("\n", content)));
            } else {
                parseEntry(line, number, entries);
            }
        }
        return new MachineSnapshot(entries);
    }

    private static void parseEntry(String line, int number, Map<String, SnapshotEntry> entries) throws MalformedSnapshotException {
        int blank = line.indexOf(' ');
        if (blank < 0) {
            throw new MalformedSnapshotException(number);
        }
        String path = parsePath(line.substring(0, blank), number);
        String rest = line.substring(blank + 1);
        if (rest.equals("=")) {
            entries.put(path, new TextEntry(""));
        } else if (rest.startsWith("= ")) {
            entries.put(path, new TextEntry(rest.substring(2)));
        } else if (rest.startsWith("-> ")) {
            entries.put(path, new LinkEntry(rest.substring(3)));
        } else if (rest.startsWith("# ")) {
            entries.put(path, new BinaryEntry(parseHex(rest.substring(2), number)));
        } else if (rest.equals("/")) {
            entries.put(path, new DirectoryEntry());
        } else if (rest.startsWith("! ")) {
            entries.put(path, new UnreadableEntry(rest.substring(2)));
        } else {
            throw new MalformedSnapshotException(number);
        }
    }

    private static String parsePath(String path, int number) throws MalformedSnapshotException {
        if (!path.startsWith("/")) {
            throw new MalformedSnapshotException(number);
        }
        return path.replace(ESCAPED_SPACE, " ");
    }

    private static String parseHex(String digits, int number) throws MalformedSnapshotException {
        try {
            return HexFormat.of().formatHex(HexFormat.of().parseHex(digits));
        } catch (IllegalArgumentException odd) {
            throw new MalformedSnapshotException(number);
        }
    }

    /** The form that {@link #parse} reads. */
    public String toText() {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        entries.forEach((path, entry) -> {
            text.append(path.replace(" ", ESCAPED_SPACE));
            switch (entry) {
                case TextEntry(String content) when content.indexOf('\n') < 0 ->
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

    /** Content of a file, without its last line feed; empty when there is no such file or it could not be read. */
    public Optional<String> text(String path) {
        return entries.get(path) instanceof TextEntry(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last part of a link's target: the name of the driver for {@code …/driver}, the group for {@code …/iommu_group}. */
    public Optional<String> linkTargetName(String path) {
        return entries.get(path) instanceof LinkEntry(String target)
                ? Optional.of(target.substring(target.lastIndexOf('/') + 1))
                : Optional.empty();
    }

    /** Whether anything at all was found there, readable or not. */
    public boolean hasPath(String path) {
        return entries.containsKey(path);
    }

    /** Names of what lies directly in a folder, whether or not the folder has an entry itself; in order. */
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

    /** The same capture with some paths replaced or, where the value is empty, taken out. */
    public MachineSnapshot withChanges(Map<String, Optional<SnapshotEntry>> changes) {
        TreeMap<String, SnapshotEntry> changed = new TreeMap<>(entries);
        changes.forEach((path, entry) -> entry.ifPresentOrElse(e -> changed.put(path, e), () -> changed.remove(path)));
        return new MachineSnapshot(changed);
    }
}
