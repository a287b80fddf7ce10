package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import java.nio.charset.StandardCharsets;

/**
 * Reads the records that the kernel logs after a given moment ({@code /dev/kmsg}, Documentation/ABI/testing/dev-kmsg).
 * Never blocks. A log without read permission is treated as empty.
 */
final class KernelLog {
    /** Buffer size: each read returns one record and fails when the buffer is too small. */
    private static final int RECORD_BYTES = 8192;

    private static final int MAX_RECORDS = 1000;

    // include/uapi/asm-generic/fcntl.h, include/uapi/linux/fs.h, include/uapi/asm-generic/errno.h
    private static final int O_RDONLY_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final int SEEK_END = 2;
    private static final int EPIPE = 32;

    private static final int NO_FILE = -1;

    private final LibC libc;
    private final int fileDescriptor;

    /** Opens the log at its current end. */
    KernelLog(LibC libc, KernelFileReader files) {
        this.libc = libc;
        int file = NO_FILE;
        try {
            file = libc.open(files.resolve("/dev/kmsg"), O_RDONLY_NONBLOCK_CLOEXEC);
            libc.lseek(file, new NativeLong(0), SEEK_END);
        } catch (LastErrorException ignored) {
            // Without permission the log counts as empty.
        }
        fileDescriptor = file;
    }

    /** Reads all records logged since the constructor ran, with their headers, and closes the log. Call it once. */
    String readNewRecords() {
        if (fileDescriptor == NO_FILE) {
            return "";
        }
        StringBuilder records = new StringBuilder();
        try (Memory buffer = new Memory(RECORD_BYTES)) {
            for (int i = 0; i < MAX_RECORDS; i++) {
                try {
                    int length = libc.read(fileDescriptor, buffer, new NativeLong(RECORD_BYTES))
                            .intValue();
                    records.append(new String(buffer.getByteArray(0, length), StandardCharsets.UTF_8));
                } catch (LastErrorException e) {
                    // EPIPE: records were overwritten before they were read; the next read continues after them.
                    if (e.getErrorCode() != EPIPE) {
                        break;
                    }
                }
            }
        }
        try {
            libc.close(fileDescriptor);
        } catch (LastErrorException ignored) {
            // The descriptor is closed despite the error.
        }
        return records.toString();
    }
}
