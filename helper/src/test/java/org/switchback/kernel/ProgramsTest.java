package org.switchback.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of /proc/PID/stat as Linux 6.1 writes them. */
class ProgramsTest {
    private static final String THREAD = " S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 27 0 0 ";
    private static final String PROGRAM = " S 1 1 1 0 -1 4194560 5711 93437 71 1101 19 54 180 167 20 0 1 0 27 ";

    @TempDir
    private Path root;

    private Programs programs;

    @BeforeEach
    void aComputer() throws IOException {
        process("1", "systemd", PROGRAM);
        process("2", "kthreadd", THREAD);
        process("17", "kworker/u8:1", THREAD);
        process("814", "Xorg", PROGRAM);
        children("17 ");
        programs = new Programs(new KernelFiles(root));
    }

    private void process(String number, String name, String rest) throws IOException {
        Path folder = Files.createDirectories(root.resolve("proc/" + number));
        Files.writeString(folder.resolve("stat"), number + " (" + name + ")" + rest + "\n");
    }

    private void children(String numbers) throws IOException {
        Path folder = Files.createDirectories(root.resolve("proc/2/task/2"));
        Files.writeString(folder.resolve("children"), numbers);
    }

    @Test
    void theKernelsThreadsAreNone() {
        assertThat(programs.now()).containsExactly("1", "814");
    }

    @Test
    void aProgramThatTheKernelHasStartedIsOne() throws IOException {
        process("900", "modprobe", PROGRAM);
        children("17 900 ");

        assertThat(programs.now()).contains("900");
    }

    @Test
    void aNameCannotMakeAProgramAThread() throws IOException {
        process("900", "a) S 0 0 0 0 -1 2129984 0 (b", PROGRAM);
        children("17 900 ");

        assertThat(programs.now()).contains("900");
    }

    @Test
    void aProgramMayHaveTheNumberOfAThreadThatHasEnded() throws IOException {
        assertThat(programs.now()).doesNotContain("17");

        process("17", "bash", PROGRAM);
        children("");

        assertThat(programs.now()).contains("17");
    }

    @Test
    void inAContainerTheSecondProcessIsAProgramLikeAnyOther() throws IOException {
        process("2", "bash", PROGRAM);
        process("17", "qemu-system-x86", PROGRAM);

        assertThat(programs.now()).containsExactly("1", "17", "2", "814");
    }

    @Test
    void aKernelThatDoesNotTellChildrenHasEverythingLookedAt() throws IOException {
        Files.delete(root.resolve("proc/2/task/2/children"));

        assertThat(programs.now()).contains("17", "814");
    }
}
