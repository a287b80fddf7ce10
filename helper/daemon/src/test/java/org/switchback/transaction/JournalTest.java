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

    private byte[] writeSampleJournal() throws IOException {
        try (Journal journal = Journal.create(folder.resolve("journal"), "boot-1", "0123456789abcdef", 20)) {
            journal.appendBegin(List.of("0000:01:00.0", "vm", ""), List.of(List.of("offer", "", "0000:01:00.0", "", "", "")));
            journal.append(Journal.JournalRecordKind.INTENT, List.of("0", "nvidia", ""));
            journal.append(Journal.JournalRecordKind.DONE, List.of("0", "a\ttab, a\nline and 100 %09", ""));
        }
        return Files.readAllBytes(folder.resolve("journal"));
    }

    @Test
    void appendedRecordsAreReadBackWithAnyFieldContent() throws IOException {
        Journal.JournalContent content = Journal.read(writeSampleJournal());
        assertThat(content.isCorrupt()).isFalse();
        assertThat(content.records())
                .extracting(Journal.JournalRecord::kind)
                .containsExactly(Journal.JournalRecordKind.STEP, Journal.JournalRecordKind.BEGIN, Journal.JournalRecordKind.INTENT, Journal.JournalRecordKind.DONE);
        assertThat(content.records().getLast().fields()).containsExactly("0", "a\ttab, a\nline and 100 %09", "");
        assertThat(content.records()).allMatch(e -> e.bootId().equals("boot-1"));
    }

    @Test
    void journalIsReadableOnlyByItsOwner() throws IOException {
        writeSampleJournal();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("journal"))))
                .isEqualTo("rw-------");
    }

    @Test
    void truncationAtAnyByteKeepsEarlierRecords() throws IOException {
        byte[] bytes = writeSampleJournal();
        int records = 0;
        for (int cut = 0; cut <= bytes.length; cut++) {
            byte[] torn = Arrays.copyOf(Arrays.copyOf(bytes, cut), bytes.length);
            Journal.JournalContent content = Journal.read(torn);
            assertThat(content.isCorrupt()).as("cut at %d", cut).isFalse();
            assertThat(content.records().size()).as("cut at %d", cut).isGreaterThanOrEqualTo(records);
            records = content.records().size();
            assertThat(Journal.read(Arrays.copyOf(bytes, cut)).records()).isEqualTo(content.records());
        }
        assertThat(records).isEqualTo(4);
    }

    @Test
    void bitFlipInEarlierRecordIsCorruption() throws IOException {
        byte[] bytes = writeSampleJournal();
        bytes[20] ^= 1;
        Journal.JournalContent content = Journal.read(bytes);
        assertThat(content.records()).isEmpty();
        assertThat(content.isCorrupt()).isTrue();
    }

    @Property(tries = 2_000)
    void arbitraryBytesDoNotBreakTheReader(@ForAll byte[] bytes) {
        assertThat(Journal.read(bytes).records()).isEmpty();
    }

    @Property(tries = 300)
    void arbitraryDamageDoesNotBreakTheReader(@ForAll int seed) throws IOException {
        Path own = Files.createTempDirectory("journal");
        folder = own;
        byte[] bytes = writeSampleJournal();
        java.util.Random random = new java.util.Random(seed);
        for (int i = 0; i < 5; i++) {
            bytes[random.nextInt(500)] = (byte) random.nextInt();
        }
        assertThat(Journal.read(bytes).records().size()).isLessThanOrEqualTo(4);
        Files.delete(own.resolve("journal"));
        Files.delete(own);
    }
}
