package org.switchback.transaction;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** Reads bytes as a journal. */
public final class JournalFuzzing {
    private static final int MAGIC = 0x53424a31;

    private JournalFuzzing() {}

    /** Reads the bytes as they are, and each of their lines as a record with a valid checksum. */
    public static void read(byte[] data) {
        TransactionRunner.recoveryStateOf(Journal.read(data));
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        new String(data, StandardCharsets.UTF_8).lines().forEach(line -> {
            byte[] text = line.getBytes(StandardCharsets.UTF_8);
            CRC32C checksum = new CRC32C();
            checksum.update(text);
            records.writeBytes(ByteBuffer.allocate(12)
                    .putInt(MAGIC)
                    .putInt(text.length)
                    .putInt((int) checksum.getValue())
                    .array());
            records.writeBytes(text);
        });
        TransactionRunner.recoveryStateOf(Journal.read(records.toByteArray()));
    }
}
