package org.switchback.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.transaction.Journal.JournalRecordKind;

class JournalTest {
    @TempDir
    Path temp;

    private static byte[] writeSampleJournal(Path folder) throws IOException {
        Path file = folder.resolve("journal");
        try (Journal journal = Journal.create(file, "boot-1", "0123456789abcdef", 20)) {
            journal.appendBegin(
                    List.of("0000:01:00.0", "vm", ""), List.of(List.of("probe-any", "", "0000:01:00.0", "", "", "")));
            journal.append(JournalRecordKind.INTENT, List.of("0", "nvidia", ""));
            journal.append(JournalRecordKind.DONE, List.of("0", "a\ttab, a\nline and 100 %09", ""));
        }
        return Files.readAllBytes(file);
    }

    @Test
    void appendedRecordsAreReadBackWithAnyFieldContent() throws IOException {
        Journal.JournalContent content = Journal.read(writeSampleJournal(temp));
        assertThat(content.isCorrupt()).isFalse();
        assertThat(content.records())
                .extracting(Journal.JournalRecord::kind)
                .containsExactly(
                        JournalRecordKind.STEP,
                        JournalRecordKind.BEGIN,
                        JournalRecordKind.INTENT,
                        JournalRecordKind.DONE);
        assertThat(content.records().getLast().fields()).containsExactly("0", "a\ttab, a\nline and 100 %09", "");
        assertThat(content.records()).allMatch(record -> record.bootId().equals("boot-1"));
    }

    @Test
    void journalIsReadableOnlyByItsOwner() throws IOException {
        writeSampleJournal(temp);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(temp.resolve("journal"))))
                .isEqualTo("rw-------");
    }

    @Test
    void truncationAtAnyByteKeepsEarlierRecords() throws IOException {
        byte[] bytes = writeSampleJournal(temp);
        int records = 0;
        for (int cut = 0; cut <= bytes.length; cut++) {
            byte[] truncated = Arrays.copyOf(Arrays.copyOf(bytes, cut), bytes.length);
            Journal.JournalContent content = Journal.read(truncated);
            assertThat(content.isCorrupt()).as("cut at %d", cut).isFalse();
            assertThat(content.records().size()).as("cut at %d", cut).isGreaterThanOrEqualTo(records);
            records = content.records().size();
            assertThat(Journal.read(Arrays.copyOf(bytes, cut)).records()).isEqualTo(content.records());
        }
        assertThat(records).isEqualTo(4);
    }

    @Test
    void bitFlipInEarlierRecordIsCorruption() throws IOException {
        byte[] bytes = writeSampleJournal(temp);
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
        // jqwik does not inject the temporary folder of JUnit.
        Path folder = Files.createTempDirectory("journal");
        byte[] bytes = writeSampleJournal(folder);
        Random random = new Random(seed);
        for (int i = 0; i < 5; i++) {
            bytes[random.nextInt(500)] = (byte) random.nextInt();
        }
        assertThat(Journal.read(bytes).records().size()).isLessThanOrEqualTo(4);
        Files.delete(folder.resolve("journal"));
        Files.delete(folder);
    }
}
