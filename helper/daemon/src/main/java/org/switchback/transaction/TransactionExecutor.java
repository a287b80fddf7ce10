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
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.StepFailure;
import org.switchback.job.StepPhase;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.transaction.Journal.JournalRecordKind;

/** Carries out the steps of one switch in order, and undoes them in reverse order. */
final class TransactionExecutor {
    /** Failure detail: a program uses the device. */
    private static final String IN_USE = "in-use";

    /** A write that takes longer counts as stuck. A slow one was observed to take three minutes. */
    private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(200);

    /** Drivers that bind any function through its driver override and only reserve it. */
    private static final Set<String> STUB_DRIVERS = Set.of("pci-stub", "pciback");

    private final Kernel kernel;
    private final Journal journal;
    /** The steps as planned: a fallback step with its stage. */
    private final List<Step> plannedSteps;
    /** The same steps without their stages. */
    private final List<Step> unwrappedSteps;
    /** Release methods of which a step has failed. */
    private final Set<ReleaseStage.ReleaseMethod> failedMethods = EnumSet.noneOf(ReleaseStage.ReleaseMethod.class);

    private final Consumer<JobEvent.StepChanged> progress;
    private final long startNanos = System.nanoTime();

    TransactionExecutor(Kernel kernel, Journal journal, List<Step> steps, Consumer<JobEvent.StepChanged> progress) {
        this.kernel = kernel;
        this.journal = journal;
        this.plannedSteps = steps;
        this.unwrappedSteps = steps.stream().map(Step::unwrap).toList();
        this.progress = progress;
    }

    /** Result of one step. */
    private sealed interface StepResult {
        record Ok() implements StepResult {}

        record StepFailed(String detail, List<String> values) implements StepResult {}

        record Halted(Outcome outcome) implements StepResult {}

        static StepResult failed(String detail, String... values) {
            return new StepFailed(detail, List.of(values));
        }
    }

    /** Writes to the medium what it must hold before the switch counts as done. */
    interface CommitAction {
        void run() throws IOException;
    }

