package org.switchback.gui.switching;

import org.switchback.plan.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyDoubleProperty;
import javafx.beans.property.ReadOnlyDoubleWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.gui.tasks.PendingTask;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnection.RunningSwitch;
import org.switchback.client.HelperException;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/** One switch, from its plan to its result. Belongs to the drawing thread. */
public final class SwitchViewModel {
    private static final long MICROS_PER_SECOND = 1_000_000;
    /** From here on a step's row says that slow is not stuck. */
    private static final long SLOW_STEP_MICROS = 10 * MICROS_PER_SECOND;

    /** How often the kernel is asked what has become of a switch, before nobody knows. */
    private static final int MAX_INSPECTIONS = 3;

    /** Where a switch is. */
    public enum SwitchPhase {
        PLANNING,
        PLANNED,
        /** The plan cannot be carried out as things are. */
        REFUSED,
        /** There is no plan, or it was not taken. */
        PROBLEM,
        AUTHORIZING,
        RUNNING,
        /** The helper has finished; the kernel is being asked. */
        CHECKING,
        FINISHED
    }

    private final HelperConnection connection;
    private final BackgroundTasks background;
    private final Messages messages;
    private final PciAddress gpuAddress;
    private final PlanComparison.PlanHistory planHistory;
    private final Runnable onLeave;

    private final ReadOnlyObjectWrapper<SwitchPhase> phase = new ReadOnlyObjectWrapper<>(SwitchPhase.PLANNING);
    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper gpuName = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper status = new ReadOnlyStringWrapper("");
    private final ReadOnlyDoubleWrapper progress = new ReadOnlyDoubleWrapper(0);
    private final ReadOnlyObjectWrapper<@Nullable SwitchResult> switchResult = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyBooleanWrapper nativeDriverOffered = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper nativeDriverAllowed = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper canLeave = new ReadOnlyBooleanWrapper(true);
    private final ObservableList<String> devices = FXCollections.observableArrayList();
    private final ObservableList<String> notes = FXCollections.observableArrayList();
    private final ObservableList<String> refusals = FXCollections.observableArrayList();
    private final ObservableList<StepRow> steps = FXCollections.observableArrayList();
    private final ObservableList<PaneAction> actions = FXCollections.observableArrayList();
    // Fields, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<String> readOnlyDevices = FXCollections.unmodifiableObservableList(devices);
    private final ObservableList<String> readOnlyNotes = FXCollections.unmodifiableObservableList(notes);
    private final ObservableList<String> readOnlyRefusals = FXCollections.unmodifiableObservableList(refusals);
    private final ObservableList<StepRow> readOnlySteps = FXCollections.unmodifiableObservableList(steps);
    private final ObservableList<PaneAction> readOnlyActions = FXCollections.unmodifiableObservableList(actions);

    private Target target;
    private @Nullable PendingTask pendingTask;
    private @Nullable Gpu gpuBefore;
    private @Nullable PlanReply plan;
    /** The machine that the plan is for. */
    private @Nullable Machine plannedMachine;
    private @Nullable RunningSwitch runningSwitch;
    /** What spoke against a switch that nobody had seen the plan of. */
    private final List<String> runtimeRefusals = new ArrayList<>();

    /** What was left half done is being put back, to switch to VM mode from there. */
    private boolean switchAfterRollback;
    private boolean cancelRequested;
    private long stepStartMicros;

    /**
     * Makes the plan at once, and carries it out when it is the one that succeeded last.
     *
     * @param gpu         address of the graphics function
     * @param planHistory of a plan; asked off the drawing thread
     * @param onLeave       told when the pane is left
     */
    public SwitchViewModel(
            HelperConnection connection,
            BackgroundTasks background,
            Messages messages,
            PciAddress gpu,
            Target target,
            PlanComparison.PlanHistory planHistory,
            Runnable onLeave) {
        this.connection = connection;
        this.background = background;
        this.messages = messages;
        this.gpuAddress = gpu;
        this.target = target;
        this.planHistory = planHistory;
        this.onLeave = onLeave;
        makePlan(true, List.of());
    }

    /** Where the switch is. Changes before {@link #actions} do. */
    public ReadOnlyObjectProperty<SwitchPhase> phaseProperty() {
        return phase.getReadOnlyProperty();
    }

