package org.switchback.app.switching;

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
import org.switchback.app.activity.Attempt;
import org.switchback.app.background.Background;
import org.switchback.app.background.Errand;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnection.RunningSwitch;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/** One switch, from its plan to its result. Belongs to the drawing thread. */
public final class SwitchViewModel {
    private static final long MICROS_A_SECOND = 1_000_000;
    /** From here on a step's row says that slow is not stuck. */
    private static final long SLOW_MICROS = 10 * MICROS_A_SECOND;

    /** How often the kernel is asked what has become of a switch, before nobody knows. */
    private static final int LOOKS = 3;

    /** Where a switch is. */
    public enum Phase {
        PLANNING,
        PLANNED,
        /** The plan cannot be carried out as things are. */
        REFUSED,
        /** There is no plan, or it was not taken. */
        PROBLEM,
        AUTHORISING,
        RUNNING,
        /** The helper has finished; the kernel is being asked. */
        CHECKING,
        ENDED
    }

    private final HelperConnection connection;
    private final Background background;
    private final Words words;
    private final PciAddress address;
    private final Familiarity.Judge familiarity;
    private final Runnable leave;

    private final ReadOnlyObjectWrapper<Phase> phase = new ReadOnlyObjectWrapper<>(Phase.PLANNING);
    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper name = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper status = new ReadOnlyStringWrapper("");
    private final ReadOnlyDoubleWrapper progress = new ReadOnlyDoubleWrapper(0);
    private final ReadOnlyObjectWrapper<@Nullable Outcome> outcome = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyBooleanWrapper nativeOffered = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper nativeAllowed = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper canLeave = new ReadOnlyBooleanWrapper(true);
    private final ObservableList<String> devices = FXCollections.observableArrayList();
    private final ObservableList<String> notes = FXCollections.observableArrayList();
    private final ObservableList<String> refusals = FXCollections.observableArrayList();
    private final ObservableList<StepRow> steps = FXCollections.observableArrayList();
    private final ObservableList<Action> actions = FXCollections.observableArrayList();
    // Fields, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<String> shownDevices = FXCollections.unmodifiableObservableList(devices);
    private final ObservableList<String> shownNotes = FXCollections.unmodifiableObservableList(notes);
    private final ObservableList<String> shownRefusals = FXCollections.unmodifiableObservableList(refusals);
    private final ObservableList<StepRow> shownSteps = FXCollections.unmodifiableObservableList(steps);
    private final ObservableList<Action> shownActions = FXCollections.unmodifiableObservableList(actions);

    private Direction direction;
    private @Nullable Errand errand;
    private @Nullable Gpu before;
    private @Nullable PlanReply plan;
    /** The machine that the plan is for. */
    private @Nullable Machine planned;
    private @Nullable RunningSwitch running;
    /** What spoke against a switch that nobody had seen the plan of. */
    private final List<String> objections = new ArrayList<>();

    /** What was left half done is being put back, to switch to VM mode from there. */
    private boolean finishing;
    private boolean cancelled;
    private long stepStarted;

    /**
     * Makes the plan at once, and carries it out when it is the one that succeeded last.
     *
     * @param gpu         address of the graphics function
     * @param familiarity of a plan; asked off the drawing thread
     * @param leave       told when the pane is left
     */
    public SwitchViewModel(
            HelperConnection connection,
            Background background,
            Words words,
            PciAddress gpu,
            Direction direction,
            Familiarity.Judge familiarity,
            Runnable leave) {
        this.connection = connection;
        this.background = background;
        this.words = words;
        this.address = gpu;
        this.direction = direction;
        this.familiarity = familiarity;
        this.leave = leave;
        makePlan(true, List.of());
    }

    /** Where the switch is. Changes before {@link #actions} do. */
    public ReadOnlyObjectProperty<Phase> phaseProperty() {
        return phase.getReadOnlyProperty();
    }

    /** What is to be done. */
    public ReadOnlyStringProperty titleProperty() {
        return title.getReadOnlyProperty();
    }

