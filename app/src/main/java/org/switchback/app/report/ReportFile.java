package org.switchback.app.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.switchback.app.state.WholeFile;
import org.switchback.hardware.Capture;

/** A saved report: a capture in a file. */
public final class ReportFile {
    /** No capture of a machine was seen to come near it; what is longer is something else. */
    private static final long LONGEST_BYTES = 16 << 20;

    private ReportFile() {}

    /** What reading a file came to. */
    public sealed interface Read {
        record Report(Capture machine) implements Read {}

        /** Its text is something else. */
        record NoReport() implements Read {}

        /** @param line the first line that does not belong into a report, counted from 1 */
        record Damaged(int line) implements Read {}

        record Unreadable() implements Read {}
    }

    /** Reads a file that somebody names; blocks. */
    public static Read read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                return new Read.Unreadable();
            }
            if (Files.size(file) > LONGEST_BYTES) {
                return new Read.NoReport();
            }
            String text = ForeignText.of(Files.readAllBytes(file));
            return Capture.looksLike(text) ? new Read.Report(Capture.parse(text)) : new Read.NoReport();
        } catch (IOException unreadable) {
            return new Read.Unreadable();
        } catch (Capture.MalformedCapture malformed) {
            return new Read.Damaged(malformed.line());
        }
    }

    /** Saves a machine; blocks. A file of that name is replaced, whole or not at all. */
    public static void write(Path file, Capture machine) throws IOException {
        WholeFile.write(file, machine.toText());
    }
}
