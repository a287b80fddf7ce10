package org.switchback.client.activity;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.switchback.client.MachineSource;
import org.switchback.client.messages.Messages;
import org.switchback.client.storage.AtomicFile;
import org.switchback.client.storage.StateDirectory;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;

/**
 * All switch records. Records of this computer are saved in a file of the user: a header line with the version, then
 * one line a record. Window and command line write the same file. Records of simulated machines are kept in memory
 * only.
 *
 * <p>Thread-safe. Every call may block on file access.
 */
public final class ActivityLog {
    /** Number of records kept; the oldest are dropped. */
    static final int MAX_RECORDS = 200;

    static final String HEADER_LINE = "{\"format\":\"switchback-activity\",\"version\":1}";

    /** A file lock excludes other processes, but not the other threads of this process. */
    private static final Object PROCESS_LOCK = new Object();

    private final @Nullable Path file;
    /** Records of simulated machines, and records that could not be saved. */
    private final List<SwitchRecord> unsavedRecords = new ArrayList<>();

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    private ActivityLog(@Nullable Path file) {
        this.file = file;
    }

    /** The log of the user with these environment variables. */
    public static ActivityLog of(Map<String, String> environment) {
        return ofFile(StateDirectory.of(environment).resolve("activity.jsonl"));
    }

    public static ActivityLog ofFile(Path file) {
        return new ActivityLog(file);
    }

    /** A log that is never saved. */
    public static ActivityLog inMemory() {
        return new ActivityLog(null);
    }

    /**
     * The records that could be read.
     *
     * @param records newest first from {@link #load}
     * @param problem what was wrong with the file; empty without a problem
     */
    public record ActivityLogContent(List<SwitchRecord> records, Optional<ActivityLogProblem> problem) {
        public ActivityLogContent {
            records = List.copyOf(records);
        }
    }

    /** A problem with the file. */
    public sealed interface ActivityLogProblem {
        /**
         * Parts of the file could not be parsed, or a later version wrote it.
         *
         * @param backup unchanged copy of the whole file
         */
        record DamagedLogFile(Path backup) implements ActivityLogProblem {}

        /** The file can be neither read nor written. */
        record InaccessibleLogFile(Path file) implements ActivityLogProblem {}

        /** One or two sentences for people. */
        default String format(Messages messages) {
            return switch (this) {
                case DamagedLogFile(Path backup) -> messages.text("activity.damaged", backup);
                case InaccessibleLogFile(Path file) -> messages.text("activity.unusable", file);
            };
        }
    }

    /** Adds a listener that is called after every {@link #put(SwitchRecord)} on this object. */
    public void addChangeListener(Runnable listener) {
        listeners.add(listener);
    }

    /** All records of this computer and of simulated machines, newest first. */
    public synchronized ActivityLogContent load() {
        Path path = file;
        ActivityLogContent saved = path == null || !Files.exists(path)
                ? new ActivityLogContent(List.of(), Optional.empty())
                : updateWithLock(path, records -> {});
        List<SwitchRecord> all = new ArrayList<>(saved.records());
        all.addAll(unsavedRecords);
        all.sort(Comparator.comparing(SwitchRecord::startedAt).reversed());
        return new ActivityLogContent(all, saved.problem());
    }

    /** The newest record of a GPU that matches a filter. Parses only the lines of the file that it needs. */
    public synchronized Optional<SwitchRecord> findLatest(
            MachineSource source, PciAddress gpu, Predicate<SwitchRecord> filter) {
        return findLatest(readSavedLines(), source, gpu, filter);
    }

    /**
     * For each GPU of a machine the BAR that the kernel could not reserve in its last switch. GPUs without such a BAR
     * are omitted.
     */
    public synchronized Map<PciAddress, SwitchRecord.UnreservedBar> findUnreservedBars(
            MachineSource source, Machine machine) {
        List<String> savedLines = readSavedLines();
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = new HashMap<>();
        for (Gpu gpu : machine.gpus()) {
            findLatest(savedLines, source, gpu.address(), record -> true)
                    .flatMap(SwitchRecord::unreservedBar)
                    .ifPresent(bar -> unreserved.put(gpu.address(), bar));
        }
        return unreserved;
    }

