package org.switchback.transaction;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;

/** One switch under way: its steps in order, and back in reverse. */
final class TransactionExecutor {
    /** What is said of a program that stands in the way. */
    private static final String IN_USE = "in-use";

    /** After this long in the kernel a write counts as stuck; a slow one was seen to take three minutes. */
    private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(200);

    /** They take any function by its override, and only keep it. */
    private static final Set<String> STUB_DRIVERS = Set.of("pci-stub", "pciback");

    private final Kernel kernel;
    private final Journal journal;
    /** As planned, with their places in the ladder. */
    private final List<Step> plannedSteps;
    /** What each of them is by itself. */
    private final List<Step> unwrappedSteps;
    /** Rungs on which something went wrong. */
    private final Set<ReleaseStage.ReleaseMethod> failedMethods = EnumSet.noneOf(ReleaseStage.ReleaseMethod.class);
    private final Consumer<StepEvent> progress;
    private final long startNanos = System.nanoTime();

    TransactionExecutor(Kernel kernel, Journal journal, List<Step> unwrappedSteps, Consumer<StepEvent> progress) {
        this.kernel = kernel;
        this.journal = journal;
        this.plannedSteps = unwrappedSteps;
        this.unwrappedSteps = unwrappedSteps.stream().map(Step::unwrap).toList();
        this.progress = progress;
    }

    /** What became of a step. */
    private sealed interface StepResult {
        record Ok() implements StepResult {}

        record StepFailed(String detail, List<String> values) implements StepResult {}

        record Halted(Outcome outcome) implements StepResult {}

        static StepResult failed(String detail, String... values) {
            return new StepFailed(detail, List.of(values));
        }
    }

    /** What must be on the medium before the switch counts as done. */
    interface CommitAction {
        void run() throws IOException;
    }

    Outcome run(BooleanSupplier cancelled, CommitAction commit, HostSettings remembered) {
        for (int i = 0; i < unwrappedSteps.size(); i++) {
            if (cancelled.getAsBoolean()) {
                return undoSteps(i - 1, Outcome.CANCELLED);
            }
            if (canSkip(i)) {
                reportProgress(StepPhase.SKIPPED, i);
                continue;
            }
            reportProgress(StepPhase.STARTED, i);
            int step = i;
            StepResult result = userBlockingRelease(i)
                    .map(TransactionExecutor::inUseFailure)
                    .orElseGet(() -> verifyReleased(step, executeStep(step, remembered)));
            if (result instanceof StepResult.Halted(Outcome why)) {
                return why;
            }
            if (result instanceof StepResult.StepFailed(String detail, List<String> values)) {
                reportProgress(StepPhase.FAILED, i, detail, values);
                // A program in the way of one rung is in the way of all.
                if (detail.equals(IN_USE) || !hasFallbackAfterFailure(i)) {
                    return undoSteps(i, Outcome.ROLLED_BACK);
                }
                continue;
            }
            reportProgress(StepPhase.DONE, i);
        }
        try {
            commit.run();
            journal.append(Journal.JournalRecordKind.END, List.of(Outcome.DONE.wireName()));
            return Outcome.DONE;
        } catch (IOException unwritable) {
            return undoSteps(unwrappedSteps.size() - 1, Outcome.ROLLED_BACK);
        }
    }

