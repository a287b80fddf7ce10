package org.switchback.gui.controls;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.Pane;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.switchback.gui.TestWindow;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class ControlsTest {
    private final Pane tallPane = new Pane();
    private ScrollPane scrollPane;

    @Start
    void start(Stage stage) {
        tallPane.setMinHeight(2000);
        scrollPane = Controls.createScrollPane(tallPane);
        stage.setScene(new Scene(scrollPane, 300, 200));
        stage.show();
    }

    @Test
    void viewportIsCachedOnlyAfterScrolling() {
        Node viewport = TestWindow.callOnFxThread(() -> scrollPane.lookup(".viewport"));
        assertThat(viewport.isCache()).isFalse();
        TestWindow.callOnFxThread(() -> {
            scrollPane.setVvalue(0.5);
            return true;
        });
        assertThat(viewport.isCache()).isTrue();
        assertThat(tallPane.getWidth())
                .as("width, without the scroll bar")
                .isBetween(scrollPane.getWidth() - 30, scrollPane.getWidth());
    }
}
