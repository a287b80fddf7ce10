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
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/**
 * Carries plans out on a kernel, one at a time on the machine, and remembers what it did under a folder: the journal of
 * the last switch, and how each GPU in VM mode stood before.
 *
 * <p>Not safe for several threads: the caller runs everything on one.
 */
public final class TransactionRunner implements AutoCloseable {
    private static final String JOURNAL_FILE_NAME = "journal";

    private final Kernel kernel;
    private final Path folder;
    private final String bootId;
    private final HostStateStore hostStates;
    private final FileChannel lockChannel;
    private RecoveryState recoveryState = new RecoveryState.Clean();

    private TransactionRunner(Kernel kernel, Path folder, String bootId, FileChannel lockChannel) {
        this.kernel = kernel;
        this.folder = folder;
        this.bootId = bootId;
        this.hostStates = new HostStateStore(folder.resolve("host"), bootId);
        this.lockChannel = lockChannel;
    }

    /**
     * Takes the folder for this process and reads the journal in it. Writes nothing to the kernel.
     *
     * @param folder made for its owner alone when it is not there
     * @throws JournalException when the folder can't be used, or another process uses it
     */
    public static TransactionRunner open(Kernel kernel, Path folder) throws JournalException {
        String boot = kernel.bootId();
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder,
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            TransactionRunner transactions = new TransactionRunner(kernel, folder, boot, lock(folder));
            try {
                transactions.recoveryState = transactions.readRecoveryState();
            } catch (IOException unreadable) {
                transactions.close();
                throw unreadable;
            }
            return transactions;
        } catch (IOException failed) {
            throw new JournalException("the folder of the journal can't be used", failed);
        }
    }

    private static FileChannel lock(Path folder) throws IOException, JournalException {
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
            throw new JournalException("another process uses the journal");
        }
        return channel;
    }

    /** Lets other processes have the folder. */
    @Override
    public void close() {
        try {
            lockChannel.close();
        } catch (IOException gone) {
            // The lock ends with the process at the latest.
        }
    }

    /** What stands between here and the next switch. */
    public RecoveryState recoveryState() {
        return recoveryState;
    }

    /** How a GPU stood before its last switch to VM mode; empty when that was not in this boot, or not by us. */
    public Optional<HostSettings> savedHostSettings(PciAddress gpu) {
        return hostStates.load(gpu);
    }

    /**
     * Carries a plan out. Blocks until the end; nothing the kernel does makes it throw.
     *
     * @param cancelled asked between two steps
     * @param progress  told what happens, on this thread
     * @throws IllegalStateException when the plan is refused, or an earlier switch is not {@link RecoveryState.Clean}
     */
    public Outcome run(SwitchPlan plan, BooleanSupplier cancelled, Consumer<StepEvent> progress) {
        if (plan.isRefused() || !(recoveryState instanceof RecoveryState.Clean)) {
            throw new IllegalStateException("nothing may be switched now");
        }
        Journal journal;
        try {
            journal = createJournal(plan);
        } catch (IOException unwritable) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
        try (journal) {
            recoveryState = new RecoveryState.RollbackPending(plan.request());
            Outcome outcome = new TransactionExecutor(kernel, journal, plan.steps(), progress)
                    .run(cancelled, () -> saveHostSettings(plan), plan.hostSettings());
            recoveryState = recoveryStateAfter(outcome, plan.request());
            if (outcome == Outcome.DONE) {
                deleteHostSettings(plan);
            }
            return outcome;
        }
    }

    /**
     * Undoes what an interrupted switch did, last step first. Blocks until the end.
     *
     * @return {@link Outcome#ROLLED_BACK} when everything is as before the switch, also when nothing was to be done
     */
    public Outcome rollBack(Consumer<StepEvent> progress) {
        return switch (recoveryState) {
            case RecoveryState.Clean() -> Outcome.ROLLED_BACK;
            case RecoveryState.RestartRequired(SwitchRequest request, Outcome why) -> why;
            case RecoveryState.JournalCorrupt() -> Outcome.ROLLBACK_FAILED;
            case RecoveryState.RollbackPending(SwitchRequest request) -> rollBack(request, progress);
        };
    }

    /**
     * Puts a journal that can't be read aside, so that somebody who was asked can switch by what the kernel says alone.
     * Does nothing unless the standing is {@link RecoveryState.JournalCorrupt}.
     *
     * @throws JournalException when it can't be put aside; the standing stays as it is then
     */
    public void archiveCorruptJournal() throws JournalException {
        if (recoveryState instanceof RecoveryState.JournalCorrupt) {
            try {
                Files.move(
                        folder.resolve(JOURNAL_FILE_NAME),
                        folder.resolve(JOURNAL_FILE_NAME + ".broken"),
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException failed) {
                throw new JournalException("the broken journal can't be put aside", failed);
            }
            recoveryState = new RecoveryState.Clean();
        }
    }

    private Outcome rollBack(SwitchRequest request, Consumer<StepEvent> progress) {
        try {
            Journal.JournalContent content = Journal.read(folder.resolve(JOURNAL_FILE_NAME));
            try (Journal journal = Journal.resume(folder.resolve(JOURNAL_FILE_NAME), content)) {
                Outcome outcome =
                        new TransactionExecutor(kernel, journal, parseSteps(content), progress).rollBack(lastIntentStep(content));
                recoveryState = recoveryStateAfter(outcome, request);
                return outcome;
            }
        } catch (IOException unreadable) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
    }

    private static RecoveryState recoveryStateAfter(Outcome outcome, SwitchRequest request) {
        return switch (outcome) {
            case DONE, ROLLED_BACK, CANCELLED -> new RecoveryState.Clean();
            case ROLLBACK_FAILED, JOURNAL_UNWRITABLE -> new RecoveryState.RollbackPending(request);
            case STUCK, KERNEL_OOPS -> new RecoveryState.RestartRequired(request, outcome);
        };
    }

    private Journal createJournal(SwitchPlan plan) throws IOException {
        String switchId = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        // A step has four records of its own and one that describes it; the few with more find room, since none is as long.
        Journal journal = Journal.create(
                folder.resolve(JOURNAL_FILE_NAME), bootId, switchId, 5 * plan.steps().size() + 2);
        try {
            journal.appendBegin(
                    encodeRequest(plan.request()),
                    plan.steps().stream().map(StepCodec::encode).toList());
            return journal;
        } catch (IOException failed) {
            journal.close();
            throw failed;
        }
    }

    private static List<String> encodeRequest(SwitchRequest request) {
        return List.of(
                request.gpu().toString(),
                request.target().wireName(),
                String.join(
                        ",", request.extraFunctions().stream().map(PciAddress::toString).toList()));
    }

    /** What the way back needs is on the medium before the switch counts as done. */
    private void saveHostSettings(SwitchPlan plan) throws IOException {
        if (plan.request().target() == Target.VM) {
            hostStates.save(plan.gpu().address(), plan.hostSettings());
        }
    }

    /** Only once the way home counts as done: until then it may be undone, and have to be gone again. */
    private void deleteHostSettings(SwitchPlan plan) {
        if (plan.request().target() == Target.HOST) {
            try {
                hostStates.delete(plan.gpu().address());
            } catch (IOException stays) {
                // In host mode nobody asks for it, and the next way to VM mode writes it anew.
            }
        }
    }

    private RecoveryState readRecoveryState() throws IOException {
        Path file = folder.resolve(JOURNAL_FILE_NAME);
        Journal.JournalContent content = Journal.read(file);
        List<Journal.JournalRecord> entries = content.records();
        Optional<Journal.JournalRecord> begin =
                entries.stream().filter(e -> e.kind() == Journal.JournalRecordKind.BEGIN).findFirst();
        if (!entries.isEmpty() && !entries.getFirst().bootId().equals(bootId)) {
            // Drivers and overrides did not survive the restart, so there is nothing to put back.
            Files.move(file, folder.resolve(JOURNAL_FILE_NAME + ".last-boot"), StandardCopyOption.REPLACE_EXISTING);
            return new RecoveryState.Clean();
        }
        if (content.isCorrupt()) {
            return new RecoveryState.JournalCorrupt();
        }
        if (begin.isEmpty() || entries.getLast().kind() == Journal.JournalRecordKind.END) {
            return new RecoveryState.Clean();
        }
        Optional<SwitchRequest> request = parseRequest(begin.get().fields());
        if (request.isEmpty()) {
            return new RecoveryState.JournalCorrupt();
        }
        if (entries.stream().anyMatch(e -> e.kind() == Journal.JournalRecordKind.STUCK)) {
            return new RecoveryState.RestartRequired(request.get(), Outcome.STUCK);
        }
        if (entries.stream().anyMatch(e -> e.kind() == Journal.JournalRecordKind.OOPS)) {
            return new RecoveryState.RestartRequired(request.get(), Outcome.KERNEL_OOPS);
        }
        return new RecoveryState.RollbackPending(request.get());
    }

    private static Optional<SwitchRequest> parseRequest(List<String> fields) {
        if (fields.size() != 3) {
            return Optional.empty();
        }
        return PciAddress.parse(fields.get(0)).flatMap(gpu -> Target.parse(fields.get(1))
                .map(target -> new SwitchRequest(gpu, target, StepCodec.parseAddresses(fields.get(2)))));
    }

    private static List<Step> parseSteps(Journal.JournalContent content) throws IOException {
        List<Step> steps = new ArrayList<>();
        for (Journal.JournalRecord entry : content.records()) {
            if (entry.kind() == Journal.JournalRecordKind.STEP) {
                steps.add(StepCodec.decode(entry.fields()).orElseThrow(() -> new IOException("unknown step")));
            }
        }
        return steps;
    }

    /** Number of the last step that may have been written; -1 when none was. */
    private static int lastIntentStep(Journal.JournalContent content) {
        int last = -1;
        for (Journal.JournalRecord entry : content.records()) {
            if (entry.kind() == Journal.JournalRecordKind.INTENT) {
                last = Integer.parseInt(entry.fields().getFirst());
            }
        }
        return last;
    }
}
