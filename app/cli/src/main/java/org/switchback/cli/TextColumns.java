package org.switchback.cli;

import java.util.ArrayList;
import java.util.List;

/** Fits texts into the columns of a terminal. Widths are counted in characters. */
final class TextColumns {
    /** What every terminal has. */
    static final int WIDTH = 80;

    private TextColumns() {}

    /** The text with blanks behind it up to a width; longer texts stay as they are. */
    static String padRight(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /** The text with blanks before it up to a width; longer texts stay as they are. */
    static String padLeft(String text, int width) {
        return " ".repeat(Math.max(0, width - text.length())) + text;
    }

    /** The text broken between words into lines of at most the width; a longer word gets a line of its own. */
    static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        while (text.length() - start > width) {
            int at = text.lastIndexOf(' ', start + width);
            if (at <= start) {
                at = text.indexOf(' ', start + width);
            }
            if (at < 0) {
                break;
            }
            lines.add(text.substring(start, at));
            start = at + 1;
        }
        lines.add(text.substring(start));
        return lines;
    }

    /** The text wrapped, every line but the first indented. */
    static String hangingIndent(String text, int indent) {
        return String.join("\n" + " ".repeat(indent), wrap(text, WIDTH - indent));
    }
}
