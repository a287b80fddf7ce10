package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    Path folder;

    private byte[] written() throws IOException {
        try (Journal journal = Journal.begin(folder.resolve("journal"), "boot-1", "0123456789abcdef", 20)) {
            journal.open(List.of("0000:01:00.0", "vm", ""), List.of(List.of("offer", "", "0000:01:00.0", "", "", "")));
            journal.append(Journal.Kind.INTENT, List.of("0", "nvidia", ""));
            journal.append(Journal.Kind.DONE, List.of("0", "a\ttab, a\nline and 100 %09", ""));
        }
        return Files.readAllBytes(folder.resolve("journal"));
    }

    @Test
    void whatWasAppendedIsReadWhateverTheFieldsHold() throws IOException {
        Journal.Content content = Journal.read(written());
        assertThat(content.brokenMiddle()).isFalse();
        assertThat(content.entries())
                .extracting(Journal.Entry::kind)
                .containsExactly(Journal.Kind.STEP, Journal.Kind.BEGIN, Journal.Kind.INTENT, Journal.Kind.DONE);
        assertThat(content.entries().getLast().fields()).containsExactly("0", "a\ttab, a\nline and 100 %09", "");
        assertThat(content.entries()).allMatch(e -> e.boot().equals("boot-1"));
    }

    @Test
    void onlyItsOwnerReadsIt() throws IOException {
        written();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("journal"))))
                .isEqualTo("rw-------");
    }

    @Test
    void aCutAtAnyByteLeavesTheWholeRecordsBeforeIt() throws IOException {
        byte[] bytes = written();
        int records = 0;
        for (int cut = 0; cut <= bytes.length; cut++) {
            byte[] torn = Arrays.copyOf(Arrays.copyOf(bytes, cut), bytes.length);
            Journal.Content content = Journal.read(torn);
            assertThat(content.brokenMiddle()).as("cut at %d", cut).isFalse();
            assertThat(content.entries().size()).as("cut at %d", cut).isGreaterThanOrEqualTo(records);
            records = content.entries().size();
            assertThat(Journal.read(Arrays.copyOf(bytes, cut)).entries()).isEqualTo(content.entries());
        }
        assertThat(records).isEqualTo(4);
    }

    @Test
    void aFlippedBitInAnEarlierRecordIsABrokenMiddle() throws IOException {
        byte[] bytes = written();
        bytes[20] ^= 1;
        Journal.Content content = Journal.read(bytes);
        assertThat(content.entries()).isEmpty();
        assertThat(content.brokenMiddle()).isTrue();
    }

    @Property(tries = 2_000)
    void noBytesBreakTheReader(@ForAll byte[] bytes) {
        assertThat(Journal.read(bytes).entries()).isEmpty();
    }

    @Property(tries = 300)
    void noDamageBreaksTheReader(@ForAll int seed) throws IOException {
        Path own = Files.createTempDirectory("journal");
        folder = own;
        byte[] bytes = written();
        java.util.Random random = new java.util.Random(seed);
        for (int i = 0; i < 5; i++) {
            bytes[random.nextInt(500)] = (byte) random.nextInt();
        }
        assertThat(Journal.read(bytes).entries().size()).isLessThanOrEqualTo(4);
        Files.delete(own.resolve("journal"));
        Files.delete(own);
    }
}
