package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SleepInhibitorTest {
    private final List<String> log = new ArrayList<>();

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
        SleepInhibitor.InhibitorLock lock =
                SleepInhibitor.ofLogind(program, log::add).acquire();
        assertThat(lockFile).exists();
        assertThat(Files.readString(lockFile)).contains("--what=sleep:shutdown", "--mode=block");
        assertThat(log).isEmpty();
        lock.close();
        assertThat(becomesTrue(() -> !Files.exists(lockFile))).isTrue();
    }

    @Test
    void acquireWorksWithoutLogind() {
        try (SleepInhibitor.InhibitorLock lock = SleepInhibitor.ofLogind(folder.resolve("no-such-program"), log::add)
                .acquire()) {
            assertThat(lock).isNotNull();
        }
        assertThat(log).isEmpty();
    }

    @Test
    void lockThatIsNotAcquiredIsLogged() throws IOException {
        Path program = Files.writeString(folder.resolve("systemd-inhibit"), "#!/bin/sh\nexit 1\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();

        SleepInhibitor.ofLogind(program, log::add).acquire().close();

        assertThat(log).containsExactly(SleepInhibitor.NOT_ACQUIRED);
    }

    private static boolean becomesTrue(BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(10));
        while (!condition.getAsBoolean() && Instant.now().isBefore(deadline)) {
            Thread.onSpinWait();
        }
        return condition.getAsBoolean();
    }
}