    /** Whether nothing is to be done on this rung any more: the region has gone, or the rung is broken already. */
    private boolean canSkip(int i) {
        if (!(plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage rung, Step step))) {
            return false;
        }
        return switch (rung.role()) {
            case PREPARE, RELEASE -> failedMethods.contains(rung.method()) || isReleased(rung.region());
            case CLEAN_UP -> switch (step) {
                case Step.ChangeSetting change -> kernel.readSetting(change.setting()).equals(change.after());
                case Step.UnbindAny(PciAddress function) -> kernel.readSetting(new Setting.Driver(function)).isEmpty();
                default -> false;
            };
        };
    }

    private boolean isReleased(ReleaseStage.BarRegion claim) {
        return kernel.readSetting(claim.toSetting()).isEmpty();
    }

    /** What a step that should have the region go has come to, by what /proc/iomem says. */
    private StepResult verifyReleased(int i, StepResult result) {
        return result instanceof StepResult.Ok
                        && plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage rung, Step step)
                        && rung.role() == ReleaseStage.StepRole.RELEASE
                        && !isReleased(rung.region())
                ? StepResult.failed("still-there", rung.region().name(), rung.region().range().toString())
                : result;
    }

    /** Whether the switch can go on although this step failed: there is another way to have the region go. */
    private boolean hasFallbackAfterFailure(int i) {
        if (!(plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage rung, Step step)) || rung.role() == ReleaseStage.StepRole.CLEAN_UP) {
            return false;
        }
        failedMethods.add(rung.method());
        return plannedSteps.subList(i + 1, plannedSteps.size()).stream()
                .anyMatch(later -> later instanceof Step.FallbackStep(ReleaseStage other, Step s)
                        && other.region().equals(rung.region())
                        && !failedMethods.contains(other.method()));
    }

    /** @param last the last step that may have been written; -1 for none */
    Outcome rollBack(int last) {
        return undoSteps(last, Outcome.ROLLED_BACK);
    }

    private StepResult executeStep(int i, HostSettings remembered) {
        return switch (unwrappedSteps.get(i)) {
            case Step.RunCheck(Step.CheckKind question, List<PciAddress> functions) ->
                runCheck(question, functions, remembered);
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undo) -> {
                Optional<DeviceUser> holder = userBlockingUnbind(setting, before);
                if (holder.isPresent()) {
                    yield inUseFailure(holder.get());
                }
                String now = kernel.readSetting(setting);
                // Drivers set the power control of their function themselves when they are bound, and one that was loaded
                // for one function has taken others too.
                if (now.equals(after) && (setting instanceof Setting.PowerControl || isHostDriverBind(setting, after))) {
                    yield new StepResult.Ok();
                }
                if (!now.equals(before)) {
                    yield StepResult.failed("changed", now);
                }
                StepResult result = writeSetting(i, Journal.JournalRecordKind.INTENT, setting, before, after);
                if (setting instanceof Setting.Driver driver
                        && isHostDriverBind(setting, after)
                        && result instanceof StepResult.StepFailed(String errno, var values)
                        && errno.equals("ENOENT")) {
                    yield loadAndBindDriver(i, driver, after);
                }
                yield isModuleUnload(setting, after) && result instanceof StepResult.StepFailed ? new StepResult.Ok() : result;
            }
            // The kernel does it; the proof at the end tells whether it did.
            case Step.FramebufferEviction eviction -> new StepResult.Ok();
            case Step.ProbeAny(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                StepResult result = writeJournaled(i, Journal.JournalRecordKind.INTENT, "", "?", KernelWrite.probeAny(function));
                if (kernel.readSetting(driver).equals(PciDevice.VFIO_PCI)) {
                    result = bindFirstMatchingDriver(i, driver);
                }
                // No driver for it is an answer too: it had none that anybody knew of.
                yield result instanceof StepResult.StepFailed && kernel.readSetting(driver).isEmpty() ? new StepResult.Ok() : result;
            }
            case Step.LoadDriver(PciAddress function) -> {
                StepResult result = writeJournaled(i, Journal.JournalRecordKind.INTENT, "", "?", new KernelWrite.LoadByModalias(function));
                // The one it needs may be there without a module; whether it is, the next step shows.
                yield result instanceof StepResult.StepFailed ? new StepResult.Ok() : result;
            }
            case Step.UnbindAny(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                String now = kernel.readSetting(driver);
                Optional<DeviceUser> holder = userBlockingUnbind(driver, now);
                yield holder.isPresent() ? inUseFailure(holder.get()) : writeSetting(i, Journal.JournalRecordKind.INTENT, driver, now, "");
            }
            case Step.FallbackStep nested -> throw new IllegalStateException("a rung within a rung");
        };
    }

    /**
     * Where vfio-pci was told to take every card of a model ({@code vfio-pci.ids=}, {@code new_id}), the kernel chooses it
     * again and again. Then the host's drivers are named one by one; those that don't know the card answer ENODEV at once.
     */
    private StepResult bindFirstMatchingDriver(int i, Setting.Driver driver) {
        StepResult result = writeSetting(i, Journal.JournalRecordKind.INTENT, driver, PciDevice.VFIO_PCI, "");
        for (String name : kernel.readSnapshot().childNames(SnapshotParser.PCI_DRIVERS)) {
            if (result instanceof StepResult.Halted || !kernel.readSetting(driver).isEmpty()) {
                break;
            }
            if (!name.contains("vfio") && !STUB_DRIVERS.contains(name)) {
                result = writeSetting(i, Journal.JournalRecordKind.INTENT, driver, "", name);
            }
        }
        return result;
    }

    /** A driver is there only while its module is loaded, and somebody has unloaded that since it had the function. */
    private StepResult loadAndBindDriver(int i, Setting.Driver driver, String name) {
        StepResult loading = writeJournaled(i, Journal.JournalRecordKind.INTENT, "", "?", new KernelWrite.LoadByModalias(driver.function()));
        if (loading instanceof StepResult.Halted) {
            return loading;
        }
        String now = kernel.readSetting(driver);
        if (now.equals(name)) {
            return new StepResult.Ok();
        }
        // Several may know the function, and what was loaded takes it at once.
        if (!now.isEmpty()) {
            Optional<DeviceUser> holder = userBlockingUnbind(driver, now);
            StepResult away = holder.isPresent() ? inUseFailure(holder.get()) : writeSetting(i, Journal.JournalRecordKind.INTENT, driver, now, "");
            if (!(away instanceof StepResult.Ok)) {
                return away;
            }
        }
        return writeSetting(i, Journal.JournalRecordKind.INTENT, driver, "", name);
    }

    /** Whether a driver of the host's is bound by its name. */
    private static boolean isHostDriverBind(Setting setting, String after) {
        return setting instanceof Setting.Driver && !after.isEmpty() && !after.equals(PciDevice.VFIO_PCI);
    }

    /** A module that does not go does no harm where it is: it is left, and nothing is put back for it. */
    private static boolean isModuleUnload(Setting setting, String after) {
        return setting instanceof Setting.KernelModule && after.isEmpty();
    }

    /** A later rung has taken the framebuffer's device with it: until restart there is nothing to give its driver back. */
    private static boolean isFramebufferDeviceGone(Setting setting, String errno) {
        return setting instanceof Setting.FramebufferDriver && errno.equals("ENODEV");
    }

    private StepResult runCheck(Step.CheckKind question, List<PciAddress> functions, HostSettings remembered) {
        return switch (question) {
            case UNUSED -> firstBlockingUser(functions).map(TransactionExecutor::inUseFailure).orElse(new StepResult.Ok());
            case VFIO_USABLE -> switch (kernel.verifyVfio(functions)) {
                case Kernel.VfioCheck.Passed(int bars) -> new StepResult.Ok();
                case Kernel.VfioCheck.Failed(PciAddress function, String what, List<Kernel.ReservationFailure> denied) ->
                    denied.isEmpty()
                            ? StepResult.failed("not-proven", function.toShortString(), what)
                            : StepResult.failed(
                                    "not-reserved",
                                    denied.getFirst().function().toShortString(),
                                    denied.getFirst().barName(),
                                    denied.getFirst().range().toString());
            };
            case HOST_DRIVERS_BOUND -> functions.stream()
                    .filter(f -> !isHostDriverBound(f, Optional.ofNullable(remembered.functions().get(f))))
                    .findFirst()
                    .map(f -> StepResult.failed("not-back", f.toShortString(), kernel.readSetting(new Setting.Driver(f))))
                    .orElse(new StepResult.Ok());
        };
    }

    private boolean isHostDriverBound(PciAddress function, Optional<HostSettings.FunctionSettings> before) {
        String driver = kernel.readSetting(new Setting.Driver(function));
        return before.map(f -> f.driver().equals(driver)).orElse(!driver.equals(PciDevice.VFIO_PCI));
    }

    private static StepResult inUseFailure(DeviceUser holder) {
        return StepResult.failed(
                IN_USE, holder.program(), Integer.toString(holder.pid()), holder.owner(), "/dev/" + holder.deviceNode());
    }

    /** Unbinding a driver under a program that uses the function is what the kernel does not prevent. */
    private Optional<DeviceUser> userBlockingUnbind(Setting setting, String driver) {
        return setting instanceof Setting.Driver(PciAddress function) && !driver.isEmpty()
                ? firstBlockingUser(List.of(function))
                : Optional.empty();
    }

    /**
     * No way to have a framebuffer go looks whether a program draws on it, and the GPU may have no driver whose unbind
     * would have been the occasion to look.
     */
    private Optional<DeviceUser> userBlockingRelease(int i) {
        return plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage rung, Step step) && rung.role() == ReleaseStage.StepRole.RELEASE
                ? firstBlockingUser(List.of(rung.region().function()))
                : Optional.empty();
    }

    private Optional<DeviceUser> firstBlockingUser(List<PciAddress> functions) {
        return kernel.readDeviceUsers(functions).stream().filter(DeviceUser::isBlockingUnbind).findFirst();
    }

    /** Undoes every step up to the given one, last first; stops at the first that can't be undone. */
    private Outcome undoSteps(int last, Outcome whenUndone) {
        if (kernel.hasOops()) {
            return halt(Outcome.KERNEL_OOPS, Journal.JournalRecordKind.OOPS, last);
        }
        List<Integer> order = new ArrayList<>(laterStepsAlreadyBound(last));
        order.addAll(SwitchPlan.undoOrder(unwrappedSteps.subList(0, last + 1)));
        for (int i : order) {
            StepResult result = undoStep(i);
            if (result instanceof StepResult.StepFailed && isUnplugged(unwrappedSteps.get(i))) {
                reportProgress(StepPhase.UNDONE, i);
                continue;
            }
            if (result instanceof StepResult.Halted(Outcome why)) {
                return why;
            }
            if (result instanceof StepResult.StepFailed(String detail, List<String> values)) {
                reportProgress(StepPhase.UNDO_FAILED, i, detail, values);
                return Outcome.ROLLBACK_FAILED;
            }
        }
        try {
            journal.append(Journal.JournalRecordKind.END, List.of(whenUndone.wireName()));
            return whenUndone;
        } catch (IOException unwritable) {
            // Everything is back; only the note about it is missing, and undoing again does nothing.
            return whenUndone;
        }
    }

    /** Later steps that have come true by themselves: a driver that was loaded for one function has taken others too. */
    private List<Integer> laterStepsAlreadyBound(int last) {
        return IntStream.range(last + 1, last < 0 ? 0 : unwrappedSteps.size())
                .filter(i -> unwrappedSteps.get(i) instanceof Step.ChangeSetting(Setting.Driver driver, var before, String after, var u)
                        && isHostDriverBind(driver, after)
                        && kernel.readSetting(driver).equals(after))
                .boxed()
                .toList();
    }

    private StepResult undoStep(int i) {
        return switch (unwrappedSteps.get(i)) {
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undo)
            when undo == Step.UndoPolicy.REVERSIBLE -> {
                String now = kernel.readSetting(setting);
                // An undo that was itself cut off may have got past this step.
                if (now.equals(before) || (now.equals(originalValue(setting)) && isNoLongerNeeded(setting))) {
                    yield new StepResult.Ok();
                }
                StepResult result =
                        now.equals(after) ? undoSetting(i, setting, now, before) : StepResult.failed("changed", now);
                yield result instanceof StepResult.StepFailed(String why, var values)
                                && (isModuleUnload(setting, before) || isFramebufferDeviceGone(setting, why))
                        ? new StepResult.Ok()
                        : result;
            }
            case Step.ProbeAny(PciAddress function) -> {
                Setting driver = new Setting.Driver(function);
                String now = kernel.readSetting(driver);
                yield now.isEmpty() || now.equals(originalValue(driver))
                        ? new StepResult.Ok()
                        : undoSetting(i, driver, now, "");
            }
            case Step.ChangeSetting stays -> new StepResult.Ok();
            case Step.RunCheck check -> new StepResult.Ok();
            case Step.FramebufferEviction eviction -> new StepResult.Ok();
            case Step.LoadDriver stays -> new StepResult.Ok();
            case Step.UnbindAny gone -> new StepResult.Ok();
            case Step.FallbackStep nested -> throw new IllegalStateException("a rung within a rung");
        };
    }

    /** There is nothing left to put back on a function that somebody pulled out. Asked seldom: it is not cheap. */
    private boolean isUnplugged(Step step) {
        return switch (step) {
            case Step.ProbeAny(PciAddress function) -> !kernel.hasDevice(function);
            case Step.ChangeSetting(Setting.Driver(PciAddress function), var b, var a, var u) -> !kernel.hasDevice(function);
            case Step.ChangeSetting(Setting.DriverOverride(PciAddress function), var b, var a, var u) -> !kernel.hasDevice(function);
            case Step.ChangeSetting(Setting.PowerControl(PciAddress function), var b, var a, var u) -> !kernel.hasDevice(function);
            default -> false;
        };
    }

    /**
     * Whether undoing needs a setting no more. An override may be what it was because nobody has undone it yet: it is needed
     * until the function has its driver back.
     */
    private boolean isNoLongerNeeded(Setting setting) {
        return !(setting instanceof Setting.DriverOverride(PciAddress function))
                || kernel.readSetting(new Setting.Driver(function)).equals(originalValue(new Setting.Driver(function)));
    }

    /** The value a setting had before the switch; the empty text when the switch does not change it. */
    private String originalValue(Setting setting) {
        for (Step step : unwrappedSteps) {
            if (step instanceof Step.ChangeSetting change && change.setting().equals(setting)) {
                return change.before();
            }
        }
        return "";
    }

    private StepResult undoSetting(int i, Setting setting, String now, String before) {
        Optional<DeviceUser> holder = userBlockingUnbind(setting, now);
        if (holder.isPresent()) {
            return inUseFailure(holder.get());
        }
        reportProgress(StepPhase.UNDOING, i);
        StepResult result = writeSetting(i, Journal.JournalRecordKind.UNDO_INTENT, setting, now, before);
        if (result instanceof StepResult.Ok) {
            reportProgress(StepPhase.UNDONE, i);
        }
        return result;
    }

    /** Writes, and believes the setting rather than the answer. */
    private StepResult writeSetting(int i, Journal.JournalRecordKind intent, Setting setting, String from, String to) {
        StepResult result = writeJournaled(i, intent, from, to, KernelWrite.of(setting, from, to));
        if (!(result instanceof StepResult.Ok)) {
            return result;
        }
        String now = kernel.readSetting(setting);
        if (now.equals(to)) {
            return result;
        }
        return setting instanceof Setting.FramebufferRegion(PciAddress function, AddressRange range)
                ? StepResult.failed("still-there", now, range.toString())
                : StepResult.failed("not-true", now);
    }

    /** No durable intent, no write. */
    private StepResult writeJournaled(int i, Journal.JournalRecordKind intent, String from, String to, KernelWrite write) {
        try {
            journal.append(intent, List.of(Integer.toString(i), from, to));
        } catch (IOException unwritable) {
            return StepResult.failed("journal-unwritable");
        }
        Kernel.WriteResult answer = kernel.write(
                write,
                WRITE_TIMEOUT,
                waited -> reportProgress(StepPhase.WAITING, i, "", List.of(Long.toString(waited.toSeconds()))));
        if (answer instanceof Kernel.WriteResult.TimedOut) {
            reportProgress(StepPhase.STUCK, i);
            return new StepResult.Halted(halt(Outcome.STUCK, Journal.JournalRecordKind.STUCK, i));
        }
        if (kernel.hasOops()) {
            return new StepResult.Halted(halt(Outcome.KERNEL_OOPS, Journal.JournalRecordKind.OOPS, i));
        }
        if (answer instanceof Kernel.WriteResult.WriteFailed(String errno)) {
            return StepResult.failed(errnoPrefix(write) + errno);
        }
        try {
            Journal.JournalRecordKind done = intent == Journal.JournalRecordKind.INTENT ? Journal.JournalRecordKind.DONE : Journal.JournalRecordKind.UNDONE;
            journal.append(done, List.of(Integer.toString(i), from, to));
        } catch (IOException unwritable) {
            return StepResult.failed("journal-unwritable");
        }
        return new StepResult.Ok();
    }

    /** An errno of the module's, or of loading one, has a meaning of its own. */
    private static String errnoPrefix(KernelWrite write) {
        return switch (write) {
            case KernelWrite.LoadModule modprobe -> "load-";
            case KernelWrite.WriteSysfs(String path, String value) when path.startsWith(KernelWrite.MODULES_PATH) -> "release-";
            default -> "";
        };
    }

    private Outcome halt(Outcome why, Journal.JournalRecordKind kind, int step) {
        try {
            journal.append(kind, List.of(Integer.toString(step)));
        } catch (IOException unwritable) {
            // Nothing is written to the kernel after this either way.
        }
        return why;
    }

    private void reportProgress(StepPhase phase, int step) {
        reportProgress(phase, step, "", List.of());
    }

    private void reportProgress(StepPhase phase, int step, String detail, List<String> values) {
        progress.accept(new StepEvent(phase, step, Duration.ofNanos(System.nanoTime() - startNanos), detail, values));
    }
}
