package org.switchback.cli;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a command writes and reads.
 *
 * @param out what was asked for
 * @param err what is said beside it
 * @param in answers and piped texts
 * @param interactive somebody sits at {@code in}
 * @param colored {@code out} is a terminal that shows colours
 */
record Terminal(PrintStream out, PrintStream err, InputStream in, boolean interactive, boolean colored) {
    /** Of this process. */
    static Terminal ofProcess() {
        Charset charset = System.out.charset();
        // A map has thousands of lines: System.out would write each by itself.
        PrintStream out = new PrintStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 15), false, charset);
        boolean colours = System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
        return new Terminal(out, System.err, System.in, isTerminal(0), colours && isTerminal(1));
    }

    /** Whether what this process prints goes to another, which may leave before it has read all. */
    static boolean isOutputPiped() {
        return descriptorTarget(1)
                .filter(target -> target.startsWith("pipe:") || target.startsWith("socket:"))
                .isPresent();
    }

    /** Asking the C library would cost more than this; a name that is no terminal's costs a colour or a question. */
    private static boolean isTerminal(int descriptor) {
        return descriptorTarget(descriptor)
                .filter(target -> target.startsWith("/dev/pts/")
                        || target.startsWith("/dev/tty")
                        || target.equals("/dev/console"))
                .isPresent();
    }

    private static Optional<String> descriptorTarget(int descriptor) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString());
        } catch (IOException | UnsupportedOperationException unknown) {
            return Optional.empty();
        }
    }

    /** Asks; empty when the other end has gone. */
    Optional<String> prompt(String question) {
        out.print(question);
        out.flush();
        try {
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, out.charset()));
            return Optional.ofNullable(reader.readLine());
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    String bold(String text) {
        return styled("1", text);
    }

    String faint(String text) {
        return styled("2", text);
    }

    String success(String text) {
        return styled("32", text);
    }

    String error(String text) {
        return styled("1;31", text);
    }

    String warning(String text) {
        return styled("33", text);
    }

    private String styled(String code, String text) {
        return colored ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** The first text, or where the character set of the terminal lacks it, the second. */
    String symbol(String wanted, String plain) {
        return out.charset().newEncoder().canEncode(wanted) ? wanted : plain;
    }
}
