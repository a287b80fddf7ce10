package org.switchback.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs every fuzz target with the inputs in its corpus, and with variations of them. */
@Timeout(120)
class FuzzTargetsTest {
    private static final Path CORPUS = Path.of("src/test/resources/fuzz");
    private static final Map<String, Consumer<byte[]>> TARGETS = Map.of(
            "MemoryMapTarget", MemoryMapTarget::fuzzerTestOneInput,
            "SnapshotTextTarget", SnapshotTextTarget::fuzzerTestOneInput,
            "KernelFilesTarget", KernelFilesTarget::fuzzerTestOneInput,
            "JournalTarget", JournalTarget::fuzzerTestOneInput,
            "BusTarget", BusTarget::fuzzerTestOneInput);

    static Stream<String> targets() {
        return TARGETS.keySet().stream().sorted();
    }

    private static List<Path> corpusOf(String target) throws IOException {
        try (Stream<Path> files = Files.list(CORPUS.resolve(target))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void corpusAndItsVariationsAreReadOrRejected(String name) throws Exception {
        Consumer<byte[]> target = TARGETS.get(name);
        Random random = new Random(name.hashCode());
        for (Path file : corpusOf(name)) {
            byte[] input = Files.readAllBytes(file);
            target.accept(input);
            for (int round = 0; round < 200 && input.length > 0; round++) {
                byte[] changed = input.clone();
                for (int i = random.nextInt(8); i >= 0; i--) {
                    changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
                }
                target.accept(changed);
            }
        }
    }

    @Test
    void everyTargetHasACorpus() throws Exception {
        try (Stream<Path> folders = Files.list(CORPUS)) {
            assertThat(folders.map(folder -> folder.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(TARGETS.keySet());
        }
    }
}
