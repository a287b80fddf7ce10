package org.switchback.app;

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
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.activity.Attempt;
import org.switchback.app.background.Background;
import org.switchback.app.gpus.GpuCard;
import org.switchback.app.gpus.GpusViewModel;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Mishap;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.readiness.ReadinessViewModel;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.service.Deadline;

class MainViewModelTest {
    private final Words words = Words.in(Locale.ENGLISH);
    private final ScriptedHelper here = ScriptedHelper.withGtx1080();
    private final ScriptedConnections connections = new ScriptedConnections(here);
    private final ActivityLog log = ActivityLog.inMemory();
    private boolean firstStart;
    private final MainViewModel model =
            new MainViewModel(
                    connections, log, new Background(Runnable::run, Runnable::run), words, () -> firstStart);

    // Which machine.

    @Test
    void aMachineWithAGpuToSwitchIsShownAtOnce() {
        model.start(Optional.empty());
        assertThat(model.titleProperty().get()).isEqualTo("Switchback");
        assertThat(model.ribbonProperty().get()).isEmpty();
        assertThat(model.bannerProperty().get()).isEmpty();
        assertThat(model.gpus().stateProperty().get()).isEqualTo(GpusViewModel.State.CARDS);
        assertThat(model.gpus().cards()).hasSize(2);
        assertThat(connections.count()).isEqualTo(1);
    }

    @Test
    void theFirstStartWithNothingToSwitchOpensTheFirstSampleAndNoSystemBus() {
        firstStart = true;
        connections.here(new ScriptedHelper(new Source.LookOnly(HelperProblem.Kind.MISSING), Capture.EMPTY));
        model.start(Optional.empty());
        assertThat(connections.last().source()).isEqualTo(new Source.Sample(SampleMachines.DEFAULT));
        assertThat(model.ribbonProperty().get()).isEqualTo("Sample machine. Nothing here touches this computer.");
        assertThat(model.titleProperty().get()).contains("sample machine");
        assertThat(model.elsewhereProperty().get()).isTrue();
        assertThat(model.gpus().cards()).hasSize(2);
        assertThat(connections.searches()).as("looked for the helper of the system").isZero();
    }

    @Test
    void theFirstStartWithAGpuToSwitchShowsThisMachine() {
        firstStart = true;
        model.start(Optional.empty());
        assertThat(connections.last()).isSameAs(here);
        assertThat(model.elsewhereProperty().get()).isFalse();
        assertThat(connections.first().calls()).as("what was looked at before").endsWith("close");
    }

    @Test
    void anotherStartWithNothingToSwitchShowsThisMachineAndSaysSo() {
        connections.here(new ScriptedHelper(new Source.LookOnly(HelperProblem.Kind.MISSING), Capture.EMPTY));
        model.start(Optional.empty());
        assertThat(model.gpus().stateProperty().get()).isEqualTo(GpusViewModel.State.EMPTY);
        assertThat(model.gpus().messageProperty().get()).isEqualTo("No GPU was found on this machine.");
    }

    @Test
    void aLaptopWhoseOnlyGpuDrawsTheDesktopIsOfferedASample() {
        connections.here(new ScriptedHelper(
                new Source.ThisMachine(),
                SampleMachines.load("laptop-one-gpu").orElseThrow()));
        model.start(Optional.empty());
        assertThat(model.gpus().cards()).singleElement().matches(card -> card.choices()
                .isEmpty());
        assertThat(model.gpus().hintProperty().get()).contains("sample machine");
    }

    @Test
    void aSampleNamedOnTheCommandLineIsOpenedWithoutLookingAtThisMachine() {
        model.start(Optional.of("iommu-off"));
        assertThat(connections.count()).isEqualTo(1);
        assertThat(connections.searches()).isZero();
        assertThat(connections.last().source()).isEqualTo(new Source.Sample("iommu-off"));
    }

    @Test
    void anUnknownSampleIsToldAndThisMachineShown() {
        model.start(Optional.of("nonsense"));
        assertThat(model.noticeProperty().get()).isEqualTo("There is no sample machine named nonsense.");
        assertThat(connections.last()).isSameAs(here);
        model.dismissNotice();
        assertThat(model.noticeProperty().get()).isEmpty();
    }

