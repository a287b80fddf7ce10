package org.switchback.client.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MarkerFileTest {
    @Test
    void onlyTheFirstCallReturnsTrue(@TempDir Path home) {
        Map<String, String> environment = Map.of("HOME", home.toString());
        assertThat(MarkerFile.of(environment, "started").createOnce()).isTrue();
        assertThat(MarkerFile.of(environment, "started").createOnce()).isFalse();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void onlyAnAbsoluteXdgStateHomeIsUsed(@TempDir Path state, @TempDir Path home) {
        MarkerFile.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", state.toString()), "started")
                .createOnce();
        assertThat(state.resolve("switchback/started")).exists();
        MarkerFile.of(Map.of("HOME", home.toString(), "XDG_STATE_HOME", "state"), "started")
                .createOnce();
        assertThat(home.resolve(".local/state/switchback/started")).exists();
    }

    @Test
    void anUncreatableDirectoryIsIgnored(@TempDir Path home) throws Exception {
        Files.writeString(home.resolve(".local"), "a file where a folder should be");
        assertThat(MarkerFile.of(Map.of("HOME", home.toString()), "started").createOnce())
                .isTrue();
    }
}
