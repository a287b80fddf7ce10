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
 * ({@link MachineReader}) serves them all.
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
public record Capture(NavigableMap<String, Entry> entries) {
    static final String FIRST_LINE = "switchback-capture 1";

    /** A capture of nothing. */
    public static final Capture EMPTY = new Capture(new TreeMap<>());

    /** What was found at a path. */
    public sealed interface Entry {}

    /** @param text the content of a file without its last line feed */
    public record Text(String text) implements Entry {}

    /** @param target as the link has it, relative or not */
    public record Link(String target) implements Entry {}

    /** @param hex the content of a binary file in lower-case hexadecimal */
    public record Bytes(String hex) implements Entry {}

    /** A directory whose being there says something. */
    public record Directory() implements Entry {}

    /** @param reason why the file is there but could not be read */
    public record Unreadable(String reason) implements Entry {}

    /** Thrown when a text is no capture; the message names the line. */
    public static final class MalformedCapture extends Exception {
        private static final long serialVersionUID = 1;
        private final int line;

        MalformedCapture(int line) {
            super("line " + line + " is not a line of a capture");
            this.line = line;
        }

        /** First line that could not be read, counted from 1. */
        public int line() {
            return line;
        }
    }

    /** A blank within a path, as /proc/mounts has it: there are drivers with such names, {@code budget dvb}. */
    private static final String BLANK = "\\040";

    public Capture {
        entries = Collections.unmodifiableNavigableMap(new TreeMap<>(entries));
    }

    /** Whether the text claims to be a capture. */
    public static boolean looksLike(String text) {
        return text.startsWith("switchback-capture ");
    }

    /** @throws MalformedCapture at the first line that has not the form above, or when the version is not 1 */
    public static Capture parse(String text) throws MalformedCapture {
        List<String> lines = text.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals(FIRST_LINE)) {
            throw new MalformedCapture(1);
        }
        TreeMap<String, Entry> entries = new TreeMap<>();
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
                entries.put(path(line.substring(0, line.length() - 2), number), new Text(String.join("\n", content)));
            } else {
                single(line, number, entries);
            }
        }
        return new Capture(entries);
    }

    private static void single(String line, int number, Map<String, Entry> entries) throws MalformedCapture {
        int blank = line.indexOf(' ');
        if (blank < 0) {
            throw new MalformedCapture(number);
        }
        String path = path(line.substring(0, blank), number);
        String rest = line.substring(blank + 1);
        if (rest.equals("=")) {
            entries.put(path, new Text(""));
        } else if (rest.startsWith("= ")) {
            entries.put(path, new Text(rest.substring(2)));
        } else if (rest.startsWith("-> ")) {
            entries.put(path, new Link(rest.substring(3)));
        } else if (rest.startsWith("# ")) {
            entries.put(path, new Bytes(hex(rest.substring(2), number)));
        } else if (rest.equals("/")) {
            entries.put(path, new Directory());
        } else if (rest.startsWith("! ")) {
            entries.put(path, new Unreadable(rest.substring(2)));
        } else {
            throw new MalformedCapture(number);
        }
    }

    private static String path(String path, int number) throws MalformedCapture {
        if (!path.startsWith("/")) {
            throw new MalformedCapture(number);
        }
        return path.replace(BLANK, " ");
    }

    private static String hex(String digits, int number) throws MalformedCapture {
        try {
            return HexFormat.of().formatHex(HexFormat.of().parseHex(digits));
        } catch (IllegalArgumentException odd) {
            throw new MalformedCapture(number);
        }
    }

    /** The form that {@link #parse} reads. */
    public String toText() {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        entries.forEach((path, entry) -> {
            text.append(path.replace(" ", BLANK));
            switch (entry) {
                case Text(String content) when content.indexOf('\n') < 0 ->
                    text.append(content.isEmpty() ? " =" : " = ").append(content);
                case Text(String content) -> {
                    text.append(" :");
                    content.lines().forEach(line -> text.append("\n| ").append(line));
                }
                case Link(String target) -> text.append(" -> ").append(target);
                case Bytes(String hex) -> text.append(" # ").append(hex);
                case Directory() -> text.append(" /");
                case Unreadable(String reason) -> text.append(" ! ").append(reason);
            }
            text.append('\n');
        });
        return text.toString();
    }

    /** Content of a file, without its last line feed; empty when there is no such file or it could not be read. */
    public Optional<String> text(String path) {
        return entries.get(path) instanceof Text(String text) ? Optional.of(text) : Optional.empty();
    }

    /** Last part of a link's target: the name of the driver for {@code …/driver}, the group for {@code …/iommu_group}. */
    public Optional<String> linkName(String path) {
        return entries.get(path) instanceof Link(String target)
                ? Optional.of(target.substring(target.lastIndexOf('/') + 1))
                : Optional.empty();
    }

    /** Whether anything at all was found there, readable or not. */
    public boolean has(String path) {
        return entries.containsKey(path);
    }

    /** Names of what lies directly in a folder, whether or not the folder has an entry itself; in order. */
    public Set<String> names(String folder) {
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
    public Capture with(Map<String, Optional<Entry>> changes) {
        TreeMap<String, Entry> changed = new TreeMap<>(entries);
        changes.forEach((path, entry) -> entry.ifPresentOrElse(e -> changed.put(path, e), () -> changed.remove(path)));
        return new Capture(changed);
    }
}
