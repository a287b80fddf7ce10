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
 * All attempts. Those made on this computer are saved in a file of the user, a line an attempt after a first line that
 * names the version; window and command line write the same file. Those on other machines are forgotten with the
 * program.
 *
 * <p>Any thread may call; every call may block for a file.
 */
public final class ActivityLog {
    /** The oldest are dropped beyond it. */
    static final int MAX_RECORDS = 200;

    static final String HEADER_LINE = "{\"format\":\"switchback-activity\",\"version\":1}";

    /** A lock on a file keeps other programs out, but not the other threads of this one. */
    private static final Object PROCESS_LOCK = new Object();

    private final @Nullable Path file;
    /** Those on other machines, and those that could not be saved. */
    private final List<SwitchRecord> unsavedRecords = new ArrayList<>();

    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    private ActivityLog(@Nullable Path file) {
        this.file = file;
    }

    /** The log of the user whose environment it is. */
    public static ActivityLog of(Map<String, String> environment) {
        return ofFile(StateDirectory.of(environment).resolve("activity.jsonl"));
    }

    public static ActivityLog ofFile(Path file) {
        return new ActivityLog(file);
    }

    /** A log that is forgotten with the program. */
    public static ActivityLog inMemory() {
        return new ActivityLog(null);
    }

    /**
     * What there is to see.
     *
     * @param records the newest first
     * @param problem what was the matter with the file; empty when nothing was
     */
    public record ActivityLogContent(List<SwitchRecord> records, Optional<ActivityLogProblem> problem) {
        public ActivityLogContent {
            records = List.copyOf(records);
        }
    }

    /** What can be the matter with the file. */
    public sealed interface ActivityLogProblem {
        /**
         * Parts of it could not be understood, or a later version wrote it.
         *
         * @param backup where all of it is now, as it was
         */
        record DamagedLogFile(Path backup) implements ActivityLogProblem {}

        /** It can be neither read nor written. */
        record InaccessibleLogFile(Path file) implements ActivityLogProblem {}

        /** A sentence or two about it. */
        default String format(Messages words) {
            return switch (this) {
                case DamagedLogFile(Path kept) -> words.text("activity.damaged", kept.toString());
                case InaccessibleLogFile(Path unusable) -> words.text("activity.unusable", unusable.toString());
            };
        }
    }

    /** Calls back after every change made here. */
    public void addChangeListener(Runnable listener) {
        listeners.add(listener);
    }

    /** All attempts, here and elsewhere. */
    public synchronized ActivityLogContent load() {
        Path path = file;
        ActivityLogContent saved = path == null || !Files.exists(path)
                ? new ActivityLogContent(List.of(), Optional.empty())
                : updateWithLock(path, attempts -> {});
        List<SwitchRecord> all = new ArrayList<>(saved.records());
        all.addAll(unsavedRecords);
        all.sort(Comparator.comparing(SwitchRecord::startedAt).reversed());
        return new ActivityLogContent(all, saved.problem());
    }

    /**
     * The newest attempt on a GPU of a machine for which something holds. Of the file it understands no more than it
     * has to.
     */
    public synchronized Optional<SwitchRecord> findLatest(
            MachineSource source, PciAddress gpu, Predicate<SwitchRecord> which) {
        return findLatest(readSavedLines(), source, gpu, which);
    }

    /**
     * For each GPU of a machine the BAR that the kernel could not reserve when it was last to be switched; those for
     * which there is none are left out.
     */
    public synchronized Map<PciAddress, SwitchRecord.UnreservedBar> findUnreservedBars(
            MachineSource source, Machine machine) {
        List<String> saved = readSavedLines();
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = new HashMap<>();
        for (Gpu gpu : machine.gpus()) {
            findLatest(saved, source, gpu.address(), attempt -> true)
                    .flatMap(SwitchRecord::unreservedBar)
                    .ifPresent(bar -> unreserved.put(gpu.address(), bar));
        }
        return unreserved;
    }

