package org.switchback.gui;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import org.jspecify.annotations.Nullable;
import org.switchback.client.activity.ActivityLog;
import org.switchback.gui.activity.ActivityViewModel;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.activity.RecordingConnections;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.gpus.MachineOverview;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.SimulatedFailure;
import org.switchback.client.MachineSource;
import org.switchback.gui.memorymap.MemoryMapViewModel;
import org.switchback.gui.readiness.ReadinessViewModel;
import org.switchback.client.report.ReportFile;
import org.switchback.client.samples.SampleMachines;
import org.switchback.plan.Target;
import org.switchback.gui.switching.PlanComparison;
import org.switchback.gui.switching.SwitchResult;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.KebabCase;
import org.switchback.protocol.PlanReply;

/** Which machine the window shows, and what it says about that machine as a whole. Belongs to the drawing thread. */
public final class MainViewModel {
    /** A switch makes a dozen changes in a row; they are looked at once. */
    private static final Duration SETTLE_DELAY = Duration.ofMillis(250);

    private final HelperConnections connections;
    private final ActivityLog activityLog;
    private final BackgroundTasks background;
    private final Messages messages;
    private final BooleanSupplier firstStart;
    private final GpusViewModel gpus;
    private final MemoryMapViewModel memoryMap;

    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper simulationMessage = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper helperMessage = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper notice = new ReadOnlyStringWrapper("");
    private final ReadOnlyObjectWrapper<@Nullable SwitchViewModel> activeSwitch = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyObjectWrapper<MainPage> page = new ReadOnlyObjectWrapper<>(MainPage.GPUS);
    private final ReadOnlyObjectWrapper<@Nullable DisplayedMachine> displayedMachine = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyBooleanWrapper idle = new ReadOnlyBooleanWrapper(true);
    private final ReadOnlyBooleanWrapper simulationShown = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyStringWrapper quitMessage = new ReadOnlyStringWrapper("");
    private final ReadOnlyBooleanWrapper exitReady = new ReadOnlyBooleanWrapper(false);

    private final BooleanProperty alwaysShowPlan = new SimpleBooleanProperty(false);
    private final BooleanProperty shortcutsShown = new SimpleBooleanProperty(false);

    private @Nullable HelperConnection connection;
    private @Nullable PciAddress gpuToFocus;
    /** Counts the machines that were opened: an answer about an earlier one is not shown any more. */
    private int machineGeneration;

    /** The machine that is simulated; null for this computer. */
    private @Nullable Simulation currentSimulation;

    private boolean refreshing;
    private boolean refreshPending;
    private boolean helperAvailable;
    /** Somebody has asked for another look: a simulated machine whose helper is gone is then opened anew. */
    private boolean reopenRequested;

    /**
     * @param activityLog        where every switch is written down
     * @param firstStart whether the window has never been opened before; may block
     */
    public MainViewModel(
            HelperConnections connections,
            ActivityLog activityLog,
            BackgroundTasks background,
            Messages messages,
            BooleanSupplier firstStart) {
        this.connections = new RecordingConnections(connections, activityLog, SwitchRecord.SwitchInitiator.WINDOW, Clock.systemUTC());
        this.activityLog = activityLog;
        this.background = background;
        this.messages = messages;
        this.firstStart = firstStart;
        this.gpus = new GpusViewModel(messages, this::openSwitchPane);
        this.memoryMap = new MemoryMapViewModel(background, messages, Clock.systemDefaultZone(), this::showGpu);
        displayedMachine.addListener((observable, before, now) -> {
            if (now == null) {
                memoryMap.clearMachine();
            } else {
                memoryMap.show(now.connection(), now.overview().machine());
            }
        });
        title.set(messages.text("window.title"));
    }

    public GpusViewModel gpus() {
        return gpus;
    }

    public MemoryMapViewModel memoryMap() {
        return memoryMap;
    }

