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
 * Input and output of a command.
 *
 * @param out output of the command
 * @param err messages and errors
 * @param in answers to prompts, and piped texts
 * @param interactive whether {@code in} is a terminal
 * @param colored whether {@code out} is a terminal that shows colorsWanted
 */
record Terminal(PrintStream out, PrintStream err, InputStream in, boolean interactive, boolean colored) {
    /** The terminal of this process. */
    static Terminal ofProcess() {
        Charset charset = System.out.charset();
        // Buffered: a map has thousands of lines, and System.out would write each one separately.
        PrintStream out = new PrintStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 15), false, charset);
        boolean colorsWanted = System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
        return new Terminal(out, System.err, System.in, isTerminal(0), colorsWanted && isTerminal(1));
    }

    /** Whether another process reads the output; it may exit before it has read everything. */
    static boolean isOutputPiped() {
        return descriptorTarget(1)
                .filter(target -> target.startsWith("pipe:") || target.startsWith("socket:"))
                .isPresent();
    }

    /**
     * Decides by the path of the descriptor, which is cheaper than calling isatty in the C library. A wrong result only
     * affects colours and prompts.
     */
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
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    /** Prints a question and reads one line; empty at the end of the input. */
    Optional<String> prompt(String question) {
        out.print(question);
        out.flush();
        try {
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, out.charset()));
            return Optional.ofNullable(reader.readLine());
        } catch (IOException e) {
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

    /** Returns the symbol, or the fallback when the character set of the terminal cannot encode it. */
    String symbol(String symbol, String fallback) {
        return out.charset().newEncoder().canEncode(symbol) ? symbol : fallback;
    }
}
