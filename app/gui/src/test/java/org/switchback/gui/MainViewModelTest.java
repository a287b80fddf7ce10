package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.gpus.GpuCard;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.readiness.ReadinessViewModel;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.service.Deadline;
import org.switchback.simulator.FailureScenario;

class MainViewModelTest {
    private final Messages messages = Messages.forLocale(Locale.ENGLISH);
    private final ScriptedHelper thisMachineHelper = ScriptedHelper.withGtx1080();
    private final ScriptedConnections connections = new ScriptedConnections(thisMachineHelper);
    private final ActivityLog activityLog = ActivityLog.inMemory();
    private boolean firstStart;
    private final MainViewModel model = new MainViewModel(
            connections, activityLog, new BackgroundTasks(Runnable::run, Runnable::run), messages, () -> firstStart);

    // Opening machines.

    @Test
    void showsAMachineWithASwitchableGpuAtStart() {
        model.start(Optional.empty());
        assertThat(model.titleProperty().get()).isEqualTo("Switchback");
        assertThat(model.simulationMessageProperty().get()).isEmpty();
        assertThat(model.helperMessageProperty().get()).isEmpty();
        assertThat(model.gpus().stateProperty().get()).isEqualTo(GpusViewModel.GpusPageState.CARDS);
        assertThat(model.gpus().cards()).hasSize(2);
        assertThat(connections.openedCount()).isEqualTo(1);
    }

