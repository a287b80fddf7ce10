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
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.transaction.Journal.JournalContent;
import org.switchback.transaction.Journal.JournalRecord;
import org.switchback.transaction.Journal.JournalRecordKind;

/**
 * Carries out plans on a kernel, one at a time per machine. A folder keeps the journal of the last switch and, for each
 * GPU in VM mode, its settings in host mode.
 *
 * <p>Not thread-safe: the caller uses a single thread.
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
     * Locks the folder for this process and reads the journal in it. Writes nothing to the kernel.
     *
     * @param folder created with mode 0700 when it does not exist
     * @throws JournalException when the folder is unusable, or locked by another process
     */
    public static TransactionRunner open(Kernel kernel, Path folder) throws JournalException {
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            TransactionRunner runner = new TransactionRunner(kernel, folder, kernel.bootId(), lock(folder));
            try {
                runner.recoveryState = runner.readRecoveryState();
            } catch (IOException e) {
                runner.close();
                throw e;
            }
            return runner;
        } catch (IOException e) {
            throw new JournalException("cannot use the journal folder", e);
        }
    }

    private static FileChannel lock(Path folder) throws IOException, JournalException {
        FileChannel channel =
                FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        @Nullable FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException ignored) {
            // Another runner in this process holds the lock.
            lock = null;
        }
        if (lock == null) {
            channel.close();
            throw new JournalException("the journal folder is locked by another process");
        }
        return channel;
    }

    /** Releases the lock on the folder. */
    @Override
    public void close() {
        try {
            lockChannel.close();
        } catch (IOException ignored) {
            // The lock ends with the process at the latest.
        }
    }

    /** What has to happen before the next switch. */
    public RecoveryState recoveryState() {
        return recoveryState;
    }

    /** A GPU's settings before its last switch to VM mode; empty when this helper did not switch it in this boot. */
    public Optional<HostSettings> savedHostSettings(PciAddress gpu) {
        return hostStates.load(gpu);
    }

    /**
     * Carries out a plan. Blocks until the end; no behavior of the kernel makes it throw.
     *
     * @param cancelled queried before each step
     * @param progress receives the events, on this thread
     * @throws IllegalStateException when the plan is refused, or the recovery state is not {@link RecoveryState.Clean}
     */
    public Outcome run(SwitchPlan plan, BooleanSupplier cancelled, Consumer<JobEvent.StepChanged> progress) {
        if (plan.isRefused() || !(recoveryState instanceof RecoveryState.Clean)) {
            throw new IllegalStateException("the plan is refused, or the last switch needs recovery");
        }
        Journal journal;
        try {
            journal = createJournal(plan);
        } catch (IOException e) {
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
     * Undoes the steps of an interrupted switch, last step first. Blocks until the end.
     *
     * @return {@link Outcome#ROLLED_BACK} when everything is as before the switch, also when there was nothing to undo
     */
    public Outcome rollBack(Consumer<JobEvent.StepChanged> progress) {
        return switch (recoveryState) {
            case RecoveryState.Clean() -> Outcome.ROLLED_BACK;
            case RecoveryState.RestartRequired(SwitchRequest request, Outcome outcome) -> outcome;
            case RecoveryState.JournalCorrupt() -> Outcome.ROLLBACK_FAILED;
            case RecoveryState.RollbackPending(SwitchRequest request) -> rollBack(request, progress);
        };
    }

    /**
     * Renames an unreadable journal. With the user's consent, a switch can then rely on the state of the kernel alone.
     * Does nothing unless the recovery state is {@link RecoveryState.JournalCorrupt}.
     *
     * @throws JournalException when renaming fails; the recovery state does not change then
     */
    public void archiveCorruptJournal() throws JournalException {
        if (recoveryState instanceof RecoveryState.JournalCorrupt) {
            try {
                Files.move(
                        folder.resolve(JOURNAL_FILE_NAME),
                        folder.resolve(JOURNAL_FILE_NAME + ".broken"),
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new JournalException("cannot rename the corrupt journal", e);
            }
            recoveryState = new RecoveryState.Clean();
        }
    }

    private Outcome rollBack(SwitchRequest request, Consumer<JobEvent.StepChanged> progress) {
        Path file = folder.resolve(JOURNAL_FILE_NAME);
        try {
            JournalContent content = Journal.read(file);
            InterruptedSwitch interrupted = InterruptedSwitch.parse(content)
                    .orElseThrow(() -> new IOException("the journal has become unreadable"));
            try (Journal journal = Journal.resume(file, content)) {
                Outcome outcome = new TransactionExecutor(kernel, journal, interrupted.steps(), progress)
                        .rollBack(interrupted.lastIntentStep());
                recoveryState = recoveryStateAfter(outcome, request);
                return outcome;
            }
        } catch (IOException e) {
            return Outcome.JOURNAL_UNWRITABLE;
        }
    }

    private static RecoveryState recoveryStateAfter(Outcome outcome, SwitchRequest request) {
        return switch (outcome) {
            case DONE, ROLLED_BACK, CANCELLED -> new RecoveryState.Clean();
            case ROLLBACK_FAILED, JOURNAL_UNWRITABLE -> new RecoveryState.RollbackPending(request);
            case STUCK, KERNEL_OOPS -> new RecoveryState.RestartRequired(request, outcome);
            case DENIED, NO_AGENT, AUTHENTICATION_CANCELLED, UNDECIDED, STALE, BUSY, REFUSED, ERROR, HELPER_LOST ->
                throw new IllegalArgumentException("no outcome of a transaction: " + outcome);
        };
    }

    private Journal createJournal(SwitchPlan plan) throws IOException {
        String switchId = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        // Each step has one record that describes it and up to four of its own. A few have more; they still fit,
        // because no record is as long as the space reserved for it.
        Journal journal = Journal.create(
                folder.resolve(JOURNAL_FILE_NAME),
                bootId,
                switchId,
                5 * plan.steps().size() + 2);
        try {
            journal.appendBegin(
                    encodeRequest(plan.request()),
                    plan.steps().stream().map(StepCodec::encode).toList());
            return journal;
        } catch (IOException e) {
            journal.close();
            throw e;
        }
    }

    private static List<String> encodeRequest(SwitchRequest request) {
        return List.of(
                request.gpu().toString(),
                request.target().wireName(),
                String.join(
                        ",",
                        request.extraFunctions().stream()
                                .map(PciAddress::toString)
                                .toList()));
    }

    /** Switching back needs the settings, so they are on the medium before the switch counts as done. */
    private void saveHostSettings(SwitchPlan plan) throws IOException {
        if (plan.request().target() == Target.VM) {
            hostStates.save(plan.gpu().address(), plan.hostSettings());
        }
    }

    /**
     * Called only after the switch to host mode counts as done: until then a rollback may return the GPU to VM mode,
     * and the next switch to host mode needs the settings again.
     */
    private void deleteHostSettings(SwitchPlan plan) {
        if (plan.request().target() == Target.HOST) {
            try {
                hostStates.delete(plan.gpu().address());
            } catch (IOException ignored) {
                // The settings are not used in host mode, and the next switch to VM mode overwrites them.
            }
        }
    }

    private RecoveryState readRecoveryState() throws IOException {
        Path file = folder.resolve(JOURNAL_FILE_NAME);
        JournalContent content = Journal.read(file);
        List<JournalRecord> records = content.records();
        if (!records.isEmpty() && !records.getFirst().bootId().equals(bootId)) {
            // Bound drivers and driver overrides do not survive a restart, so there is nothing to roll back.
            Files.move(file, folder.resolve(JOURNAL_FILE_NAME + ".last-boot"), StandardCopyOption.REPLACE_EXISTING);
            return new RecoveryState.Clean();
        }
        return recoveryStateOf(content);
    }

    /** What the journal of a switch in this boot calls for. */
    static RecoveryState recoveryStateOf(JournalContent content) {
        List<JournalRecord> records = content.records();
        Optional<JournalRecord> begin = records.stream()
                .filter(record -> record.kind() == JournalRecordKind.BEGIN)
                .findFirst();
        if (content.isCorrupt()) {
            return new RecoveryState.JournalCorrupt();
        }
        if (begin.isEmpty() || records.getLast().kind() == JournalRecordKind.END) {
            return new RecoveryState.Clean();
        }
        Optional<SwitchRequest> request = parseRequest(begin.get().fields());
        if (request.isEmpty()) {
            return new RecoveryState.JournalCorrupt();
        }
        if (records.stream().anyMatch(record -> record.kind() == JournalRecordKind.STUCK)) {
            return new RecoveryState.RestartRequired(request.get(), Outcome.STUCK);
        }
        if (records.stream().anyMatch(record -> record.kind() == JournalRecordKind.OOPS)) {
            return new RecoveryState.RestartRequired(request.get(), Outcome.KERNEL_OOPS);
        }
        return InterruptedSwitch.parse(content).isPresent()
                ? new RecoveryState.RollbackPending(request.get())
                : new RecoveryState.JournalCorrupt();
    }

    private static Optional<SwitchRequest> parseRequest(List<String> fields) {
        if (fields.size() != 3) {
            return Optional.empty();
        }
        try {
            List<PciAddress> extraFunctions = StepCodec.parseAddresses(fields.get(2));
            return PciAddress.parse(fields.get(0)).flatMap(gpu -> Target.parse(fields.get(1))
                    .map(target -> new SwitchRequest(gpu, target, extraFunctions)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * An interrupted switch, as recorded in its journal.
     *
     * @param steps the steps of the plan, unwrapped
     * @param lastIntentStep index of the last step that may have been written; -1 for none
     */
    private record InterruptedSwitch(List<Step> steps, int lastIntentStep) {
        /** @return empty when a record is unreadable, such as one of another version of the helper */
        static Optional<InterruptedSwitch> parse(JournalContent content) {
            List<Step> steps = new ArrayList<>();
            int lastIntentStep = -1;
            try {
                for (JournalRecord record : content.records()) {
                    if (record.kind() == JournalRecordKind.STEP) {
                        steps.add(StepCodec.decode(record.fields()).orElseThrow());
                    } else if (record.kind() == JournalRecordKind.INTENT) {
                        lastIntentStep = Objects.checkIndex(
                                Integer.parseInt(record.fields().getFirst()), steps.size());
                    }
                }
            } catch (NoSuchElementException | NumberFormatException | IndexOutOfBoundsException e) {
                return Optional.empty();
            }
            return Optional.of(new InterruptedSwitch(steps, lastIntentStep));
        }
    }
}
