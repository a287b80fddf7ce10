package org.switchback.gui;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.RecordingConnections;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.client.report.ReportFile;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.MachineOpener.OpenedMachine;
import org.switchback.gui.MachineOpener.Simulation;
import org.switchback.gui.activity.ActivityViewModel;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.gpus.MachineOverview;
import org.switchback.gui.memorymap.MemoryMapViewModel;
import org.switchback.gui.readiness.ReadinessViewModel;
import org.switchback.gui.switching.PlanComparison;
import org.switchback.gui.switching.SwitchResult;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedStep;
import org.switchback.plan.Target;
import org.switchback.simulator.FailureScenario;

/** The machine that the window shows, its pages and the messages above them. Confined to the FX thread. */
public final class MainViewModel {
    private final ActivityLog activityLog;
    private final BackgroundTasks background;
    private final Messages messages;
    private final MachineOpener opener;
    private final CurrentMachine machine;
    private final GpusViewModel gpus;
    private final MemoryMapViewModel memoryMap;

    private final StringProperty title = new SimpleStringProperty("");
    private final StringProperty simulationMessage = new SimpleStringProperty("");
    private final StringProperty helperMessage = new SimpleStringProperty("");
    private final StringProperty notice = new SimpleStringProperty("");
    private final ObjectProperty<@Nullable SwitchViewModel> activeSwitch = new SimpleObjectProperty<>(null);
    private final ObjectProperty<MainPage> page = new SimpleObjectProperty<>(MainPage.GPUS);
    private final ObjectProperty<@Nullable DisplayedMachine> displayedMachine = new SimpleObjectProperty<>(null);
    private final BooleanProperty idle = new SimpleBooleanProperty(true);
    private final BooleanProperty simulationShown = new SimpleBooleanProperty(false);
    private final StringProperty quitMessage = new SimpleStringProperty("");
    private final BooleanProperty exitReady = new SimpleBooleanProperty(false);
    private final BooleanProperty alwaysShowPlan = new SimpleBooleanProperty(false);
    private final BooleanProperty shortcutsShown = new SimpleBooleanProperty(false);

    private @Nullable PciAddress gpuToFocus;
    /** Null for this computer. */
    private @Nullable Simulation currentSimulation;

    private boolean helperAvailable;
    /** The user asked for a refresh: a simulated machine whose helper is lost is then opened again. */
    private boolean reopenRequested;

    /**
     * @param activityLog receives a record of every switch
     * @param firstStart whether the window has never been opened before; may block
     */
    public MainViewModel(
            HelperConnections connections,
            ActivityLog activityLog,
            BackgroundTasks background,
            Messages messages,
            BooleanSupplier firstStart) {
        this.activityLog = activityLog;
        this.background = background;
        this.messages = messages;
        this.opener = new MachineOpener(
                new RecordingConnections(
                        connections, activityLog, SwitchRecord.SwitchInitiator.WINDOW, Clock.systemUTC()),
                activityLog,
                firstStart);
        this.machine = new CurrentMachine(
                background, activityLog, this::handleMachineChange, this::show, this::handleRefreshFailure);
        this.gpus = new GpusViewModel(messages, this::openSwitchPane);
        this.memoryMap = new MemoryMapViewModel(background, messages, Clock.systemDefaultZone(), this::showGpu);
        displayedMachine.subscribe((before, now) -> {
            if (now == null) {
                memoryMap.clearMachine();
            } else {
                memoryMap.show(now.connection(), now.overview().machine());
            }
        });
        title.set(messages.text("window.title"));
    }

    // Pages.

    public GpusViewModel gpus() {
        return gpus;
    }

    public MemoryMapViewModel memoryMap() {
        return memoryMap;
    }

    /** Creates the model of the readiness page, which checks the machine from now on. */
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

    /** Creates the model of the activity page, which reads the log when its list is needed. */
    ActivityViewModel createActivityViewModel() {
        ActivityViewModel activity = new ActivityViewModel(activityLog, background, messages, ZoneId.systemDefault());
        displayedMachine.subscribe(now -> activity.setConnection(now == null ? null : now.connection()));
        return activity;
    }

    ReadOnlyObjectProperty<MainPage> pageProperty() {
        return page;
    }