    /** Name of the GPU. */
    public ReadOnlyStringProperty nameProperty() {
        return name.getReadOnlyProperty();
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
    public ReadOnlyObjectProperty<@Nullable Outcome> outcomeProperty() {
        return outcome.getReadOnlyProperty();
    }

    /** Whether the pane can be left now: not while something is under way. */
    public ReadOnlyBooleanProperty canLeaveProperty() {
        return canLeave.getReadOnlyProperty();
    }

    /** Whether the GPU's own driver could spare the kernel module, if it is allowed to. */
    public ReadOnlyBooleanProperty nativeOfferedProperty() {
        return nativeOffered.getReadOnlyProperty();
    }

    /** Whether it is allowed to. */
    public ReadOnlyBooleanProperty nativeAllowedProperty() {
        return nativeAllowed.getReadOnlyProperty();
    }

    /** The functions that move, graphics first, as people name them. */
    public ObservableList<String> devices() {
        return shownDevices;
    }

    /** What to know before it is done. */
    public ObservableList<String> notes() {
        return shownNotes;
    }

    /** Why it cannot be done, or why there is no plan; sentences. */
    public ObservableList<String> refusals() {
        return shownRefusals;
    }

    /** The steps in order. */
    public ObservableList<StepRow> steps() {
        return shownSteps;
    }

    /** The buttons, the main one last. */
    public ObservableList<Action> actions() {
        return shownActions;
    }

    /** The commands a person could type instead, one a line; empty without steps. */
    public String commands() {
        return steps.stream()
                .map(StepRow::shell)
                .filter(shell -> !shell.isEmpty())
                .collect(Collectors.joining("\n"));
    }

    /** The GPU it is about. */
    public PciAddress address() {
        return address;
    }

    /** Whether the kernel is being changed, or asked what has become of it. */
    public boolean changing() {
        return phase.get() == Phase.RUNNING || phase.get() == Phase.CHECKING;
    }

    /** Leaves the pane; does nothing while something is under way. */
    public void leave() {
        if (canLeave.get()) {
            drop();
            leave.run();
        }
    }

    private void drop() {
        if (errand != null) {
            errand.drop();
        }
    }

    private void enter(Phase next, String say, List<Action> buttons) {
        canLeave.set(next != Phase.AUTHORISING && next != Phase.RUNNING && next != Phase.CHECKING);
        status.set(say);
        phase.set(next);
        actions.setAll(buttons);
    }

    // The plan.

    /**
     * @param familiarity of the plan, as long as there is one
     * @param nativeDriver whether there is a plan that binds the GPU's own driver for a moment
     */
    private record Prepared(
            Machine machine,
            Optional<PlanReply> plan,
            Familiarity familiarity,
            boolean nativeDriver,
            Optional<HelperProblem> problem) {}

    private void makePlan() {
        makePlan(false, List.of());
    }

    /**
     * @param go     whether a plan that is the same as the last one that succeeded is carried out at once
     * @param agreed the steps that are carried out at once instead, as they were agreed to before; empty for none
     */
    private void makePlan(boolean go, List<PlannedStep> agreed) {
        drop();
        plan = null;
        outcome.set(null);
        progress.set(0);
        call(address.brief());
        steps.clear();
        refusals.clear();
        notes.clear();
        devices.clear();
        enter(Phase.PLANNING, words.text("window.switch.planning"), List.of(cancelAction()));
        Direction wanted = direction;
        boolean allowed = nativeAllowed.get();
        errand = background.run(
                () -> prepare(wanted, allowed),
                prepared -> prepared(prepared, go, agreed),
                problem -> problem(problem.kind()));
    }

    private Prepared prepare(Direction wanted, boolean allowed) throws HelperProblem {
        Machine machine = MachineReader.read(connection.inspect(false));
        try {
            PlanReply reply = connection.plan(address, wanted.word(), List.of(), allowed);
            boolean nativeDriver = allowed || onRung(reply, "module") || needsModule(reply);
            if (nativeDriver && !allowed) {
                nativeDriver = onRung(connection.plan(address, wanted.word(), List.of(), true), "native-driver");
            }
            return new Prepared(
                    machine,
                    Optional.of(reply),
                    familiarity.of(wanted.word(), reply),
                    nativeDriver,
                    Optional.empty());
        } catch (HelperProblem problem) {
            return new Prepared(machine, Optional.empty(), Familiarity.NEW, false, Optional.of(problem));
        }
    }

    private static boolean onRung(PlanReply plan, String rung) {
        return plan.steps.stream().anyMatch(step -> step.rung.equals(rung));
    }

    private static boolean needsModule(PlanReply plan) {
        return plan.refusals.stream().anyMatch(refusal -> refusal.code.startsWith("module-"));
    }

    private void prepared(Prepared prepared, boolean go, List<PlannedStep> agreed) {
        Optional<Gpu> gpu = prepared.machine().gpu(address);
        before = gpu.orElse(null);
        gpu.ifPresent(known -> call(known.graphics().ids().deviceName()));
        if (prepared.problem().isPresent()) {
            problem(prepared.problem().get().kind());
            return;
        }
        PlanReply reply = prepared.plan().orElseThrow();
        plan = reply;
        planned = prepared.machine();
        nativeOffered.set(prepared.nativeDriver());
        reply.functions.forEach(function -> devices.add(device(prepared.machine(), function, "window.gpu.device")));
        showSteps(reply.steps, prepared.machine());
        if (reply.refusals.isEmpty() && gpu.isPresent()) {
            notes.setAll(notes(prepared.machine(), gpu.get(), reply));
            boolean known = agreed.isEmpty()
                    ? go && prepared.familiarity() == Familiarity.SAME
                    : Attempt.sameSteps(reply.steps, agreed);
            if (known) {
                apply();
                return;
            }
            if (prepared.familiarity() == Familiarity.CHANGED) {
                notes.addFirst(words.text("window.switch.differs"));
            }
            boolean half = gpu.get().mode() == Gpu.Mode.MIXED;
            enter(
                    Phase.PLANNED,
                    words.text(half ? "window.switch.planned.half" : "window.switch.planned"),
                    List.of(cancelAction(), action("switch-apply", applyLabel(), true, this::apply)));
        } else {
            reply.refusals.forEach(refusal -> refusals.add(words.refusal(refusal)));
            enter(Phase.REFUSED, words.text("window.switch.refused"), List.of(closeAction(), checkAgain()));
        }
    }

    /** Makes the plan anew, with or without the GPU's own driver. */
    public void allowNativeDriver(boolean allowed) {
        if (canLeave.get()) {
            nativeAllowed.set(allowed);
            makePlan();
        }
    }

    private void call(String gpu) {
        name.set(gpu);
        title.set(
                words.text(direction == Direction.TO_VM ? "window.switch.title.vm" : "window.switch.title.host", gpu));
    }

    private String applyLabel() {
        return words.text(direction == Direction.TO_VM ? "window.choice.vm" : "window.choice.host");
    }

    private String device(Machine machine, String function, String key) {
        return PciAddress.parse(function)
                .flatMap(machine::device)
                .map(device -> words.text(key, device.address().brief(), device.name(), words.driver(device)))
                .orElse(function);
    }

    /** The drivers are those of before the switch no longer. */
    private void showDevices(Optional<Machine> now) {
        PlanReply reply = plan;
        Machine then = planned;
        if (reply != null && then != null) {
            devices.setAll(reply.functions.stream()
                    .map(function -> now.map(machine -> device(machine, function, "window.gpu.device"))
                            .orElseGet(() -> device(then, function, "window.switch.device.before")))
                    .toList());
        }
    }

    private void showSteps(List<PlannedStep> planned, Machine machine) {
        List<StepRow> rows = new ArrayList<>();
        for (PlannedStep step : planned) {
            rows.add(new StepRow(
                    rows.size() + 1,
                    words.step(step, machine),
                    words.undo(step),
                    step.shell,
                    StepRow.State.AHEAD,
                    "",
                    ""));
        }
        steps.setAll(rows);
    }

    private List<String> notes(Machine machine, Gpu gpu, PlanReply reply) {
        List<String> said = new ArrayList<>();
        desktop(machine).ifPresent(said::add);
        if (direction == Direction.TO_VM) {
            if (machine.lastPicture(gpu, List.of())) {
                said.add(words.text("window.switch.last"));
            }
            said.addAll(words.rungs(reply.steps, machine));
            said.add(Judge.meanwhile(words, gpu));
        }
        if (connection.source().real()) {
            words.permission(reply.action).ifPresent(said::add);
        }
        return said;
    }

    /** Where the desktop stays, if another GPU shows it. */
    private Optional<String> desktop(Machine machine) {
        return machine.gpus().stream()
                .filter(other -> !other.address().equals(address) && !other.graphics().displays().isEmpty())
                .findFirst()
                .map(other -> words.text("window.switch.desktop", other.graphics().name()));
    }

    private void problem(HelperProblem.Kind kind) {
        finishing = false;
        refusals.setAll(words.problem(kind));
        List<Action> buttons = new ArrayList<>();
        buttons.add(closeAction());
        if (kind == HelperProblem.Kind.INCOMPLETE) {
            buttons.add(action("switch-restore", words.text("window.action.putback"), true, () -> restore(false)));
        } else {
            buttons.add(checkAgain());
        }
        enter(Phase.PROBLEM, words.text("window.switch.problem"), buttons);
    }

    // The switch.

    private void apply() {
        if (plan != null) {
            String id = plan.id;
            begin(() -> connection.apply(id, this::heard), this::notTaken);
        }
    }

    /**
     * What was left half done is undone before anything else can begin: that is the way back to the host, and half of what
     * it takes to finish.
     */
    private void notTaken(HelperProblem.Kind kind) {
        boolean half = before != null && before.mode() == Gpu.Mode.MIXED;
        if (kind == HelperProblem.Kind.INCOMPLETE && (direction == Direction.TO_HOST || half) && !cancelled) {
            restore(direction == Direction.TO_VM);
        } else {
            problem(kind);
        }
    }

    /**
     * Undoes an earlier switch, whose steps nobody here knows.
     *
     * @param further as in {@link #putBack}
     */
    private void restore(boolean further) {
        direction = Direction.TO_HOST;
        steps.clear();
        putBack(further);
    }

    /**
     * Undoes what the helper keeps as half done; where that was begun here, its own steps tell of it.
     *
     * @param further whether it is switched to VM mode from there
     */
    private void putBack(boolean further) {
        finishing = further;
        outcome.set(null);
        begin(() -> connection.restore(address, this::heard), this::problem);
    }

    private void begin(Background.Call<RunningSwitch> start, Consumer<HelperProblem.Kind> refused) {
        running = null;
        cancelled = false;
        refusals.clear();
        objections.clear();
        enter(
                Phase.AUTHORISING,
                words.text(connection.source().real() ? "window.switch.authorising" : "window.switch.starting"),
                List.of(stopAction()));
        errand = background.run(start, this::started, problem -> refused.accept(problem.kind()));
    }

    private void started(RunningSwitch begun) {
        running = begun;
        if (cancelled) {
            stop(begun);
        }
    }

    /** Called on a thread of the connection. */
    private void heard(JobEntry entry) {
        background.show(() -> happened(entry));
    }

    private void happened(JobEntry entry) {
        switch (entry.what) {
            case "authorized" -> enter(Phase.RUNNING, words.text("window.switch.running"), List.of(stopAction()));
            case "started" -> {
                stepStarted = entry.micros;
                mark(entry, StepRow.State.RUNNING, "", "");
                steps.stream()
                        .skip(entry.step)
                        .findFirst()
                        .ifPresent(row -> enter(
                                Phase.RUNNING,
                                words.text("window.switch.step", row.number(), steps.size(), row.text()),
                                List.of(stopAction())));
            }
            case "waiting" -> waiting(entry);
            case "done" -> {
                mark(entry, StepRow.State.DONE, words.duration(entry.micros - stepStarted), "");
                progress.set((entry.step + 1.0) / Math.max(1, steps.size()));
            }
            case "skipped" -> {
                mark(entry, StepRow.State.SKIPPED, "", "");
                progress.set((entry.step + 1.0) / Math.max(1, steps.size()));
            }
            case "failed" -> failed(entry);
            case "undoing" -> {
                stepStarted = entry.micros;
                mark(entry, StepRow.State.UNDOING, "", "");
                enter(Phase.RUNNING, words.text("window.switch.undoing"), List.of());
            }
            case "undone" -> mark(entry, StepRow.State.UNDONE, "", "");
            case "undo-failed" -> mark(entry, StepRow.State.UNDO_FAILED, "", words.failure(entry));
            case "stuck" -> mark(entry, StepRow.State.STUCK, "", words.text("window.step.stuck"));
            case "finished" -> finished(entry);
            default -> {
                // "authorizing": begin() has said so. Words of a later helper change nothing that is shown.
            }
        }
    }

    private void waiting(JobEntry entry) {
        long lasted = entry.micros - stepStarted;
        if (entry.step < 0 || entry.step >= steps.size()) {
            return;
        }
        StepRow row = steps.get(entry.step);
        steps.set(
                entry.step,
                row.now(
                        row.state(),
                        words.text("window.step.lasting", words.duration(lasted)),
                        lasted >= SLOW_MICROS ? words.text("window.step.slow") : ""));
        String after = words.text("window.action.after");
        boolean unsaid = actions.stream()
                .anyMatch(a -> a.id().equals("switch-stop") && a.enabled() && !a.label().equals(after));
        if (phase.get() == Phase.RUNNING && unsaid) {
            actions.setAll(action("switch-stop", after, false, this::cancelRun));
        }
    }

    private void failed(JobEntry entry) {
        if (entry.step < 0) {
            objections.add(words.refusal(new PlannedRefusal(entry.detail, entry.values)));
        } else {
            mark(entry, StepRow.State.FAILED, words.duration(entry.micros - stepStarted), words.failure(entry));
        }
    }

    private void mark(JobEntry entry, StepRow.State state, String time, String note) {
        if (entry.step >= 0 && entry.step < steps.size()) {
            StepRow row = steps.get(entry.step);
            steps.set(
                    entry.step,
                    row.now(state, time.isEmpty() ? row.time() : time, note));
        }
    }

    private Action stopAction() {
        return cancelled
                ? new Action("switch-stop", words.text("window.action.stopping"), false, false, () -> {})
                : action("switch-stop", words.text("window.action.cancel"), false, this::cancelRun);
    }

    private void cancelRun() {
        cancelled = true;
        actions.setAll(stopAction());
        if (running != null) {
            stop(running);
        }
    }

    private void stop(RunningSwitch begun) {
        background.run(begun::cancel);
    }

    // The result.

    private void finished(JobEntry end) {
        running = null;
        steps.replaceAll(row -> row.state() == StepRow.State.RUNNING || row.state() == StepRow.State.UNDOING
                ? row.now(StepRow.State.UNKNOWN, row.time(), row.note())
                : row);
        enter(Phase.CHECKING, words.text("window.switch.checking"), List.of());
        errand = background.run(
                this::look, machine -> ended(end, Optional.of(machine)), problem -> ended(end, Optional.empty()));
    }

    /** Right after a switch a slow machine may have no time to answer, and where the GPU is now has to be known. */
    private Machine look() throws HelperProblem {
        for (int look = 1; ; look++) {
            try {
                return MachineReader.read(connection.inspect(false));
            } catch (HelperProblem problem) {
                if (look == LOOKS) {
                    throw problem;
                }
            }
        }
    }

    private void ended(JobEntry end, Optional<Machine> now) {
        Gpu known = before;
        if (known == null) {
            problem(HelperProblem.Kind.LOST);
            return;
        }
        Outcome result = new Judge(words, direction, known)
                .outcome(end, objections, steps, now.flatMap(machine -> machine.gpu(address)), now.flatMap(this::desktop));
        boolean back = direction == Direction.TO_HOST
                ? result.kind() == Outcome.Kind.REACHED
                : result.kind() == Outcome.Kind.UNCHANGED;
        boolean further = finishing && back;
        finishing = false;
        if (further) {
            direction = Direction.TO_VM;
            makePlan(false, plan == null ? List.of() : plan.steps);
            return;
        }
        notes.clear();
        showDevices(now);
        outcome.set(result);
        enter(Phase.ENDED, result.title(), nextActions(result, end.detail.equals("mixed")));
    }

    /** @param kept the helper keeps it as half done, so that it is undone before anything else */
    private List<Action> nextActions(Outcome result, boolean kept) {
        boolean toVm = direction == Direction.TO_VM;
        Action done = action("switch-done", words.text("window.action.done"), true, this::leave);
        Action close = closeAction();
        return switch (result.kind()) {
            case REACHED ->
                List.of(
                        action(
                                "switch-back",
                                words.text(toVm ? "window.choice.host" : "window.choice.vm.again"),
                                false,
                                () -> again(toVm ? Direction.TO_HOST : Direction.TO_VM, true)),
                        done);
            case UNCHANGED ->
                List.of(action("switch-again", words.text("window.action.again"), false, () -> again(direction)), done);
            case HALF ->
                toVm
                        ? List.of(
                                close,
                                action(
                                        "switch-finish",
                                        words.text("window.action.finish"),
                                        false,
                                        kept ? () -> putBack(true) : () -> again(direction)),
                                action(
                                        "switch-restore",
                                        words.text("window.action.putback"),
                                        true,
                                        kept ? () -> putBack(false) : () -> again(Direction.TO_HOST)))
                        : List.of(
                                close,
                                action("switch-finish", words.text("window.action.finish"), true, () -> again(direction)));
            case UNKNOWN -> List.of(close, checkAgain());
        };
    }

    private void again(Direction where) {
        again(where, false);
    }

    /** @param go as in {@link #makePlan(boolean, List)} */
    private void again(Direction where, boolean go) {
        direction = where;
        makePlan(go, List.of());
    }

    private Action cancelAction() {
        return action("switch-cancel", words.text("window.action.cancel"), false, this::leave);
    }

    private Action closeAction() {
        return action("switch-done", words.text("window.action.close"), false, this::leave);
    }

    private Action checkAgain() {
        return action("check-again", words.text("window.action.check"), true, this::makePlan);
    }

    private static Action action(String id, String label, boolean main, Runnable run) {
        return new Action(id, label, main, true, run);
    }
}
