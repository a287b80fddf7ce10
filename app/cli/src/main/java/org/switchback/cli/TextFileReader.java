package org.switchback.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.switchback.client.report.ExternalTextDecoder;
import org.switchback.hardware.MachineSnapshot;

/** Reads text files that are named on the command line. The file may be of any kind and content. */
final class TextFileReader {
    /** Far larger than any memory map or report, and small enough for the heap. */
    static final int MAX_BYTES = 8 << 20;

    private static final String STANDARD_INPUT = "-";

    private TextFileReader() {}

    /**
     * Reads a whole text with {@link ExternalTextDecoder#decode}. Other control and format characters become question
     * marks.
     *
     * @param name path of a file, or {@code -} for standard input
     * @throws CommandException when the file cannot be read or is larger than {@link #MAX_BYTES}
     */
    static String read(String name, CliContext context) throws CommandException {
        try {
            if (name.equals(STANDARD_INPUT)) {
                return read(context.terminal().in(), name, context);
            }
            if (name.isEmpty()) {
                throw context.createException(ExitCode.FAILED, "cli.file.missing", quote(name));
            }
            Path path = Path.of(name);
            if (Files.isDirectory(path)) {
                throw context.createException(ExitCode.FAILED, "cli.file.directory", quote(name));
            }
            try (InputStream file = Files.newInputStream(path)) {
                return read(file, name, context);
            }
        } catch (NoSuchFileException | InvalidPathException e) {
            throw context.createException(ExitCode.FAILED, "cli.file.missing", quote(name));
        } catch (AccessDeniedException e) {
            throw context.createException(ExitCode.FAILED, "cli.file.denied", quote(name));
        } catch (IOException e) {
            throw context.createException(ExitCode.FAILED, "cli.file.unreadable", displayName(name, context));
        }
    }

    private static String read(InputStream file, String name, CliContext context) throws IOException, CommandException {
        byte[] bytes = file.readNBytes(MAX_BYTES + 1);
        if (bytes.length > MAX_BYTES) {
            throw context.createException(
                    ExitCode.FAILED,
                    "cli.file.large",
                    displayName(name, context),
                    context.messages().formatSize(MAX_BYTES));
        }
        StringBuilder text = new StringBuilder(ExternalTextDecoder.decode(bytes));
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
     * Parses a report.
     *
     * @param name where the text was read from, for messages
     * @throws CommandException when the text is not a report, or is damaged
     */
    static MachineSnapshot parseReport(String text, String name, CliContext context) throws CommandException {
        try {
            return MachineSnapshot.parse(text);
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            String file = displayName(name, context);
            throw MachineSnapshot.hasSnapshotHeader(text)
                    ? context.createException(ExitCode.FAILED, "cli.broken-report", file, e.lineNumber())
                    : context.createException(ExitCode.FAILED, "cli.no-report", file);
        }
    }

    /** The name of a file or of standard input for messages. */
    static String displayName(String name, CliContext context) {
        return name.equals(STANDARD_INPUT) ? context.messages().text("cli.file.standard-input") : quote(name);
    }

    /** Quotes an argument for messages and replaces its control characters. */
    static String quote(String argument) {
        return "\"" + replaceControlCharacters(argument) + "\"";
    }

    /** Replaces control characters with question marks and truncates to 200 code points. */
    static String replaceControlCharacters(String text) {
        StringBuilder sanitized = new StringBuilder();
        text.codePoints().limit(200).forEach(c -> sanitized.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return sanitized.toString();
    }
}
