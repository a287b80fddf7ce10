package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstStartMarkerTest {
    @Test
    void onlyTheFirstCallReturnsTrue(@TempDir Path home) {
        Map<String, String> environment = Map.of("HOME", home.toString());
        assertThat(FirstStartMarker.of(environment).checkAndMark()).isTrue();
        assertThat(FirstStartMarker.of(environment).checkAndMark()).isFalse();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void onlyAnAbsoluteXdgStateHomeIsUsed(@TempDir Path state, @TempDir Path home) {
        FirstStartMarker.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", state.toString()))
                .checkAndMark();
        assertThat(state.resolve("switchback/started")).exists();
        FirstStartMarker.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", "state"))
                .checkAndMark();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void anUncreatableDirectoryIsIgnored(@TempDir Path home) throws Exception {
        Files.writeString(home.resolve(".local"), "a file where a folder should be");
        assertThat(FirstStartMarker.of(Map.of("HOME", home.toString())).checkAndMark())
                .isTrue();
    }
}
