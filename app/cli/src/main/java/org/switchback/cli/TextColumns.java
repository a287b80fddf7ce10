package org.switchback.cli;

import java.util.ArrayList;
import java.util.List;

/** Fits texts into the columns of a terminal. Widths are counted in characters. */
final class TextColumns {
    /** Line width of all output; every terminal has at least 80 columns. */
    static final int WIDTH = 80;

    private TextColumns() {}

    /** Appends spaces up to a width; longer texts stay unchanged. */
    static String padRight(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /** Prepends spaces up to a width; longer texts stay unchanged. */
    static String padLeft(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }

    /** Wraps a text between words into lines of at most a width; a longer word gets its own line. */
    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        while (text.length() - start > width) {
            int lineEnd = text.lastIndexOf(' ', start + width);
            if (lineEnd <= start) {
                lineEnd = text.indexOf(' ', start + width);
            }
            if (lineEnd < 0) {
                break;
            }
            lines.add(text.substring(start, lineEnd));
            start = lineEnd + 1;
        }
        lines.add(text.substring(start));
        return lines;
    }

    /** Wraps a text to {@link #WIDTH} and indents every line but the first. */
    static String hangingIndent(String text, int indent) {
        return String.join("\n" + " ".repeat(indent), wrap(text, WIDTH - indent));
    }
}
