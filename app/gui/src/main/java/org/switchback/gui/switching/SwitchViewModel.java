package org.switchback.gui.switching;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyDoubleProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnection.RunningSwitch;
import org.switchback.client.HelperException;
import org.switchback.client.messages.Messages;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.gui.tasks.PendingTask;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedStep;
import org.switchback.job.SwitchRun;
import org.switchback.plan.Target;

/** One switch, from its plan to its result. Belongs to the drawing thread. */
public final class SwitchViewModel {
    /** How often the kernel is asked what has become of a switch, before its outcome is given as unknown. */
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
    private final SwitchPlanLoader planLoader;
    private final StepRowFactory stepRows;
    private final Runnable onLeave;

    private final ObjectProperty<SwitchPhase> phase = new SimpleObjectProperty<>(SwitchPhase.PLANNING);
    private final StringProperty title = new SimpleStringProperty("");
    private final StringProperty gpuName = new SimpleStringProperty("");
    private final StringProperty status = new SimpleStringProperty("");
    private final DoubleProperty progress = new SimpleDoubleProperty(0);
    private final ObjectProperty<@Nullable SwitchResult> switchResult = new SimpleObjectProperty<>(null);
    private final BooleanProperty nativeDriverOffered = new SimpleBooleanProperty(false);
    private final BooleanProperty nativeDriverAllowed = new SimpleBooleanProperty(false);
    private final BooleanProperty canLeave = new SimpleBooleanProperty(true);
    private final ObservableList<String> devices = FXCollections.observableArrayList();
    private final ObservableList<String> notes = FXCollections.observableArrayList();
    private final ObservableList<String> refusals = FXCollections.observableArrayList();
    private final ObservableList<StepRow> steps = FXCollections.observableArrayList();
    private final ObservableList<PaneAction> actions = FXCollections.observableArrayList();
    // Fields, since an unreferenced unmodifiable list is collected together with its listeners.
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
    /** The switch that runs or has run last. */
    private SwitchRun run = SwitchRun.begin(Target.HOST, 0);

    /** A partial switch is being rolled back, to switch to VM mode from there. */
    private boolean switchAfterRollback;

    private boolean cancelRequested;

    /**
     * Makes the plan at once, and carries it out when it is the one that succeeded last.
     *
     * @param gpu address of the graphics function
     * @param planHistory of a plan; asked off the drawing thread
     * @param onLeave told when the pane is left
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
        this.planLoader = new SwitchPlanLoader(connection, gpu, planHistory);
        this.stepRows = new StepRowFactory(messages);
        this.onLeave = onLeave;
        makePlan(true, List.of());
    }

    /** Where the switch is. Changes before {@link #actions} do. */
    public ReadOnlyObjectProperty<SwitchPhase> phaseProperty() {
        return phase;
    }

    /** What is to be done. */
    public ReadOnlyStringProperty titleProperty() {
        return title;
    }

    /** Name of the GPU. */
    public ReadOnlyStringProperty gpuNameProperty() {
        return gpuName;
    }

    /** What is going on, one sentence. */
    public ReadOnlyStringProperty statusProperty() {
        return status;
    }

    /** Part of the steps that are done, 0 to 1. */
    public ReadOnlyDoubleProperty progressProperty() {
        return progress;
    }

    /** The result; null before the end. */
    public ReadOnlyObjectProperty<@Nullable SwitchResult> switchResultProperty() {
        return switchResult;
    }

    /** Whether the pane can be left now: not while something is under way. */
    public ReadOnlyBooleanProperty canLeaveProperty() {
        return canLeave;
    }

    /** Whether the GPU's own driver could spare the kernel module, if it is allowed to. */
    public ReadOnlyBooleanProperty nativeDriverOfferedProperty() {
        return nativeDriverOffered;
    }