    /**
     * Carries out all steps; undoes them when one fails.
     *
     * @param cancelled queried before each step
     * @param commit runs after the last step; when it fails, the switch is rolled back
     * @param hostSettings the GPU's settings in host mode
     */
    Outcome run(BooleanSupplier cancelled, CommitAction commit, HostSettings hostSettings) {
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
                    .orElseGet(() -> verifyReleased(step, executeStep(step, hostSettings)));
            if (result instanceof StepResult.Halted(Outcome outcome)) {
                return outcome;
            }
            if (result instanceof StepResult.StepFailed(String detail, List<String> values)) {
                reportFailure(StepPhase.FAILED, i, new StepFailure(detail, values));
                markMethodFailed(i);
                // A program that blocks one release method blocks all of them.
                if (detail.equals(IN_USE) || !hasFallback(i)) {
                    return undoSteps(i, Outcome.ROLLED_BACK);
                }
                continue;
            }
            reportProgress(StepPhase.DONE, i);
        }
        try {
            commit.run();
            journal.append(JournalRecordKind.END, List.of(Outcome.DONE.wireName()));
            return Outcome.DONE;
        } catch (IOException e) {
            return undoSteps(unwrappedSteps.size() - 1, Outcome.ROLLED_BACK);
        }
    }

    /** Whether a fallback step has nothing left to do: the region is released, or its release method has failed. */
    private boolean canSkip(int i) {
        if (!(plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage stage, Step step))) {
            return false;
        }
        return switch (stage.role()) {
            case PREPARE, RELEASE -> failedMethods.contains(stage.method()) || isReleased(stage.region());
            case CLEAN_UP ->
                switch (step) {
                    case Step.ChangeSetting change ->
                        kernel.readSetting(change.setting()).equals(change.after());
                    case Step.UnbindAny(PciAddress function) ->
                        kernel.readSetting(new Setting.Driver(function)).isEmpty();
                    default -> false;
                };
        };
    }

    private boolean isReleased(ReleaseStage.BarRegion region) {
        return kernel.readSetting(region.toSetting()).isEmpty();
    }

    /** The result of a step; a step meant to release a region fails when /proc/iomem still lists the region. */
    private StepResult verifyReleased(int i, StepResult result) {
        return result instanceof StepResult.Ok
                        && plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage stage, Step step)
                        && stage.role() == ReleaseStage.StepRole.RELEASE
                        && !isReleased(stage.region())
                ? StepResult.failed(
                        "still-there",
                        stage.region().name(),
                        stage.region().range().toString())
                : result;
    }

    /** Marks the release method of a failed step, so that its remaining steps are skipped. */
    private void markMethodFailed(int i) {
        if (plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage stage, Step step)
                && stage.role() != ReleaseStage.StepRole.CLEAN_UP) {
            failedMethods.add(stage.method());
        }
    }

    /** Whether the switch can go on although this step failed: another method may still release the region. */
    private boolean hasFallback(int i) {
        return plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage stage, Step step)
                && stage.role() != ReleaseStage.StepRole.CLEAN_UP
                && plannedSteps.subList(i + 1, plannedSteps.size()).stream()
                        .anyMatch(later -> later instanceof Step.FallbackStep(ReleaseStage other, Step s)
                                && other.region().equals(stage.region())
                                && !failedMethods.contains(other.method()));
    }

    /**
     * Undoes the steps of an interrupted switch.
     *
     * @param last index of the last step that may have been written; -1 for none
     */
    Outcome rollBack(int last) {
        return undoSteps(last, Outcome.ROLLED_BACK);
    }

    private StepResult executeStep(int i, HostSettings hostSettings) {
        return switch (unwrappedSteps.get(i)) {
            case Step.RunCheck(Step.CheckKind check, List<PciAddress> functions) ->
                runCheck(check, functions, hostSettings);
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undoPolicy) ->
                changeSetting(i, setting, before, after);
            // vfio-pci evicts the framebuffer when it binds; the VFIO check at the end of the plan verifies it.
            case Step.FramebufferEviction eviction -> new StepResult.Ok();
            case Step.ProbeAny(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                StepResult result =
                        writeJournaled(i, JournalRecordKind.INTENT, "", "?", KernelWrite.probeAny(function));
                if (kernel.readSetting(driver).equals(PciDevice.VFIO_PCI)) {
                    result = bindFirstMatchingDriver(i, driver);
                }
                // No matching driver is fine: no earlier driver of the function is known.
                yield result instanceof StepResult.StepFailed
                                && kernel.readSetting(driver).isEmpty()
                        ? new StepResult.Ok()
                        : result;
            }
            case Step.LoadDriver(PciAddress function) -> {
                StepResult result =
                        writeJournaled(i, JournalRecordKind.INTENT, "", "?", new KernelWrite.LoadByModalias(function));
                // The driver may be built into the kernel; the next step shows whether there is one.
                yield result instanceof StepResult.StepFailed ? new StepResult.Ok() : result;
            }
            case Step.UnbindAny(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                yield unbind(i, driver, kernel.readSetting(driver));
            }
            case Step.FallbackStep nested -> throw new IllegalStateException("nested fallback step");
        };
    }

    private StepResult changeSetting(int i, Setting setting, String before, String after) {
        Optional<DeviceUser> user = userBlockingUnbind(setting, before);
        if (user.isPresent()) {
            return inUseFailure(user.get());
        }
        String current = kernel.readSetting(setting);
        // A driver sets the power control of its function when it is bound, and a driver loaded for one function may
        // have bound others too.
        if (current.equals(after) && (setting instanceof Setting.PowerControl || isHostDriverBind(setting, after))) {
            return new StepResult.Ok();
        }
        if (!current.equals(before)) {
            return StepResult.failed("changed", current);
        }
        StepResult result = writeSetting(i, JournalRecordKind.INTENT, setting, before, after);
        if (setting instanceof Setting.Driver driver
                && isHostDriverBind(setting, after)
                && result instanceof StepResult.StepFailed(String errno, var values)
                && errno.equals("ENOENT")) {
            return loadAndBindDriver(i, driver, after);
        }
        return isModuleUnload(setting, after) && result instanceof StepResult.StepFailed ? new StepResult.Ok() : result;
    }

    /** Unbinds a driver unless a program uses the function. */
    private StepResult unbind(int i, Setting.Driver driver, String name) {
        return userBlockingUnbind(driver, name)
                .map(TransactionExecutor::inUseFailure)
                .orElseGet(() -> writeSetting(i, JournalRecordKind.INTENT, driver, name, ""));
    }

    /**
     * Binds the first host driver that accepts the function. Where vfio-pci matches every card of a model
     * ({@code vfio-pci.ids=}, {@code new_id}), every probe selects vfio-pci. Therefore the host's drivers are tried one
     * by one by name; a driver that does not support the card fails with ENODEV at once.
     */
    private StepResult bindFirstMatchingDriver(int i, Setting.Driver driver) {
        StepResult result = writeSetting(i, JournalRecordKind.INTENT, driver, PciDevice.VFIO_PCI, "");
        for (String name : kernel.readSnapshot().childNames(SnapshotParser.PCI_DRIVERS)) {
            if (result instanceof StepResult.Halted
                    || !kernel.readSetting(driver).isEmpty()) {
                break;
            }
            if (!name.contains("vfio") && !STUB_DRIVERS.contains(name)) {
                result = writeSetting(i, JournalRecordKind.INTENT, driver, "", name);
            }
        }
        return result;
    }

    /** Loads and binds a host driver whose module was unloaded after the driver was last bound to the function. */
    private StepResult loadAndBindDriver(int i, Setting.Driver driver, String name) {
        StepResult loading =
                writeJournaled(i, JournalRecordKind.INTENT, "", "?", new KernelWrite.LoadByModalias(driver.function()));
        if (loading instanceof StepResult.Halted) {
            return loading;
        }
        String current = kernel.readSetting(driver);
        if (current.equals(name)) {
            return new StepResult.Ok();
        }
        // Several drivers may support the function, and a newly loaded one binds it at once.
        if (!current.isEmpty()) {
            StepResult unbinding = unbind(i, driver, current);
            if (!(unbinding instanceof StepResult.Ok)) {
                return unbinding;
            }
        }
        return writeSetting(i, JournalRecordKind.INTENT, driver, "", name);
    }

    /** Whether the change binds a driver of the host. */
    private static boolean isHostDriverBind(Setting setting, String after) {
        return setting instanceof Setting.Driver && !after.isEmpty() && !after.equals(PciDevice.VFIO_PCI);
    }

    /** Whether the change unloads a module. A failure is ignored: a loaded module does no harm. */
    private static boolean isModuleUnload(Setting setting, String after) {
        return setting instanceof Setting.KernelModule && after.isEmpty();
    }

    /** Whether a later release method has removed the framebuffer's device: no driver can bind it before a restart. */
    private static boolean isFramebufferDeviceGone(Setting setting, String errno) {
        return setting instanceof Setting.FramebufferDriver && errno.equals("ENODEV");
    }

    private StepResult runCheck(Step.CheckKind check, List<PciAddress> functions, HostSettings hostSettings) {
        return switch (check) {
            case UNUSED ->
                firstBlockingUser(functions)
                        .map(TransactionExecutor::inUseFailure)
                        .orElse(new StepResult.Ok());
            case VFIO_USABLE ->
                switch (kernel.verifyVfio(functions)) {
                    case Kernel.VfioCheck.Passed(int bars) -> new StepResult.Ok();
                    case Kernel.VfioCheck.Failed(
                            PciAddress function,
                            String reason,
                            List<Kernel.ReservationFailure> failures) ->
                        failures.isEmpty()
                                ? StepResult.failed("not-proven", function.toShortString(), reason)
                                : StepResult.failed(
                                        "not-reserved",
                                        failures.getFirst().function().toShortString(),
                                        failures.getFirst().barName(),
                                        failures.getFirst().range().toString());
                };
            case HOST_DRIVERS_BOUND ->
                functions.stream()
                        .filter(f -> !isHostDriverBound(
                                f, Optional.ofNullable(hostSettings.functions().get(f))))
                        .findFirst()
                        .map(f -> StepResult.failed(
                                "not-back", f.toShortString(), kernel.readSetting(new Setting.Driver(f))))
                        .orElse(new StepResult.Ok());
        };
    }

    private boolean isHostDriverBound(PciAddress function, Optional<HostSettings.FunctionSettings> saved) {
        String driver = kernel.readSetting(new Setting.Driver(function));
        return saved.map(f -> f.driver().equals(driver)).orElse(!driver.equals(PciDevice.VFIO_PCI));
    }

    private static StepResult inUseFailure(DeviceUser user) {
        return StepResult.failed(
                IN_USE, user.program(), Integer.toString(user.pid()), user.owner(), "/dev/" + user.deviceNode());
    }

    /** The kernel does not prevent unbinding a driver from a function that a program uses, so this is checked here. */
    private Optional<DeviceUser> userBlockingUnbind(Setting setting, String driver) {
        return setting instanceof Setting.Driver(PciAddress function) && !driver.isEmpty()
                ? firstBlockingUser(List.of(function))
                : Optional.empty();
    }

    /**
     * Checked before every release step: the kernel does not check for programs that draw on the framebuffer, and the
     * GPU may have no driver whose unbind would have been checked.
     */
    private Optional<DeviceUser> userBlockingRelease(int i) {
        return plannedSteps.get(i) instanceof Step.FallbackStep(ReleaseStage stage, Step step)
                        && stage.role() == ReleaseStage.StepRole.RELEASE
                ? firstBlockingUser(List.of(stage.region().function()))
                : Optional.empty();
    }

    private Optional<DeviceUser> firstBlockingUser(List<PciAddress> functions) {
        return kernel.readDeviceUsers(functions).stream()
                .filter(DeviceUser::isBlockingUnbind)
                .findFirst();
    }

    /** Undoes every step up to and including the given one, last first; stops at the first failure. */
    private Outcome undoSteps(int last, Outcome outcomeWhenUndone) {
        if (kernel.hasOops()) {
            return halt(Outcome.KERNEL_OOPS, JournalRecordKind.OOPS, last);
        }
        List<Integer> order = new ArrayList<>(laterStepsAlreadyBound(last));
        order.addAll(SwitchPlan.undoOrder(unwrappedSteps.subList(0, last + 1)));
        for (int i : order) {
            StepResult result = undoStep(i);
            if (result instanceof StepResult.StepFailed && isUnplugged(unwrappedSteps.get(i))) {
                reportProgress(StepPhase.UNDONE, i);
                continue;
            }
            if (result instanceof StepResult.Halted(Outcome outcome)) {
                return outcome;
            }
            if (result instanceof StepResult.StepFailed(String detail, List<String> values)) {
                reportFailure(StepPhase.UNDO_FAILED, i, new StepFailure(detail, values));
                return Outcome.ROLLBACK_FAILED;
            }
        }
        try {
            journal.append(JournalRecordKind.END, List.of(outcomeWhenUndone.wireName()));
            return outcomeWhenUndone;
        } catch (IOException ignored) {
            // Everything is restored. Only the END record is missing, and rolling back again changes nothing.
            return outcomeWhenUndone;
        }
    }

    /** Later steps that are already done: a driver loaded for one function has bound others too. */
    private List<Integer> laterStepsAlreadyBound(int last) {
        return IntStream.range(last + 1, last < 0 ? 0 : unwrappedSteps.size())
                .filter(i -> unwrappedSteps.get(i)
                                instanceof Step.ChangeSetting(Setting.Driver driver, var before, String after, var u)
                        && isHostDriverBind(driver, after)
                        && kernel.readSetting(driver).equals(after))
                .boxed()
                .toList();
    }

    private StepResult undoStep(int i) {
        return switch (unwrappedSteps.get(i)) {
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undoPolicy)
            when undoPolicy == Step.UndoPolicy.REVERSIBLE -> {
                String current = kernel.readSetting(setting);
                // An interrupted rollback may have undone this step already.
                if (current.equals(before) || (current.equals(originalValue(setting)) && isNoLongerNeeded(setting))) {
                    yield new StepResult.Ok();
                }
                StepResult result = current.equals(after)
                        ? undoSetting(i, setting, current, before)
                        : StepResult.failed("changed", current);
                yield result instanceof StepResult.StepFailed(String detail, var values)
                                && (isModuleUnload(setting, before) || isFramebufferDeviceGone(setting, detail))
                        ? new StepResult.Ok()
                        : result;
            }
            case Step.ProbeAny(PciAddress function) -> {
                Setting driver = new Setting.Driver(function);
                String current = kernel.readSetting(driver);
                yield current.isEmpty() || current.equals(originalValue(driver))
                        ? new StepResult.Ok()
                        : undoSetting(i, driver, current, "");
            }
            case Step.ChangeSetting notReversible -> new StepResult.Ok();
            case Step.RunCheck check -> new StepResult.Ok();
            case Step.FramebufferEviction eviction -> new StepResult.Ok();
            case Step.LoadDriver loadDriver -> new StepResult.Ok();
            case Step.UnbindAny unbindAny -> new StepResult.Ok();
            case Step.FallbackStep nested -> throw new IllegalStateException("nested fallback step");
        };
    }

    /** Whether the step's function was unplugged: it needs no rollback. Called only after a failure: not cheap. */
    private boolean isUnplugged(Step step) {
        return switch (step) {
            case Step.ProbeAny(PciAddress function) -> !kernel.hasDevice(function);
            case Step.ChangeSetting change ->
                switch (change.setting()) {
                    case Setting.Driver(PciAddress function) -> !kernel.hasDevice(function);
                    case Setting.DriverOverride(PciAddress function) -> !kernel.hasDevice(function);
                    case Setting.PowerControl(PciAddress function) -> !kernel.hasDevice(function);
                    default -> false;
                };
            default -> false;
        };
    }

    /**
     * Whether the rollback no longer needs a setting that has its original value. A driver override may have it only
     * because its steps are not undone yet: they are needed until the function has its original driver again.
     */
    private boolean isNoLongerNeeded(Setting setting) {
        return !(setting instanceof Setting.DriverOverride(PciAddress function))
                || kernel.readSetting(new Setting.Driver(function)).equals(originalValue(new Setting.Driver(function)));
    }

    /** The value of a setting before the switch; empty when the switch does not change it. */
    private String originalValue(Setting setting) {
        for (Step step : unwrappedSteps) {
            if (step instanceof Step.ChangeSetting change && change.setting().equals(setting)) {
                return change.before();
            }
        }
        return "";
    }

    private StepResult undoSetting(int i, Setting setting, String current, String before) {
        Optional<DeviceUser> user = userBlockingUnbind(setting, current);
        if (user.isPresent()) {
            return inUseFailure(user.get());
        }
        reportProgress(StepPhase.UNDOING, i);
        StepResult result = writeSetting(i, JournalRecordKind.UNDO_INTENT, setting, current, before);
        if (result instanceof StepResult.Ok) {
            reportProgress(StepPhase.UNDONE, i);
        }
        return result;
    }

    /** Writes a setting and reads it back: the value read decides, not the result of the write. */
    private StepResult writeSetting(int i, JournalRecordKind intent, Setting setting, String from, String to) {
        StepResult result = writeJournaled(i, intent, from, to, KernelWrite.of(setting, from, to));
        if (!(result instanceof StepResult.Ok)) {
            return result;
        }
        String current = kernel.readSetting(setting);
        if (current.equals(to)) {
            return result;
        }
        return setting instanceof Setting.FramebufferRegion(PciAddress function, AddressRange range)
                ? StepResult.failed("still-there", current, range.toString())
                : StepResult.failed("not-true", current);
    }

    /** Writes to the kernel only after the intent is on the medium. */
    private StepResult writeJournaled(int i, JournalRecordKind intent, String from, String to, KernelWrite write) {
        try {
            journal.append(intent, List.of(Integer.toString(i), from, to));
        } catch (IOException e) {
            return StepResult.failed("journal-unwritable");
        }
        Kernel.WriteResult result = kernel.write(
                write, WRITE_TIMEOUT, waited -> progress.accept(JobEvent.StepChanged.waiting(i, elapsed(), waited)));
        if (result instanceof Kernel.WriteResult.TimedOut) {
            reportProgress(StepPhase.STUCK, i);
            return new StepResult.Halted(halt(Outcome.STUCK, JournalRecordKind.STUCK, i));
        }
        if (kernel.hasOops()) {
            return new StepResult.Halted(halt(Outcome.KERNEL_OOPS, JournalRecordKind.OOPS, i));
        }
        if (result instanceof Kernel.WriteResult.WriteFailed(String errno)) {
            return StepResult.failed(errnoPrefix(write) + errno);
        }
        try {
            JournalRecordKind done =
                    intent == JournalRecordKind.INTENT ? JournalRecordKind.DONE : JournalRecordKind.UNDONE;
            journal.append(done, List.of(Integer.toString(i), from, to));
        } catch (IOException e) {
            return StepResult.failed("journal-unwritable");
        }
        return new StepResult.Ok();
    }

    /** Distinguishes an errno of loading a module, or of the module switchback_bootfb: its meaning differs. */
    private static String errnoPrefix(KernelWrite write) {
        return switch (write) {
            case KernelWrite.LoadModule load -> "load-";
            case KernelWrite.WriteSysfs(String path, String value)
            when path.startsWith(KernelWrite.MODULES_PATH) -> "release-";
            default -> "";
        };
    }

    /** Records why no further writes follow. */
    private Outcome halt(Outcome outcome, JournalRecordKind kind, int step) {
        try {
            journal.append(kind, List.of(Integer.toString(step)));
        } catch (IOException ignored) {
            // Nothing is written to the kernel after this either way.
        }
        return outcome;
    }

    private void reportProgress(StepPhase phase, int step) {
        progress.accept(JobEvent.StepChanged.of(step, phase, elapsed()));
    }

    private void reportFailure(StepPhase phase, int step, StepFailure failure) {
        progress.accept(JobEvent.StepChanged.failed(step, phase, elapsed(), failure));
    }

    /** Since this executor was created. */
    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
