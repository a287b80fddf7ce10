package org.switchback.app;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.scene.Scene;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.background.Background;
import org.switchback.app.helper.DBusHelperConnections;
import org.switchback.app.words.Words;

/** The main window. */
public final class Window extends Application {
    private static final double WIDTH = 1000;
    private static final double HEIGHT = 760;

    private @Nullable MainViewModel model;

    /** Opens the window and returns when it is closed. */
    static void open(String... args) {
        if (Boolean.getBoolean("switchback.training")) {
            closeSoon();
        }
        launch(Window.class, args);
    }

    /** Packaging opens the window once to learn which classes it needs. */
    private static void closeSoon() {
        Thread.ofPlatform().daemon().start(() -> {
            LockSupport.parkNanos(Duration.ofSeconds(5).toNanos());
            Platform.exit();
        });
    }

    @Override
    public void start(Stage stage) {
        Words words = Words.in(Locale.getDefault());
        Executor workers = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("work-", 0).factory());
        FirstStart firstStart = FirstStart.of(System.getenv());
        MainViewModel opened = new MainViewModel(
                new DBusHelperConnections(),
                ActivityLog.of(System.getenv()),
                new Background(workers, Platform::runLater),
                words,
                firstStart::claim);
        model = opened;
        show(stage, opened, words);
        opened.start(sample(getParameters() == null ? List.of() : getParameters().getRaw()));
    }

    /** Puts the view of a model into a stage. */
    static void show(Stage stage, MainViewModel model, Words words) {
        Scene scene = new Scene(new MainView(model, words), WIDTH, HEIGHT);
        Appearance.follow(Platform.getPreferences().colorSchemeProperty(), scene);
        stage.titleProperty().bind(model.titleProperty());
        stage.setMinWidth(800);
        stage.setMinHeight(600);
        stage.setScene(scene);
        stage.show();
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

    @Override
    public void stop() {
        if (model != null) {
            model.close();
        }
    }
}