    /** Opens a page. Opening the GPU page while it is open leaves the switch pane, if that can be left now. */
    void open(MainPage newPage) {
        SwitchViewModel pane = activeSwitch.get();
        if (newPage == MainPage.GPUS && page.get() == MainPage.GPUS && pane != null) {
            pane.leave();
        }
        page.set(newPage);
    }

    private void showGpu(PciAddress gpu) {
        gpuToFocus = gpu;
        open(MainPage.GPUS);
        gpuToFocus = null;
    }

    /** The GPU whose card gets the focus; present only while {@link #pageProperty()} changes because of that GPU. */
    Optional<PciAddress> gpuToFocus() {
        return Optional.ofNullable(gpuToFocus);
    }

    /** Whether the list of keyboard shortcuts is open. */
    BooleanProperty shortcutsShownProperty() {
        return shortcutsShown;
    }

    // Title and messages.

    public ReadOnlyStringProperty titleProperty() {
        return title;
    }

    /** Names the simulated machine; empty for this computer. */
    public ReadOnlyStringProperty simulationMessageProperty() {
        return simulationMessage;
    }

    /** Whether a sample machine or a report is shown. */
    public ReadOnlyBooleanProperty simulationShownProperty() {
        return simulationShown;
    }

    /** Why the helper cannot be used; empty if it can. */
    public ReadOnlyStringProperty helperMessageProperty() {
        return helperMessage;
    }

    /** Why something could not be opened, until it is dismissed; usually empty. */
    public ReadOnlyStringProperty noticeProperty() {
        return notice;
    }

    public void dismissNotice() {
        notice.set("");
    }

    private void updateHeader(MachineSource source) {
        title.set(
                switch (source) {
                    case MachineSource.SampleMachine(String name) ->
                        messages.text("window.title.sample", messages.text("sample." + name));
                    case MachineSource.SavedReport(String file) -> messages.text("window.title.report", file);
                    default -> messages.text("window.title");
                });
        simulationMessage.set(
                switch (source) {
                    case MachineSource.SampleMachine _ -> messages.text("window.simulation.sample") + failureSuffix();
                    case MachineSource.SavedReport(String file) ->
                        messages.text("source.report", file) + failureSuffix();
                    default -> "";
                });
        helperMessage.set(
                source instanceof MachineSource.ReadOnlyMachine(HelperException.FailureKind why)
                        ? messages.text("source.look-only", messages.formatHelperFailure(why))
                        : "");
        simulationShown.set(!simulationMessage.get().isEmpty());
    }

    /** A sentence about the simulated failure, with a space in front; empty without one. */
    private String failureSuffix() {
        FailureScenario failure = activeFailure();
        return failure == FailureScenario.NONE
                ? ""
                : " " + messages.text("window.simulation.failure", messages.text("window.failure." + failure.name()));
    }

    // Opening machines.

    /**
     * A sample machine of the menu.
     *
     * @param name as {@link SampleMachines} knows it
     */
    public record SampleMenuItem(String name, String title) {}

    /** Every sample machine, the default first. */
    public List<SampleMenuItem> samples() {
        return SampleMachines.names().stream()
                .map(name -> new SampleMenuItem(name, messages.text("sample." + name)))
                .toList();
    }

    /** A simulated failure of the menu. */
    public record FailureMenuItem(FailureScenario failure, String title) {
        /** For node IDs: {@code slow-step}. */
        public String id() {
            return KebabCase.of(failure);
        }
    }

    /** Every failure, {@link FailureScenario#NONE} first. */
    public List<FailureMenuItem> failures() {
        return Stream.of(FailureScenario.values())
                .map(failure ->
                        new FailureMenuItem(failure, capitalize(messages.text("window.failure." + failure.name()))))
                .toList();
    }

    private String capitalize(String text) {
        int second = text.offsetByCodePoints(0, 1);
        return text.substring(0, second).toUpperCase(messages.locale()) + text.substring(second);
    }

    /**
     * Opens the first machine.
     *
     * @param sample name of a sample machine; empty for this computer, or for the default sample at the first start on
     *     a computer without a switchable GPU
     */
    public void start(Optional<String> sample) {
        sample.ifPresentOrElse(this::openSample, () -> open(opener::openInitialMachine));
    }

    public void openThisMachine() {
        open(opener::openThisMachine);
    }

