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
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A write-ahead log of one switch: the intent of each write, recorded before the write, and its result.
 *
 * <p>The file is a sequence of records. Each consists of a magic number, the length of its text in bytes, the CRC-32C
 * of the text (32 bit each, big-endian) and the text: UTF-8, fields separated by tabs. The file has its full size from
 * the start, so that appending never fails for lack of space; zeros follow the last record. A record counts once it is
 * forced to the medium.
 */
final class Journal implements AutoCloseable {
    private static final int MAGIC = 0x53424a31;
    private static final int HEADER_BYTES = 12;
    private static final int MAX_TEXT_BYTES = 1 << 16;
    private static final Set<StandardOpenOption> CREATE_OPTIONS =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);

    /** Kind of a record. The names of the constants are part of the file format. */
    enum JournalRecordKind {
        /** The request, after all its steps. Fields: GPU, target, extra functions separated by commas. */
        BEGIN,
        /** A step of the plan. Fields: see {@link StepCodec}. */
        STEP,
        /** A write follows. Fields: index of the step, value before, value after. */
        INTENT,
        /** The write succeeded. Fields: as INTENT. */
        DONE,
        /** A write that undoes a step follows. Fields: as INTENT. */
        UNDO_INTENT,
        /** The undo succeeded. Fields: as INTENT. */
        UNDONE,
        /** A write timed out. Field: index of the step. */
        STUCK,
        /** The kernel had an oops. Field: index of the step. */
        OOPS,
        /** The switch ended; no record follows. Field: the outcome. */
        END
    }

    /**
     * One record.
     *
     * @param bootId boot ID of the kernel that the switch ran on
     * @param switchId random ID of the switch, 16 hexadecimal digits
     * @param timeMillis milliseconds since 1970
     * @param fields depend on the kind
     */
    record JournalRecord(JournalRecordKind kind, String bootId, String switchId, long timeMillis, List<String> fields) {
        JournalRecord {
            fields = List.copyOf(fields);
        }
    }

    /**
     * What a journal file holds.
     *
     * @param records the valid records before the first invalid one
     * @param isCorrupt whether valid records follow an invalid one
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
     * Creates the journal of a new switch; replaces the journal of the last one.
     *
     * @param maxRecords number of records to reserve space for, 512 bytes each
     * @throws IOException the last journal is unchanged then
     */
    static Journal create(Path file, String bootId, String switchId, int maxRecords) throws IOException {
        Path newFile = file.resolveSibling(file.getFileName() + ".new");
        FileChannel channel = FileChannel.open(
                newFile,
                CREATE_OPTIONS,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            ByteBuffer zeros = ByteBuffer.allocate(maxRecords * 512 + 4096);
            while (zeros.hasRemaining()) {
                channel.write(zeros);
            }
            channel.force(true);
            Files.move(newFile, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncParentDirectory(file);
            return new Journal(channel, bootId, switchId, 0);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Reopens the journal of an interrupted switch, to append after its last valid record.
     *
     * @param content of that file, with at least one record
     */
    static Journal resume(Path file, JournalContent content) throws IOException {
        JournalRecord first = content.records().getFirst();
        long end = 0;
        for (JournalRecord record : content.records()) {
            end += HEADER_BYTES + encode(record).length;
        }
        return new Journal(FileChannel.open(file, StandardOpenOption.WRITE), first.bootId(), first.switchId(), end);
    }

    /** Appends a record. It is on the medium when this method returns. */
    void append(JournalRecordKind kind, List<String> fields) throws IOException {
        write(List.of(new JournalRecord(kind, bootId, switchId, System.currentTimeMillis(), fields)));
    }

    /** Appends the first records of a switch at once. A journal that holds only some of the steps does not count. */
    void appendBegin(List<String> begin, List<List<String>> steps) throws IOException {
        long now = System.currentTimeMillis();
        List<JournalRecord> records = new ArrayList<>();
        // The steps come first: a valid BEGIN record implies that all steps are present.
        steps.forEach(fields -> records.add(new JournalRecord(JournalRecordKind.STEP, bootId, switchId, now, fields)));
        records.add(new JournalRecord(JournalRecordKind.BEGIN, bootId, switchId, now, begin));
        write(records);
    }

    private void write(List<JournalRecord> records) throws IOException {
        List<byte[]> texts = records.stream().map(Journal::encode).toList();
        ByteBuffer buffer = ByteBuffer.allocate(
                texts.stream().mapToInt(text -> HEADER_BYTES + text.length).sum());
        for (byte[] text : texts) {
            buffer.putInt(MAGIC).putInt(text.length).putInt(checksum(text)).put(text);
        }
        buffer.flip();
        long position = writePosition;
        while (buffer.hasRemaining()) {
            position += channel.write(buffer, position);
        }
        channel.force(false);
        writePosition = position;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // Every record was forced to the medium when it was written.
        }
    }

    /** Reads a journal, damaged or not. A missing file has no records. */
    static JournalContent read(Path file) throws IOException {
        return Files.exists(file) ? read(Files.readAllBytes(file)) : new JournalContent(List.of(), false);
    }

    static JournalContent read(byte[] bytes) {
        List<JournalRecord> records = new ArrayList<>();
        int offset = 0;
        while (true) {
            Optional<JournalRecord> record = readRecordAt(bytes, offset);
            if (record.isEmpty()) {
                break;
            }
            records.add(record.get());
            offset += HEADER_BYTES + ByteBuffer.wrap(bytes).getInt(offset + 4);
        }
        return new JournalContent(records, hasRecordAfter(bytes, offset));
    }

    private static boolean hasRecordAfter(byte[] bytes, int offset) {
        for (int later = offset + 1; later <= bytes.length - HEADER_BYTES; later++) {
            if (bytes[later] == (byte) (MAGIC >>> 24)
                    && readRecordAt(bytes, later).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private static Optional<JournalRecord> readRecordAt(byte[] bytes, int offset) {
        if (offset > bytes.length - HEADER_BYTES) {
            return Optional.empty();
        }
        ByteBuffer header = ByteBuffer.wrap(bytes, offset, HEADER_BYTES);
        int magic = header.getInt();
        int length = header.getInt();
        int checksum = header.getInt();
        if (magic != MAGIC || length < 0 || length > MAX_TEXT_BYTES || length > bytes.length - HEADER_BYTES - offset) {
            return Optional.empty();
        }
        byte[] text = Arrays.copyOfRange(bytes, offset + HEADER_BYTES, offset + HEADER_BYTES + length);
        return checksum(text) == checksum ? parseRecord(new String(text, StandardCharsets.UTF_8)) : Optional.empty();
    }

    private static Optional<JournalRecord> parseRecord(String text) {
        List<String> parts = TabSeparatedFields.split(text);
        if (parts.size() < 4) {
            return Optional.empty();
        }
        try {
            return Optional.of(new JournalRecord(
                    // Version 0.1.0 wrote DIED. What it froze stays frozen until the restart.
                    parts.getFirst().equals("DIED")
                            ? JournalRecordKind.OOPS
                            : JournalRecordKind.valueOf(parts.getFirst()),
                    parts.get(1),
                    parts.get(2),
                    Long.parseLong(parts.get(3)),
                    parts.subList(4, parts.size())));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static byte[] encode(JournalRecord record) {
        List<String> parts = new ArrayList<>(
                List.of(record.kind().name(), record.bootId(), record.switchId(), Long.toString(record.timeMillis())));
        parts.addAll(record.fields());
        return TabSeparatedFields.join(parts).getBytes(StandardCharsets.UTF_8);
    }

    private static int checksum(byte[] text) {
        CRC32C crc = new CRC32C();
        crc.update(text);
        return (int) crc.getValue();
    }

    /** Forces the parent directory to the medium, so that a renamed or deleted file stays so after a power failure. */
    static void syncParentDirectory(Path file) throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