    /** @param savedLines lines of the file, oldest first */
    private Optional<SwitchRecord> findLatest(
            List<String> savedLines, MachineSource source, PciAddress gpu, Predicate<SwitchRecord> filter) {
        String machineName = SwitchRecord.machineName(source);
        Predicate<SwitchRecord> matches = record ->
                record.machineName().equals(machineName) && record.gpu().equals(gpu) && filter.test(record);
        // Damaged lines are skipped here: load reports them.
        Optional<SwitchRecord> newestSaved = savedLines.reversed().stream()
                .filter(line -> line.contains(gpu.toString()))
                .flatMap(line -> SwitchRecordCodec.read(line).stream())
                .filter(matches)
                .findFirst();
        Comparator<SwitchRecord> byTime = Comparator.comparing(SwitchRecord::startedAt);
        return Stream.concat(newestSaved.stream(), unsavedRecords.stream().filter(matches))
                .max(byTime);
    }

    /** The lines of the file; empty when it does not exist or cannot be read. */
    private List<String> readSavedLines() {
        try {
            return file == null ? List.of() : readLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Adds a record, or replaces the record with the same id. */
    public void put(SwitchRecord record) {
        synchronized (this) {
            Path savedFile = file;
            boolean saved = record.isOnThisMachine()
                    && savedFile != null
                    && !(updateWithLock(savedFile, records -> put(records, record))
                                    .problem()
                                    .orElse(null)
                            instanceof ActivityLogProblem.InaccessibleLogFile);
            if (!saved) {
                put(unsavedRecords, record);
            }
        }
        listeners.forEach(Runnable::run);
    }

    private static void put(List<SwitchRecord> records, SwitchRecord record) {
        records.removeIf(other -> other.id().equals(record.id()));
        records.add(record);
        records.sort(Comparator.comparing(SwitchRecord::startedAt));
        while (records.size() > MAX_RECORDS) {
            records.removeFirst();
        }
    }

    private interface RecordsUpdate {
        void apply(List<SwitchRecord> records);
    }

    /** Reads, updates and, after a change, writes the file. Holds a lock against other processes and threads. */
    private static ActivityLogContent updateWithLock(Path file, RecordsUpdate update) {
        try {
            Files.createDirectories(file.getParent());
            Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
            synchronized (PROCESS_LOCK) {
                try (FileChannel channel =
                                FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock lock = channel.lock()) {
                    return update(file, update);
                }
            }
        } catch (IOException | RuntimeException e) {
            System.getLogger(ActivityLog.class.getName())
                    .log(System.Logger.Level.DEBUG, "The activity log cannot be used", e);
            return new ActivityLogContent(List.of(), Optional.of(new ActivityLogProblem.InaccessibleLogFile(file)));
        }
    }

    private static ActivityLogContent update(Path file, RecordsUpdate update) throws IOException {
        List<SwitchRecord> records = new ArrayList<>();
        boolean damaged = readRecords(file, records);
        Optional<ActivityLogProblem> problem = Optional.empty();
        if (damaged) {
            Path backup = nextBackupPath(file);
            Files.copy(file, backup, StandardCopyOption.COPY_ATTRIBUTES);
            problem = Optional.of(new ActivityLogProblem.DamagedLogFile(backup));
        }
        List<SwitchRecord> before = List.copyOf(records);
        update.apply(records);
        if (damaged || !records.equals(before)) {
            writeRecords(file, records);
        }
        return new ActivityLogContent(records, problem);
    }

    /** @return whether parts of the file could not be parsed */
    private static boolean readRecords(Path file, List<SwitchRecord> records) throws IOException {
        List<String> lines;
        try {
            lines = readLines(file);
        } catch (NoSuchFileException e) {
            return false;
        }
        boolean damaged = lines.isEmpty() || !lines.getFirst().equals(HEADER_LINE);
        for (String line : damaged ? Collections.<String>emptyList() : lines.subList(1, lines.size())) {
            Optional<SwitchRecord> record = SwitchRecordCodec.read(line);
            record.ifPresent(records::add);
            damaged |= record.isEmpty();
        }
        return damaged;
    }

    /** Invalid UTF-8 damages only its own line. */
    private static List<String> readLines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** The first unused backup name: activity.jsonl.damaged-1. */
    private static Path nextBackupPath(Path file) {
        int number = 1;
        while (Files.exists(backupPath(file, number))) {
            number++;
        }
        return backupPath(file, number);
    }

    private static Path backupPath(Path file, int number) {
        return file.resolveSibling(file.getFileName() + ".damaged-" + number);
    }

    private static void writeRecords(Path file, List<SwitchRecord> records) throws IOException {
        StringBuilder text = new StringBuilder(HEADER_LINE).append('\n');
        for (SwitchRecord record : records) {
            text.append(SwitchRecordCodec.write(record)).append('\n');
        }
        AtomicFile.write(file, text.toString());
    }
}
