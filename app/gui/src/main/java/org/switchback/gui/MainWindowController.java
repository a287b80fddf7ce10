package org.switchback.gui;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.animation.PauseTransition;
import javafx.application.Platform;
import javafx.scene.image.Image;
import javafx.scene.image.PixelFormat;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.session.SessionViewModel;
import org.switchback.gui.session.TrayContent;
import org.switchback.gui.session.TrayIcons;
import org.switchback.gui.session.dbus.StatusNotifierItem.Pixmap;
import org.switchback.client.messages.Messages;

/**
 * The main window as a part of the desktop session: it hides in the tray as long as there is one, is raised by later
 * starts of the program, and says what happens behind a person's back. Belongs to the drawing thread.
 */
final class MainWindowController implements SessionViewModel.TrayActions, DesktopSession.WindowActions {
    /** How long a window waits for the answer of a session bus before it shows itself. */
    private static final Duration SESSION_BUS_TIMEOUT = Duration.ofSeconds(2);

    /** How long a window that was asked to start in the tray waits for one before it shows itself. */
    private static final Duration TRAY_TIMEOUT = Duration.ofSeconds(3);

    private final Stage stage;
    private final MainViewModel model;
    private final Messages messages;
    private final SessionViewModel sessionViewModel;
    /** Set on whatever thread hears it: a click on the window's close button overtakes what waits for the drawing thread. */
    private volatile boolean trayIconShown;
    private @Nullable DesktopSession desktopSession;
    /** Whether it is at work, with or without a session. */
    private boolean started;

    MainWindowController(Stage stage, MainViewModel model, Messages messages) {
        this.stage = stage;
        this.model = model;
        this.messages = messages;
        this.sessionViewModel = new SessionViewModel(
                messages, model.gpus(), model.activeSwitchProperty(), this, stage::isFocused, this::sendNotification);
        stage.showingProperty().addListener((observable, was, shown) -> sessionViewModel.windowHiddenProperty().set(!shown));
        stage.setOnCloseRequest(event -> {
            event.consume();
            if (trayIconShown) {
                stage.hide();
            } else {
                quit();
            }
        });
        // Asked for from the tray, it says in the window why it waits.
        model.quitMessageProperty().addListener((observable, before, said) -> {
            if (!said.isEmpty()) {
                raise();
            }
        });
    }

    /** Whether a tray shows it. */
    boolean isTrayIconShown() {
        return trayIconShown;
    }

    /**
     * Shows itself, and takes its place in the session as soon as that has answered: a slow one keeps nobody from the
     * window, nor the window from its tray.
     *
     * @param inTray whether the window is to be seen in the tray alone at first
     * @param begin  called once, unless there is another window already
     */
    void start(CompletableFuture<DesktopSession.LaunchResult> session, boolean inTray, Executor workers, Runnable begin) {
        CompletableFuture.delayedExecutor(SESSION_BUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS, Platform::runLater)
                .execute(() -> handleLaunchResult(new DesktopSession.LaunchResult.NoSessionBus(), inTray, workers, begin));
        session.thenAcceptAsync(found -> handleLaunchResult(found, inTray, workers, begin), Platform::runLater);
    }

    private void handleLaunchResult(DesktopSession.LaunchResult start, boolean inTray, Executor workers, Runnable begin) {
        boolean late = started;
        started = true;
        switch (start) {
            case DesktopSession.LaunchResult.AlreadyRunning() -> {
                if (late) {
                    // Something may have been begun here since.
                    quit();
                } else {
                    Platform.exit();
                }
                return;
            }
            case DesktopSession.LaunchResult.NoSessionBus() -> {
                if (!late) {
                    stage.show();
                }
            }
            case DesktopSession.LaunchResult.PrimaryInstance(DesktopSession joined) -> joinSession(joined, inTray && !late, workers);
        }
        if (!late) {
            begin.run();
        }
    }

    /** Leaves the session, where it is in one. */
    void leaveSession() {
        if (desktopSession != null) {
            desktopSession.close();
        }
    }

    /**
     * Takes its place in a session.
     *
     * @param inTray whether the window is to be seen in the tray alone at first
     */
    private void joinSession(DesktopSession joined, boolean inTray, Executor workers) {
        desktopSession = joined;
        joined.setWindow(this);
        TrayContent first = sessionViewModel.trayContentProperty().get();
        workers.execute(() -> joined.openTray(createTrayIcons(), first, this::isTrayIconShown));
        sessionViewModel.trayContentProperty().addListener((observable, old, now) -> joined.updateTray(now));
        if (inTray) {
            PauseTransition patience = new PauseTransition(javafx.util.Duration.millis(TRAY_TIMEOUT.toMillis()));
            patience.setOnFinished(event -> {
                if (!trayIconShown) {
                    stage.show();
                }
            });
            patience.play();
        } else {
            stage.show();
        }
    }

    private void isTrayIconShown(boolean now) {
        trayIconShown = now;
        Platform.runLater(this::handleTrayChange);
    }

    private void handleTrayChange() {
        if (trayIconShown && desktopSession != null) {
            // What has changed between the registration and now.
            desktopSession.updateTray(sessionViewModel.trayContentProperty().get());
        } else if (!stage.isShowing()) {
            stage.show();
        }
    }

    private void sendNotification(SessionViewModel.Notification notice) {
        if (desktopSession != null) {
            desktopSession.showNotification(notice, messages.text("tray.open"));
        }
    }

    @Override
    public void raise() {
        stage.show();
        stage.setIconified(false);
        stage.toFront();
        stage.requestFocus();
    }

    @Override
    public void openSample(String name) {
        model.openSample(name);
    }

    @Override
    public void openReport(Path file) {
        model.openReport(file);
    }

    @Override
    public void quit() {
        model.quit();
    }

    private static TrayIcons createTrayIcons() {
        return new TrayIcons(
                Optional.ofNullable(System.getProperty("switchback.icons")),
                Stream.of(TrayContent.TrayIcon.values())
                        .collect(Collectors.toMap(Function.identity(), MainWindowController::createPixmaps)));
    }

    private static List<Pixmap> createPixmaps(TrayContent.TrayIcon sign) {
        return Stream.of(22, 44)
                .map(size -> toPixmap(ApplicationIcon.symbolic(size, sign)))
                .toList();
    }

    private static Pixmap toPixmap(Image image) {
        int width = (int) image.getWidth();
        int height = (int) image.getHeight();
        int[] pixels = new int[width * height];
        image.getPixelReader().getPixels(0, 0, width, height, PixelFormat.getIntArgbInstance(), pixels, 0, width);
        ByteBuffer bytes = ByteBuffer.allocate(pixels.length * Integer.BYTES);
        bytes.asIntBuffer().put(pixels);
        return new Pixmap(width, height, bytes.array());
    }
}
