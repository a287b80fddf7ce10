package org.switchback.client.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.switchback.client.storage.AtomicFile;
import org.switchback.hardware.MachineSnapshot;

/** A saved report: a machine snapshot in a file. */
public final class ReportFile {
    /** Longer files are not reports: no known snapshot comes near this size. */
    private static final long MAX_BYTES = 16 << 20;

    private ReportFile() {}

    /** The result of reading a file. */
    public sealed interface ReportReadResult {
        record ValidReport(MachineSnapshot snapshot) implements ReportReadResult {}

        /** The file is not a report. */
        record NotAReport() implements ReportReadResult {}

        /** @param line the first malformed line, counted from 1 */
        record DamagedReport(int line) implements ReportReadResult {}

        record UnreadableReport() implements ReportReadResult {}
    }

    /** Reads a file. Blocks. */
    public static ReportReadResult read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return new ReportReadResult.UnreadableReport();
            }
            if (Files.size(file) > MAX_BYTES) {
                return new ReportReadResult.NotAReport();
            }
            String text = ExternalTextDecoder.decode(Files.readAllBytes(file));
            return MachineSnapshot.hasSnapshotHeader(text)
                    ? new ReportReadResult.ValidReport(MachineSnapshot.parse(text))
                    : new ReportReadResult.NotAReport();
        } catch (IOException e) {
            return new ReportReadResult.UnreadableReport();
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            return new ReportReadResult.DamagedReport(e.lineNumber());
        }
    }

    /** Saves a machine snapshot and replaces an existing file atomically. Blocks. */
    public static void write(Path file, MachineSnapshot snapshot) throws IOException {
        AtomicFile.write(file, snapshot.toText());
    }
}
