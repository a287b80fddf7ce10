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
import org.switchback.client.BusAddress;
import org.switchback.client.DBusHelperConnections;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;
import org.switchback.client.storage.MarkerFile;
import org.switchback.gui.session.DesktopSession;
import org.switchback.gui.tasks.BackgroundTasks;

/** The JavaFX application: creates the main window and closes what it uses. */
public class SwitchbackApplication extends Application {
    private static final double INITIAL_WIDTH = 1000;
    private static final double INITIAL_HEIGHT = 760;

    /** How long the program waits for its connection after the window is closed. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(6);

    /** By then the start is over and the JVM, which checks every five seconds, has freed the memory of its compiler. */
    private static final Duration HEAP_TRIM_DELAY = Duration.ofSeconds(12);

    private final List<Runnable> closeActions = new ArrayList<>();

    /** Opens the window and returns when it is closed. JavaFX passes the name of the class to the window system. */
    static void launchApplication(Class<? extends SwitchbackApplication> applicationClass, String... args) {
        if (Boolean.getBoolean("switchback.training")) {
            WindowAotTraining.start();
        }
        launch(applicationClass, args);
    }

    @Override
    public void start(Stage stage) {
        PausablePulse.install();
        // Closing the last window may hide it in the tray.
        Platform.setImplicitExit(false);
        List<String> args =
                getParameters() == null ? List.of() : getParameters().getRaw();
        Executor workers = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("work").factory());
        CompletableFuture<DesktopSession.LaunchResult> session = startSession(parseSampleOption(args), workers);
        Messages messages = Messages.forLocale(Locale.getDefault());
        MainViewModel model = new MainViewModel(
                new DBusHelperConnections(),
                ActivityLog.of(System.getenv()),
                new BackgroundTasks(workers, Platform::runLater),
                messages,
                MarkerFile.of(System.getenv(), "started")::createOnce);
        MarkerFile alwaysShowPlan = MarkerFile.of(System.getenv(), "always-show-plan");
        workers.execute(() -> {
            boolean exists = alwaysShowPlan.exists();
            Platform.runLater(() -> {
                model.alwaysShowPlanProperty().set(exists);
                model.alwaysShowPlanProperty()
                        .subscribe((before, now) -> workers.execute(() -> alwaysShowPlan.setExists(now)));
            });
        });
        initStage(stage, model, messages);
        MainWindowController controller = new MainWindowController(stage, model, messages);
        model.exitReadyProperty().subscribe((before, now) -> {
            stage.hide();
            Platform.exit();
        });
        closeActions.add(controller::leaveSession);
        controller.start(session, args.contains("--in-tray"), workers, () -> {
            closeActions.add(() -> awaitClose(model.close()));
            model.start(parseSampleOption(args));
            CompletableFuture.delayedExecutor(HEAP_TRIM_DELAY.toMillis(), TimeUnit.MILLISECONDS, workers)
                    .execute(NativeHeap::trim);
        });
    }

    /** Looks for a running instance in the background while the window is created. */
    private static CompletableFuture<DesktopSession.LaunchResult> startSession(
            Optional<String> sample, Executor workers) {
        return CompletableFuture.supplyAsync(
                () -> DesktopSession.launch(
                        BusAddress.ofSessionBus(System.getenv()), sample, workers, Platform::runLater),
                workers);
    }

    /** Shows the view of a model in a stage. */
    static void initStage(Stage stage, MainViewModel model, Messages messages) {
        ReadOnlyObjectProperty<ColorScheme> scheme = Platform.getPreferences().colorSchemeProperty();
        // Before the first control, which would otherwise load JavaFX's default style sheet in vain.
        scheme.subscribe(ThemeSwitcher::setUserAgentTheme);
        // Of several icons JavaFX would decode all and use the one nearest to this size.
        stage.getIcons().setAll(ApplicationIcon.colored(128));
        Scene scene = new Scene(new MainView(model, messages), INITIAL_WIDTH, INITIAL_HEIGHT);
        ThemeSwitcher.bindScene(scheme, scene);
        stage.titleProperty().bind(model.titleProperty());
        stage.setMinWidth(800);
        stage.setMinHeight(600);
        stage.setScene(scene);
    }

    /** The value of {@code --sample NAME} or {@code --sample=NAME}. */
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

    /** Waits until the end of a switch is recorded, and until a sample machine has rolled back its transaction. */
    private static void awaitClose(CompletableFuture<Void> closed) {
        try {
            closed.get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException ignored) {
            // The log keeps a record of a switch with an unknown end.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stop() {
        closeActions.forEach(Runnable::run);
    }
}
