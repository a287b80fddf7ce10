package org.switchback.linux;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Finds the device nodes that processes have mapped: a mapping uses a device after its descriptor is closed. Reading
 * the mappings takes longer than reading the descriptors, so it happens in threads of its own, and results are kept for
 * a short time. It also waits for the memory lock of the process ({@code mmap_lock}, fs/proc/task_mmu.c), so a process
 * that does not answer in time is skipped.
 *
 * <p>Thread-safe.
 */
final class MappingScanner implements AutoCloseable {
    /** How long the result of a process is valid: the looks for users during one switch follow each other quickly. */
    private static final Duration VALIDITY = Duration.ofSeconds(2);

    /** Size limit in bytes: 65530 mappings, the usual limit of a process, with paths. */
    private static final int LIMIT = 16 << 20;

    private static final int MAX_THREADS = 4;

    private final KernelFileReader files;
    private final ThreadPoolExecutor executor = newExecutor();
    private final Map<String, CompletableFuture<ScanResult>> results = new ConcurrentHashMap<>();

    /** @param deviceNumbers of the mapped nodes, as {@code makedev} of the C library combines them */
    private record ScanResult(List<Long> deviceNumbers, long nanoTime) {
        boolean isExpired() {
            return System.nanoTime() - nanoTime > VALIDITY.toNanos();
        }
    }

    MappingScanner(KernelFileReader files) {
        this.files = files;
    }

    /** Its threads end when they have nothing to do, because each one takes memory. */
    private static ThreadPoolExecutor newExecutor() {
        int threads = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, MAX_THREADS);
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                threads,
                threads,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("mappings").factory());
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Starts to scan processes. Returns at once. */
    void start(List<String> pids) {
        results.keySet().retainAll(pids);
        for (String pid : pids) {
            // A scan that still waits for its process is not repeated.
            results.compute(
                    pid,
                    (key, previous) -> previous == null
                                    || (previous.isDone() && previous.join().isExpired())
                            ? CompletableFuture.supplyAsync(() -> scan(key), executor)
                            : previous);
        }
    }

    /**
     * Waits for the result of a process.
     *
     * @param pid a process that {@link #start} got
     * @param timeout longest time to wait
     * @return device numbers of the nodes that it has mapped; empty if it does not answer
     */
    Optional<List<Long>> await(String pid, Duration timeout) {
        CompletableFuture<ScanResult> result = results.get(pid);
        if (result == null) {
            return Optional.of(List.of());
        }
        try {
            return Optional.of(result.get(Math.max(0, timeout.toMillis()), TimeUnit.MILLISECONDS)
                    .deviceNumbers());
        } catch (TimeoutException | ExecutionException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private ScanResult scan(String pid) {
        List<Long> numbers = new ArrayList<>();
        files.anyChunkMatches("/proc/" + pid + "/maps", LIMIT, chunk -> {
            addDeviceNumbers(pid, chunk, numbers);
            return false;
        });
        return new ScanResult(List.copyOf(numbers), System.nanoTime());
    }

    private void addDeviceNumbers(String pid, String maps, List<Long> numbers) {
        int match = maps.indexOf("/dev/");
        while (match >= 0) {
            int start = maps.lastIndexOf('\n', match) + 1;
            int end = maps.indexOf('\n', match);
            String line = maps.substring(start, end < 0 ? maps.length() : end);
            String path = line.substring(line.indexOf('/'));
            if (NodePaths.isCandidate(path)) {
                // The link leads to the mapped file itself, in whatever mount namespace it is.
                String range = line.substring(0, line.indexOf(' '));
                long number = files.readDeviceNumber("/proc/" + pid + "/map_files/" + range);
                if (number != 0 && !numbers.contains(number)) {
                    numbers.add(number);
                }
            }
            match = end < 0 ? -1 : maps.indexOf("/dev/", end);
        }
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