    /** @param saved the lines of the file, of which the last is the newest */
    private Optional<SwitchRecord> findLatest(
            List<String> saved, MachineSource source, PciAddress gpu, Predicate<SwitchRecord> which) {
        String where = SwitchRecord.machineName(source);
        Predicate<SwitchRecord> wanted =
                attempt -> attempt.machineName().equals(where) && attempt.gpu().equals(gpu) && which.test(attempt);
        // A line that can't be understood is told of by whoever reads them all.
        Optional<SwitchRecord> newestSaved = saved.reversed().stream()
                .filter(line -> line.contains(gpu.toString()))
                .flatMap(line -> SwitchRecordCodec.read(line).stream())
                .filter(wanted)
                .findFirst();
        Comparator<SwitchRecord> byTime = Comparator.comparing(SwitchRecord::startedAt);
        return Stream.concat(newestSaved.stream(), unsavedRecords.stream().filter(wanted))
                .max(byTime);
    }

    /** None where there is no file, or it can't be read. */
    private List<String> readSavedLines() {
        try {
            return file == null ? List.of() : readLines(file);
        } catch (IOException none) {
            return List.of();
        }
    }

    /** Adds an attempt, or what has become of one. */
    public void put(SwitchRecord attempt) {
        synchronized (this) {
            Path saved = file;
            boolean kept = attempt.isOnThisMachine()
                    && saved != null
                    && !(updateWithLock(saved, attempts -> put(attempts, attempt))
                                    .problem()
                                    .orElse(null)
                            instanceof ActivityLogProblem.InaccessibleLogFile);
            if (!kept) {
                put(unsavedRecords, attempt);
            }
        }
        listeners.forEach(Runnable::run);
    }

    private static void put(List<SwitchRecord> attempts, SwitchRecord attempt) {
        attempts.removeIf(other -> other.id().equals(attempt.id()));
        attempts.add(attempt);
        attempts.sort(Comparator.comparing(SwitchRecord::startedAt));
        while (attempts.size() > MAX_RECORDS) {
            attempts.removeFirst();
        }
    }

    private interface RecordsUpdate {
        void apply(List<SwitchRecord> attempts);
    }

    /** Reads, changes and, where something has changed, writes the file, while no other program does. */
    private static ActivityLogContent updateWithLock(Path file, RecordsUpdate change) {
        try {
            Files.createDirectories(file.getParent());
            Path lock = file.resolveSibling(file.getFileName() + ".lock");
            synchronized (PROCESS_LOCK) {
                try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock held = channel.lock()) {
                    return update(file, change);
                }
            }
        } catch (IOException | RuntimeException unusable) {
            System.getLogger(ActivityLog.class.getName())
                    .log(System.Logger.Level.DEBUG, "The log of attempts can't be used", unusable);
            return new ActivityLogContent(List.of(), Optional.of(new ActivityLogProblem.InaccessibleLogFile(file)));
        }
    }

    private static ActivityLogContent update(Path file, RecordsUpdate change) throws IOException {
        List<SwitchRecord> attempts = new ArrayList<>();
        boolean damaged = readRecords(file, attempts);
        Optional<ActivityLogProblem> trouble = Optional.empty();
        if (damaged) {
            Path kept = nextBackupPath(file);
            Files.copy(file, kept, StandardCopyOption.COPY_ATTRIBUTES);
            trouble = Optional.of(new ActivityLogProblem.DamagedLogFile(kept));
        }
        List<SwitchRecord> before = List.copyOf(attempts);
        change.apply(attempts);
        if (damaged || !attempts.equals(before)) {
            writeRecords(file, attempts);
        }
        return new ActivityLogContent(attempts, trouble);
    }

    /** @return whether some of it could not be understood */
    private static boolean readRecords(Path file, List<SwitchRecord> attempts) throws IOException {
        List<String> lines;
        try {
            lines = readLines(file);
        } catch (NoSuchFileException none) {
            return false;
        }
        boolean damaged = lines.isEmpty() || !lines.getFirst().equals(HEADER_LINE);
        for (String line : damaged ? Collections.<String>emptyList() : lines.subList(1, lines.size())) {
            Optional<SwitchRecord> attempt = SwitchRecordCodec.read(line);
            attempt.ifPresent(attempts::add);
            damaged |= attempt.isEmpty();
        }
        return damaged;
    }

    /** Bytes that are no UTF-8 spoil their own line and no other. */
    private static List<String> readLines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** A name that nothing has yet: activity.jsonl.damaged-1. */
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

    private static void writeRecords(Path file, List<SwitchRecord> attempts) throws IOException {
        StringBuilder text = new StringBuilder(HEADER_LINE).append('\n');
        for (SwitchRecord attempt : attempts) {
            text.append(SwitchRecordCodec.write(attempt)).append('\n');
        }
        AtomicFile.write(file, text.toString());
    }
}
