package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstStartTest {
    @Test
    void onlyTheFirstStartIsTheFirst(@TempDir Path home) {
        Map<String, String> environment = Map.of("HOME", home.toString());
        assertThat(FirstStart.of(environment).claim()).isTrue();
        assertThat(FirstStart.of(environment).claim()).isFalse();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void theStateFolderOfTheEnvironmentIsUsedWhenItIsAbsolute(@TempDir Path state, @TempDir Path home) {
        FirstStart.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", state.toString()))
                .claim();
        assertThat(state.resolve("switchback/started")).exists();
        FirstStart.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", "state")).claim();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void aFolderThatCannotBeMadeIsNoReasonToFail(@TempDir Path home) throws Exception {
        Files.writeString(home.resolve(".local"), "a file where a folder should be");
        assertThat(FirstStart.of(Map.of("HOME", home.toString())).claim()).isTrue();
    }
}