    /** Opens a sample machine, or shows a notice if there is none of that name. */
    public void openSample(String name) {
        if (SampleMachines.names().contains(name)) {
            openSimulation(Simulation.ofSample(name));
            return;
        }
        notice.set(messages.text("window.sample.unknown", name));
        if (machine.connection() == null) {
            openThisMachine();
        }
    }

    /** Opens the machine of a saved report, or shows a notice if the file is not a valid report. */
    public void openReport(Path file) {
        String name = String.valueOf(file.getFileName());
        background.run(
                () -> ReportFile.read(file),
                result -> {
                    switch (result) {
                        case ReportFile.ReportReadResult.ValidReport(MachineSnapshot snapshot) ->
                            openSimulation(new Simulation(
                                    snapshot, new MachineSource.SavedReport(name), FailureScenario.NONE));
                        case ReportFile.ReportReadResult.NotAReport() ->
                            notice.set(messages.text("window.report.other", name));
                        case ReportFile.ReportReadResult.DamagedReport(int line) ->
                            notice.set(messages.text("window.report.damaged", name, line));
                        case ReportFile.ReportReadResult.UnreadableReport() ->
                            notice.set(messages.text("window.report.unreadable", name));
                    }
                },
                e -> notice.set(messages.text("window.report.unreadable", name)));
    }

    /** {@link FailureScenario#NONE} on this computer. */
    public FailureScenario activeFailure() {
        return currentSimulation == null ? FailureScenario.NONE : currentSimulation.failure();
    }

    /** Opens the simulated machine again, with a failure; does nothing on this computer. */
    public void simulateFailure(FailureScenario failure) {
        if (currentSimulation != null) {
            openSimulation(new Simulation(currentSimulation.snapshot(), currentSimulation.source(), failure));
        }
    }

    private void openSimulation(Simulation simulation) {
        open(() -> opener.openSimulation(simulation));
    }

    private void open(BackgroundTasks.BlockingCall<OpenedMachine> call) {
        if (!idle.get()) {
            return;
        }
        machine.close();
        clearActiveSwitch();
        helperMessage.set("");
        gpus.showScanning();
        displayedMachine.set(null);
        machine.open(call, this::handleOpened, gpus::showFailure);
    }

    private void handleOpened(OpenedMachine opened) {
        currentSimulation = opened.simulation().orElse(null);
        updateHeader(opened.connection().source());
        opened.overview().ifPresent(overview -> show(opened.connection(), overview));
        opened.exception().ifPresent(this::handleHelperLost);
    }

    /**
     * Closes the connection; the window is being closed.
     *
     * @return completes once the activity log is written
     */
    public CompletableFuture<Void> close() {
        return machine.close();
    }

    // The machine that is shown.

    /**
     * A machine at its last refresh.
     *
     * @param connection for more requests, which block
     */
    public record DisplayedMachine(HelperConnection connection, MachineOverview overview) {}

    /** Set by every refresh; null while a machine is being opened and when it cannot be read. */
    public ReadOnlyObjectProperty<@Nullable DisplayedMachine> displayedMachineProperty() {
        return displayedMachine;
    }

    /**
     * Closes the switch pane and reads the machine again, on any page. If the helper was missing or lost, opens the
     * machine again instead. Does nothing during a switch.
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
            machine.refreshAfter(Duration.ZERO);
        } else if (currentSimulation != null) {
            openSimulation(currentSimulation);
        } else {
            openThisMachine();
        }
    }

    private void show(HelperConnection connection, MachineOverview overview) {
        helperAvailable = !(connection.source() instanceof MachineSource.ReadOnlyMachine);
        reopenRequested = false;
        if (activeSwitch.get() != null) {
            gpus.resetChangeDetection();
        }
        gpus.show(overview, connection.source());
        displayedMachine.set(new DisplayedMachine(connection, overview));
    }

    private void handleRefreshFailure(HelperConnection connection, HelperException e) {
        if (activeSwitch.get() != null) {
            // The pane keeps its result; leaving it refreshes again.
            return;
        }
        if (connection.source() instanceof MachineSource.ThisMachine) {
            helperAvailable = false;
            open(() -> opener.openReadOnly(e.kind()));
        } else {
            handleHelperLost(e);
        }
    }

    private void handleHelperLost(HelperException e) {
        helperAvailable = false;
        Simulation lost = currentSimulation;
        if (reopenRequested && lost != null) {
            // One refresh by the user is enough to reopen it.
            reopenRequested = false;
            openSimulation(lost);
            return;
        }
        displayedMachine.set(null);
        gpus.showFailure(e);
    }

    private void handleMachineChange() {
        // A pane covers the cards. The end of its switch refreshes them, and so does leaving it.
        SwitchViewModel pane = activeSwitch.get();
        if (pane == null || pane.phaseProperty().get() == SwitchViewModel.SwitchPhase.FINISHED) {
            machine.refreshAfter(CurrentMachine.SETTLE_DELAY);
        }
    }

    // The active switch.

    /** The switch whose pane is open; null if none is. */
    public ReadOnlyObjectProperty<@Nullable SwitchViewModel> activeSwitchProperty() {
        return activeSwitch;
    }

