package org.switchback.gui;

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
import org.switchback.client.activity.ActivityLog;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.session.FakeStatusNotifierWatcher;
import org.switchback.gui.session.SessionTestCase;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.client.messages.Messages;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class MainWindowControllerTest extends SessionTestCase {
    private final Executor backgroundExecutor = Executors.newVirtualThreadPerTaskExecutor();
    private final ScriptedHelper thisMachineHelper = ScriptedHelper.withGtx1080();
    private Stage stage;
    private MainViewModel model;
    private MainWindowController controller;

    @Start
    void start(Stage given) {
        Platform.setImplicitExit(false);
        stage = given;
        Messages words = Messages.forLocale(Locale.ENGLISH);
        model = new MainViewModel(
                new ScriptedConnections(thisMachineHelper),
                ActivityLog.inMemory(),
                new BackgroundTasks(backgroundExecutor, Platform::runLater),
                words,
                () -> false);
        SwitchbackApplication.initStage(stage, model, words);
        controller = new MainWindowController(stage, model, words);
        model.start(Optional.empty());
    }

    @Test
    void closingHidesToTheTrayAndASecondStartShowsTheWindow(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, false);
        tray.registeredItems().take();
        TestWindow.waitUntil("the window is there", stage::isShowing);
        TestWindow.waitUntil("it is in the tray", () -> controller.isTrayIconShown());
        closeWindow(robot);
        TestWindow.waitUntil("the window is hidden", () -> !stage.isShowing());
        DesktopSession.launch(address(), Optional.empty(), backgroundExecutor, Platform::runLater);
        TestWindow.waitUntil("the window is back", stage::isShowing);
    }

    @Test
    void windowIsShownWhenTheTrayDisappears(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, true);
        tray.registeredItems().take();
        TestWindow.waitUntil("it is in the tray", () -> controller.isTrayIconShown());
        assertThat(stage.isShowing()).isFalse();
        tray.close();
        TestWindow.waitUntil("the window is back", stage::isShowing);
    }

    @Test
    void windowIsShownWhenThereIsNoTrayToStartIn(FxRobot robot) throws Exception {
        startWithSession(robot, true);
        TestWindow.waitUntil("the window is there", stage::isShowing);
        assertThat(controller.isTrayIconShown()).isFalse();
    }

    @Test
    void lateSessionBusStillGetsTheTrayIcon(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        CompletableFuture<DesktopSession.LaunchResult> slow = new CompletableFuture<>();
        AtomicInteger begun = new AtomicInteger();
        robot.interact(() -> controller.start(slow, true, backgroundExecutor, begun::incrementAndGet));
        TestWindow.waitUntil("the window is there without it", stage::isShowing);
        slow.complete(startSession());
        tray.registeredItems().take();
        TestWindow.waitUntil("it is in the tray", () -> controller.isTrayIconShown());
        assertThat(TestWindow.callOnFxThread(stage::isShowing)).isTrue();
        assertThat(begun).hasValue(1);
    }

    @Test
    void quitsWhenAnotherInstanceIsFoundLate(FxRobot robot) {
        CompletableFuture<DesktopSession.LaunchResult> slow = new CompletableFuture<>();
        robot.interact(() -> controller.start(slow, false, backgroundExecutor, () -> {}));
        TestWindow.waitUntil("the window is there without it", stage::isShowing);
        slow.complete(new DesktopSession.LaunchResult.AlreadyRunning());
        TestWindow.waitUntil("it quits", () -> model.exitReadyProperty().get());
    }

    @Test
    void closingWithoutATrayQuits(FxRobot robot) {
        startWithSession(robot, false);
        TestWindow.waitUntil("the window is there", stage::isShowing);
        closeWindow(robot);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get())).isTrue();
    }

    @Test
    void closingWithATrayDoesNotQuit(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, false);
        tray.registeredItems().take();
        TestWindow.waitUntil("it is in the tray", () -> controller.isTrayIconShown());
        closeWindow(robot);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get())).isFalse();
    }

    @Test
    void quitFromTheTrayDuringASwitchShowsTheWindowWithAMessage(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, true);
        tray.registeredItems().take();
        TestWindow.waitUntil("the cards are there", () -> !model.gpus().cards().isEmpty());
        robot.interact(() -> {
            var card = model.gpus().cards().getFirst();
            model.gpus().runAction(card, card.actions().getFirst());
        });
        TestWindow.waitUntil("the plan is there", () -> openSwitchPane().phaseProperty().get() == SwitchViewModel.SwitchPhase.PLANNED);
        robot.interact(() -> openSwitchPane().actions().getLast().handler().run());
        TestWindow.waitUntil("the helper has begun", thisMachineHelper::isSwitchRequested);
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        TestWindow.waitUntil("it switches", () -> openSwitchPane().isChangingKernel());
        assertThat(stage.isShowing()).isFalse();
        robot.interact(controller::quit);
        TestWindow.waitUntil("the window is there", stage::isShowing);
        Labeled said = (Labeled) stage.getScene().lookup("#leaving-text");
        assertThat(said.getText()).startsWith("A switch is under way.");
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(said))).isTrue();
        ButtonBase stay = (ButtonBase) stage.getScene().lookup("#leaving-stay");
        robot.interact(stay::fire);
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(said))).isFalse();
        robot.interact(controller::quit);
        robot.interact(() -> stage.getScene().getRoot().fireEvent(createEscapeEvent()));
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(said))).isFalse();
        assertThat(TestWindow.callOnFxThread(() -> openSwitchPane().isChangingKernel())).isTrue();
        robot.interact(controller::quit);
        ButtonBase now = (ButtonBase) stage.getScene().lookup("#leaving-now");
        robot.interact(now::fire);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get())).isTrue();
    }

    private static KeyEvent createEscapeEvent() {
        return new KeyEvent(KeyEvent.KEY_PRESSED, "", "", KeyCode.ESCAPE, false, false, false, false);
    }

    private SwitchViewModel openSwitchPane() {
        return Objects.requireNonNull(model.activeSwitchProperty().get());
    }

    @Test
    void windowIconHasTheSizeUsedByJavaFxOnLinux() {
        assertThat(TestWindow.callOnFxThread(() -> stage.getIcons().stream()
                        .map(icon -> (int) icon.getWidth())
                        .toList()))
                .containsExactly(128);
    }

    private void startWithSession(FxRobot robot, boolean inTray) {
        DesktopSession.LaunchResult session = startSession();
        robot.interact(() -> controller.start(CompletableFuture.completedFuture(session), inTray, backgroundExecutor, () -> {}));
    }

    private DesktopSession.LaunchResult startSession() {
        DesktopSession.LaunchResult start = DesktopSession.launch(address(), Optional.empty(), backgroundExecutor, Platform::runLater);
        closeables.add(((DesktopSession.LaunchResult.PrimaryInstance) start).session());
        return start;
    }

    private void closeWindow(FxRobot robot) {
        robot.interact(() -> stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST)));
    }
}
