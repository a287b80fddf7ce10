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
 * Reads files that may never answer, in a child process: {@code driver_override} takes the lock of the device
 * (drivers/pci/pci-sysfs.c), which a stuck unbind holds, and the files of the NVIDIA driver take locks of its own.
 *
 * <p>Safe for several threads.
 */
final class TimedFileReader implements AutoCloseable {

    /** As many orders as surely fit into the pipe, so that sending never waits. */
    private static final int MAX_PENDING = 64;

    /** After so many silent files the others count as silent too. */
    private static final int MAX_TIMEOUTS = 3;

    private final KernelFiles files;
    private final Duration timeout;
    private final AtomicReference<@Nullable WriterProcess> idleProcess = new AtomicReference<>();

    /** @param timeout how long to wait for one file at the most */
    TimedFileReader(KernelFiles files, Duration timeout) {
        this.files = files;
        this.timeout = timeout;
    }

    /** Starts the child ahead of the first question. Returns at once. */
    void prepare() {
        releaseProcess(acquireProcess());
    }

    /** Asks for files and returns at once. */
    ReadRequest request(List<String> paths) {
        return new ReadRequest(paths);
    }

    @Override
    public void close() {
        WriterProcess shell = idleProcess.getAndSet(null);
        if (shell != null) {
            shell.close();
        }
    }

    /** @return null when there is no bash */
    private @Nullable WriterProcess acquireProcess() {
        WriterProcess shell = idleProcess.getAndSet(null);
        if (shell != null && !shell.isTerminated()) {
            return shell;
        }
        try {
            return WriterProcess.start();
        } catch (IOException noBash) {
            return null;
        }
    }

    private void releaseProcess(@Nullable WriterProcess shell) {
        if (shell == null) {
            return;
        }
        WriterProcess spare = idleProcess.getAndSet(shell);
        if (spare != null) {
            spare.close();
        }
    }

    /** Files asked for whose answers are still to come. For one thread. */
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
                // One that is gone says so by its answer.
                process.send(WriterProcess.WriterCommand.READ, files.resolve(paths.get(sentCount++)), "");
            }
        }

        /** What each file holds; one that is not there is left out. Waits. */
        Map<String, SnapshotEntry> awaitAll() {
            Map<String, SnapshotEntry> answers = new LinkedHashMap<>();
            int silent = 0;
            while (completedCount < paths.size()) {
                Optional<SnapshotEntry> answer = awaitNext();
                answer.ifPresent(entry -> answers.put(paths.get(completedCount), entry));
                completedCount++;
                if (process != null && answer.filter(entry -> entry == UnreadableEntry.TIMED_OUT).isPresent()) {
                    process.close();
                    process = ++silent < MAX_TIMEOUTS ? acquireProcess() : null;
                    sentCount = completedCount;
                }
                sendPending();
            }
            releaseProcess(process);
            process = null;
            return answers;
        }

        private Optional<SnapshotEntry> awaitNext() {
            Optional<WriterProcess.WriterReply> reply = process == null ? Optional.empty() : process.awaitReply(timeout);
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
