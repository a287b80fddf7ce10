package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThatCode;

import javafx.application.Application;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class WindowAotTrainingTest {
    @ParameterizedTest
    @FieldSource("org.switchback.gui.WindowAotTraining#DISPLAY_CLASSES")
    void everyDisplayClassExistsInThisJavaFx(String name) {
        assertThatCode(() -> Class.forName(name, false, Application.class.getClassLoader()))
                .doesNotThrowAnyException();
    }
}