    /** What is to be done. */
    public ReadOnlyStringProperty titleProperty() {
        return title.getReadOnlyProperty();
    }

    /** Name of the GPU. */
    public ReadOnlyStringProperty gpuNameProperty() {
        return gpuName.getReadOnlyProperty();
    }

    /** What is going on, one sentence. */
    public ReadOnlyStringProperty statusProperty() {
        return status.getReadOnlyProperty();
    }

    /** Part of the steps that are done, 0 to 1. */
    public ReadOnlyDoubleProperty progressProperty() {
        return progress.getReadOnlyProperty();
    }

    /** The result; null before the end. */
    public ReadOnlyObjectProperty<@Nullable SwitchResult> switchResultProperty() {
        return switchResult.getReadOnlyProperty();
    }

    /** Whether the pane can be left now: not while something is under way. */
    public ReadOnlyBooleanProperty canLeaveProperty() {
        return canLeave.getReadOnlyProperty();
    }

    /** Whether the GPU's own driver could spare the kernel module, if it is allowed to. */
    public ReadOnlyBooleanProperty nativeDriverOfferedProperty() {
        return nativeDriverOffered.getReadOnlyProperty();
    }

    /** Whether it is allowed to. */
    public ReadOnlyBooleanProperty nativeDriverAllowedProperty() {
        return nativeDriverAllowed.getReadOnlyProperty();
    }

    /** The functions that move, graphics first, as people name them. */
    public ObservableList<String> devices() {
        return readOnlyDevices;
    }

    /** What to know before it is done. */
    public ObservableList<String> notes() {
        return readOnlyNotes;
    }

    /** Why it cannot be done, or why there is no plan; sentences. */
    public ObservableList<String> refusals() {
        return readOnlyRefusals;
    }

    /** The steps in order. */
    public ObservableList<StepRow> steps() {
        return readOnlySteps;
    }

    /** The buttons, the main one last. */
    public ObservableList<PaneAction> actions() {
        return readOnlyActions;
    }

    /** The commands a person could type instead, one a line; empty without steps. */
    public String commands() {
        return steps.stream()
                .map(StepRow::command)
                .filter(shell -> !shell.isEmpty())
                .collect(Collectors.joining("\n"));
    }

    /** The GPU it is about. */
    public PciAddress gpuAddress() {
        return gpuAddress;
    }

    /** Whether the kernel is being changed, or asked what has become of it. */
    public boolean isChangingKernel() {
        return phase.get() == SwitchPhase.RUNNING || phase.get() == SwitchPhase.CHECKING;
    }

    /** Leaves the pane; does nothing while something is under way. */
    public void leave() {
        if (canLeave.get()) {
            cancelPendingTask();
            onLeave.run();
        }
    }

    private void cancelPendingTask() {
        if (pendingTask != null) {
            pendingTask.discardResult();
        }
    }

    private void enterPhase(SwitchPhase next, String say, List<PaneAction> buttons) {
        canLeave.set(next != SwitchPhase.AUTHORIZING && next != SwitchPhase.RUNNING && next != SwitchPhase.CHECKING);
        status.set(say);
        phase.set(next);
        actions.setAll(buttons);
    }

    // The plan.

    /**
     * @param comparison of the plan, as long as there is one
     * @param nativeDriverAvailable whether there is a plan that binds the GPU's own driver for a moment
     */
    private record PreparedPlan(
            Machine machine,
            Optional<PlanReply> plan,
            PlanComparison comparison,
            boolean nativeDriverAvailable,
            Optional<HelperException> problem) {}

    private void makePlan() {
        makePlan(false, List.of());
    }

    /**
     * @param go     whether a plan that is the same as the last one that succeeded is carried out at once
     * @param agreed the steps that are carried out at once instead, as they were agreed to before; empty for none
     */
    private void makePlan(boolean go, List<PlannedStep> agreed) {
        cancelPendingTask();
        plan = null;
        switchResult.set(null);
        progress.set(0);
        updateTitle(gpuAddress.toShortString());
        steps.clear();
        refusals.clear();
        notes.clear();
        devices.clear();
        enterPhase(SwitchPhase.PLANNING, messages.text("window.switch.planning"), List.of(cancelAction()));
        Target wanted = target;
        boolean allowed = nativeDriverAllowed.get();
        pendingTask = background.run(
                () -> loadPlan(wanted, allowed),
                prepared -> showPlan(prepared, go, agreed),
                problem -> showProblem(problem.kind()));
    }

