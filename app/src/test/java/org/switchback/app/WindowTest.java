package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class WindowTest {
    private Stage stage;

    @Start
    void start(Stage stage) {
        this.stage = stage;
        new Window().start(stage);
    }

    @Test
    void opensWithTheNameOfTheApp() {
        assertThat(stage.getTitle()).isEqualTo("Switchback");
        assertThat(stage.isShowing()).isTrue();
    }
}