    private void showGpu(PciAddress gpu) {
        gpuToFocus = gpu;
        open(MainPage.GPUS);
        gpuToFocus = null;
    }

    /** The GPU whose card is what the page of GPUs is opened for. */
    Optional<PciAddress> gpuToFocus() {
        return Optional.ofNullable(gpuToFocus);
    }

    /**
     * A machine as it was last seen.
     *
     * @param connection to ask it more; its calls block
     * @param overview   what was seen
     */
    public record DisplayedMachine(HelperConnection connection, MachineOverview overview) {}

    /** The machine that is shown, anew after every look; null while one is opened and when it can't be looked at. */
    public ReadOnlyObjectProperty<@Nullable DisplayedMachine> displayedMachineProperty() {
        return displayedMachine.getReadOnlyProperty();
    }

    /** A page of its own, which looks at the machine once it is asked for. */
    ReadinessViewModel createReadinessViewModel() {
        ReadinessViewModel readiness = new ReadinessViewModel(background, messages);
        displayedMachine.subscribe(now -> {
            SwitchViewModel pane = activeSwitch.get();
            if (now == null) {
                readiness.showNoMachine();
            } else if (pane != null && pane.isChangingKernel()) {
                readiness.showSwitchInProgress();
            } else {
                readiness.check(now.connection(), now.overview().machine());
            }
        });
        return readiness;
    }

    /** What has been switched so far; reads the record once it is asked for. */
    ActivityViewModel createActivityViewModel() {
        ActivityViewModel activity = new ActivityViewModel(activityLog, background, messages, ZoneId.systemDefault());
        displayedMachine.subscribe(now -> activity.setConnection(now == null ? null : now.connection()));
        return activity;
    }

    /** The page that is open. */
    ReadOnlyObjectProperty<MainPage> pageProperty() {
        return page.getReadOnlyProperty();
    }

    /** Opens a page; the others stay as they are. Where the page of GPUs is open already, it is back to its cards if that can be. */
    void open(MainPage wanted) {
        SwitchViewModel pane = activeSwitch.get();
        if (wanted == MainPage.GPUS && page.get() == MainPage.GPUS && pane != null) {
            pane.leave();
        }
        page.set(wanted);
    }

    /** Title of the window. */
    public ReadOnlyStringProperty titleProperty() {
        return title.getReadOnlyProperty();
    }

    /** Says that this is not this computer; empty when it is. */
    public ReadOnlyStringProperty simulationMessageProperty() {
        return simulationMessage.getReadOnlyProperty();
    }

    /** What is the matter with the helper; empty when nothing is. */
    public ReadOnlyStringProperty helperMessageProperty() {
        return helperMessage.getReadOnlyProperty();
    }

    /** What came of something that was asked for, until it is dismissed; empty most of the time. */
    public ReadOnlyStringProperty noticeProperty() {
        return notice.getReadOnlyProperty();
    }

    /** The switch whose pane is open; null when none is. */
    public ReadOnlyObjectProperty<@Nullable SwitchViewModel> activeSwitchProperty() {
        return activeSwitch.getReadOnlyProperty();
    }

    /** Whether another machine can be opened: not while a switch is under way. */
    public ReadOnlyBooleanProperty idleProperty() {
        return idle.getReadOnlyProperty();
    }

    /** Whether a plan is shown before it is carried out also when the same one has succeeded before. */
    BooleanProperty alwaysShowPlanProperty() {
        return alwaysShowPlan;
    }

    /** Whether the list of all keys is open. */
    BooleanProperty shortcutsShownProperty() {
        return shortcutsShown;
    }

    /** Whether a sample machine or a report is shown. */
    public ReadOnlyBooleanProperty simulationShownProperty() {
        return simulationShown.getReadOnlyProperty();
    }

    /**
     * A sample machine that can be opened.
     *
     * @param name  as {@link SampleMachines} knows it
     * @param title for people
     */
    public record SampleMenuItem(String name, String title) {}

