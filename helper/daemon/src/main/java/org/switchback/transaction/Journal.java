package org.switchback.transaction;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * What a switch is about to do and has done, written before it is done.
 *
 * <p>A file of records, each a magic number, the length of its text, the text's CRC-32C and the text: fields with tabs
 * between them. The file has its full size from the start, so that a record never fails for want of space; what follows
 * the last record is zero. A record counts once it is forced to the medium.
 */
final class Journal implements AutoCloseable {
    private static final int MAGIC = 0x53424a31;
    private static final int HEADER_BYTES = 12;
    private static final int MAX_TEXT_BYTES = 1 << 16;
    private static final Set<StandardOpenOption> CREATE_OPTIONS =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

    /** What a record tells. */
    enum JournalRecordKind {
        /** Fields: gpu, target, with; the kernel's boot. */
        BEGIN,
        /** A step of the plan. */
        STEP,
        /** Fields: step, before, after. About to be written. */
        INTENT,
        DONE,
        UNDO_INTENT,
        UNDONE,
        STUCK,
        OOPS,
        /** How the switch ended; nothing follows. */
        END
    }

    /**
     * @param kind   what it tells
     * @param bootId   boot of the kernel it tells about
     * @param switchId the switch, 16 hexadecimal digits
     * @param timeMillis   milliseconds since 1970
     * @param fields as the kind has them
     */
    record JournalRecord(JournalRecordKind kind, String bootId, String switchId, long timeMillis, List<String> fields) {
        JournalRecord {
            fields = List.copyOf(fields);
        }
    }

    /**
     * @param records    every whole record before the first that is none
     * @param isCorrupt whole records follow after one that is none
     */
    record JournalContent(List<JournalRecord> records, boolean isCorrupt) {
        JournalContent {
            records = List.copyOf(records);
        }
    }

    private final FileChannel channel;
    private final String bootId;
    private final String switchId;
    private long writePosition;

    private Journal(FileChannel channel, String bootId, String switchId, long writePosition) {
        this.channel = channel;
        this.bootId = bootId;
        this.switchId = switchId;
        this.writePosition = writePosition;
    }

    /**
     * Begins the journal of a new switch in place of the last one's.
     *
     * @param records how many records it has to hold at the most
     * @throws IOException the last journal is untouched then
     */
    static Journal create(Path file, String boot, String switchId, int records) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        FileChannel channel = FileChannel.open(
                fresh, CREATE_OPTIONS, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            ByteBuffer zeros = ByteBuffer.allocate(records * 512 + 4096);
            while (zeros.hasRemaining()) {
                channel.write(zeros);
            }
            channel.force(true);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncParentDirectory(file);
            return new Journal(channel, boot, switchId, 0);
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    /** Goes on with the journal of a switch that was cut off. */
    static Journal resume(Path file, JournalContent content) throws IOException {
        JournalRecord first = content.records().getFirst();
        long end = 0;
        for (JournalRecord entry : content.records()) {
            end += HEADER_BYTES + encode(entry).length;
        }
        return new Journal(
                FileChannel.open(file, StandardOpenOption.WRITE), first.bootId(), first.switchId(), end);
    }

    /** Appends a record; when this returns, it is on the medium. */
    void append(JournalRecordKind kind, List<String> fields) throws IOException {
        write(List.of(new JournalRecord(kind, bootId, switchId, System.currentTimeMillis(), fields)));
    }

    /** Appends the records that open a switch, as one: a journal with only some of the steps never counts. */
    void appendBegin(List<String> begin, List<List<String>> steps) throws IOException {
        long now = System.currentTimeMillis();
        List<JournalRecord> entries = new ArrayList<>();
        // The steps come first, so that a whole BEGIN says that all of them are there.
        steps.forEach(fields -> entries.add(new JournalRecord(JournalRecordKind.STEP, bootId, switchId, now, fields)));
        entries.add(new JournalRecord(JournalRecordKind.BEGIN, bootId, switchId, now, begin));
        write(entries);
    }

    private void write(List<JournalRecord> entries) throws IOException {
        List<byte[]> texts = entries.stream().map(Journal::encode).toList();
        ByteBuffer buffer = ByteBuffer.allocate(
                texts.stream().mapToInt(text -> HEADER_BYTES + text.length).sum());
        for (byte[] text : texts) {
            buffer.putInt(MAGIC).putInt(text.length).putInt(checksum(text)).put(text);
        }
        buffer.flip();
        long at = writePosition;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
        channel.force(false);
        writePosition = at;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException alreadyForced) {
            // Every record was forced when it was written.
        }
    }

    /** Reads whatever is there; a file that is missing has no records. */
    static JournalContent read(Path file) throws IOException {
        return Files.exists(file) ? read(Files.readAllBytes(file)) : new JournalContent(List.of(), false);
    }

    static JournalContent read(byte[] bytes) {
        List<JournalRecord> entries = new ArrayList<>();
        int at = 0;
        while (true) {
            Optional<JournalRecord> entry = readRecordAt(bytes, at);
            if (entry.isEmpty()) {
                break;
            }
            entries.add(entry.get());
            at += HEADER_BYTES + ByteBuffer.wrap(bytes).getInt(at + 4);
        }
        return new JournalContent(entries, hasRecordAfter(bytes, at));
    }

    private static boolean hasRecordAfter(byte[] bytes, int at) {
        for (int later = at + 1; later <= bytes.length - HEADER_BYTES; later++) {
            if (bytes[later] == (byte) (MAGIC >>> 24) && readRecordAt(bytes, later).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private static Optional<JournalRecord> readRecordAt(byte[] bytes, int at) {
        if (at > bytes.length - HEADER_BYTES) {
            return Optional.empty();
        }
        ByteBuffer header = ByteBuffer.wrap(bytes, at, HEADER_BYTES);
        int magic = header.getInt();
        int length = header.getInt();
        int checksum = header.getInt();
        if (magic != MAGIC || length < 0 || length > MAX_TEXT_BYTES || length > bytes.length - HEADER_BYTES - at) {
            return Optional.empty();
        }
        byte[] text = java.util.Arrays.copyOfRange(bytes, at + HEADER_BYTES, at + HEADER_BYTES + length);
        return checksum(text) == checksum ? parseRecord(new String(text, StandardCharsets.UTF_8)) : Optional.empty();
    }

    private static Optional<JournalRecord> parseRecord(String text) {
        List<String> parts = TabSeparatedFields.split(text);
        if (parts.size() < 4) {
            return Optional.empty();
        }
        try {
            return Optional.of(new JournalRecord(
                    JournalRecordKind.valueOf(parts.get(0)),
                    parts.get(1),
                    parts.get(2),
                    Long.parseLong(parts.get(3)),
                    parts.subList(4, parts.size())));
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    private static byte[] encode(JournalRecord entry) {
        List<String> parts = new ArrayList<>(
                List.of(entry.kind().name(), entry.bootId(), entry.switchId(), Long.toString(entry.timeMillis())));
        parts.addAll(entry.fields());
        return TabSeparatedFields.join(parts).getBytes(StandardCharsets.UTF_8);
    }

    private static int checksum(byte[] text) {
        CRC32C crc = new CRC32C();
        crc.update(text);
        return (int) crc.getValue();
    }

    static void syncParentDirectory(Path file) throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
