package org.switchback.app.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.switchback.app.report.ForeignText;
import org.switchback.hardware.Capture;

/** Reads texts that people name on the command line, whatever the name leads to. */
final class TextFile {
    /** Far more than any memory map or report; less than what would fill the heap. */
    static final int LARGEST = 8 << 20;

    private static final String STANDARD_INPUT = "-";

    private TextFile() {}

    /**
     * The whole text, as {@link ForeignText#of} reads it; what else would steer a terminal becomes question marks.
     *
     * @param name of a file, or {@code -} for standard input
     * @throws CommandFailure when it can't be read or is larger than {@link #LARGEST}
     */
    static String read(String name, Surroundings surroundings) throws CommandFailure {
        try {
            if (name.equals(STANDARD_INPUT)) {
                return read(surroundings.terminal().in(), name, surroundings);
            }
            if (name.isEmpty()) {
                throw surroundings.failure(ExitCode.FAILED, "cli.file.missing", quoted(name));
            }
            Path path = Path.of(name);
            if (Files.isDirectory(path)) {
                throw surroundings.failure(ExitCode.FAILED, "cli.file.directory", quoted(name));
            }
            try (InputStream file = Files.newInputStream(path)) {
                return read(file, name, surroundings);
            }
        } catch (NoSuchFileException | InvalidPathException missing) {
            throw surroundings.failure(ExitCode.FAILED, "cli.file.missing", quoted(name));
        } catch (AccessDeniedException denied) {
            throw surroundings.failure(ExitCode.FAILED, "cli.file.denied", quoted(name));
        } catch (IOException unreadable) {
            throw surroundings.failure(ExitCode.FAILED, "cli.file.unreadable", named(name, surroundings));
        }
    }

    private static String read(InputStream file, String name, Surroundings surroundings)
            throws IOException, CommandFailure {
        byte[] bytes = file.readNBytes(LARGEST + 1);
        if (bytes.length > LARGEST) {
            throw surroundings.failure(
                    ExitCode.FAILED,
                    "cli.file.large",
                    named(name, surroundings),
                    surroundings.words().size(LARGEST));
        }
        StringBuilder text = new StringBuilder(ForeignText.of(bytes));
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
     * @throws CommandFailure when it is none, or a broken one
     */
    static Capture report(String text, String name, Surroundings surroundings) throws CommandFailure {
        try {
            return Capture.parse(text);
        } catch (Capture.MalformedCapture broken) {
            String file = named(name, surroundings);
            throw Capture.looksLike(text)
                    ? surroundings.failure(
                            ExitCode.FAILED, "cli.broken-report", file, Integer.toString(broken.line()))
                    : surroundings.failure(ExitCode.FAILED, "cli.no-report", file);
        }
    }

    /** What is read, as messages call it. */
    static String named(String name, Surroundings surroundings) {
        return name.equals(STANDARD_INPUT) ? surroundings.words().text("cli.file.standard-input") : quoted(name);
    }

    /** What somebody typed, fit to be shown on a terminal. */
    static String quoted(String typed) {
        return "\"" + printable(typed) + "\"";
    }

    /** Without what would move the cursor or change colours. */
    static String printable(String text) {
        StringBuilder plain = new StringBuilder();
        text.codePoints()
                .limit(200)
                .forEach(c -> plain.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return plain.toString();
    }
}