    /** All of them, the default first. */
    public List<SampleMenuItem> samples() {
        return SampleMachines.names().stream()
                .map(name -> new SampleMenuItem(name, messages.text("sample." + name)))
                .toList();
    }

    /**
     * Opens the first machine.
     *
     * @param sample name of a sample machine; empty for this computer, or for a sample when there is nothing to switch
     *     here and the window is opened for the first time
     */
    public void start(Optional<String> sample) {
        sample.ifPresentOrElse(this::openSample, () -> openThisMachine(true));
    }

    /** Shows this computer. */
    public void openThisMachine() {
        openThisMachine(false);
    }

    private void openThisMachine(boolean first) {
        open(
                () -> {
                    if (first && firstStart.getAsBoolean() && !hasSwitchableGpu()) {
                        return connectSimulation(new Simulation(
                                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow(),
                                new MachineSource.SampleMachine(SampleMachines.DEFAULT),
                                SimulatedFailure.NONE));
                    }
                    return connectOrFallBack(connections.openThisMachine());
                });
    }

    /** Told by what everybody may look at: nobody is asked on the system bus for a sample. */
    private boolean hasSwitchableGpu() {
        HelperConnection look = connections.openReadOnly(HelperException.FailureKind.MISSING);
        try {
            return isSwitchable(connectOrFallBack(look));
        } finally {
            look.close();
        }
    }

    private static boolean isSwitchable(OpenedMachine opened) {
        return opened.overview().map(MachineOverview::hasSwitchableGpu).orElse(false);
    }

    /** Shows a sample machine. */
    public void openSample(String name) {
        if (!SampleMachines.names().contains(name)) {
            notice.set(messages.text("window.sample.unknown", name));
            if (connection == null) {
                openThisMachine();
            }
            return;
        }
        openSimulation(new Simulation(SampleMachines.load(name).orElseThrow(), new MachineSource.SampleMachine(name), SimulatedFailure.NONE));
    }

    /** Shows the machine of a saved report, or says why it cannot. */
    public void openReport(Path file) {
        String name = String.valueOf(file.getFileName());
        background.run(
                () -> ReportFile.read(file),
                read -> {
                    switch (read) {
                        case ReportFile.ReportReadResult.ValidReport(MachineSnapshot capture) ->
                            openSimulation(new Simulation(capture, new MachineSource.SavedReport(name), SimulatedFailure.NONE));
                        case ReportFile.ReportReadResult.NotAReport() -> notice.set(messages.text("window.report.other", name));
                        case ReportFile.ReportReadResult.DamagedReport(int line) ->
                            notice.set(messages.text("window.report.damaged", name, Integer.toString(line)));
                        case ReportFile.ReportReadResult.UnreadableReport() ->
                            notice.set(messages.text("window.report.unreadable", name));
                    }
                },
                problem -> notice.set(messages.text("window.report.unreadable", name)));
    }

    /**
     * Something that can be made to go wrong on a machine that is not this computer.
     *
     * @param failure what
     * @param title  for people, as an entry of a menu
     */
    public record FailureMenuItem(SimulatedFailure failure, String title) {
        /** As part of the name of a node: {@code slow-step}. */
        public String id() {
            return KebabCase.of(failure);
        }
    }

    /** All of them, that nothing goes wrong first. */
    public List<FailureMenuItem> failures() {
        return Stream.of(SimulatedFailure.values())
                .map(mishap -> new FailureMenuItem(mishap, capitalize(messages.text("window.mishap." + mishap.name()))))
                .toList();
    }

    /** What stands in the middle of a sentence elsewhere, as one of its own. */
    private String capitalize(String text) {
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(messages.locale()) + text.substring(first);
    }

    /** Opens the machine that is shown anew, with that failure. */
    public void openWithFailure(FailureMenuItem failure) {
        simulateFailure(failure.failure());
    }

