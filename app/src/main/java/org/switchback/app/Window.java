package org.switchback.app;

import javafx.application.Application;
import javafx.scene.Scene;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;

/** The main window. */
public final class Window extends Application {
    /** Opens the window and returns when it is closed. */
    static void open() {
        launch(Window.class);
    }

    @Override
    public void start(Stage stage) {
        stage.setTitle("Switchback");
        stage.setScene(new Scene(new StackPane(), 960, 640));
        stage.show();
    }
}
