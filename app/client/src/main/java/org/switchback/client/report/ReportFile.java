package org.switchback.client.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.switchback.client.storage.AtomicFile;
import org.switchback.hardware.MachineSnapshot;

/** A saved report: a capture in a file. */
public final class ReportFile {
    /** No capture of a machine was seen to come near it; what is longer is something else. */
    private static final long MAX_BYTES = 16 << 20;

    private ReportFile() {}

    /** What reading a file came to. */
    public sealed interface ReportReadResult {
        record ValidReport(MachineSnapshot snapshot) implements ReportReadResult {}

        /** Its text is something else. */
        record NotAReport() implements ReportReadResult {}

        /** @param line the first line that does not belong into a report, counted from 1 */
        record DamagedReport(int line) implements ReportReadResult {}

        record UnreadableReport() implements ReportReadResult {}
    }

    /** Reads a file that somebody names; blocks. */
    public static ReportReadResult read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return new ReportReadResult.UnreadableReport();
            }
            if (Files.size(file) > MAX_BYTES) {
                return new ReportReadResult.NotAReport();
            }
            String text = ExternalText.decode(Files.readAllBytes(file));
            return MachineSnapshot.hasSnapshotHeader(text)
                    ? new ReportReadResult.ValidReport(MachineSnapshot.parse(text))
                    : new ReportReadResult.NotAReport();
        } catch (IOException unreadable) {
            return new ReportReadResult.UnreadableReport();
        } catch (MachineSnapshot.MalformedSnapshotException malformed) {
            return new ReportReadResult.DamagedReport(malformed.lineNumber());
        }
    }

    /** Saves a machine; blocks. A file of that name is replaced, whole or not at all. */
    public static void write(Path file, MachineSnapshot machine) throws IOException {
        AtomicFile.write(file, machine.toText());
    }
}
