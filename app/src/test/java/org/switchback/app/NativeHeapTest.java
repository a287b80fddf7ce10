package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NativeHeapTest {
    private static final int PIECE = 4096;
    private static final int PIECES = 10_000;

    /** Seven of eight pieces are free in the middle of what is in use, where free(3) itself gives nothing back. */
    @Test
    void whatIsFreeInTheMiddleIsGivenBack() throws IOException {
        List<Memory> pieces =
                IntStream.range(0, PIECES).mapToObj(i -> filled()).toList();
        for (int i = 0; i < PIECES; i++) {
            if (i % 8 != 0) {
                pieces.get(i).close();
            }
        }
        long before = resident();

        NativeHeap.giveBack();

        assertThat(before - resident()).isGreaterThan(PIECES * PIECE / 1024 / 2);
        pieces.forEach(Memory::close);
    }

    private static Memory filled() {
        Memory piece = new Memory(PIECE);
        piece.setMemory(0, PIECE, (byte) 1);
        return piece;
    }

    /** In KiB. */
    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
