package org.switchback.app;

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
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.background.Background;
import org.switchback.app.bus.BusAddress;
import org.switchback.app.helper.DBusHelperConnections;
import org.switchback.app.session.DesktopSession;
import org.switchback.app.state.Mark;
import org.switchback.app.state.StateFolder;
import org.switchback.app.words.Words;

/** The main window. */
public class Window extends Application {
    private static final double WIDTH = 1000;
    private static final double HEIGHT = 760;

    /** How long the program goes on for that after its window has gone. */
    private static final Duration CLOSING = Duration.ofSeconds(6);

    /** What a start needs has been needed by then, and the JVM has let go of what its compiler worked in (every five seconds). */
    private static final Duration STARTING = Duration.ofSeconds(12);

    private final List<Runnable> toClose = new ArrayList<>();

    /** Opens the window and returns when it is closed. The class's name is what JavaFX tells the window system. */
    static void open(Class<? extends Window> application, String... args) {
        if (Boolean.getBoolean("switchback.training")) {
            Training.begin();
        }
        launch(application, args);
    }

    @Override
    public void start(Stage stage) {
        RestingPulse.begin();
        // Closing the last window may mean the tray.
        Platform.setImplicitExit(false);
        List<String> args = getParameters() == null ? List.of() : getParameters().getRaw();
        Executor workers = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("work").factory());
        CompletableFuture<DesktopSession.Start> session = session(sample(args), workers);
        Words words = Words.in(Locale.getDefault());
        FirstStart firstStart = FirstStart.of(System.getenv());
        MainViewModel model = new MainViewModel(
                new DBusHelperConnections(),
                ActivityLog.of(System.getenv()),
                new Background(workers, Platform::runLater),
                words,
                firstStart::claim);
        Mark always = new Mark(StateFolder.of(System.getenv()).resolve("always-show-plan"));
        workers.execute(() -> {
            boolean there = always.there();
            Platform.runLater(() -> {
                model.alwaysPlanProperty().set(there);
                model.alwaysPlanProperty()
                        .addListener((observable, old, now) -> workers.execute(() -> always.put(now)));
            });
        });
        prepare(stage, model, words);
        SessionWindow window = new SessionWindow(stage, model, words);
        model.goneProperty().addListener((observable, before, gone) -> {
            stage.hide();
            Platform.exit();
        });
        toClose.add(window::leave);
        window.enter(session, args.contains("--in-tray"), workers, () -> {
            toClose.add(() -> await(model.close()));
            model.start(sample(args));
            CompletableFuture.delayedExecutor(STARTING.toMillis(), TimeUnit.MILLISECONDS, workers)
                    .execute(NativeHeap::giveBack);
        });
    }

    /** Looks for another window of this program while this one is made. */
    private static CompletableFuture<DesktopSession.Start> session(Optional<String> sample, Executor workers) {
        return CompletableFuture.supplyAsync(
                () -> DesktopSession.start(BusAddress.session(System.getenv()), sample, workers, Platform::runLater),
                workers);
    }

    /** Puts the view of a model into a stage. */
    static void prepare(Stage stage, MainViewModel model, Words words) {
        ReadOnlyObjectProperty<ColorScheme> scheme = Platform.getPreferences().colorSchemeProperty();
        // Before the first control, which would otherwise read JavaFX's own style sheet for nothing.
        scheme.subscribe(Appearance::choose);
        // Of several pictures JavaFX would take the one nearest to this size and decode all.
        stage.getIcons().setAll(ProductIcon.colored(128));
        Scene scene = new Scene(new MainView(model, words), WIDTH, HEIGHT);
        Appearance.follow(scheme, scene);
        stage.titleProperty().bind(model.titleProperty());
        stage.setMinWidth(800);
        stage.setMinHeight(600);
        stage.setScene(scene);
    }

    /** The value of {@code --sample}, written in either way. */
    static Optional<String> sample(List<String> args) {
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
    private static void await(CompletableFuture<Void> closed) {
        try {
            closed.get(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException left) {
            // The attempt stays in the log as one whose end nobody heard.
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stop() {
        toClose.forEach(Runnable::run);
    }
}
