package org.switchback.linux;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.switchback.hardware.MachineSnapshot.BinaryEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;

/**
 * Reads files of sysfs and /proc, under a root folder. Made for a thousand small files in a JVM that has just started:
 * plain streams, no exception for what is simply not there.
 */
final class KernelFiles {
    /** Most that is read of a file, in bytes, unless the caller knows that it is large. */
    static final int DEFAULT_LIMIT = 1 << 20;

    /** In bytes. */
    private static final int BUFFER_SIZE = 1 << 16;

    private static final String[] NO_NAMES = {};

    private final String root;

    /** @param root {@code /}, or a folder that has a copy of the files */
    KernelFiles(Path root) {
        String text = root.toAbsolutePath().toString();
        this.root = text.equals("/") ? "" : text;
    }

    /** Where a path of the kernel's really is. */
    String resolve(String path) {
        return root + path;
    }

    /** Names in a folder, in order; none when it is not there or not readable. */
    String[] list(String folder) {
        String[] names = new File(root + folder).list();
        if (names == null) {
            return NO_NAMES;
        }
        Arrays.sort(names);
        return names;
    }

    boolean isDirectory(String path) {
        return new File(root + path).isDirectory();
    }

    boolean isFile(String path) {
        return new File(root + path).isFile();
    }

    /** A regular file's text; empty when there is no such file. Nothing else is opened: it might never answer. */
    Optional<SnapshotEntry> readText(String path, int limit) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try {
            byte[] content = readContent(file, limit);
            return content.length > limit
                    ? Optional.of(new UnreadableEntry("longer than " + limit + " bytes"))
                    : Optional.of(new TextEntry(readText(content)));
        } catch (IOException failed) {
            return Optional.of(new UnreadableEntry(errorMessage(failed)));
        }
    }

    /** The first bytes of a regular file; empty when there is no such file. */
    Optional<SnapshotEntry> readBytes(String path, int count) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try (FileInputStream in = new FileInputStream(file)) {
            return Optional.of(new BinaryEntry(HexFormat.of().formatHex(in.readNBytes(count))));
        } catch (IOException failed) {
            return Optional.of(new UnreadableEntry(errorMessage(failed)));
        }
    }

    /** One short line; empty when there is no such file or it can't be read. */
    Optional<String> readLine(String path) {
        return readText(path, DEFAULT_LIMIT).flatMap(entry ->
                entry instanceof TextEntry(String text) ? Optional.of(text) : Optional.<String>empty());
    }

    /** A link's target as it is written there; empty when there is no link. */
    Optional<SnapshotEntry> readLink(String path) {
        try {
            return Optional.of(new LinkEntry(Files.readSymbolicLink(Path.of(root + path)).toString()));
        } catch (NoSuchFileException | NotLinkException none) {
            return Optional.empty();
        } catch (IOException failed) {
            return Optional.of(new UnreadableEntry(errorMessage(failed)));
        }
    }

    /** Device number of the node that a path leads to; 0 when it leads to none. */
    long readDeviceNumber(String path) {
        try {
            return (Long) Files.getAttribute(Path.of(root + path), "unix:rdev");
        } catch (IOException gone) {
            return 0;
        }
    }

    /** Name of the user whose a path is; the number when it has no name, empty when the path is gone. */
    String readOwner(String path) {
        try {
            return Files.getOwner(Path.of(root + path), LinkOption.NOFOLLOW_LINKS).getName();
        } catch (IOException gone) {
            return "";
        }
    }

    /** The first bytes of a regular file, each as the character of that number; empty when it can't be read. */
    Optional<String> readLatin1(String path, int limit) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new String(readContent(file, limit), StandardCharsets.ISO_8859_1));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    /**
     * Reads a regular file of lines piece by piece, until one is what is looked for. A large file as a whole would double the
     * heap; and a character a byte, since most of the time would go into decoding what nobody reads.
     *
     * @param wanted takes whole lines, each byte as the character of that number
     * @return false too when the file can't be read
     */
    boolean anyChunkMatches(String path, int limit, Predicate<String> wanted) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return false;
        }
        try (FileInputStream in = new FileInputStream(file)) {
            byte[] buffer = new byte[BUFFER_SIZE];
            int kept = 0;
            for (int total = 0; total < limit; ) {
                int count = in.read(buffer, kept, Math.min(buffer.length - kept, limit - total));
                int length = kept + Math.max(count, 0);
                int lines = length;
                while (count > 0 && lines > 0 && buffer[lines - 1] != '\n') {
                    lines--;
                }
                // A line longer than the buffer is no line of a file that is asked for here.
                lines = lines == 0 && length == buffer.length ? length : lines;
                if (lines > 0 && wanted.test(new String(buffer, 0, lines, StandardCharsets.ISO_8859_1))) {
                    return true;
                }
                if (count < 0) {
                    return false;
                }
                kept = length - lines;
                System.arraycopy(buffer, lines, buffer, 0, kept);
                total += count;
            }
            return false;
        } catch (IOException unreadable) {
            return false;
        }
    }

    /** At most one byte more than the limit, so that the caller sees that there was more. */
    private static byte[] readContent(File file, int limit) throws IOException {
        try (FileInputStream in = new FileInputStream(file)) {
            // What the kernel makes up has length 0 or a page in stat: read until the end.
            byte[] buffer = new byte[4096];
            int length = 0;
            while (length <= limit) {
                if (length == buffer.length) {
                    buffer = Arrays.copyOf(buffer, Math.min(2 * length, limit + 1));
                }
                int count = in.read(buffer, length, buffer.length - length);
                if (count < 0) {
                    break;
                }
                length += count;
            }
            return Arrays.copyOf(buffer, length);
        }
    }

    /** Without the last line feed, as captures have it. */
    private static String readText(byte[] content) {
        int length = content.length;
        if (length > 0 && content[length - 1] == '\n') {
            length--;
        }
        return new String(content, 0, length, StandardCharsets.UTF_8);
    }

    /** Java says {@code path (Permission denied)}, or {@code Input/output error}, or the path alone. */
    private static String errorMessage(IOException failed) {
        String message = String.valueOf(failed.getMessage());
        int open = message.lastIndexOf('(');
        if (open >= 0 && message.endsWith(")")) {
            return message.substring(open + 1, message.length() - 1);
        }
        List<String> plain = List.of("/", "null");
        return plain.stream().anyMatch(message::startsWith)
                ? failed.getClass().getSimpleName().toLowerCase(Locale.ROOT)
                : message;
    }
}