    @Test
    void fromASampleItGoesBackToThisMachine() {
        model.start(Optional.of("iommu-off"));
        ScriptedHelper sample = connections.last();
        model.openThisMachine();
        assertThat(sample.calls()).last().isEqualTo("close");
        assertThat(model.ribbonProperty().get()).isEmpty();
        assertThat(model.elsewhereProperty().get()).isFalse();
        assertThat(model.titleProperty().get()).isEqualTo("Switchback");
    }

    @Test
    void everySampleIsOnTheMenuByATitleOfItsOwn() {
        assertThat(model.samples())
                .extracting(MainViewModel.Sample::name)
                .containsExactlyElementsOf(SampleMachines.names());
        assertThat(model.samples()).extracting(MainViewModel.Sample::title).doesNotHaveDuplicates();
    }

    @Test
    void anAnswerAboutAnEarlierMachineIsNotShown() {
        Queue<Runnable> work = new ArrayDeque<>();
        MainViewModel slow =
                new MainViewModel(
                    connections, ActivityLog.inMemory(), new Background(work::add, Runnable::run), words, () -> false);
        slow.start(Optional.empty());
        slow.openSample("iommu-off");
        // This machine answers only after the sample was asked for.
        while (!work.isEmpty()) {
            work.remove().run();
        }
        assertThat(slow.ribbonProperty().get()).isNotEmpty();
        assertThat(slow.gpus().cards()).first().extracting(GpuCard::id).isEqualTo("0000-06-00-0");
        assertThat(here.calls()).last().isEqualTo("close");
    }

    // A saved report.

    @Test
    void aSavedReportIsAMachineToLookAtAndTry(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("friend.txt");
        Files.writeString(file, SampleMachines.load("strix-halo-32g").orElseThrow().toText());
        model.start(Optional.empty());
        model.openReport(file);
        assertThat(model.titleProperty().get()).isEqualTo("Switchback: saved report friend.txt");
        assertThat(model.ribbonProperty().get())
                .isEqualTo("Saved report friend.txt. Nothing here touches this computer.");
        assertThat(model.gpus().cards()).singleElement().extracting(GpuCard::id).isEqualTo("0000-c3-00-0");
    }

