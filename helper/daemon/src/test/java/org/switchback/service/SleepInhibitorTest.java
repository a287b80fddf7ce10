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
        Path lockFile = folder.resolve("lock");
        Path program = folder.resolve("systemd-inhibit");
        Files.writeString(program, """
                #!/bin/sh
                echo "$*" >"%1$s.new"
                mv "%1$s.new" "%1$s"
                while [ "${1#--}" != "$1" ]; do shift; done
                "$@"
                rm "%1$s"
                """.formatted(lockFile));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        SleepInhibitor.InhibitorLock lock = SleepInhibitor.ofLogind(program).acquire();
        assertThat(lockFile).exists();
        assertThat(Files.readString(lockFile)).contains("--what=sleep:shutdown", "--mode=block");
        lock.close();
        assertThat(becomesTrue(() -> !Files.exists(lockFile))).isTrue();
    }

    @Test
    void acquireWorksWithoutLogind() {
        try (SleepInhibitor.InhibitorLock lock =
                SleepInhibitor.ofLogind(folder.resolve("no-such-program")).acquire()) {
            assertThat(lock).isNotNull();
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
