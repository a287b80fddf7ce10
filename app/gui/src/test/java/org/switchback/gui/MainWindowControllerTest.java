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
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.session.FakeStatusNotifierWatcher;
import org.switchback.gui.session.SessionTestCase;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.gui.tasks.BackgroundTasks;
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
    void start(Stage primaryStage) {
        Platform.setImplicitExit(false);
        stage = primaryStage;
        Messages messages = Messages.forLocale(Locale.ENGLISH);
        model = new MainViewModel(
                new ScriptedConnections(thisMachineHelper),
                ActivityLog.inMemory(),
                new BackgroundTasks(backgroundExecutor, Platform::runLater),
                messages,
                () -> false);
        SwitchbackApplication.initStage(stage, model, messages);
        controller = new MainWindowController(stage, model, messages);
        model.start(Optional.empty());
    }

    @Test
    void closingHidesToTheTrayAndASecondStartShowsTheWindow(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, false);
        tray.registeredItems().take();
        TestWindow.waitUntil("the window is shown", stage::isShowing);
        TestWindow.waitUntil("the tray icon is shown", () -> controller.isTrayIconShown());
        closeWindow(robot);
        TestWindow.waitUntil("the window is hidden", () -> !stage.isShowing());
        DesktopSession.launch(address(), Optional.empty(), backgroundExecutor, Platform::runLater);
        TestWindow.waitUntil("the window is shown again", stage::isShowing);
    }

    @Test
    void windowIsShownWhenTheTrayDisappears(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, true);
        tray.registeredItems().take();
        TestWindow.waitUntil("the tray icon is shown", () -> controller.isTrayIconShown());
        assertThat(stage.isShowing()).isFalse();
        tray.close();
        TestWindow.waitUntil("the window is shown again", stage::isShowing);
    }

    @Test
    void windowIsShownWhenThereIsNoTrayToStartIn(FxRobot robot) throws Exception {
        startWithSession(robot, true);
        TestWindow.waitUntil("the window is shown", stage::isShowing);
        assertThat(controller.isTrayIconShown()).isFalse();
    }

    @Test
    void lateSessionBusStillGetsTheTrayIcon(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        CompletableFuture<DesktopSession.LaunchResult> slow = new CompletableFuture<>();
        AtomicInteger startCount = new AtomicInteger();
        robot.interact(() -> controller.start(slow, true, backgroundExecutor, startCount::incrementAndGet));
        TestWindow.waitUntil("the window is shown without a session", stage::isShowing);
        slow.complete(startSession());
        tray.registeredItems().take();
        TestWindow.waitUntil("the tray icon is shown", () -> controller.isTrayIconShown());
        assertThat(TestWindow.callOnFxThread(stage::isShowing)).isTrue();
        assertThat(startCount).hasValue(1);
    }

    @Test
    void quitsWhenAnotherInstanceIsFoundLate(FxRobot robot) {
        CompletableFuture<DesktopSession.LaunchResult> slow = new CompletableFuture<>();
        robot.interact(() -> controller.start(slow, false, backgroundExecutor, () -> {}));
        TestWindow.waitUntil("the window is shown without a session", stage::isShowing);
        slow.complete(new DesktopSession.LaunchResult.AlreadyRunning());
        TestWindow.waitUntil(
                "the program exits", () -> model.exitReadyProperty().get());
    }

    @Test
    void closingWithoutATrayQuits(FxRobot robot) {
        startWithSession(robot, false);
        TestWindow.waitUntil("the window is shown", stage::isShowing);
        closeWindow(robot);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get()))
                .isTrue();
    }

    @Test
    void closingWithATrayDoesNotQuit(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, false);
        tray.registeredItems().take();
        TestWindow.waitUntil("the tray icon is shown", () -> controller.isTrayIconShown());
        closeWindow(robot);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get()))
                .isFalse();
    }

    @Test
    void quitFromTheTrayDuringASwitchShowsTheWindowWithAMessage(FxRobot robot) throws Exception {
        FakeStatusNotifierWatcher tray = openTray();
        startWithSession(robot, true);
        tray.registeredItems().take();
        TestWindow.waitUntil("the cards are shown", () -> !model.gpus().cards().isEmpty());
        robot.interact(() -> {
            var card = model.gpus().cards().getFirst();
            model.gpus().runAction(card, card.actions().getFirst());
        });
        TestWindow.waitUntil(
                "the plan is shown", () -> activeSwitch().phaseProperty().get() == SwitchViewModel.SwitchPhase.PLANNED);
        robot.interact(() -> activeSwitch().actions().getLast().handler().run());
        TestWindow.waitUntil("a switch is requested", thisMachineHelper::isSwitchRequested);
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        TestWindow.waitUntil(
                "the switch changes the kernel", () -> activeSwitch().isChangingKernel());
        assertThat(stage.isShowing()).isFalse();
        robot.interact(controller::quit);
        TestWindow.waitUntil("the window is shown", stage::isShowing);
        Labeled message = (Labeled) stage.getScene().lookup("#quit-text");
        assertThat(message.getText()).startsWith("A switch is in progress.");
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(message)))
                .isTrue();
        ButtonBase cancel = (ButtonBase) stage.getScene().lookup("#quit-cancel");
        robot.interact(cancel::fire);
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(message)))
                .isFalse();
        robot.interact(controller::quit);
        robot.interact(() -> stage.getScene().getRoot().fireEvent(createEscapeEvent()));
        assertThat(TestWindow.callOnFxThread(() -> TestWindow.isVisible(message)))
                .isFalse();
        assertThat(TestWindow.callOnFxThread(() -> activeSwitch().isChangingKernel()))
                .isTrue();
        robot.interact(controller::quit);
        ButtonBase quitNow = (ButtonBase) stage.getScene().lookup("#quit-now");
        robot.interact(quitNow::fire);
        assertThat(TestWindow.callOnFxThread(() -> model.exitReadyProperty().get()))
                .isTrue();
    }

    private static KeyEvent createEscapeEvent() {
        return new KeyEvent(KeyEvent.KEY_PRESSED, "", "", KeyCode.ESCAPE, false, false, false, false);
    }

    private SwitchViewModel activeSwitch() {
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
        robot.interact(() ->
                controller.start(CompletableFuture.completedFuture(session), inTray, backgroundExecutor, () -> {}));
    }

    private DesktopSession.LaunchResult startSession() {
        DesktopSession.LaunchResult result =
                DesktopSession.launch(address(), Optional.empty(), backgroundExecutor, Platform::runLater);
        closeables.add(((DesktopSession.LaunchResult.PrimaryInstance) result).session());
        return result;
    }

    private void closeWindow(FxRobot robot) {
        robot.interact(() -> stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST)));
    }
}
