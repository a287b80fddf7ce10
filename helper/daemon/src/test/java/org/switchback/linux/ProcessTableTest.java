package org.switchback.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With lines of /proc/PID/stat as Linux 6.1 writes them. */
class ProcessTableTest {
    private static final String KERNEL_THREAD_STAT = " S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 27 0 0 ";
    private static final String PROCESS_STAT = " S 1 1 1 0 -1 4194560 5711 93437 71 1101 19 54 180 167 20 0 1 0 27 ";

    @TempDir
    private Path root;

    private ProcessTable processTable;

    @BeforeEach
    void createTree() throws IOException {
        writeProcess("1", "systemd", PROCESS_STAT);
        writeProcess("2", "kthreadd", KERNEL_THREAD_STAT);
        writeProcess("17", "kworker/u8:1", KERNEL_THREAD_STAT);
        writeProcess("814", "Xorg", PROCESS_STAT);
        writeChildren("17 ");
        processTable = new ProcessTable(new KernelFileReader(root));
    }

    private void writeProcess(String pid, String name, String stat) throws IOException {
        Path folder = Files.createDirectories(root.resolve("proc/" + pid));
        Files.writeString(folder.resolve("stat"), pid + " (" + name + ")" + stat + "\n");
    }

    private void writeChildren(String pids) throws IOException {
        Path folder = Files.createDirectories(root.resolve("proc/2/task/2"));
        Files.writeString(folder.resolve("children"), pids);
    }

    @Test
    void kernelThreadsAreExcluded() {
        assertThat(processTable.listPids()).containsExactly("1", "814");
    }

    @Test
    void usermodeHelperIsListed() throws IOException {
        writeProcess("900", "modprobe", PROCESS_STAT);
        writeChildren("17 900 ");

        assertThat(processTable.listPids()).contains("900");
    }

    @Test
    void processNameCannotFakeAKernelThread() throws IOException {
        writeProcess("900", "a) S 0 0 0 0 -1 2129984 0 (b", PROCESS_STAT);
        writeChildren("17 900 ");

        assertThat(processTable.listPids()).contains("900");
    }

    @Test
    void reusedKernelThreadPidIsListed() throws IOException {
        assertThat(processTable.listPids()).doesNotContain("17");

        writeProcess("17", "bash", PROCESS_STAT);
        writeChildren("");

        assertThat(processTable.listPids()).contains("17");
    }

    @Test
    void pidTwoInAContainerIsListed() throws IOException {
        writeProcess("2", "bash", PROCESS_STAT);
        writeProcess("17", "qemu-system-x86", PROCESS_STAT);

        assertThat(processTable.listPids()).containsExactly("1", "17", "2", "814");
    }

    @Test
    void withoutChildrenFileAllProcessesAreListed() throws IOException {
        Files.delete(root.resolve("proc/2/task/2/children"));

        assertThat(processTable.listPids()).contains("17", "814");
    }
}
