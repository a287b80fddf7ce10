package org.switchback.app;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.scene.Scene;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;

/** The main window. */
public final class Window extends Application {
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
        stage.setTitle("Switchback");
        stage.setScene(new Scene(new StackPane(), 960, 640));
        stage.show();
    }
}
