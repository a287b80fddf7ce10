package org.switchback.linux;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MachineSnapshot.UnreadableEntry;

/**
 * Reads files with a timeout, in a child process, because reading them may block forever: {@code driver_override} takes
 * the lock of the device (drivers/pci/pci-sysfs.c), which a stuck unbind holds, and the files of the NVIDIA driver take
 * locks of that driver.
 *
 * <p>Thread-safe.
 */
final class TimedFileReader implements AutoCloseable {
    /** Number of requests that certainly fit into the pipe, so that sending never blocks. */
    private static final int MAX_PENDING = 64;

    /** After so many timeouts the remaining files count as timed out too. */
    private static final int MAX_TIMEOUTS = 3;

    private final KernelFileReader files;
    private final Duration timeout;
    private final AtomicReference<@Nullable WriterProcess> idleProcess = new AtomicReference<>();

    /** @param timeout for a single file */
    TimedFileReader(KernelFileReader files, Duration timeout) {
        this.files = files;
        this.timeout = timeout;
    }

    /** Starts the child process before the first request. Returns at once. */
    void prepare() {
        releaseProcess(acquireProcess());
    }

    /** Requests files. Returns at once. */
    ReadRequest request(List<String> paths) {
        return new ReadRequest(paths);
    }

    @Override
    public void close() {
        WriterProcess process = idleProcess.getAndSet(null);
        if (process != null) {
            process.close();
        }
    }

    /** @return null when bash does not start */
    private @Nullable WriterProcess acquireProcess() {
        WriterProcess process = idleProcess.getAndSet(null);
        if (process != null && !process.isTerminated()) {
            return process;
        }
        try {
            return WriterProcess.start();
        } catch (IOException e) {
            return null;
        }
    }

    private void releaseProcess(@Nullable WriterProcess process) {
        if (process == null) {
            return;
        }
        WriterProcess other = idleProcess.getAndSet(process);
        if (other != null) {
            other.close();
        }
    }

    /** Requested files whose content is pending. Not thread-safe. */
    final class ReadRequest {
        private final List<String> paths;
        private @Nullable WriterProcess process;
        private int sentCount;
        private int completedCount;

        private ReadRequest(List<String> paths) {
            this.paths = paths;
            if (!paths.isEmpty()) {
                process = acquireProcess();
                sendPending();
            }
        }

        private void sendPending() {
            while (process != null && sentCount < paths.size() && sentCount - completedCount < MAX_PENDING) {
                // A child that has ended replies with a failure.
                process.send(WriterProcess.WriterCommand.READ, files.resolve(paths.get(sentCount++)), "");
            }
        }

        /** Waits for the content of all files, by path; without missing files. */
        Map<String, SnapshotEntry> awaitAll() {
            Map<String, SnapshotEntry> entries = new LinkedHashMap<>();
            int timeouts = 0;
            while (completedCount < paths.size()) {
                Optional<SnapshotEntry> next = awaitNext();
                next.ifPresent(entry -> entries.put(paths.get(completedCount), entry));
                completedCount++;
                if (process != null
                        && next.filter(entry -> entry == UnreadableEntry.TIMED_OUT)
                                .isPresent()) {
                    process.close();
                    process = ++timeouts < MAX_TIMEOUTS ? acquireProcess() : null;
                    sentCount = completedCount;
                }
                sendPending();
            }
            releaseProcess(process);
            process = null;
            return entries;
        }

        private Optional<SnapshotEntry> awaitNext() {
            Optional<WriterProcess.WriterReply> reply =
                    process == null ? Optional.empty() : process.awaitReply(timeout);
            if (reply.isEmpty()) {
                return Optional.of(UnreadableEntry.TIMED_OUT);
            }
            if (reply.get().succeeded()) {
                return Optional.of(new TextEntry(reply.get().text()));
            }
            return switch (reply.get().errno()) {
                case "ENOENT", "ENODEV" -> Optional.empty();
                // The child has ended.
                case "?" -> Optional.of(UnreadableEntry.TIMED_OUT);
                default -> Optional.of(new UnreadableEntry(reply.get().errno()));
            };
        }
    }
}
