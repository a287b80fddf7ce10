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
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.switchback.hardware.MachineSnapshot.BinaryEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;

/**
 * Reads files of sysfs and /proc, below a root folder. Optimized for a thousand small files in a JVM that has just
 * started: plain streams, no exceptions for missing files.
 */
final class KernelFileReader {
    /** Size limit of a file in bytes, unless the caller expects a large one. */
    static final int DEFAULT_LIMIT = 1 << 20;

    private static final int BUFFER_BYTES = 1 << 16;

    private static final String[] NO_NAMES = {};

    private final String root;

    /** @param root {@code /}, or a folder with a copy of the files */
    KernelFileReader(Path root) {
        String text = root.toAbsolutePath().toString();
        this.root = text.equals("/") ? "" : text;
    }

    /** The real path of a file of the kernel. */
    String resolve(String path) {
        return root + path;
    }

    /** The sorted names in a folder; empty when it is missing or unreadable. */
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

    /**
     * Reads the text of a regular file. Other kinds of files are not opened: opening might block forever.
     *
     * @param limit in bytes; the entry of a longer file is unreadable
     * @return empty when there is no such file
     */
    Optional<SnapshotEntry> readText(String path, int limit) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try {
            byte[] content = readContent(file, limit);
            return content.length > limit
                    ? Optional.of(new UnreadableEntry("longer than " + limit + " bytes"))
                    : Optional.of(new TextEntry(decode(content)));
        } catch (IOException e) {
            return Optional.of(new UnreadableEntry(errorMessage(e)));
        }
    }

    /** Reads the first bytes of a regular file; empty when there is no such file. */
    Optional<SnapshotEntry> readBytes(String path, int count) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try (FileInputStream in = new FileInputStream(file)) {
            return Optional.of(new BinaryEntry(HexFormat.of().formatHex(in.readNBytes(count))));
        } catch (IOException e) {
            return Optional.of(new UnreadableEntry(errorMessage(e)));
        }
    }

    /** Reads the text of a small regular file; empty when it is missing or unreadable. */
    Optional<String> readString(String path) {
        return readText(path, DEFAULT_LIMIT)
                .flatMap(entry ->
                        entry instanceof TextEntry(String text) ? Optional.of(text) : Optional.<String>empty());
    }

    /** Reads a link's target as it is written in the link; empty when there is no link. */
    Optional<SnapshotEntry> readLink(String path) {
        try {
            return Optional.of(
                    new LinkEntry(Files.readSymbolicLink(Path.of(root + path)).toString()));
        } catch (NoSuchFileException | NotLinkException e) {
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(new UnreadableEntry(errorMessage(e)));
        }
    }

    /** Device number of the node at a path, following links; 0 when there is none. */
    long readDeviceNumber(String path) {
        try {
            return (Long) Files.getAttribute(Path.of(root + path), "unix:rdev");
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * Number of links to a folder: in /proc two more than it has folders; 0 when it is missing. Some other file systems
     * do not count.
     */
    int readLinkCount(String path) {
        try {
            return (Integer) Files.getAttribute(Path.of(root + path), "unix:nlink");
        } catch (IOException e) {
            return 0;
        }
    }

    /** Size of a file or folder in bytes, or what its file system reports as such; 0 when it is missing. */
    long readSize(String path) {
        return new File(root + path).length();
    }

    /** Name of the owner of a file, or its number when it has no name; empty when the file is missing. */
    String readOwner(String path) {
        try {
            return Files.getOwner(Path.of(root + path), LinkOption.NOFOLLOW_LINKS)
                    .getName();
        } catch (IOException e) {
            return "";
        }
    }

    /**
     * Reads the first bytes of a regular file as ISO 8859-1.
     *
     * @param limit in bytes; the text of a longer file has one character more
     * @return empty when the file is missing or unreadable
     */
    Optional<String> readLatin1(String path, int limit) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new String(readContent(file, limit), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads a regular file in chunks of whole lines until one matches. Reading a large file at once would double the
     * heap. The text is decoded as ISO 8859-1, because decoding UTF-8 would take most of the time.
     *
     * @param limit in bytes; the rest of the file is ignored
     * @param filter receives a chunk of whole lines
     * @return false also when the file is missing or unreadable
     */
    boolean anyChunkMatches(String path, int limit, Predicate<String> filter) {
        File file = new File(root + path);
        if (!file.isFile()) {
            return false;
        }
        try (FileInputStream in = new FileInputStream(file)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            int carried = 0;
            for (int total = 0; total < limit; ) {
                int count = in.read(buffer, carried, Math.min(buffer.length - carried, limit - total));
                int length = carried + Math.max(count, 0);
                int chunkLength = length;
                while (count > 0 && chunkLength > 0 && buffer[chunkLength - 1] != '\n') {
                    chunkLength--;
                }
                // A line longer than the buffer is split. The files read here have none.
                chunkLength = chunkLength == 0 && length == buffer.length ? length : chunkLength;
                if (chunkLength > 0 && filter.test(new String(buffer, 0, chunkLength, StandardCharsets.ISO_8859_1))) {
                    return true;
                }
                if (count < 0) {
                    return false;
                }
                carried = length - chunkLength;
                System.arraycopy(buffer, chunkLength, buffer, 0, carried);
                total += count;
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    /** Reads at most one byte more than the limit, so that the caller notices a longer file. */
    private static byte[] readContent(File file, int limit) throws IOException {
        try (FileInputStream in = new FileInputStream(file)) {
            // stat reports length 0, or that of a page, for files of the kernel: read until the end.
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

    /** Decodes UTF-8 without the last line feed, as in snapshots. */
    private static String decode(byte[] content) {
        int length = content.length;
        if (length > 0 && content[length - 1] == '\n') {
            length--;
        }
        return new String(content, 0, length, StandardCharsets.UTF_8);
    }

    /** The reason in Java's message: {@code path (Permission denied)}, {@code Input/output error}, or only the path. */
    private static String errorMessage(IOException e) {
        String message = String.valueOf(e.getMessage());
        int open = message.lastIndexOf('(');
        if (open >= 0 && message.endsWith(")")) {
            return message.substring(open + 1, message.length() - 1);
        }
        return message.startsWith("/") || message.startsWith("null")
                ? e.getClass().getSimpleName().toLowerCase(Locale.ROOT)
                : message;
    }
}