    /** Whether that is what goes wrong on the machine that is shown. */
    public boolean isActiveFailure(FailureMenuItem failure) {
        return failure.failure() == activeFailure();
    }

    /** What goes wrong on the machine that is shown. */
    public SimulatedFailure activeFailure() {
        return currentSimulation == null ? SimulatedFailure.NONE : currentSimulation.failure();
    }

    /** Opens the machine that is shown anew, with something that goes wrong; does nothing on this computer. */
    public void simulateFailure(SimulatedFailure mishap) {
        if (currentSimulation != null) {
            openSimulation(new Simulation(currentSimulation.snapshot(), currentSimulation.source(), mishap));
        }
    }

    /** Takes the notice away. */
    public void dismissNotice() {
        notice.set("");
    }

    /**
     * Looks again at the machine, from whatever page, and leaves the pane of a switch that is not under way; where the
     * helper was missing or lost, looks for the helper again first.
     */
    public void refresh() {
        if (!idle.get()) {
            return;
        }
        if (activeSwitch.get() != null) {
            closePane();
        }
        if (helperAvailable) {
            reopenRequested = true;
            refreshAfter(Duration.ZERO);
        } else if (currentSimulation != null) {
            openSimulation(currentSimulation);
        } else {
            openThisMachine();
        }
    }

    private static boolean isThisComputer(MachineSource source) {
        return source instanceof MachineSource.ThisMachine || source instanceof MachineSource.ReadOnlyMachine;
    }

    // Quitting.

    /** What is said while the window waits with quitting for a switch to end; empty when it doesn't. */
    ReadOnlyStringProperty quitMessageProperty() {
        return quitMessage.getReadOnlyProperty();
    }

    /** Whether the window is to go now. */
    ReadOnlyBooleanProperty exitReadyProperty() {
        return exitReady.getReadOnlyProperty();
    }

    /**
     * Quits: at once, or, while a switch changes the kernel, when it has succeeded; one that fails wants to be seen. Asked
     * for again it is at once: the helper needs no window to finish.
     */
    void quit() {
        SwitchViewModel pane = activeSwitch.get();
        HelperConnection used = connection;
        if (pane == null || used == null || !pane.isChangingKernel() || !quitMessage.get().isEmpty()) {
            exitReady.set(true);
        } else {
            quitMessage.set(messages.text(used.source().canSwitchThisMachine() ? "window.leaving" : "window.leaving.sample"));
        }
    }

    /** Does not quit after all. */
    void cancelQuit() {
        quitMessage.set("");
    }

    private void quitAfterSwitch(SwitchViewModel pane) {
        if (pane.isChangingKernel() || quitMessage.get().isEmpty()) {
            return;
        }
        quitMessage.set("");
        SwitchResult outcome = pane.switchResultProperty().get();
        exitReady.set(outcome != null && outcome.kind() == SwitchResult.SwitchResultKind.SUCCEEDED);
    }

    /**
     * Lets go of the machine; the window is being closed.
     *
     * @return completes when what was to be written down about it is
     */
    public CompletableFuture<Void> close() {
        machineGeneration++;
        HelperConnection last = connection;
        connection = null;
        CompletableFuture<Void> closed = new CompletableFuture<>();
        if (last == null) {
            closed.complete(null);
        } else {
            background.run(() -> {
                try {
                    last.close();
                } finally {
                    closed.complete(null);
                }
            });
        }
        return closed;
    }

    /**
     * A machine that is not this computer.
     *
     * @param snapshot what it is at first
     * @param source  where it is from
     * @param failure  what goes wrong on it
     */
    private record Simulation(MachineSnapshot snapshot, MachineSource source, SimulatedFailure failure) {}

    private record OpenedMachine(
            HelperConnection connection,
            Optional<Simulation> simulation,
            Optional<MachineOverview> overview,
            Optional<HelperException> exception) {}

