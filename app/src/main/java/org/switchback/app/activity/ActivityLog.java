package org.switchback.app.activity;

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
import org.switchback.app.helper.Source;
import org.switchback.app.state.StateFolder;
import org.switchback.app.state.WholeFile;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;

/**
 * All attempts. Those made on this computer are saved in a file of the user, a line an attempt after a first line that
 * names the version; window and command line write the same file. Those on other machines are forgotten with the program.
 *
 * <p>Any thread may call; every call may block for a file.
 */
public final class ActivityLog {
    /** The oldest are dropped beyond it. */
    static final int MOST = 200;

    static final String FIRST_LINE = "{\"format\":\"switchback-activity\",\"version\":1}";

    /** A lock on a file keeps other programs out, but not the other threads of this one. */
    private static final Object THIS_PROGRAM = new Object();

    private final @Nullable Path file;
    /** Those on other machines, and those that could not be saved. */
    private final List<Attempt> elsewhere = new ArrayList<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    private ActivityLog(@Nullable Path file) {
        this.file = file;
    }

    /** The log of the user whose environment it is. */
    public static ActivityLog of(Map<String, String> environment) {
        return in(StateFolder.of(environment).resolve("activity.jsonl"));
    }

    static ActivityLog in(Path file) {
        return new ActivityLog(file);
    }

    /** A log that is forgotten with the program. */
    public static ActivityLog inMemory() {
        return new ActivityLog(null);
    }

    /**
     * What there is to see.
     *
     * @param attempts the newest first
     * @param trouble  what was the matter with the file; empty when nothing was
     */
    public record Content(List<Attempt> attempts, Optional<Trouble> trouble) {
        public Content {
            attempts = List.copyOf(attempts);
        }
    }

    /** What can be the matter with the file. */
    public sealed interface Trouble {
        /**
         * Parts of it could not be understood, or a later version wrote it.
         *
         * @param kept where all of it is now, as it was
         */
        record SetAside(Path kept) implements Trouble {}

        /** It can be neither read nor written. */
        record Unusable(Path file) implements Trouble {}

        /** A sentence or two about it. */
        default String text(Words words) {
            return switch (this) {
                case SetAside(Path kept) -> words.text("activity.damaged", kept.toString());
                case Unusable(Path unusable) -> words.text("activity.unusable", unusable.toString());
            };
        }
    }

    /** Calls back after every change made here. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** All attempts, here and elsewhere. */
    public synchronized Content content() {
        Path path = file;
        Content saved = path == null || !Files.exists(path)
                ? new Content(List.of(), Optional.empty())
                : locked(path, attempts -> {});
        List<Attempt> all = new ArrayList<>(saved.attempts());
        all.addAll(elsewhere);
        all.sort(Comparator.comparing(Attempt::began).reversed());
        return new Content(all, saved.trouble());
    }

    /**
     * The newest attempt on a GPU of a machine for which something holds. Of the file it understands no more than it has to.
     */
    public synchronized Optional<Attempt> newest(Source source, PciAddress gpu, Predicate<Attempt> which) {
        return newest(savedLines(), source, gpu, which);
    }

    /**
     * For each GPU of a machine the BAR that the kernel could not reserve when it was last to be switched; those for which
     * there is none are left out.
     */
    public synchronized Map<PciAddress, Attempt.Unreserved> unreserved(Source source, Machine machine) {
        List<String> saved = savedLines();
        Map<PciAddress, Attempt.Unreserved> unreserved = new HashMap<>();
        for (Gpu gpu : machine.gpus()) {
            newest(saved, source, gpu.address(), attempt -> true)
                    .flatMap(Attempt::unreserved)
                    .ifPresent(bar -> unreserved.put(gpu.address(), bar));
        }
        return unreserved;
    }