    @Test
    void firstStartWithoutSwitchableGpuOpensTheDefaultSampleWithoutTheSystemBus() {
        firstStart = true;
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING), MachineSnapshot.EMPTY));
        model.start(Optional.empty());
        assertThat(connections.lastOpened().source())
                .isEqualTo(new MachineSource.SampleMachine(SampleMachines.DEFAULT));
        assertThat(model.simulationMessageProperty().get())
                .isEqualTo("Sample machine. Nothing here touches this computer.");
        assertThat(model.titleProperty().get()).contains("sample machine");
        assertThat(model.simulationShownProperty().get()).isTrue();
        assertThat(model.gpus().cards()).hasSize(2);
        assertThat(connections.thisMachineCount())
                .as("connections to the system bus")
                .isZero();
    }

    @Test
    void firstStartWithSwitchableGpuShowsThisMachine() {
        firstStart = true;
        model.start(Optional.empty());
        assertThat(connections.lastOpened()).isSameAs(thisMachineHelper);
        assertThat(model.simulationShownProperty().get()).isFalse();
        assertThat(connections.firstOpened().calls())
                .as("connection of the check for a switchable GPU")
                .endsWith("close");
    }

    @Test
    void laterStartWithoutGpuShowsThisMachineWithAMessage() {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING), MachineSnapshot.EMPTY));
        model.start(Optional.empty());
        assertThat(model.gpus().stateProperty().get()).isEqualTo(GpusViewModel.GpusPageState.EMPTY);
        assertThat(model.gpus().messageProperty().get()).isEqualTo("No GPU was found on this machine.");
    }

    @Test
    void hintSuggestsASampleWhenTheOnlyGpuDrivesTheDesktop() {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ThisMachine(),
                SampleMachines.load("laptop-one-gpu").orElseThrow()));
        model.start(Optional.empty());
        assertThat(model.gpus().cards()).singleElement().matches(card -> card.actions()
                .isEmpty());
        assertThat(model.gpus().hintProperty().get()).contains("sample machine");
    }

    @Test
    void sampleOptionOpensTheSampleWithoutInspectingThisMachine() {
        model.start(Optional.of("iommu-off"));
        assertThat(connections.openedCount()).isEqualTo(1);
        assertThat(connections.thisMachineCount()).isZero();
        assertThat(connections.lastOpened().source()).isEqualTo(new MachineSource.SampleMachine("iommu-off"));
    }

    @Test
    void unknownSampleShowsANoticeAndThisMachine() {
        model.start(Optional.of("nonsense"));
        assertThat(model.noticeProperty().get()).isEqualTo("There is no sample machine named nonsense.");
        assertThat(connections.lastOpened()).isSameAs(thisMachineHelper);
        model.dismissNotice();
        assertThat(model.noticeProperty().get()).isEmpty();
    }

    @Test
    void returnsFromASampleToThisMachine() {
        model.start(Optional.of("iommu-off"));
        ScriptedHelper sample = connections.lastOpened();
        model.openThisMachine();
        assertThat(sample.calls()).last().isEqualTo("close");
        assertThat(model.simulationMessageProperty().get()).isEmpty();
        assertThat(model.simulationShownProperty().get()).isFalse();
        assertThat(model.titleProperty().get()).isEqualTo("Switchback");
    }

    @Test
    void menuListsEverySampleWithAUniqueTitle() {
        assertThat(model.samples())
                .extracting(MainViewModel.SampleMenuItem::name)
                .containsExactlyElementsOf(SampleMachines.names());
        assertThat(model.samples())
                .extracting(MainViewModel.SampleMenuItem::title)
                .doesNotHaveDuplicates();
    }

    @Test
    void lateResultOfAnEarlierMachineIsDiscarded() {
        Queue<Runnable> work = new ArrayDeque<>();
        MainViewModel slow = createSlowModel(work);
        slow.start(Optional.empty());
        slow.openSample("iommu-off");
        // This machine responds only after the sample was requested.
        while (!work.isEmpty()) {
            work.remove().run();
        }
        assertThat(slow.simulationMessageProperty().get()).isNotEmpty();
        assertThat(slow.gpus().cards()).first().extracting(GpuCard::nodeId).isEqualTo("0000-06-00-0");
        assertThat(thisMachineHelper.calls()).last().isEqualTo("close");
    }

    // Saved reports.

    @Test
    void opensASavedReportAsSimulation(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("friend.txt");
        Files.writeString(
                file, SampleMachines.load("strix-halo-32g").orElseThrow().toText());
        model.start(Optional.empty());
        model.openReport(file);
        assertThat(model.titleProperty().get()).isEqualTo("Switchback: saved report friend.txt");
        assertThat(model.simulationMessageProperty().get())
                .isEqualTo("Saved report friend.txt. Nothing here touches this computer.");
        assertThat(model.gpus().cards())
                .singleElement()
                .extracting(GpuCard::nodeId)
                .isEqualTo("0000-c3-00-0");
    }

    @Test
    void invalidReportShowsANoticeAndKeepsTheMachine(@TempDir Path folder) throws Exception {
        model.start(Optional.empty());
        Path other = Files.writeString(folder.resolve("shopping.txt"), "eggs\n");
        model.openReport(other);
        assertThat(model.noticeProperty().get()).isEqualTo("shopping.txt is not a report saved by Switchback.");
        Path damaged = Files.writeString(folder.resolve("damaged.txt"), "switchback-capture 1\n/a = b\nnonsense\n");
        model.openReport(damaged);
        assertThat(model.noticeProperty().get())
                .isEqualTo("damaged.txt is damaged: line 3 does not belong in a report.");
        model.openReport(folder.resolve("away.txt"));
        assertThat(model.noticeProperty().get()).isEqualTo("away.txt can't be read.");
        model.openReport(folder);
        assertThat(model.noticeProperty().get()).endsWith("can't be read.");
        assertThat(connections.openedCount()).isEqualTo(1);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    // The helper.

    @ParameterizedTest
    @EnumSource(
            value = HelperException.FailureKind.class,
            names = {"MISSING", "STOPPED", "REFUSED", "UNDECIDED", "WRONG_VERSION", "LOST"})
    void helperFailureShowsItsOwnMessageAndTheGpus(HelperException.FailureKind kind) {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(kind),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        model.start(Optional.empty());
        assertThat(model.helperMessageProperty().get())
                .startsWith(messages.formatHelperFailure(kind))
                .endsWith("This computer can be viewed, not changed.");
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void deniedInspectionFallsBackToReadOnly() {
        thisMachineHelper.failAllCalls(HelperException.FailureKind.REFUSED);
        model.start(Optional.empty());
        assertThat(connections.lastOpened().source())
                .isEqualTo(new MachineSource.ReadOnlyMachine(HelperException.FailureKind.REFUSED));
        assertThat(model.helperMessageProperty().get())
                .startsWith(messages.formatHelperFailure(HelperException.FailureKind.REFUSED));
        assertThat(model.gpus().cards()).hasSize(2);
        thisMachineHelper.clearFailure();
        model.refresh();
        assertThat(model.helperMessageProperty().get()).isEmpty();
        assertThat(connections.lastOpened()).isSameAs(thisMachineHelper);
    }

    @Test
    void lostHelperFallsBackToReadOnlyWithAMessage() {
        model.start(Optional.empty());
        thisMachineHelper.failAllCalls(HelperException.FailureKind.LOST);
        model.refresh();
        assertThat(model.helperMessageProperty().get())
                .startsWith(messages.formatHelperFailure(HelperException.FailureKind.LOST));
        assertThat(model.gpus().cards()).hasSize(2).first().satisfies(card -> assertThat(card.actions())
                .noneMatch(GpuCard.CardAction::enabled));
    }

    @Test
    void refreshReopensASimulationWhoseHelperIsLost() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        ScriptedHelper lost = connections.lastOpened();
        lost.failAllCalls(HelperException.FailureKind.LOST);
        model.refresh();
        assertThat(connections.lastOpened()).isNotSameAs(lost);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void refreshClosesThePaneAndReopensALostSimulation() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        ScriptedHelper lost = connections.lastOpened();
        GpuCard card = model.gpus().cards().getFirst();
        model.gpus().runAction(card, card.actions().getFirst());
        assertThat(model.activeSwitchProperty().get()).isNotNull();
        lost.failAllCalls(HelperException.FailureKind.LOST);
        model.refresh();
        assertThat(model.activeSwitchProperty().get()).isNull();
        assertThat(connections.lastOpened()).isNotSameAs(lost);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void simulatedFailureIsNamedInTheSimulationMessage() {
        model.start(Optional.of("iommu-off"));
        model.simulateFailure(FailureScenario.SLOW_STEP);
        assertThat(connections.simulatedFailures()).containsExactly(FailureScenario.NONE, FailureScenario.SLOW_STEP);
        assertThat(connections.lastOpened().source()).isEqualTo(new MachineSource.SampleMachine("iommu-off"));
        assertThat(model.activeFailure()).isEqualTo(FailureScenario.SLOW_STEP);
        assertThat(model.simulationMessageProperty().get())
                .isEqualTo("Sample machine. Nothing here touches this computer. Simulated failure: a step takes long.");
        model.simulateFailure(FailureScenario.NONE);
        assertThat(model.simulationMessageProperty().get())
                .isEqualTo("Sample machine. Nothing here touches this computer.");
    }

    @Test
    void failureMenuTitlesAreCapitalized() {
        assertThat(model.failures())
                .extracting(MainViewModel.FailureMenuItem::title)
                .startsWith("No failure", "A program uses the GPU");
    }

    @Test
    void failuresAreNotSimulatedOnThisComputer() {
        model.start(Optional.empty());
        model.simulateFailure(FailureScenario.ROLLBACK_FAILED);
        assertThat(connections.openedCount()).isEqualTo(1);
        assertThat(connections.simulatedFailures()).isEmpty();
    }

    @Test
    void refreshFindsAHelperInstalledMeanwhile() {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        model.start(Optional.empty());
        connections.setThisMachineHelper(thisMachineHelper);
        model.refresh();
        assertThat(model.helperMessageProperty().get()).isEmpty();
        assertThat(connections.lastOpened()).isSameAs(thisMachineHelper);
    }

    // Changes and switches.

    @Test
    void externalChangeUpdatesOnlyTheAffectedCard() {
        model.start(Optional.empty());
        GpuCard desktop = model.gpus().cards().get(1);
        thisMachineHelper.setVmMode();
        thisMachineHelper.notifyChangeListeners();
        assertThat(model.gpus().cards().getFirst().status().style()).isEqualTo(GpuCard.StatusStyle.VM);
        assertThat(model.gpus().cards().get(1)).isSameAs(desktop);
    }

    @Test
    void burstsOfChangesCauseOneRefresh() {
        Queue<Runnable> work = new ArrayDeque<>();
        MainViewModel slow = createSlowModel(work);
        slow.start(Optional.empty());
        work.remove().run();
        for (int i = 0; i < 12; i++) {
            thisMachineHelper.notifyChangeListeners();
        }
        int taskCount = 0;
        while (!work.isEmpty()) {
            work.remove().run();
            taskCount++;
        }
        assertThat(taskCount).isEqualTo(2);
    }

    @Test
    void choosingOpensASwitchPaneAndLeavingItRefreshes() {
        model.start(Optional.empty());
        chooseFirstGpu();
        SwitchViewModel pane = activeSwitch();
        assertThat(pane.gpuAddress()).isEqualTo(ScriptedHelper.GTX_1080);
        thisMachineHelper.setVmMode();
        pane.leave();
        assertThat(model.activeSwitchProperty().get()).isNull();
        assertThat(model.gpus().cards().getFirst().status().style()).isEqualTo(GpuCard.StatusStyle.VM);
    }

    @Test
    void finishedSwitchRefreshesAllPagesWhileItsResultIsOpen() {
        model.start(Optional.empty());
        ReadinessViewModel readiness = model.createReadinessViewModel();
        String before = readiness.toPlainText();
        startSwitch();
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        thisMachineHelper.notifyChangeListeners();
        assertThat(gtx1080Mode()).as("during the switch").isEqualTo(Gpu.GpuMode.HOST);
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        assertThat(model.activeSwitchProperty().get()).isNotNull();
        assertThat(gtx1080Mode()).isEqualTo(Gpu.GpuMode.VM);
        assertThat(before).contains("efifb");
        assertThat(readiness.toPlainText()).doesNotContain("efifb");
        activeSwitch().leave();
        assertThat(model.gpus().cards().getFirst().externalChange())
                .as("change by another program")
                .isEmpty();
    }

    @Test
    void changesWhileAResultIsOpenRefreshAllPages() {
        startSwitch();
        thisMachineHelper.emitEvent("finished", -1, 1, "rolled-back");
        thisMachineHelper.setVmMode();
        thisMachineHelper.notifyChangeListeners();
        assertThat(gtx1080Mode()).isEqualTo(Gpu.GpuMode.VM);
    }

    @Test
    void resultStaysOpenWhenTheHelperIsLostAfterwards() {
        startSwitch();
        thisMachineHelper.failAllCalls(HelperException.FailureKind.LOST);
        thisMachineHelper.emitEvent("finished", -1, 1, "helper-lost");
        assertThat(activeSwitch().switchResultProperty().get()).isNotNull();
        activeSwitch().leave();
        assertThat(model.helperMessageProperty().get())
                .startsWith(messages.formatHelperFailure(HelperException.FailureKind.LOST));
    }

    /** The mode that the pages show. */
    private Gpu.GpuMode gtx1080Mode() {
        return Objects.requireNonNull(model.displayedMachineProperty().get())
                .overview()
                .machine()
                .gpu(ScriptedHelper.GTX_1080)
                .orElseThrow()
                .mode();
    }

    @Test
    void noOtherMachineCanBeOpenedDuringASwitch() {
        model.start(Optional.empty());
        chooseFirstGpu();
        assertThat(model.idleProperty().get()).isTrue();
        activeSwitch().actions().getLast().handler().run();
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        assertThat(model.idleProperty().get()).isFalse();
        model.openSample("iommu-off");
        assertThat(connections.openedCount()).isEqualTo(1);
        thisMachineHelper.emitEvent("finished", -1, 1, "rolled-back");
        assertThat(model.idleProperty().get()).isTrue();
        model.openSample("iommu-off");
        assertThat(connections.openedCount()).isEqualTo(2);
        assertThat(model.activeSwitchProperty().get()).isNull();
    }

    @Test
    void knownPlanStartsWithOneClick() throws Exception {
        switchOnce();
        ScriptedHelper restarted = ScriptedHelper.withGtx1080();
        connections.setThisMachineHelper(restarted);
        Deadline.seconds(10).await("the switch is recorded", () -> {
            model.openThisMachine();
            chooseFirstGpu();
            return activeSwitch().phaseProperty().get() == SwitchViewModel.SwitchPhase.AUTHORIZING;
        });
        assertThat(restarted.calls()).anyMatch(call -> call.startsWith("apply"));
    }

    @Test
    void alwaysShowPlanShowsAKnownPlan() throws Exception {
        switchOnce();
        Deadline.seconds(10).await("the switch is recorded", () -> activityLog
                .findLatest(thisMachineHelper.source(), ScriptedHelper.GTX_1080, SwitchRecord::isReportedDone)
                .isPresent());
        model.alwaysShowPlanProperty().set(true);
        connections.setThisMachineHelper(ScriptedHelper.withGtx1080());
        model.openThisMachine();
        chooseFirstGpu();
        assertThat(activeSwitch().phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
    }

    /** Switches to VM mode successfully. */
    private void switchOnce() {
        model.start(Optional.empty());
        chooseFirstGpu();
        assertThat(activeSwitch().phaseProperty().get()).isEqualTo(SwitchViewModel.SwitchPhase.PLANNED);
        activeSwitch().actions().getLast().handler().run();
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        activeSwitch().leave();
    }

    // Quitting.

    @Test
    void quitIsImmediateWithoutASwitch() {
        model.start(Optional.empty());
        chooseFirstGpu();
        model.quit();
        assertThat(model.exitReadyProperty().get()).isTrue();
    }

    @Test
    void quitDuringASwitchWaitsWithAMessage() {
        startSwitch();
        model.quit();
        assertThat(model.exitReadyProperty().get()).isFalse();
        assertThat(model.quitMessageProperty().get())
                .isEqualTo("A switch is in progress. Switchback quits when the switch has succeeded; if it"
                        + " fails, the window stays open. If you quit now, the helper finishes the switch or"
                        + " rolls everything back.");
        thisMachineHelper.completeSteps(0, 10);
        thisMachineHelper.setVmMode();
        assertThat(model.exitReadyProperty().get()).isFalse();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        assertThat(model.exitReadyProperty().get()).isTrue();
    }

    @Test
    void failedSwitchCancelsQuitAndShowsItsResult() {
        startSwitch();
        model.quit();
        thisMachineHelper.emitEvent("finished", -1, 1, "rolled-back");
        assertThat(model.exitReadyProperty().get()).isFalse();
        assertThat(model.quitMessageProperty().get()).isEmpty();
        assertThat(activeSwitch().switchResultProperty().get()).isNotNull();
    }

    @Test
    void secondQuitExitsDuringASwitch() {
        startSwitch();
        model.quit();
        model.quit();
        assertThat(model.exitReadyProperty().get()).isTrue();
        assertThat(thisMachineHelper.calls())
                .as("calls, while the helper continues")
                .doesNotContain("cancel");
    }

    @Test
    void pendingQuitCanBeCancelled() {
        startSwitch();
        model.quit();
        model.cancelQuit();
        assertThat(model.quitMessageProperty().get()).isEmpty();
        thisMachineHelper.setVmMode();
        thisMachineHelper.emitEvent("finished", -1, 1, "done");
        assertThat(model.exitReadyProperty().get()).isFalse();
    }

    @Test
    void quitIsImmediateDuringAuthentication() {
        model.start(Optional.empty());
        chooseFirstGpu();
        activeSwitch().actions().getLast().handler().run();
        thisMachineHelper.emitEvent("authorizing", -1, 0, "");
        model.quit();
        assertThat(model.exitReadyProperty().get())
                .as("exit, since nothing has been changed")
                .isTrue();
    }

    @Test
    void quitMessageOfASampleDoesNotMentionTheHelper() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        chooseFirstGpu();
        activeSwitch().actions().getLast().handler().run();
        connections.lastOpened().emitEvent("authorized", -1, 0, "");
        model.quit();
        assertThat(model.quitMessageProperty().get())
                .isEqualTo(
                        "A switch is in progress. Switchback quits when it has succeeded. The sample machine ends with"
                                + " the window.");
    }

    private void startSwitch() {
        model.start(Optional.empty());
        chooseFirstGpu();
        activeSwitch().actions().getLast().handler().run();
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
    }

    @Test
    void closingTheWindowClosesTheConnection() {
        model.start(Optional.empty());
        assertThat(model.close()).isCompleted();
        assertThat(thisMachineHelper.calls()).last().isEqualTo("close");
    }

    /** A model whose background tasks wait in a queue. */
    private MainViewModel createSlowModel(Queue<Runnable> queue) {
        return new MainViewModel(
                connections,
                ActivityLog.inMemory(),
                new BackgroundTasks(queue::add, Runnable::run),
                messages,
                () -> false);
    }

    private void chooseFirstGpu() {
        GpuCard card = model.gpus().cards().getFirst();
        model.gpus().runAction(card, card.actions().getFirst());
    }

    private SwitchViewModel activeSwitch() {
        return Objects.requireNonNull(model.activeSwitchProperty().get());
    }
}
