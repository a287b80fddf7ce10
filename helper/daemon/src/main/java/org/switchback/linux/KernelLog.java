package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import java.nio.charset.StandardCharsets;

/**
 * What the kernel logs from one moment on ({@code /dev/kmsg}, Documentation/ABI/testing/dev-kmsg). Never waits: a log that
 * may not be read has nothing in it.
 */
final class KernelLog {
    /** The kernel gives a record a read, and refuses a buffer that is too small for it. */
    private static final int RECORD_BYTES = 8192;

    private static final int MAX_RECORDS = 1000;

    // include/uapi/asm-generic/fcntl.h, include/uapi/linux/fs.h, include/uapi/asm-generic/errno.h
    private static final int O_RDONLY_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final int SEEK_END = 2;
    private static final int EPIPE = 32;

    private static final int NO_FILE = -1;

    private final LibC libc;
    private final int fileDescriptor;

    /** Remembers where the log ends now. */
    KernelLog(LibC libc, KernelFiles files) {
        this.libc = libc;
        int opened = NO_FILE;
        try {
            opened = libc.open(files.resolve("/dev/kmsg"), O_RDONLY_NONBLOCK_CLOEXEC);
            libc.lseek(opened, new NativeLong(0), SEEK_END);
        } catch (LastErrorException notPermitted) {
            // Then nothing is said about it.
        }
        fileDescriptor = opened;
    }

    /** What has been logged since, with the records' headers. To be called once. */
    String readNewRecords() {
        StringBuilder said = new StringBuilder();
        if (fileDescriptor == NO_FILE) {
            return "";
        }
        try (Memory record = new Memory(RECORD_BYTES)) {
            for (int i = 0; i < MAX_RECORDS; i++) {
                try {
                    int length = libc.read(fileDescriptor, record, new NativeLong(RECORD_BYTES)).intValue();
                    said.append(new String(record.getByteArray(0, length), StandardCharsets.UTF_8));
                } catch (LastErrorException end) {
                    // EPIPE: records were overwritten before they were read, and it goes on behind them.
                    if (end.getErrorCode() != EPIPE) {
                        break;
                    }
                }
            }
        }
        try {
            libc.close(fileDescriptor);
        } catch (LastErrorException ignored) {
            // Closed all the same.
        }
        return said.toString();
    }
}