    private PreparedPlan loadPlan(Target wanted, boolean allowed) throws HelperException {
        Machine machine = SnapshotParser.parse(connection.inspect(false));
        try {
            PlanReply reply = connection.plan(gpuAddress, wanted.wireName(), List.of(), allowed);
            boolean nativeDriver = allowed || usesReleaseMethod(reply, "module") || needsModule(reply);
            if (nativeDriver && !allowed) {
                nativeDriver = usesReleaseMethod(connection.plan(gpuAddress, wanted.wireName(), List.of(), true), "native-driver");
            }
            return new PreparedPlan(
                    machine,
                    Optional.of(reply),
                    planHistory.compare(wanted.wireName(), reply),
                    nativeDriver,
                    Optional.empty());
        } catch (HelperException problem) {
            return new PreparedPlan(machine, Optional.empty(), PlanComparison.NEW, false, Optional.of(problem));
        }
    }

    private static boolean usesReleaseMethod(PlanReply plan, String rung) {
        return plan.steps.stream().anyMatch(step -> step.releaseMethod.equals(rung));
    }

    private static boolean needsModule(PlanReply plan) {
        return plan.refusals.stream().anyMatch(refusal -> refusal.code.startsWith("module-"));
    }

    private void showPlan(PreparedPlan prepared, boolean go, List<PlannedStep> agreed) {
        Optional<Gpu> gpu = prepared.machine().gpu(gpuAddress);
        gpuBefore = gpu.orElse(null);
        gpu.ifPresent(known -> updateTitle(known.graphics().ids().deviceName()));
        if (prepared.problem().isPresent()) {
            showProblem(prepared.problem().get().kind());
            return;
        }
        PlanReply reply = prepared.plan().orElseThrow();
        plan = reply;
        plannedMachine = prepared.machine();
        nativeDriverOffered.set(prepared.nativeDriverAvailable());
        reply.functions.forEach(function -> devices.add(formatDevice(prepared.machine(), function, "window.gpu.device")));
        updateSteps(reply.steps, prepared.machine());
        if (reply.refusals.isEmpty() && gpu.isPresent()) {
            notes.setAll(notes(prepared.machine(), gpu.get(), reply));
            boolean known = agreed.isEmpty()
                    ? go && prepared.comparison() == PlanComparison.SAME
                    : SwitchRecord.isSamePlan(reply.steps, agreed);
            if (known) {
                apply();
                return;
            }
            if (prepared.comparison() == PlanComparison.CHANGED) {
                notes.addFirst(messages.text("window.switch.differs"));
            }
            boolean half = gpu.get().mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
            enterPhase(
                    SwitchPhase.PLANNED,
                    messages.text(half ? "window.switch.planned.half" : "window.switch.planned"),
                    List.of(cancelAction(), newAction("switch-apply", applyLabel(), true, this::apply)));
        } else {
            reply.refusals.forEach(refusal -> refusals.add(messages.formatRefusal(refusal)));
            enterPhase(SwitchPhase.REFUSED, messages.text("window.switch.refused"), List.of(closeAction(), checkAgainAction()));
        }
    }

    /** Makes the plan anew, with or without the GPU's own driver. */
    public void allowNativeDriver(boolean allowed) {
        if (canLeave.get()) {
            nativeDriverAllowed.set(allowed);
            makePlan();
        }
    }

    private void updateTitle(String gpu) {
        gpuName.set(gpu);
        title.set(
                messages.text(target == Target.VM ? "window.switch.title.vm" : "window.switch.title.host", gpu));
    }

    private String applyLabel() {
        return messages.text(target == Target.VM ? "window.choice.vm" : "window.choice.host");
    }

    private String formatDevice(Machine machine, String function, String key) {
        return PciAddress.parse(function)
                .flatMap(machine::device)
                .map(device -> messages.text(key, device.address().toShortString(), device.name(), messages.formatDriver(device)))
                .orElse(function);
    }

