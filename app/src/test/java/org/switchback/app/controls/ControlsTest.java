package org.switchback.app.controls;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.Pane;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.app.Screen;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class ControlsTest {
    private final Pane tall = new Pane();
    private ScrollPane scroll;

    @Start
    void start(Stage stage) {
        tall.setMinHeight(2000);
        scroll = Controls.scrolling(tall);
        stage.setScene(new Scene(scroll, 300, 200));
        stage.show();
    }

    @Test
    void aPageIsKeptAsAPictureOnlyOnceItIsScrolled() {
        Node viewport = Screen.onScreen(() -> scroll.lookup(".viewport"));
        assertThat(viewport.isCache()).isFalse();
        Screen.onScreen(() -> {
            scroll.setVvalue(0.5);
            return true;
        });
        assertThat(viewport.isCache()).isTrue();
        assertThat(tall.getWidth()).as("as wide as its place").isBetween(scroll.getWidth() - 30, scroll.getWidth());
    }
}