    /** Whether another machine can be opened: not during a switch. */
    public ReadOnlyBooleanProperty idleProperty() {
        return idle;
    }

    /** Whether a plan is shown before it is applied even if the same plan has succeeded before. */
    BooleanProperty alwaysShowPlanProperty() {
        return alwaysShowPlan;
    }

    private void openSwitchPane(PciAddress gpu, Target target) {
        HelperConnection connection = machine.connection();
        if (connection == null || activeSwitch.get() != null) {
            return;
        }
        boolean always = alwaysShowPlan.get();
        SwitchViewModel pane = new SwitchViewModel(
                connection,
                background,
                messages,
                gpu,
                target,
                (planTarget, plan) ->
                        always ? PlanComparison.NEW : comparePlan(connection.source(), gpu, planTarget, plan),
                this::handlePaneClosed);
        idle.bind(pane.canLeaveProperty());
        pane.phaseProperty().subscribe((before, now) -> {
            quitAfterSwitch(pane);
            if (now == SwitchViewModel.SwitchPhase.FINISHED && activeSwitch.get() == pane) {
                // The other pages can be opened while the result is shown.
                machine.refreshAfter(Duration.ZERO);
            }
        });
        activeSwitch.set(pane);
    }

    private PlanComparison comparePlan(MachineSource source, PciAddress gpu, Target target, PlanReply plan) {
        return activityLog
                .findLatest(source, gpu, record -> record.target().equals(target) && record.isReportedDone())
                .map(record -> PlannedStep.isSamePlan(record.steps(), plan.steps())
                        ? PlanComparison.SAME
                        : PlanComparison.CHANGED)
                .orElse(PlanComparison.NEW);
    }

    private void handlePaneClosed() {
        closePane();
        machine.refreshAfter(Duration.ZERO);
    }

    private void closePane() {
        clearActiveSwitch();
        gpus.resetChangeDetection();
    }

    private void clearActiveSwitch() {
        idle.unbind();
        idle.set(true);
        activeSwitch.set(null);
    }

    // Quitting.

    /** Why the window waits before it quits; empty if it does not. */
    ReadOnlyStringProperty quitMessageProperty() {
        return quitMessage;
    }

    /** Whether the window should exit now. */
    ReadOnlyBooleanProperty exitReadyProperty() {
        return exitReady;
    }

    /**
     * Quits at once, or after a switch that is changing the kernel. A failed switch cancels the quit, so that its
     * result can be read. A second call quits at once: the helper finishes without the window.
     */
    void quit() {
        SwitchViewModel pane = activeSwitch.get();
        HelperConnection connection = machine.connection();
        if (pane == null
                || connection == null
                || !pane.isChangingKernel()
                || !quitMessage.get().isEmpty()) {
            exitReady.set(true);
        } else {
            boolean real = connection.source().canSwitchThisMachine();
            quitMessage.set(messages.text(real ? "window.leaving" : "window.leaving.sample"));
        }
    }

    void cancelQuit() {
        quitMessage.set("");
    }

    private void quitAfterSwitch(SwitchViewModel pane) {
        if (!pane.isChangingKernel() && !quitMessage.get().isEmpty()) {
            quitMessage.set("");
            SwitchResult result = pane.switchResultProperty().get();
            exitReady.set(result != null && result.isSuccessful());
        }
    }
}