    /** The drivers are those of before the switch no longer. */
    private void updateDevices(Optional<Machine> now) {
        PlanReply reply = plan;
        Machine then = plannedMachine;
        if (reply != null && then != null) {
            devices.setAll(reply.functions.stream()
                    .map(function -> now.map(machine -> formatDevice(machine, function, "window.gpu.device"))
                            .orElseGet(() -> formatDevice(then, function, "window.switch.device.before")))
                    .toList());
        }
    }

    private void updateSteps(List<PlannedStep> planned, Machine machine) {
        List<StepRow> rows = new ArrayList<>();
        for (PlannedStep step : planned) {
            rows.add(new StepRow(
                    rows.size() + 1,
                    messages.formatStep(step, machine),
                    messages.formatReversibility(step),
                    step.shellCommand,
                    StepRow.StepState.PENDING,
                    "",
                    ""));
        }
        steps.setAll(rows);
    }

    private List<String> notes(Machine machine, Gpu gpu, PlanReply reply) {
        List<String> said = new ArrayList<>();
        desktopSentence(machine).ifPresent(said::add);
        if (target == Target.VM) {
            if (machine.isLastDisplayGpu(gpu, List.of())) {
                said.add(messages.text("window.switch.last"));
            }
            said.addAll(messages.formatReleaseMethods(reply.steps, machine));
            said.add(ResultEvaluator.hostLimitations(messages, gpu));
        }
        if (connection.source().canSwitchThisMachine()) {
            messages.formatPermission(reply.action).ifPresent(said::add);
        }
        return said;
    }

    /** Where the desktop stays, if another GPU shows it. */
    private Optional<String> desktopSentence(Machine machine) {
        return machine.gpus().stream()
                .filter(other -> !other.address().equals(gpuAddress) && !other.graphics().activeConnectors().isEmpty())
                .findFirst()
                .map(other -> messages.text("window.switch.desktop", other.graphics().name()));
    }

    private void showProblem(HelperException.FailureKind kind) {
        switchAfterRollback = false;
        refusals.setAll(messages.formatHelperFailure(kind));
        List<PaneAction> buttons = new ArrayList<>();
        buttons.add(closeAction());
        if (kind == HelperException.FailureKind.INCOMPLETE) {
            buttons.add(newAction("switch-restore", messages.text("window.action.putback"), true, () -> rollBackEarlierSwitch(false)));
        } else {
            buttons.add(checkAgainAction());
        }
        enterPhase(SwitchPhase.PROBLEM, messages.text("window.switch.problem"), buttons);
    }

    // The switch.

    private void apply() {
        if (plan != null) {
            String id = plan.id;
            startSwitch(() -> connection.apply(id, this::onJobEvent), this::applyRefused);
        }
    }

    /**
     * What was left half done is undone before anything else can begin: that is the way back to the host, and half of what
     * it takes to finish.
     */
    private void applyRefused(HelperException.FailureKind kind) {
        boolean half = gpuBefore != null && gpuBefore.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
        if (kind == HelperException.FailureKind.INCOMPLETE && (target == Target.HOST || half) && !cancelRequested) {
            rollBackEarlierSwitch(target == Target.VM);
        } else {
            showProblem(kind);
        }
    }

    /**
     * Undoes an earlier switch, whose steps nobody here knows.
     *
     * @param further as in {@link #rollBack}
     */
    private void rollBackEarlierSwitch(boolean further) {
        target = Target.HOST;
        steps.clear();
        rollBack(further);
    }

    /**
     * Undoes what the helper keeps as half done; where that was begun here, its own steps tell of it.
     *
     * @param further whether it is switched to VM mode from there
     */
    private void rollBack(boolean further) {
        switchAfterRollback = further;
        switchResult.set(null);
        startSwitch(() -> connection.restore(gpuAddress, this::onJobEvent), this::showProblem);
    }

    private void startSwitch(BackgroundTasks.BlockingCall<RunningSwitch> start, Consumer<HelperException.FailureKind> refused) {
        runningSwitch = null;
        cancelRequested = false;
        refusals.clear();
        runtimeRefusals.clear();
        enterPhase(
                SwitchPhase.AUTHORIZING,
                messages.text(connection.source().canSwitchThisMachine() ? "window.switch.authorising" : "window.switch.starting"),
                List.of(stopAction()));
        pendingTask = background.run(start, this::switchStarted, problem -> refused.accept(problem.kind()));
    }