    /** Whether it is allowed to. */
    public ReadOnlyBooleanProperty nativeDriverAllowedProperty() {
        return nativeDriverAllowed;
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

    private void makePlan() {
        makePlan(false, List.of());
    }

    /**
     * @param go whether a plan that is the same as the last one that succeeded is carried out at once
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
                () -> planLoader.load(wanted, allowed),
                prepared -> showPlan(prepared, go, agreed),
                problem -> showProblem(problem.kind()));
    }

    private void showPlan(SwitchPlanLoader.LoadedPlan prepared, boolean go, List<PlannedStep> agreed) {
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
        reply.functions()
                .forEach(function -> devices.add(formatDevice(prepared.machine(), function, "window.gpu.device")));
        run = SwitchRun.begin(target, reply.steps().size());
        updateSteps();
        if (!reply.isRefused() && gpu.isPresent()) {
            notes.setAll(notes(prepared.machine(), gpu.get(), reply));
            boolean known = agreed.isEmpty()
                    ? go && prepared.comparison() == PlanComparison.SAME
                    : PlannedStep.isSamePlan(reply.steps(), agreed);
            if (known) {
                apply();
                return;
            }
            if (prepared.comparison() == PlanComparison.CHANGED) {
                notes.addFirst(messages.text("window.switch.differs"));
            }
            boolean partiallySwitched = gpu.get().mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
            enterPhase(
                    SwitchPhase.PLANNED,
                    messages.text(
                            partiallySwitched ? "window.switch.planned.partially-switched" : "window.switch.planned"),
                    List.of(
                            cancelAction(),
                            newAction(
                                    "switch-apply",
                                    messages.text(target == Target.VM ? "window.choice.vm" : "window.choice.host"),
                                    true,
                                    this::apply)));
        } else {
            reply.refusals().forEach(refusal -> refusals.add(messages.formatRefusal(refusal)));
            enterPhase(
                    SwitchPhase.REFUSED,
                    messages.text("window.switch.refused"),
                    List.of(closeAction(), checkAgainAction()));
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
        title.set(messages.text(target == Target.VM ? "window.switch.title.vm" : "window.switch.title.host", gpu));
    }

    private String formatDevice(Machine machine, PciAddress function, String key) {
        return machine.device(function)
                .map(device -> messages.text(
                        key, device.address().toShortString(), device.name(), messages.formatDriver(device)))
                .orElse(function.toShortString());
    }

    /** The drivers are those of before the switch no longer. */
    private void updateDevices(Optional<Machine> now) {
        PlanReply reply = plan;
        Machine then = plannedMachine;
        if (reply != null && then != null) {
            devices.setAll(reply.functions().stream()
                    .map(function -> now.map(machine -> formatDevice(machine, function, "window.gpu.device"))
                            .orElseGet(() -> formatDevice(then, function, "window.switch.device.before")))
                    .toList());
        }
    }

    /**
     * Shows the planned steps as far as they are; none when an earlier switch is rolled back, whose plan is not known.
     */
    private void updateSteps() {
        PlanReply reply = plan;
        Machine machine = plannedMachine;
        for (int i = 0; reply != null && machine != null && i < run.steps().size(); i++) {
            StepRow row = stepRows.create(
                    i + 1, reply.steps().get(i), machine, run.steps().get(i));
            if (i == steps.size()) {
                steps.add(row);
            } else if (!row.equals(steps.get(i))) {
                steps.set(i, row);
            }
        }
        progress.set(run.progress());
    }

    private List<String> notes(Machine machine, Gpu gpu, PlanReply reply) {
        List<String> said = new ArrayList<>();
        desktopSentence(machine).ifPresent(said::add);
        if (target == Target.VM) {
            if (machine.isLastDisplayGpu(gpu, List.of())) {
                said.add(messages.text("window.switch.last"));
            }
            said.addAll(messages.formatUseWarnings(gpu));
            said.addAll(messages.formatReleaseMethods(reply.steps(), machine));
            said.add(SwitchResultFormatter.hostLimitations(messages, gpu));
        }
        if (connection.source().canSwitchThisMachine()) {
            said.add(messages.formatPermission(reply.permission()));
        }
        return said;
    }

    /** Where the desktop stays, if another GPU shows it. */
    private Optional<String> desktopSentence(Machine machine) {
        return machine.gpus().stream()
                .filter(other -> !other.address().equals(gpuAddress)
                        && !other.graphics().activeConnectors().isEmpty())
                .findFirst()
                .map(other ->
                        messages.text("window.switch.desktop", other.graphics().name()));
    }

    private void showProblem(HelperException.FailureKind kind) {
        switchAfterRollback = false;
        refusals.setAll(messages.formatHelperFailure(kind));
        List<PaneAction> buttons = new ArrayList<>();
        buttons.add(closeAction());
        if (kind == HelperException.FailureKind.INCOMPLETE) {
            buttons.add(newAction(
                    "switch-restore",
                    messages.text("window.action.rollback"),
                    true,
                    () -> rollBackEarlierSwitch(false)));
        } else {
            buttons.add(checkAgainAction());
        }
        enterPhase(SwitchPhase.PROBLEM, messages.text("window.switch.problem"), buttons);
    }

    // The switch.

    private void apply() {
        if (plan != null) {
            String id = plan.id();
            startSwitch(() -> connection.apply(id, this::onJobEvent), this::applyRefused);
        }
    }

    /**
     * A partial switch is rolled back before anything else can begin: that is the way back to the host, and half of
     * what it takes to finish.
     */
    private void applyRefused(HelperException.FailureKind kind) {
        boolean partiallySwitched = gpuBefore != null && gpuBefore.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
        if (kind == HelperException.FailureKind.INCOMPLETE
                && (target == Target.HOST || partiallySwitched)
                && !cancelRequested) {
            rollBackEarlierSwitch(target == Target.VM);
        } else {
            showProblem(kind);
        }
    }

    /**
     * Undoes an earlier switch, whose steps are not known here.
     *
     * @param further as in {@link #rollBack}
     */
    private void rollBackEarlierSwitch(boolean further) {
        target = Target.HOST;
        steps.clear();
        rollBack(further);
    }

    /**
     * Rolls back the partial switch that the helper keeps; where it began here, its own steps show the rollback.
     *
     * @param further whether it is switched to VM mode from there
     */
    private void rollBack(boolean further) {
        switchAfterRollback = further;
        switchResult.set(null);
        startSwitch(() -> connection.restore(gpuAddress, this::onJobEvent), this::showProblem);
    }

    private void startSwitch(
            BackgroundTasks.BlockingCall<RunningSwitch> start, Consumer<HelperException.FailureKind> refused) {
        runningSwitch = null;
        cancelRequested = false;
        refusals.clear();
        run = SwitchRun.begin(target, steps.size());
        updateSteps();
        enterPhase(
                SwitchPhase.AUTHORIZING,
                messages.text(
                        connection.source().canSwitchThisMachine()
                                ? "window.switch.authorising"
                                : "window.switch.starting"),
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

    private void handleEvent(JobEvent event) {
        run = run.after(event);
        updateSteps();
        switch (event) {
            case JobEvent.Authorizing authorizing -> {
                // startSwitch has shown it.
            }
            case JobEvent.Authorized authorized ->
                enterPhase(SwitchPhase.RUNNING, messages.text("window.switch.running"), List.of(stopAction()));
            case JobEvent.StepChanged step -> handleStep(step);
            case JobEvent.Refused refused -> {
                // The result lists it.
            }
            case JobEvent.Finished finished -> handleFinished(finished);
        }
    }

    private void handleStep(JobEvent.StepChanged event) {
        switch (event.phase()) {
            case STARTED ->
                steps.stream()
                        .skip(event.step())
                        .findFirst()
                        .ifPresent(row -> enterPhase(
                                SwitchPhase.RUNNING,
                                messages.text("window.switch.step", row.number(), steps.size(), row.text()),
                                List.of(stopAction())));
            case UNDOING -> enterPhase(SwitchPhase.RUNNING, messages.text("window.switch.undoing"), List.of());
            case WAITING -> offerStopAfterStep();
            case DONE, SKIPPED, FAILED, UNDONE, UNDO_FAILED, STUCK -> {
                // The row shows it.
            }
        }
    }

    /** A write that lasts can't be cancelled, but the switch can stop after it. */
    private void offerStopAfterStep() {
        String label = messages.text("window.action.after");
        boolean unsaid = actions.stream()
                .anyMatch(a -> a.id().equals("switch-stop")
                        && a.enabled()
                        && !a.label().equals(label));
        if (phase.get() == SwitchPhase.RUNNING && unsaid) {
            actions.setAll(newAction("switch-stop", label, false, this::requestCancel));
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

    private void handleFinished(JobEvent.Finished end) {
        runningSwitch = null;
        enterPhase(SwitchPhase.CHECKING, messages.text("window.switch.checking"), List.of());
        pendingTask = background.run(
                this::inspectMachine,
                machine -> showResult(end, Optional.of(machine)),
                problem -> showResult(end, Optional.empty()));
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

    private void showResult(JobEvent.Finished end, Optional<Machine> now) {
        Gpu known = gpuBefore;
        if (known == null) {
            showProblem(HelperException.FailureKind.LOST);
            return;
        }
        SwitchResult result = new SwitchResultFormatter(messages, target, known)
                .format(
                        run,
                        steps,
                        now.flatMap(machine -> machine.gpu(gpuAddress)),
                        now.flatMap(this::desktopSentence));
        boolean back = target == Target.HOST
                ? result.isSuccessful()
                : result.kind() == SwitchRun.Result.UNCHANGED || result.kind() == SwitchRun.Result.FALSELY_REPORTED;
        boolean further = switchAfterRollback && back;
        switchAfterRollback = false;
        if (further) {
            target = Target.VM;
            makePlan(false, plan == null ? List.of() : plan.steps());
            return;
        }
        notes.clear();
        updateDevices(now);
        switchResult.set(result);
        enterPhase(SwitchPhase.FINISHED, result.title(), nextActions(result, end.outcome() == Outcome.ROLLBACK_FAILED));
    }

    /** @param kept the helper keeps it as partially switched, so that it is rolled back before anything else */
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
            case UNCHANGED, FALSELY_REPORTED ->
                List.of(
                        newAction("switch-again", messages.text("window.action.again"), false, () -> planAgain(target)),
                        done);
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
                                        messages.text("window.action.rollback"),
                                        true,
                                        kept ? () -> rollBack(false) : () -> planAgain(Target.HOST)))
                        : List.of(
                                close,
                                newAction(
                                        "switch-finish",
                                        messages.text("window.action.finish"),
                                        true,
                                        () -> planAgain(target)));
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