    private void openSimulation(Simulation machineToBe) {
        open(() -> connectSimulation(machineToBe));
    }

    private OpenedMachine connectSimulation(Simulation of) {
        HelperConnection fresh = connections.openSimulated(of.snapshot(), of.source(), of.failure());
        try {
            return new OpenedMachine(fresh, Optional.of(of), Optional.of(MachineOverview.load(fresh, activityLog)), Optional.empty());
        } catch (HelperException problem) {
            return new OpenedMachine(fresh, Optional.of(of), Optional.empty(), Optional.of(problem));
        }
    }

    /** Where the helper does not let us look, everybody may still look at what the kernel shows everybody. */
    private OpenedMachine connectOrFallBack(HelperConnection fresh) {
        try {
            return new OpenedMachine(fresh, Optional.empty(), Optional.of(MachineOverview.load(fresh, activityLog)), Optional.empty());
        } catch (HelperException problem) {
            if (fresh.source() instanceof MachineSource.ReadOnlyMachine) {
                return new OpenedMachine(fresh, Optional.empty(), Optional.empty(), Optional.of(problem));
            }
            fresh.close();
            return connectOrFallBack(connections.openReadOnly(problem.kind()));
        }
    }

    private void open(BackgroundTasks.BlockingCall<OpenedMachine> opener) {
        if (!idle.get()) {
            return;
        }
        close();
        int number = machineGeneration;
        refreshing = false;
        idle.unbind();
        idle.set(true);
        activeSwitch.set(null);
        helperMessage.set("");
        gpus.showScanning();
        displayedMachine.set(null);
        background.run(
                opener,
                opened -> {
                    if (number == machineGeneration) {
                        handleOpened(number, opened);
                    } else {
                        background.run(opened.connection()::close);
                    }
                },
                problem -> {
                    if (number == machineGeneration) {
                        gpus.showFailure(problem);
                    }
                });
    }

    private void handleOpened(int number, OpenedMachine opened) {
        HelperConnection fresh = opened.connection();
        connection = fresh;
        currentSimulation = opened.simulation().orElse(null);
        updateHeader(fresh.source());
        fresh.addChangeListener(() -> background.runOnFxThread(() -> handleMachineChange(number)));
        opened.overview().ifPresent(overview -> show(fresh, overview));
        opened.exception().ifPresent(problem -> {
            handleHelperLost(problem);
        });
    }

    private void updateHeader(MachineSource source) {
        switch (source) {
            case MachineSource.ThisMachine() -> updateHeader("window.title", "", "");
            case MachineSource.ReadOnlyMachine(HelperException.FailureKind why) ->
                updateHeader("window.title", "", messages.text("source.look-only", messages.formatHelperFailure(why)));
            case MachineSource.SampleMachine(String name) ->
                updateHeader(
                        "window.title.sample",
                        messages.text("sample." + name),
                        "",
                        messages.text("window.ribbon.sample") + failureSuffix());
            case MachineSource.SavedReport(String file) ->
                updateHeader("window.title.report", file, "", messages.text("source.report", file) + failureSuffix());
        }
        simulationShown.set(!isThisComputer(source));
    }

    /** What goes wrong on purpose, to go on with after a sentence; empty when nothing does. */
    private String failureSuffix() {
        return activeFailure() == SimulatedFailure.NONE ? "" : " " + messages.text("window.ribbon.mishap", messages.text("window.mishap." + activeFailure().name()));
    }

    private void updateHeader(String titleKey, String what, String said) {
        updateHeader(titleKey, what, said, "");
    }

    private void updateHeader(String titleKey, String what, String said, String onRibbon) {
        title.set(messages.text(titleKey, what));
        simulationMessage.set(onRibbon);
        helperMessage.set(said);
    }

