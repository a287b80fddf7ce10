package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SleepInhibitorTest {
    @TempDir
    Path folder;

    @Test
    void lockLastsUntilClosed() throws IOException {
        Path taken = folder.resolve("taken");
        Path program = folder.resolve("systemd-inhibit");
        Files.writeString(program, """
                #!/bin/sh
                echo "$*" >"%1$s.new"
                mv "%1$s.new" "%1$s"
                while [ "${1#--}" != "$1" ]; do shift; done
                "$@"
                rm "%1$s"
                """.formatted(taken));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        SleepInhibitor.InhibitorLock held = SleepInhibitor.ofLogind(program).acquire();
        assertThat(taken).exists();
        assertThat(Files.readString(taken)).contains("--what=sleep:shutdown", "--mode=block");
        held.close();
        assertThat(becomesTrue(() -> !Files.exists(taken))).isTrue();
    }

    @Test
    void acquireWorksWithoutLogind() {
        try (SleepInhibitor.InhibitorLock held =
                SleepInhibitor.ofLogind(folder.resolve("no-such-program")).acquire()) {
            assertThat(held).isNotNull();
        }
    }

    private static boolean becomesTrue(BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(10));
        while (!condition.getAsBoolean() && Instant.now().isBefore(deadline)) {
            Thread.onSpinWait();
        }
        return condition.getAsBoolean();
    }
}