    @Test
    void whatIsNoReportIsToldAndTheMachineStays(@TempDir Path folder) throws Exception {
        model.start(Optional.empty());
        Path other = Files.writeString(folder.resolve("shopping.txt"), "eggs\n");
        model.openReport(other);
        assertThat(model.noticeProperty().get()).isEqualTo("shopping.txt is not a report that Switchback has saved.");
        Path damaged = Files.writeString(folder.resolve("damaged.txt"), "switchback-capture 1\n/a = b\nnonsense\n");
        model.openReport(damaged);
        assertThat(model.noticeProperty().get())
                .isEqualTo("damaged.txt is damaged: line 3 does not belong into a report.");
        model.openReport(folder.resolve("away.txt"));
        assertThat(model.noticeProperty().get()).isEqualTo("away.txt can't be read.");
        model.openReport(folder);
        assertThat(model.noticeProperty().get()).endsWith("can't be read.");
        assertThat(connections.count()).isEqualTo(1);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    // The helper.

    @ParameterizedTest
    @EnumSource(
            value = HelperProblem.Kind.class,
            names = {"MISSING", "STOPPED", "REFUSED", "UNDECIDED", "WRONG_VERSION", "LOST"})
    void whateverIsTheMatterWithTheHelperTheGpusAreShownAndTheTextIsItsOwn(HelperProblem.Kind why) {
        connections.here(new ScriptedHelper(
                new Source.LookOnly(why), SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        model.start(Optional.empty());
        assertThat(model.bannerProperty().get())
                .startsWith(words.problem(why))
                .endsWith("This computer can be looked at, not changed.");
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void whomTheHelperDoesNotLetLookSeesWhatEverybodyMay() {
        here.failsWith(HelperProblem.Kind.REFUSED);
        model.start(Optional.empty());
        assertThat(connections.last().source()).isEqualTo(new Source.LookOnly(HelperProblem.Kind.REFUSED));
        assertThat(model.bannerProperty().get()).startsWith(words.problem(HelperProblem.Kind.REFUSED));
        assertThat(model.gpus().cards()).hasSize(2);
        here.works();
        model.refresh();
        assertThat(model.bannerProperty().get()).isEmpty();
        assertThat(connections.last()).isSameAs(here);
    }

    @Test
    void aHelperThatGoesAwayIsToldAndTheGpusAreLookedAtWithoutIt() {
        model.start(Optional.empty());
        here.failsWith(HelperProblem.Kind.LOST);
        model.refresh();
        assertThat(model.bannerProperty().get()).startsWith(words.problem(HelperProblem.Kind.LOST));
        assertThat(model.gpus().cards()).hasSize(2).first().satisfies(card -> assertThat(card.choices())
                .noneMatch(GpuCard.Choice::enabled));
    }

    @Test
    void aSimulatedMachineWhoseHelperIsLostIsOpenedAnew() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        ScriptedHelper lost = connections.last();
        lost.failsWith(HelperProblem.Kind.LOST);
        model.refresh();
        assertThat(connections.last()).isNotSameAs(lost);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void checkingAgainFromAPaneThatCanBeLeftOpensALostMachineAnewToo() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        ScriptedHelper lost = connections.last();
        GpuCard card = model.gpus().cards().getFirst();
        model.gpus().choose(card, card.choices().getFirst());
        assertThat(model.switchingProperty().get()).isNotNull();
        lost.failsWith(HelperProblem.Kind.LOST);
        model.refresh();
        assertThat(model.switchingProperty().get()).isNull();
        assertThat(connections.last()).isNotSameAs(lost);
        assertThat(model.gpus().cards()).hasSize(2);
    }

    @Test
    void aFailureCanBeTriedOnASampleAndTheRibbonSaysWhich() {
        model.start(Optional.of("iommu-off"));
        model.tryMishap(Mishap.SLOW_STEP);
        assertThat(connections.mishaps()).containsExactly(Mishap.NONE, Mishap.SLOW_STEP);
        assertThat(connections.last().source()).isEqualTo(new Source.Sample("iommu-off"));
        assertThat(model.mishap()).isEqualTo(Mishap.SLOW_STEP);
        assertThat(model.ribbonProperty().get())
                .isEqualTo("Sample machine. Nothing here touches this computer. On purpose: a step takes long.");
        model.tryMishap(Mishap.NONE);
        assertThat(model.ribbonProperty().get()).isEqualTo("Sample machine. Nothing here touches this computer.");
    }

    @Test
    void onTheMenuTheFailuresAreSentencesOfTheirOwn() {
        assertThat(model.failures())
                .extracting(MainViewModel.Failure::title)
                .startsWith("Nothing goes wrong", "A program uses the GPU");
    }

    @Test
    void noFailureIsTriedOnThisComputer() {
        model.start(Optional.empty());
        model.tryMishap(Mishap.MIXED);
        assertThat(connections.count()).isEqualTo(1);
        assertThat(connections.mishaps()).isEmpty();
    }

    @Test
    void aHelperInstalledMeanwhileIsFoundByCheckingAgain() {
        connections.here(new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.MISSING),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow()));
        model.start(Optional.empty());
        connections.here(here);
        model.refresh();
        assertThat(model.bannerProperty().get()).isEmpty();
        assertThat(connections.last()).isSameAs(here);
    }

    // Changes and switches.

    @Test
    void whatChangesOutsideIsShownAndOtherCardsStayTheSameObject() {
        model.start(Optional.empty());
        GpuCard desktop = model.gpus().cards().get(1);
        here.isInVmMode();
        here.changes();
        assertThat(model.gpus().cards().getFirst().status().tone()).isEqualTo(GpuCard.Tone.VM);
        assertThat(model.gpus().cards().get(1)).isSameAs(desktop);
    }

    @Test
    void manyChangesInARowAreLookedAtOnce() {
        Queue<Runnable> work = new ArrayDeque<>();
        MainViewModel slow =
                new MainViewModel(
                    connections, ActivityLog.inMemory(), new Background(work::add, Runnable::run), words, () -> false);
        slow.start(Optional.empty());
        work.remove().run();
        for (int i = 0; i < 12; i++) {
            here.changes();
        }
        int looks = 0;
        while (!work.isEmpty()) {
            work.remove().run();
            looks++;
        }
        assertThat(looks).isEqualTo(2);
    }

    @Test
    void choosingOpensThePaneOfASwitchAndLeavingItLooksAgain() {
        model.start(Optional.empty());
        choose();
        SwitchViewModel pane = pane();
        assertThat(pane.address()).isEqualTo(ScriptedHelper.GTX_1080);
        here.isInVmMode();
        pane.leave();
        assertThat(model.switchingProperty().get()).isNull();
        assertThat(model.gpus().cards().getFirst().status().tone()).isEqualTo(GpuCard.Tone.VM);
    }

    @Test
    void theEndOfASwitchIsSeenByEveryPageWhileItsResultIsStillOpen() {
        model.start(Optional.empty());
        ReadinessViewModel readiness = model.readiness();
        String before = readiness.text();
        beginSwitch();
        here.doesSteps(0, 10);
        here.isInVmMode();
        here.changes();
        assertThat(mode()).as("while it is under way").isEqualTo(Gpu.Mode.HOST);
        here.says("finished", -1, 1, "done");
        assertThat(model.switchingProperty().get()).isNotNull();
        assertThat(mode()).isEqualTo(Gpu.Mode.VM);
        assertThat(before).contains("efifb");
        assertThat(readiness.text()).doesNotContain("efifb");
        pane().leave();
        assertThat(model.gpus().cards().getFirst().change()).as("it was no change from outside").isEmpty();
    }

    @Test
    void whatChangesWhileAResultIsOpenIsSeenByEveryPageToo() {
        beginSwitch();
        here.says("finished", -1, 1, "put-back");
        here.isInVmMode();
        here.changes();
        assertThat(mode()).isEqualTo(Gpu.Mode.VM);
    }

    @Test
    void aResultStaysWhenTheHelperIsLostAfterIt() {
        beginSwitch();
        here.failsWith(HelperProblem.Kind.LOST);
        here.says("finished", -1, 1, "helper-lost");
        assertThat(pane().outcomeProperty().get()).isNotNull();
        pane().leave();
        assertThat(model.bannerProperty().get()).startsWith(words.problem(HelperProblem.Kind.LOST));
    }

    /** Of the GTX 1080, as the pages see it. */
    private Gpu.Mode mode() {
        return Objects.requireNonNull(model.shownProperty().get())
                .overview()
                .machine()
                .gpu(ScriptedHelper.GTX_1080)
                .orElseThrow()
                .mode();
    }

    @Test
    void noOtherMachineIsOpenedWhileASwitchIsUnderWay() {
        model.start(Optional.empty());
        choose();
        assertThat(model.freeProperty().get()).isTrue();
        pane().actions().getLast().run().run();
        here.says("authorized", -1, 0, "");
        assertThat(model.freeProperty().get()).isFalse();
        model.openSample("iommu-off");
        assertThat(connections.count()).isEqualTo(1);
        here.says("finished", -1, 1, "put-back");
        assertThat(model.freeProperty().get()).isTrue();
        model.openSample("iommu-off");
        assertThat(connections.count()).isEqualTo(2);
        assertThat(model.switchingProperty().get()).isNull();
    }

    @Test
    void aSwitchThatSucceededOnceTakesOneClickTheNextTime() throws Exception {
        switchOnce();
        ScriptedHelper restarted = ScriptedHelper.withGtx1080();
        connections.here(restarted);
        Deadline.seconds(10).await("the attempt is written down", () -> {
            model.openThisMachine();
            choose();
            return pane().phaseProperty().get() == SwitchViewModel.Phase.AUTHORISING;
        });
        assertThat(restarted.calls()).anyMatch(call -> call.startsWith("apply"));
    }

    @Test
    void whoeverAlwaysWantsToSeeThePlanSeesIt() throws Exception {
        switchOnce();
        Deadline.seconds(10).await("the attempt is written down", () -> log.newest(
                        here.source(), ScriptedHelper.GTX_1080, Attempt::succeeded)
                .isPresent());
        model.alwaysPlanProperty().set(true);
        connections.here(ScriptedHelper.withGtx1080());
        model.openThisMachine();
        choose();
        assertThat(pane().phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
    }

    /** To VM mode, with a success that is written down. */
    private void switchOnce() {
        model.start(Optional.empty());
        choose();
        assertThat(pane().phaseProperty().get()).isEqualTo(SwitchViewModel.Phase.PLANNED);
        pane().actions().getLast().run().run();
        here.says("authorized", -1, 0, "");
        here.doesSteps(0, 10);
        here.isInVmMode();
        here.says("finished", -1, 1, "done");
        pane().leave();
    }

    // Quitting.

    @Test
    void withNothingUnderWayQuittingIsImmediate() {
        model.start(Optional.empty());
        choose();
        model.quit();
        assertThat(model.goneProperty().get()).isTrue();
    }

    @Test
    void quittingDuringASwitchWaitsForItAndSaysSo() {
        beginSwitch();
        model.quit();
        assertThat(model.goneProperty().get()).isFalse();
        assertThat(model.leavingProperty().get())
                .isEqualTo("A switch is under way. Switchback quits when it has succeeded. Without the window the helper"
                        + " goes on by itself: it finishes the switch or puts everything back.");
        here.doesSteps(0, 10);
        here.isInVmMode();
        assertThat(model.goneProperty().get()).isFalse();
        here.says("finished", -1, 1, "done");
        assertThat(model.goneProperty().get()).isTrue();
    }

    @Test
    void aSwitchThatFailsKeepsTheWindowWithItsResult() {
        beginSwitch();
        model.quit();
        here.says("finished", -1, 1, "put-back");
        assertThat(model.goneProperty().get()).isFalse();
        assertThat(model.leavingProperty().get()).isEmpty();
        assertThat(pane().outcomeProperty().get()).isNotNull();
    }

    @Test
    void askedTwiceItQuitsDuringASwitchToo() {
        beginSwitch();
        model.quit();
        model.quit();
        assertThat(model.goneProperty().get()).isTrue();
        assertThat(here.calls()).as("the helper goes on").doesNotContain("cancel");
    }

    @Test
    void whoeverWantsToStayAfterAllStays() {
        beginSwitch();
        model.quit();
        model.stay();
        assertThat(model.leavingProperty().get()).isEmpty();
        here.isInVmMode();
        here.says("finished", -1, 1, "done");
        assertThat(model.goneProperty().get()).isFalse();
    }

    @Test
    void beforeTheAnswerToTheQuestionForThePasswordQuittingIsImmediate() {
        model.start(Optional.empty());
        choose();
        pane().actions().getLast().run().run();
        here.says("authorizing", -1, 0, "");
        model.quit();
        assertThat(model.goneProperty().get()).as("nothing has been changed").isTrue();
    }

    @Test
    void aSampleMachineThatIsQuitDuringASwitchTalksOfNoHelper() {
        model.start(Optional.of(SampleMachines.DEFAULT));
        choose();
        pane().actions().getLast().run().run();
        connections.last().says("authorized", -1, 0, "");
        model.quit();
        assertThat(model.leavingProperty().get())
                .isEqualTo("A switch is under way. Switchback quits when it has succeeded. The sample machine ends with"
                        + " the window.");
    }

    private void beginSwitch() {
        model.start(Optional.empty());
        choose();
        pane().actions().getLast().run().run();
        here.says("authorized", -1, 0, "");
    }

    @Test
    void closingTheWindowLetsGoOfTheConnection() {
        model.start(Optional.empty());
        assertThat(model.close()).isCompleted();
        assertThat(here.calls()).last().isEqualTo("close");
    }

    private void choose() {
        GpuCard card = model.gpus().cards().getFirst();
        model.gpus().choose(card, card.choices().getFirst());
    }

    private SwitchViewModel pane() {
        return Objects.requireNonNull(model.switchingProperty().get());
    }
}