    private void show(HelperConnection asked, MachineOverview overview) {
        helperAvailable = !(asked.source() instanceof MachineSource.ReadOnlyMachine);
        reopenRequested = false;
        if (activeSwitch.get() != null) {
            gpus.resetChangeDetection();
        }
        gpus.show(overview, asked.source());
        displayedMachine.set(new DisplayedMachine(asked, overview));
    }

    /** What was known of the machine is not true any more. */
    private void handleRefreshFailure(HelperConnection asked, HelperException problem) {
        if (activeSwitch.get() != null) {
            // The pane stays with what it has to say; leaving it looks again.
            return;
        }
        if (asked.source() instanceof MachineSource.ThisMachine) {
            helperAvailable = false;
            open(() -> connectOrFallBack(connections.openReadOnly(problem.kind())));
        } else {
            handleHelperLost(problem);
        }
    }

    private void handleHelperLost(HelperException problem) {
        helperAvailable = false;
        Simulation again = currentSimulation;
        if (reopenRequested && again != null) {
            // Somebody has asked for it: what is gone does not have to be asked for twice.
            reopenRequested = false;
            openSimulation(again);
            return;
        }
        displayedMachine.set(null);
        gpus.showFailure(problem);
    }

    private void handleMachineChange(int number) {
        // While a pane is open the cards are not in view; the end of its switch looks again, and so does leaving it.
        SwitchViewModel pane = activeSwitch.get();
        if (number == machineGeneration && (pane == null || pane.phaseProperty().get() == SwitchViewModel.SwitchPhase.FINISHED)) {
            refreshAfter(SETTLE_DELAY);
        }
    }

    private void refreshAfter(Duration settle) {
        HelperConnection asked = connection;
        if (asked == null) {
            return;
        }
        if (refreshing) {
            refreshPending = true;
            return;
        }
        refreshing = true;
        refreshPending = false;
        int number = machineGeneration;
        background.run(
                () -> {
                    LockSupport.parkNanos(settle.toNanos());
                    return MachineOverview.load(asked, activityLog);
                },
                overview -> finishRefresh(number, () -> show(asked, overview)),
                problem -> finishRefresh(number, () -> handleRefreshFailure(asked, problem)));
    }

    private void finishRefresh(int number, Runnable result) {
        if (number != machineGeneration) {
            return;
        }
        refreshing = false;
        result.run();
        if (refreshPending) {
            refreshAfter(SETTLE_DELAY);
        }
    }

    private void openSwitchPane(PciAddress gpu, Target direction) {
        HelperConnection used = connection;
        if (used == null || activeSwitch.get() != null) {
            return;
        }
        boolean always = alwaysShowPlan.get();
        SwitchViewModel pane = new SwitchViewModel(
                used,
                background,
                messages,
                gpu,
                direction,
                (target, plan) -> always ? PlanComparison.NEW : comparePlan(used.source(), gpu, target, plan),
                this::handlePaneClosed);
        idle.bind(pane.canLeaveProperty());
        pane.phaseProperty().addListener((observable, old, now) -> {
            quitAfterSwitch(pane);
            if (now == SwitchViewModel.SwitchPhase.FINISHED && activeSwitch.get() == pane) {
                // The other pages can be opened from the result as well.
                refreshAfter(Duration.ZERO);
            }
        });
        activeSwitch.set(pane);
    }

    private PlanComparison comparePlan(MachineSource source, PciAddress gpu, String target, PlanReply plan) {
        return activityLog.findLatest(source, gpu, attempt -> attempt.target().equals(target) && attempt.isSuccessful())
                .map(attempt -> attempt.hasSameSteps(plan.steps) ? PlanComparison.SAME : PlanComparison.CHANGED)
                .orElse(PlanComparison.NEW);
    }

    private void handlePaneClosed() {
        closePane();
        refreshAfter(Duration.ZERO);
    }

    private void closePane() {
        idle.unbind();
        idle.set(true);
        activeSwitch.set(null);
        gpus.resetChangeDetection();
    }
}
