package org.switchback.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.switchback.client.report.ExternalText;
import org.switchback.hardware.MachineSnapshot;

/** Reads texts that people name on the command line, whatever the name leads to. */
final class TextFileReader {
    /** Far more than any memory map or report; less than what would fill the heap. */
    static final int MAX_BYTES = 8 << 20;

    private static final String STANDARD_INPUT = "-";

    private TextFileReader() {}

    /**
     * The whole text, as {@link ExternalText#decode} reads it; what else would steer a terminal becomes question marks.
     *
     * @param name of a file, or {@code -} for standard input
     * @throws CommandException when it can't be read or is larger than {@link #MAX_BYTES}
     */
    static String read(String name, CliContext surroundings) throws CommandException {
        try {
            if (name.equals(STANDARD_INPUT)) {
                return read(surroundings.terminal().in(), name, surroundings);
            }
            if (name.isEmpty()) {
                throw surroundings.createException(ExitCode.FAILED, "cli.file.missing", quote(name));
            }
            Path path = Path.of(name);
            if (Files.isDirectory(path)) {
                throw surroundings.createException(ExitCode.FAILED, "cli.file.directory", quote(name));
            }
            try (InputStream file = Files.newInputStream(path)) {
                return read(file, name, surroundings);
            }
        } catch (NoSuchFileException | InvalidPathException missing) {
            throw surroundings.createException(ExitCode.FAILED, "cli.file.missing", quote(name));
        } catch (AccessDeniedException denied) {
            throw surroundings.createException(ExitCode.FAILED, "cli.file.denied", quote(name));
        } catch (IOException unreadable) {
            throw surroundings.createException(ExitCode.FAILED, "cli.file.unreadable", displayName(name, surroundings));
        }
    }

    private static String read(InputStream file, String name, CliContext surroundings)
            throws IOException, CommandException {
        byte[] bytes = file.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw surroundings.createException(
                    ExitCode.FAILED,
                    "cli.file.large",
                    displayName(name, surroundings),
                    surroundings.messages().formatSize(MAX_BYTES));
        }
        StringBuilder text = new StringBuilder(ExternalText.decode(bytes));
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean control = (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
            if (control || Character.getType(c) == Character.FORMAT) {
                text.setCharAt(i, '?');
            }
        }
        return text.toString();
    }

    /**
     * The report that a text is.
     *
     * @param name what the text was read from
     * @throws CommandException when it is none, or a broken one
     */
    static MachineSnapshot parseReport(String text, String name, CliContext surroundings) throws CommandException {
        try {
            return MachineSnapshot.parse(text);
        } catch (MachineSnapshot.MalformedSnapshotException broken) {
            String file = displayName(name, surroundings);
            throw MachineSnapshot.hasSnapshotHeader(text)
                    ? surroundings.createException(
                            ExitCode.FAILED, "cli.broken-report", file, Integer.toString(broken.lineNumber()))
                    : surroundings.createException(ExitCode.FAILED, "cli.no-report", file);
        }
    }

    /** What is read, as messages call it. */
    static String displayName(String name, CliContext surroundings) {
        return name.equals(STANDARD_INPUT) ? surroundings.messages().text("cli.file.standard-input") : quote(name);
    }

    /** What somebody typed, fit to be shown on a terminal. */
    static String quote(String typed) {
        return "\"" + replaceControlCharacters(typed) + "\"";
    }

    /** Without what would move the cursor or change colours. */
    static String replaceControlCharacters(String text) {
        StringBuilder plain = new StringBuilder();
        text.codePoints().limit(200).forEach(c -> plain.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return plain.toString();
    }
}
