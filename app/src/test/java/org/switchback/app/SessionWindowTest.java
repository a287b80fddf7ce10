package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import javafx.application.Platform;
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
import org.switchback.app.words.Words;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class SessionWindowTest extends SessionTestCase {
    private final Executor workers = Executors.newVirtualThreadPerTaskExecutor();
    private Stage stage;
    private SessionWindow window;

    @Start
    void start(Stage given) {
        Platform.setImplicitExit(false);
        stage = given;
        Words words = Words.in(Locale.ENGLISH);
        MainViewModel model = new MainViewModel(
                new ScriptedConnections(ScriptedHelper.withGtx1080()),
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
    void theWindowHasTheProductsIcon() {
        assertThat(Screen.onScreen(() -> stage.getIcons().stream()
                        .map(icon -> (int) icon.getWidth())
                        .toList()))
                .containsExactly(16, 22, 24, 32, 48, 64, 128, 256);
    }

    private void join(FxRobot robot, boolean inTray) {
        DesktopSession session = ((DesktopSession.Start.First)
                        DesktopSession.start(address(), Optional.empty(), workers, Platform::runLater))
                .session();
        opened.add(session);
        robot.interact(() -> window.join(session, inTray, workers));
    }

    private void close(FxRobot robot) {
        robot.interact(() -> stage.fireEvent(new WindowEvent(stage, WindowEvent.WINDOW_CLOSE_REQUEST)));
    }
}