    private void switchStarted(RunningSwitch begun) {
        runningSwitch = begun;
        if (cancelRequested) {
            sendCancel(begun);
        }
    }

    /** Called on a thread of the connection. */
    private void onJobEvent(JobEvent entry) {
        background.runOnFxThread(() -> handleEvent(entry));
    }

    private void handleEvent(JobEvent entry) {
        switch (entry.type) {
            case "authorized" -> enterPhase(SwitchPhase.RUNNING, messages.text("window.switch.running"), List.of(stopAction()));
            case "started" -> {
                stepStartMicros = entry.elapsedMicros;
                updateStep(entry, StepRow.StepState.RUNNING, "", "");
                steps.stream()
                        .skip(entry.step)
                        .findFirst()
                        .ifPresent(row -> enterPhase(
                                SwitchPhase.RUNNING,
                                messages.text("window.switch.step", row.number(), steps.size(), row.text()),
                                List.of(stopAction())));
            }
            case "waiting" -> updateWaitingStep(entry);
            case "done" -> {
                updateStep(entry, StepRow.StepState.DONE, messages.formatDuration(entry.elapsedMicros - stepStartMicros), "");
                progress.set((entry.step + 1.0) / Math.max(1, steps.size()));
            }
            case "skipped" -> {
                updateStep(entry, StepRow.StepState.SKIPPED, "", "");
                progress.set((entry.step + 1.0) / Math.max(1, steps.size()));
            }
            case "failed" -> handleFailure(entry);
            case "undoing" -> {
                stepStartMicros = entry.elapsedMicros;
                updateStep(entry, StepRow.StepState.UNDOING, "", "");
                enterPhase(SwitchPhase.RUNNING, messages.text("window.switch.undoing"), List.of());
            }
            case "undone" -> updateStep(entry, StepRow.StepState.UNDONE, "", "");
            case "undo-failed" -> updateStep(entry, StepRow.StepState.UNDO_FAILED, "", messages.formatStepFailure(entry));
            case "stuck" -> updateStep(entry, StepRow.StepState.STUCK, "", messages.text("window.step.stuck"));
            case "finished" -> handleFinished(entry);
            default -> {
                // "authorizing": begin() has said so. Words of a later helper change nothing that is shown.
            }
        }
    }

    private void updateWaitingStep(JobEvent entry) {
        long lasted = entry.elapsedMicros - stepStartMicros;
        if (entry.step < 0 || entry.step >= steps.size()) {
            return;
        }
        StepRow row = steps.get(entry.step);
        steps.set(
                entry.step,
                row.withState(
                        row.state(),
                        messages.text("window.step.lasting", messages.formatDuration(lasted)),
                        lasted >= SLOW_STEP_MICROS ? messages.text("window.step.slow") : ""));
        String after = messages.text("window.action.after");
        boolean unsaid = actions.stream()
                .anyMatch(a -> a.id().equals("switch-stop") && a.enabled() && !a.label().equals(after));
        if (phase.get() == SwitchPhase.RUNNING && unsaid) {
            actions.setAll(newAction("switch-stop", after, false, this::requestCancel));
        }
    }

    private void handleFailure(JobEvent entry) {
        if (entry.step < 0) {
            runtimeRefusals.add(messages.formatRefusal(new PlannedRefusal(entry.detail, entry.values)));
        } else {
            updateStep(entry, StepRow.StepState.FAILED, messages.formatDuration(entry.elapsedMicros - stepStartMicros), messages.formatStepFailure(entry));
        }
    }

    private void updateStep(JobEvent entry, StepRow.StepState state, String time, String note) {
        if (entry.step >= 0 && entry.step < steps.size()) {
            StepRow row = steps.get(entry.step);
            steps.set(
                    entry.step,
                    row.withState(state, time.isEmpty() ? row.duration() : time, note));
        }
    }

    private PaneAction stopAction() {
        return cancelRequested
                ? new PaneAction("switch-stop", messages.text("window.action.stopping"), false, false, () -> {})
                : newAction("switch-stop", messages.text("window.action.cancel"), false, this::requestCancel);
    }

    private void requestCancel() {
        cancelRequested = true;
        actions.setAll(stopAction());
        if (runningSwitch != null) {
            sendCancel(runningSwitch);
        }
    }

