package org.switchback.transaction;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Request;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/**
 * Carries plans out on a kernel, one at a time on the machine, and remembers what it did under a folder: the journal of
 * the last switch, and how each GPU in VM mode stood before.
 *
 * <p>Not safe for several threads: the caller runs everything on one.
 */
public final class Transactions implements AutoCloseable {
    private static final String JOURNAL = "journal";

    private final Kernel kernel;
    private final Path folder;
    private final String boot;
    private final HostMemory memory;
    private final FileChannel lockFile;
    private Standing standing = new Standing.Clean();

    private Transactions(Kernel kernel, Path folder, String boot, FileChannel lockFile) {
        this.kernel = kernel;
        this.folder = folder;
        this.boot = boot;
        this.memory = new HostMemory(folder.resolve("host"), boot);
        this.lockFile = lockFile;
    }

    /**
     * Takes the folder for this process and reads the journal in it. Writes nothing to the kernel.
     *
     * @param folder made for its owner alone when it is not there
     * @throws JournalProblem when the folder can't be used, or another process uses it
     */
    public static Transactions open(Kernel kernel, Path folder) throws JournalProblem {
        String boot = kernel.bootId();
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder,
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            Transactions transactions = new Transactions(kernel, folder, boot, lock(folder));
            try {
                transactions.standing = transactions.readStanding();
            } catch (IOException unreadable) {
                transactions.close();
                throw unreadable;
            }
            return transactions;
        } catch (IOException failed) {
            throw new JournalProblem("the folder of the journal can't be used", failed);
        }
    }

    private static FileChannel lock(Path folder) throws IOException, JournalProblem {
        FileChannel channel = FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        @Nullable FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException ownOther) {
            lock = null;
        }
        if (lock == null) {
            channel.close();
            throw new JournalProblem("another process uses the journal");
        }
        return channel;
    }

    /** Lets other processes have the folder. */
    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException gone) {
            // The lock ends with the process at the latest.
        }
    }

    /** What stands between here and the next switch. */
    public Standing standing() {
        return standing;
    }

    /** How a GPU stood before its last switch to VM mode; empty when that was not in this boot, or not by us. */
    public Optional<HostSettings> remembered(PciAddress gpu) {
        return memory.recall(gpu);
    }

    /**
     * Carries a plan out. Blocks until the end; nothing the kernel does makes it throw.
     *
     * @param cancelled asked between two steps
     * @param progress  told what happens, on this thread
     * @throws IllegalStateException when the plan is refused, or an earlier switch is not {@link Standing.Clean}
     */
    public Outcome run(SwitchPlan plan, BooleanSupplier cancelled, Consumer<Event> progress) {
        if (plan.refused() || !(standing instanceof Standing.Clean)) {
            throw new IllegalStateException("nothing may be switched now");
        }
        Journal journal;
        try {
            journal = begin(plan);
        } catch (IOException unwritable) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
        try (journal) {
            standing = new Standing.Incomplete(plan.request());
            Outcome outcome = new Execution(kernel, journal, plan.steps(), progress)
                    .run(cancelled, () -> remember(plan), plan.remember());
            standing = standingAfter(outcome, plan.request());
            if (outcome == Outcome.DONE) {
                forget(plan);
            }
            return outcome;
        }
    }

    /**
     * Undoes what an interrupted switch did, last step first. Blocks until the end.
     *
     * @return {@link Outcome#PUT_BACK} when everything is as before the switch, also when nothing was to be done
     */
    public Outcome putBack(Consumer<Event> progress) {
        return switch (standing) {
            case Standing.Clean() -> Outcome.PUT_BACK;
            case Standing.Frozen(Request request, Outcome why) -> why;
            case Standing.Broken() -> Outcome.MIXED;
            case Standing.Incomplete(Request request) -> putBack(request, progress);
        };
    }

    /**
     * Puts a journal that can't be read aside, so that somebody who was asked can switch by what the kernel says alone.
     * Does nothing unless the standing is {@link Standing.Broken}.
     *
     * @throws JournalProblem when it can't be put aside; the standing stays as it is then
     */
    public void setBrokenAside() throws JournalProblem {
        if (standing instanceof Standing.Broken) {
            try {
                Files.move(
                        folder.resolve(JOURNAL),
                        folder.resolve(JOURNAL + ".broken"),
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException failed) {
                throw new JournalProblem("the broken journal can't be put aside", failed);
            }
            standing = new Standing.Clean();
        }
    }

    private Outcome putBack(Request request, Consumer<Event> progress) {
        try {
            Journal.Content content = Journal.read(folder.resolve(JOURNAL));
            try (Journal journal = Journal.resume(folder.resolve(JOURNAL), content)) {
                Outcome outcome =
                        new Execution(kernel, journal, steps(content), progress).putBack(lastIntent(content));
                standing = standingAfter(outcome, request);
                return outcome;
            }
        } catch (IOException unreadable) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
    }

    private static Standing standingAfter(Outcome outcome, Request request) {
        return switch (outcome) {
            case DONE, PUT_BACK, CANCELLED -> new Standing.Clean();
            case MIXED, JOURNAL_UNWRITABLE -> new Standing.Incomplete(request);
            case STUCK, KERNEL_DIED -> new Standing.Frozen(request, outcome);
        };
    }

    private Journal begin(SwitchPlan plan) throws IOException {
        String switchId = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        // A step has four records of its own and one that describes it; the few with more find room, since none is as long.
        Journal journal = Journal.begin(
                folder.resolve(JOURNAL), boot, switchId, 5 * plan.steps().size() + 2);
        try {
            journal.open(
                    requestFields(plan.request()),
                    plan.steps().stream().map(StepText::fields).toList());
            return journal;
        } catch (IOException failed) {
            journal.close();
            throw failed;
        }
    }

    private static List<String> requestFields(Request request) {
        return List.of(
                request.gpu().toString(),
                request.target().word(),
                String.join(
                        ",", request.with().stream().map(PciAddress::toString).toList()));
    }

    /** What the way back needs is on the medium before the switch counts as done. */
    private void remember(SwitchPlan plan) throws IOException {
        if (plan.request().target() == Target.VM) {
            memory.remember(plan.gpu().address(), plan.remember());
        }
    }

    /** Only once the way home counts as done: until then it may be undone, and have to be gone again. */
    private void forget(SwitchPlan plan) {
        if (plan.request().target() == Target.HOST) {
            try {
                memory.forget(plan.gpu().address());
            } catch (IOException stays) {
                // In host mode nobody asks for it, and the next way to VM mode writes it anew.
            }
        }
    }

    private Standing readStanding() throws IOException {
        Path file = folder.resolve(JOURNAL);
        Journal.Content content = Journal.read(file);
        List<Journal.Entry> entries = content.entries();
        Optional<Journal.Entry> begin =
                entries.stream().filter(e -> e.kind() == Journal.Kind.BEGIN).findFirst();
        if (!entries.isEmpty() && !entries.getFirst().boot().equals(boot)) {
            // Drivers and overrides did not survive the restart, so there is nothing to put back.
            Files.move(file, folder.resolve(JOURNAL + ".last-boot"), StandardCopyOption.REPLACE_EXISTING);
            return new Standing.Clean();
        }
        if (content.brokenMiddle()) {
            return new Standing.Broken();
        }
        if (begin.isEmpty() || entries.getLast().kind() == Journal.Kind.END) {
            return new Standing.Clean();
        }
        Optional<Request> request = request(begin.get().fields());
        if (request.isEmpty()) {
            return new Standing.Broken();
        }
        if (entries.stream().anyMatch(e -> e.kind() == Journal.Kind.STUCK)) {
            return new Standing.Frozen(request.get(), Outcome.STUCK);
        }
        if (entries.stream().anyMatch(e -> e.kind() == Journal.Kind.DIED)) {
            return new Standing.Frozen(request.get(), Outcome.KERNEL_DIED);
        }
        return new Standing.Incomplete(request.get());
    }

    private static Optional<Request> request(List<String> fields) {
        if (fields.size() != 3) {
            return Optional.empty();
        }
        return PciAddress.parse(fields.get(0)).flatMap(gpu -> Target.ofWord(fields.get(1))
                .map(target -> new Request(gpu, target, StepText.addresses(fields.get(2)))));
    }

    private static List<Step> steps(Journal.Content content) throws IOException {
        List<Step> steps = new ArrayList<>();
        for (Journal.Entry entry : content.entries()) {
            if (entry.kind() == Journal.Kind.STEP) {
                steps.add(StepText.step(entry.fields()).orElseThrow(() -> new IOException("unknown step")));
            }
        }
        return steps;
    }

    /** Number of the last step that may have been written; -1 when none was. */
    private static int lastIntent(Journal.Content content) {
        int last = -1;
        for (Journal.Entry entry : content.entries()) {
            if (entry.kind() == Journal.Kind.INTENT) {
                last = Integer.parseInt(entry.fields().getFirst());
            }
        }
        return last;
    }
}
