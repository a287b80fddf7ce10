package org.switchback.app;

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
import org.switchback.app.session.DesktopSession;
import org.switchback.app.session.SessionViewModel;
import org.switchback.app.session.TrayContent;
import org.switchback.app.session.TrayPictures;
import org.switchback.app.session.bus.StatusNotifierItem.Pixmap;
import org.switchback.app.words.Words;

/**
 * The main window as a part of the desktop session: it hides in the tray as long as there is one, is raised by later
 * starts of the program, and says what happens behind a person's back. Belongs to the drawing thread.
 */
final class SessionWindow implements SessionViewModel.Deeds, DesktopSession.Window {
    /** How long a window waits for the answer of a session bus before it shows itself. */
    private static final Duration SESSION = Duration.ofSeconds(2);

    /** How long a window that was asked to start in the tray waits for one before it shows itself. */
    private static final Duration TRAY = Duration.ofSeconds(3);

    private final Stage stage;
    private final MainViewModel model;
    private final Words words;
    private final SessionViewModel session;
    /** Set on whatever thread hears it: a click on the window's close button overtakes what waits for the drawing thread. */
    private volatile boolean hosted;
    private @Nullable DesktopSession desktop;
    /** Whether it is at work, with or without a session. */
    private boolean begun;

    SessionWindow(Stage stage, MainViewModel model, Words words) {
        this.stage = stage;
        this.model = model;
        this.words = words;
        this.session = new SessionViewModel(
                words, model.gpus(), model.switchingProperty(), this, stage::isFocused, this::say);
        stage.showingProperty().addListener((observable, was, shown) -> session.hiddenProperty().set(!shown));
        stage.setOnCloseRequest(event -> {
            event.consume();
            if (hosted) {
                stage.hide();
            } else {
                quit();
            }
        });
        // Asked for from the tray, it says in the window why it waits.
        model.leavingProperty().addListener((observable, before, said) -> {
            if (!said.isEmpty()) {
                raise();
            }
        });
    }

    /** Whether a tray shows it. */
    boolean hosted() {
        return hosted;
    }

    /**
     * Shows itself, and takes its place in the session as soon as that has answered: a slow one keeps nobody from the
     * window, nor the window from its tray.
     *
     * @param inTray whether the window is to be seen in the tray alone at first
     * @param begin  called once, unless there is another window already
     */
    void enter(CompletableFuture<DesktopSession.Start> session, boolean inTray, Executor workers, Runnable begin) {
        CompletableFuture.delayedExecutor(SESSION.toMillis(), TimeUnit.MILLISECONDS, Platform::runLater)
                .execute(() -> found(new DesktopSession.Start.Alone(), inTray, workers, begin));
        session.thenAcceptAsync(found -> found(found, inTray, workers, begin), Platform::runLater);
    }

    private void found(DesktopSession.Start start, boolean inTray, Executor workers, Runnable begin) {
        boolean late = begun;
        begun = true;
        switch (start) {
            case DesktopSession.Start.Again() -> {
                if (late) {
                    // Something may have been begun here since.
                    quit();
                } else {
                    Platform.exit();
                }
                return;
            }
            case DesktopSession.Start.Alone() -> {
                if (!late) {
                    stage.show();
                }
            }
            case DesktopSession.Start.First(DesktopSession joined) -> join(joined, inTray && !late, workers);
        }
        if (!late) {
            begin.run();
        }
    }

    /** Leaves the session, where it is in one. */
    void leave() {
        if (desktop != null) {
            desktop.close();
        }
    }

    /**
     * Takes its place in a session.
     *
     * @param inTray whether the window is to be seen in the tray alone at first
     */
    private void join(DesktopSession joined, boolean inTray, Executor workers) {
        desktop = joined;
        joined.serve(this);
        TrayContent first = session.contentProperty().get();
        workers.execute(() -> joined.openTray(pictures(), first, this::hosted));
        session.contentProperty().addListener((observable, old, now) -> joined.show(now));
        if (inTray) {
            PauseTransition patience = new PauseTransition(javafx.util.Duration.millis(TRAY.toMillis()));
            patience.setOnFinished(event -> {
                if (!hosted) {
                    stage.show();
                }
            });
            patience.play();
        } else {
            stage.show();
        }
    }

    private void hosted(boolean now) {
        hosted = now;
        Platform.runLater(this::hostedChanged);
    }

    private void hostedChanged() {
        if (hosted && desktop != null) {
            // What has changed between the registration and now.
            desktop.show(session.contentProperty().get());
        } else if (!stage.isShowing()) {
            stage.show();
        }
    }

    private void say(SessionViewModel.Notice notice) {
        if (desktop != null) {
            desktop.say(notice, words.text("tray.open"));
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

    private static TrayPictures pictures() {
        return new TrayPictures(
                Optional.ofNullable(System.getProperty("switchback.icons")),
                Stream.of(TrayContent.Sign.values())
                        .collect(Collectors.toMap(Function.identity(), SessionWindow::pixmaps)));
    }

    private static List<Pixmap> pixmaps(TrayContent.Sign sign) {
        return Stream.of(22, 44)
                .map(size -> pixmap(ProductIcon.symbolic(size, sign)))
                .toList();
    }

    private static Pixmap pixmap(Image image) {
        int width = (int) image.getWidth();
        int height = (int) image.getHeight();
        int[] pixels = new int[width * height];
        image.getPixelReader().getPixels(0, 0, width, height, PixelFormat.getIntArgbInstance(), pixels, 0, width);
        ByteBuffer bytes = ByteBuffer.allocate(pixels.length * Integer.BYTES);
        bytes.asIntBuffer().put(pixels);
        return new Pixmap(width, height, bytes.array());
    }
}
