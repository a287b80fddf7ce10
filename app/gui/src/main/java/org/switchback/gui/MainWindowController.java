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
import org.switchback.client.messages.Messages;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.session.SessionViewModel;
import org.switchback.gui.session.TrayContent;
import org.switchback.gui.session.TrayIconImages;
import org.switchback.gui.session.dbus.StatusNotifierItem.Pixmap;

/**
 * The main window in the desktop session: hides it in the tray while there is one, raises it on later starts of the
 * program, and sends notifications. Confined to the FX thread.
 */
final class MainWindowController implements SessionViewModel.TrayActions, DesktopSession.WindowActions {
    /** How long the start waits for the session bus before it shows the window. */
    private static final Duration SESSION_BUS_TIMEOUT = Duration.ofSeconds(2);

    /** How long a start in the tray waits for a tray before it shows the window. */
    private static final Duration TRAY_TIMEOUT = Duration.ofSeconds(3);

    private final Stage stage;
    private final MainViewModel model;
    private final Messages messages;
    private final SessionViewModel sessionViewModel;
    /**
     * Set on the thread of the bus: a click on the close button can be handled before a task that was queued for the FX
     * thread.
     */
    private volatile boolean trayIconShown;

    private @Nullable DesktopSession desktopSession;
    private boolean started;

    MainWindowController(Stage stage, MainViewModel model, Messages messages) {
        this.stage = stage;
        this.model = model;
        this.messages = messages;
        this.sessionViewModel = new SessionViewModel(
                messages, model.gpus(), model.activeSwitchProperty(), this, stage::isFocused, this::sendNotification);
        stage.showingProperty()
                .subscribe(
                        (before, now) -> sessionViewModel.windowHiddenProperty().set(!now));
        stage.setOnCloseRequest(event -> {
            event.consume();
            if (trayIconShown) {
                stage.hide();
            } else {
                quit();
            }
        });
        // A quit from the tray may have to wait: the window shows why.
        model.quitMessageProperty().subscribe((before, now) -> {
            if (!now.isEmpty()) {
                raise();
            }
        });
    }

    boolean isTrayIconShown() {
        return trayIconShown;
    }

    /**
     * Shows the window, and joins the session once it has answered. A slow session bus delays the window only by a
     * timeout, and the tray icon follows later.
     *
     * @param inTray whether the window starts hidden in the tray
     * @param onStarted called once, unless another instance is found before
     */
    void start(
            CompletableFuture<DesktopSession.LaunchResult> session,
            boolean inTray,
            Executor workers,
            Runnable onStarted) {
        CompletableFuture.delayedExecutor(SESSION_BUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS, Platform::runLater)
                .execute(() ->
                        handleLaunchResult(new DesktopSession.LaunchResult.NoSessionBus(), inTray, workers, onStarted));
        session.thenAcceptAsync(result -> handleLaunchResult(result, inTray, workers, onStarted), Platform::runLater);
    }

    private void handleLaunchResult(
            DesktopSession.LaunchResult result, boolean inTray, Executor workers, Runnable onStarted) {
        boolean late = started;
        started = true;
        switch (result) {
            case DesktopSession.LaunchResult.AlreadyRunning() -> {
                if (late) {
                    // A switch may run here by now.
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
            case DesktopSession.LaunchResult.PrimaryInstance(DesktopSession session) ->
                joinSession(session, inTray && !late, workers);
        }
        if (!late) {
            onStarted.run();
        }
    }

    void leaveSession() {
        if (desktopSession != null) {
            desktopSession.close();
        }
    }

    private void joinSession(DesktopSession session, boolean inTray, Executor workers) {
        desktopSession = session;
        session.setWindow(this);
        TrayContent content = sessionViewModel.trayContentProperty().get();
        workers.execute(() -> session.openTray(createTrayIcons(), content, this::setTrayIconShown));
        sessionViewModel.trayContentProperty().subscribe((before, now) -> session.updateTray(now));
        if (inTray) {
            PauseTransition timeout = new PauseTransition(javafx.util.Duration.millis(TRAY_TIMEOUT.toMillis()));
            timeout.setOnFinished(event -> {
                if (!trayIconShown) {
                    stage.show();
                }
            });
            timeout.play();
        } else {
            stage.show();
        }
    }

    private void setTrayIconShown(boolean shown) {
        trayIconShown = shown;
        Platform.runLater(this::handleTrayChange);
    }

    private void handleTrayChange() {
        if (trayIconShown && desktopSession != null) {
            // The content may have changed since the registration.
            desktopSession.updateTray(sessionViewModel.trayContentProperty().get());
        } else if (!stage.isShowing()) {
            stage.show();
        }
    }

    private void sendNotification(SessionViewModel.Notification notification) {
        if (desktopSession != null) {
            desktopSession.showNotification(notification, messages.text("tray.open"));
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

    private static TrayIconImages createTrayIcons() {
        return new TrayIconImages(
                Optional.ofNullable(System.getProperty("switchback.icons")),
                Stream.of(TrayContent.TrayIcon.values())
                        .collect(Collectors.toMap(Function.identity(), MainWindowController::createPixmaps)));
    }

    private static List<Pixmap> createPixmaps(TrayContent.TrayIcon icon) {
        return Stream.of(22, 44)
                .map(size -> toPixmap(ApplicationIcon.symbolic(size, icon)))
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