    private void sendCancel(RunningSwitch begun) {
        background.run(begun::cancel);
    }

    // The result.

    private void handleFinished(JobEvent end) {
        runningSwitch = null;
        steps.replaceAll(row -> row.state() == StepRow.StepState.RUNNING || row.state() == StepRow.StepState.UNDOING
                ? row.withState(StepRow.StepState.UNKNOWN, row.duration(), row.note())
                : row);
        enterPhase(SwitchPhase.CHECKING, messages.text("window.switch.checking"), List.of());
        pendingTask = background.run(
                this::inspectMachine, machine -> showResult(end, Optional.of(machine)), problem -> showResult(end, Optional.empty()));
    }

    /** Right after a switch a slow machine may have no time to answer, and where the GPU is now has to be known. */
    private Machine inspectMachine() throws HelperException {
        for (int look = 1; ; look++) {
            try {
                return SnapshotParser.parse(connection.inspect(false));
            } catch (HelperException problem) {
                if (look == MAX_INSPECTIONS) {
                    throw problem;
                }
            }
        }
    }

    private void showResult(JobEvent end, Optional<Machine> now) {
        Gpu known = gpuBefore;
        if (known == null) {
            showProblem(HelperException.FailureKind.LOST);
            return;
        }
        SwitchResult result = new ResultEvaluator(messages, target, known)
                .evaluate(end, runtimeRefusals, steps, now.flatMap(machine -> machine.gpu(gpuAddress)), now.flatMap(this::desktopSentence));
        boolean back = target == Target.HOST
                ? result.kind() == SwitchResult.SwitchResultKind.SUCCEEDED
                : result.kind() == SwitchResult.SwitchResultKind.UNCHANGED;
        boolean further = switchAfterRollback && back;
        switchAfterRollback = false;
        if (further) {
            target = Target.VM;
            makePlan(false, plan == null ? List.of() : plan.steps);
            return;
        }
        notes.clear();
        updateDevices(now);
        switchResult.set(result);
        enterPhase(SwitchPhase.FINISHED, result.title(), nextActions(result, end.detail.equals("mixed")));
    }

    /** @param kept the helper keeps it as half done, so that it is undone before anything else */
    private List<PaneAction> nextActions(SwitchResult result, boolean kept) {
        boolean toVm = target == Target.VM;
        PaneAction done = newAction("switch-done", messages.text("window.action.done"), true, this::leave);
        PaneAction close = closeAction();
        return switch (result.kind()) {
            case SUCCEEDED ->
                List.of(
                        newAction(
                                "switch-back",
                                messages.text(toVm ? "window.choice.host" : "window.choice.vm.again"),
                                false,
                                () -> planAgain(toVm ? Target.HOST : Target.VM, true)),
                        done);
            case UNCHANGED ->
                List.of(newAction("switch-again", messages.text("window.action.again"), false, () -> planAgain(target)), done);
            case PARTIALLY_SWITCHED ->
                toVm
                        ? List.of(
                                close,
                                newAction(
                                        "switch-finish",
                                        messages.text("window.action.finish"),
                                        false,
                                        kept ? () -> rollBack(true) : () -> planAgain(target)),
                                newAction(
                                        "switch-restore",
                                        messages.text("window.action.putback"),
                                        true,
                                        kept ? () -> rollBack(false) : () -> planAgain(Target.HOST)))
                        : List.of(
                                close,
                                newAction("switch-finish", messages.text("window.action.finish"), true, () -> planAgain(target)));
            case UNKNOWN -> List.of(close, checkAgainAction());
        };
    }

    private void planAgain(Target where) {
        planAgain(where, false);
    }

    /** @param go as in {@link #makePlan(boolean, List)} */
    private void planAgain(Target where, boolean go) {
        target = where;
        makePlan(go, List.of());
    }

    private PaneAction cancelAction() {
        return newAction("switch-cancel", messages.text("window.action.cancel"), false, this::leave);
    }

    private PaneAction closeAction() {
        return newAction("switch-done", messages.text("window.action.close"), false, this::leave);
    }

    private PaneAction checkAgainAction() {
        return newAction("check-again", messages.text("window.action.check"), true, this::makePlan);
    }

    private static PaneAction newAction(String id, String label, boolean main, Runnable run) {
        return new PaneAction(id, label, main, true, run);
    }
}
