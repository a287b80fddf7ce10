package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javafx.application.Platform;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.Labeled;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.stage.Stage;
import javafx.stage.WindowEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.background.Background;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.session.DesktopSession;
import org.switchback.app.session.FakeWatcher;
import org.switchback.app.session.SessionTestCase;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class SessionWindowTest extends SessionTestCase {
    private final Executor workers = Executors.newVirtualThreadPerTaskExecutor();
    private final ScriptedHelper here = ScriptedHelper.withGtx1080();
    private Stage stage;
    private MainViewModel model;
    private SessionWindow window;

    @Start
    void start(Stage given) {
        Platform.setImplicitExit(false);
        stage = given;
        Words words = Words.in(Locale.ENGLISH);
        model = new MainViewModel(
                new ScriptedConnections(here),
                ActivityLog.inMemory(),
                new Background(workers, Platform::runLater),
                words,
                () -> false);
        Window.prepare(stage, model, words);
        window = new SessionWindow(stage, model, words);
        model.start(Optional.empty());
    }

    @Test
    void closingHidesInTheTrayAndASecondStartBringsItBack(FxRobot robot) throws Exception {
        FakeWatcher tray = tray();
        join(robot, false);
        tray.registered().take();
        Screen.until("the window is there", stage::isShowing);
        Screen.until("it is in the tray", () -> window.hosted());
        close(robot);
        Screen.until("the window is hidden", () -> !stage.isShowing());
        DesktopSession.start(address(), Optional.empty(), workers, Platform::runLater);
        Screen.until("the window is back", stage::isShowing);
    }

    @Test
    void aWindowWhoseTrayGoesAwayComesBack(FxRobot robot) throws Exception {
        FakeWatcher tray = tray();
        join(robot, true);
        tray.registered().take();
        Screen.until("it is in the tray", () -> window.hosted());
        assertThat(stage.isShowing()).isFalse();
        tray.close();
        Screen.until("the window is back", stage::isShowing);
    }

    @Test
    void aWindowThatShouldStartInATrayThatIsNotThereIsShown(FxRobot robot) throws Exception {
        join(robot, true);
        Screen.until("the window is there", stage::isShowing);
        assertThat(window.hosted()).isFalse();
    }

    @Test
    void aSessionThatAnswersLateStillHasTheIconInItsTray(FxRobot robot) throws Exception {
        FakeWatcher tray = tray();
        CompletableFuture<DesktopSession.Start> slow = new CompletableFuture<>();
        AtomicInteger begun = new AtomicInteger();
        robot.interact(() -> window.enter(slow, true, workers, begun::incrementAndGet));
        Screen.until("the window is there without it", stage::isShowing);
        slow.complete(session());
        tray.registered().take();
        Screen.until("it is in the tray", () -> window.hosted());
        assertThat(Screen.onScreen(stage::isShowing)).isTrue();
        assertThat(begun).hasValue(1);
    }

    @Test
    void aWindowThatLearnsLateOfAnotherOneQuits(FxRobot robot) {
        CompletableFuture<DesktopSession.Start> slow = new CompletableFuture<>();
        robot.interact(() -> window.enter(slow, false, workers, () -> {}));
        Screen.until("the window is there without it", stage::isShowing);
        slow.complete(new DesktopSession.Start.Again());
        Screen.until("it quits", () -> model.goneProperty().get());
    }

    @Test
    void withoutATrayClosingQuits(FxRobot robot) {
        join(robot, false);
        Screen.until("the window is there", stage::isShowing);
        close(robot);
        assertThat(Screen.onScreen(() -> model.goneProperty().get())).isTrue();
    }

    @Test
    void withATrayClosingDoesNotQuit(FxRobot robot) throws Exception {
        FakeWatcher tray = tray();
        join(robot, false);
        tray.registered().take();
        Screen.until("it is in the tray", () -> window.hosted());
        close(robot);
        assertThat(Screen.onScreen(() -> model.goneProperty().get())).isFalse();
    }

    @Test
    void quittingFromTheTrayDuringASwitchShowsTheWindowWhichSaysWhyItWaits(FxRobot robot) throws Exception {
        FakeWatcher tray = tray();
        join(robot, true);
        tray.registered().take();
        Screen.until("the cards are there", () -> !model.gpus().cards().isEmpty());
        robot.interact(() -> {
            var card = model.gpus().cards().getFirst();
            model.gpus().choose(card, card.choices().getFirst());
        });
        Screen.until("the plan is there", () -> pane().phaseProperty().get() == SwitchViewModel.Phase.PLANNED);
        robot.interact(() -> pane().actions().getLast().run().run());
        Screen.until("the helper has begun", here::begun);
        here.says("authorized", -1, 0, "");
        Screen.until("it switches", () -> pane().changing());
        assertThat(stage.isShowing()).isFalse();
        robot.interact(window::quit);
        Screen.until("the window is there", stage::isShowing);
        Labeled said = (Labeled) stage.getScene().lookup("#leaving-text");
        assertThat(said.getText()).startsWith("A switch is under way.");
        assertThat(Screen.onScreen(() -> Screen.inView(said))).isTrue();
        ButtonBase stay = (ButtonBase) stage.getScene().lookup("#leaving-stay");
        robot.interact(stay::fire);
        assertThat(Screen.onScreen(() -> Screen.inView(said))).isFalse();
        robot.interact(window::quit);
        robot.interact(() -> stage.getScene().getRoot().fireEvent(escape()));
        assertThat(Screen.onScreen(() -> Screen.inView(said))).isFalse();
        assertThat(Screen.onScreen(() -> pane().changing())).isTrue();
        robot.interact(window::quit);
        ButtonBase now = (ButtonBase) stage.getScene().lookup("#leaving-now");
        robot.interact(now::fire);
        assertThat(Screen.onScreen(() -> model.goneProperty().get())).isTrue();
    }

    private static KeyEvent escape() {
        return new KeyEvent(KeyEvent.KEY_PRESSED, "", "", KeyCode.ESCAPE, false, false, false, false);
    }

    private SwitchViewModel pane() {
        return Objects.requireNonNull(model.switchingProperty().get());
    }

    @Test
    void theWindowHasTheProductsIconInTheSizeThatJavaFxTakesOnLinux() {
        assertThat(Screen.onScreen(() -> stage.getIcons().stream()
                        .map(icon -> (int) icon.getWidth())
                        .toList()))
                .containsExactly(128);
    }

    private void join(FxRobot robot, boolean inTray) {
        DesktopSession.Start session = session();
        robot.interact(() -> window.enter(CompletableFuture.completedFuture(session), inTray, workers, () -> {}));
    }

    private DesktopSession.Start session() {
        DesktopSession.Start start = DesktopSession.start(address(), Optional.empty(), workers, Platform::runLater);
        opened.add(((DesktopSession.Start.First) start).session());
        return start;
    }

    private void close(FxRobot robot) {
        robot.interact(() -> stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST)));
    }
}
