package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NativeHeapTest {
    private static final int BLOCK_SIZE = 4096;
    private static final int BLOCK_COUNT = 10_000;

    /** Frees seven of eight blocks. Used blocks in between keep free(3) from returning any memory to the system. */
    @Test
    void freeBlocksBetweenUsedOnesAreReturned() throws IOException {
        List<Memory> blocks =
                IntStream.range(0, BLOCK_COUNT).mapToObj(i -> allocateBlock()).toList();
        for (int i = 0; i < BLOCK_COUNT; i++) {
            if (i % 8 != 0) {
                blocks.get(i).close();
            }
        }
        long before = residentKib();

        NativeHeap.trim();

        assertThat(before - residentKib()).isGreaterThan(BLOCK_COUNT * BLOCK_SIZE / 1024 / 2);
        blocks.forEach(Memory::close);
    }

    private static Memory allocateBlock() {
        Memory block = new Memory(BLOCK_SIZE);
        block.setMemory(0, BLOCK_SIZE, (byte) 1);
        return block;
    }

    private static long residentKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