    /** @param saved the lines of the file, of which the last is the newest */
    private Optional<Attempt> newest(
            List<String> saved, Source source, PciAddress gpu, Predicate<Attempt> which) {
        String where = Attempt.where(source);
        Predicate<Attempt> wanted =
                attempt -> attempt.where().equals(where) && attempt.gpu().equals(gpu) && which.test(attempt);
        // A line that can't be understood is told of by whoever reads them all.
        Optional<Attempt> newestSaved = saved.reversed().stream()
                .filter(line -> line.contains(gpu.toString()))
                .flatMap(line -> AttemptLine.read(line).stream())
                .filter(wanted)
                .findFirst();
        Comparator<Attempt> byTime = Comparator.comparing(Attempt::began);
        return Stream.concat(newestSaved.stream(), elsewhere.stream().filter(wanted)).max(byTime);
    }

    /** None where there is no file, or it can't be read. */
    private List<String> savedLines() {
        try {
            return file == null ? List.of() : lines(file);
        } catch (IOException none) {
            return List.of();
        }
    }

    /** Adds an attempt, or what has become of one. */
    public void put(Attempt attempt) {
        synchronized (this) {
            Path saved = file;
            boolean kept = attempt.real()
                    && saved != null
                    && !(locked(saved, attempts -> put(attempts, attempt)).trouble().orElse(null)
                            instanceof Trouble.Unusable);
            if (!kept) {
                put(elsewhere, attempt);
            }
        }
        listeners.forEach(Runnable::run);
    }

    private static void put(List<Attempt> attempts, Attempt attempt) {
        attempts.removeIf(other -> other.id().equals(attempt.id()));
        attempts.add(attempt);
        attempts.sort(Comparator.comparing(Attempt::began));
        while (attempts.size() > MOST) {
            attempts.removeFirst();
        }
    }

    private interface Change {
        void on(List<Attempt> attempts);
    }

    /** Reads, changes and, where something has changed, writes the file, while no other program does. */
    private static Content locked(Path file, Change change) {
        try {
            Files.createDirectories(file.getParent());
            Path lock = file.resolveSibling(file.getFileName() + ".lock");
            synchronized (THIS_PROGRAM) {
                try (FileChannel channel =
                                FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock held = channel.lock()) {
                    return changed(file, change);
                }
            }
        } catch (IOException | RuntimeException unusable) {
            System.getLogger(ActivityLog.class.getName())
                    .log(System.Logger.Level.DEBUG, "The log of attempts can't be used", unusable);
            return new Content(List.of(), Optional.of(new Trouble.Unusable(file)));
        }
    }

    private static Content changed(Path file, Change change) throws IOException {
        List<Attempt> attempts = new ArrayList<>();
        boolean damaged = read(file, attempts);
        Optional<Trouble> trouble = Optional.empty();
        if (damaged) {
            Path kept = free(file);
            Files.copy(file, kept, StandardCopyOption.COPY_ATTRIBUTES);
            trouble = Optional.of(new Trouble.SetAside(kept));
        }
        List<Attempt> before = List.copyOf(attempts);
        change.on(attempts);
        if (damaged || !attempts.equals(before)) {
            write(file, attempts);
        }
        return new Content(attempts, trouble);
    }

    /** @return whether some of it could not be understood */
    private static boolean read(Path file, List<Attempt> attempts) throws IOException {
        List<String> lines;
        try {
            lines = lines(file);
        } catch (NoSuchFileException none) {
            return false;
        }
        boolean damaged = lines.isEmpty() || !lines.getFirst().equals(FIRST_LINE);
        for (String line : damaged ? Collections.<String>emptyList() : lines.subList(1, lines.size())) {
            Optional<Attempt> attempt = AttemptLine.read(line);
            attempt.ifPresent(attempts::add);
            damaged |= attempt.isEmpty();
        }
        return damaged;
    }

    /** Bytes that are no UTF-8 spoil their own line and no other. */
    private static List<String> lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
    }

    /** A name that nothing has yet: activity.jsonl.damaged-1. */
    private static Path free(Path file) {
        int number = 1;
        while (Files.exists(aside(file, number))) {
            number++;
        }
        return aside(file, number);
    }

    private static Path aside(Path file, int number) {
        return file.resolveSibling(file.getFileName() + ".damaged-" + number);
    }

    private static void write(Path file, List<Attempt> attempts) throws IOException {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        for (Attempt attempt : attempts) {
            text.append(AttemptLine.write(attempt)).append('\n');
        }
        WholeFile.write(file, text.toString());
    }
}
