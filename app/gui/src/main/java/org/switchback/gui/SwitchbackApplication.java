package org.switchback.gui;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javafx.application.Application;
import javafx.application.ColorScheme;
import javafx.application.Platform;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.scene.Scene;
import javafx.stage.Stage;
import org.switchback.client.activity.ActivityLog;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.client.BusAddress;
import org.switchback.client.DBusHelperConnections;
import org.switchback.gui.session.DesktopSession;
import org.switchback.client.storage.MarkerFile;
import org.switchback.client.storage.StateDirectory;
import org.switchback.client.messages.Messages;

/** The main window. */
public class SwitchbackApplication extends Application {
    private static final double INITIAL_WIDTH = 1000;
    private static final double INITIAL_HEIGHT = 760;

    /** How long the program goes on for that after its window has gone. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(6);

    /** What a start needs has been needed by then, and the JVM has let go of what its compiler worked in (every five seconds). */
    private static final Duration HEAP_TRIM_DELAY = Duration.ofSeconds(12);

    private final List<Runnable> closeActions = new ArrayList<>();

    /** Opens the window and returns when it is closed. The class's name is what JavaFX tells the window system. */
    static void launchApplication(Class<? extends SwitchbackApplication> application, String... args) {
        if (Boolean.getBoolean("switchback.training")) {
            WindowAotTraining.start();
        }
        launch(application, args);
    }

    @Override
    public void start(Stage stage) {
        PausablePulse.install();
        // Closing the last window may mean the tray.
        Platform.setImplicitExit(false);
        List<String> args = getParameters() == null ? List.of() : getParameters().getRaw();
        Executor workers = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("work").factory());
        CompletableFuture<DesktopSession.LaunchResult> session = startSession(parseSampleOption(args), workers);
        Messages words = Messages.forLocale(Locale.getDefault());
        FirstStartMarker firstStart = FirstStartMarker.of(System.getenv());
        MainViewModel model = new MainViewModel(
                new DBusHelperConnections(),
                ActivityLog.of(System.getenv()),
                new BackgroundTasks(workers, Platform::runLater),
                words,
                firstStart::checkAndMark);
        MarkerFile always = new MarkerFile(StateDirectory.of(System.getenv()).resolve("always-show-plan"));
        workers.execute(() -> {
            boolean there = always.exists();
            Platform.runLater(() -> {
                model.alwaysShowPlanProperty().set(there);
                model.alwaysShowPlanProperty()
                        .addListener((observable, old, now) -> workers.execute(() -> always.setExists(now)));
            });
        });
        initStage(stage, model, words);
        MainWindowController window = new MainWindowController(stage, model, words);
        model.exitReadyProperty().addListener((observable, before, gone) -> {
            stage.hide();
            Platform.exit();
        });
        closeActions.add(window::leaveSession);
        window.start(session, args.contains("--in-tray"), workers, () -> {
            closeActions.add(() -> awaitClose(model.close()));
            model.start(parseSampleOption(args));
            CompletableFuture.delayedExecutor(HEAP_TRIM_DELAY.toMillis(), TimeUnit.MILLISECONDS, workers)
                    .execute(NativeHeap::trim);
        });
    }

    /** Looks for another window of this program while this one is made. */
    private static CompletableFuture<DesktopSession.LaunchResult> startSession(Optional<String> sample, Executor workers) {
        return CompletableFuture.supplyAsync(
                () -> DesktopSession.launch(BusAddress.ofSessionBus(System.getenv()), sample, workers, Platform::runLater),
                workers);
    }

    /** Puts the view of a model into a stage. */
    static void initStage(Stage stage, MainViewModel model, Messages words) {
        ReadOnlyObjectProperty<ColorScheme> scheme = Platform.getPreferences().colorSchemeProperty();
        // Before the first control, which would otherwise read JavaFX's own style sheet for nothing.
        scheme.subscribe(ThemeSwitcher::setUserAgentTheme);
        // Of several pictures JavaFX would take the one nearest to this size and decode all.
        stage.getIcons().setAll(ApplicationIcon.colored(128));
        Scene scene = new Scene(new MainView(model, words), INITIAL_WIDTH, INITIAL_HEIGHT);
        ThemeSwitcher.bindScene(scheme, scene);
        stage.titleProperty().bind(model.titleProperty());
        stage.setMinWidth(800);
        stage.setMinHeight(600);
        stage.setScene(scene);
    }

    /** The value of {@code --sample}, written in either way. */
    static Optional<String> parseSampleOption(List<String> args) {
        for (int i = 0; i < args.size(); i++) {
            if (args.get(i).startsWith("--sample=")) {
                return Optional.of(args.get(i).substring("--sample=".length()));
            }
            if (args.get(i).equals("--sample") && i + 1 < args.size()) {
                return Optional.of(args.get(i + 1));
            }
        }
        return Optional.empty();
    }

    /** For the end of a switch to be written down, and for a sample machine to put back what it was doing. */
    private static void awaitClose(CompletableFuture<Void> closed) {
        try {
            closed.get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException left) {
            // The attempt stays in the log as one whose end nobody heard.
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stop() {
        closeActions.forEach(Runnable::run);
    }
}
