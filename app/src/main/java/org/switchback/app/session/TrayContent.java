package org.switchback.app.session;

import java.util.List;

/**
 * What the tray shows.
 *
 * @param status how much of a person's attention it asks for
 * @param sign   the picture
 * @param title  state in short
 * @param rows   the menu; its first row is the state as text, for the picture alone says nothing to everybody
 */
public record TrayContent(Status status, Sign sign, String title, List<Row> rows) {
    public TrayContent {
        rows = List.copyOf(rows);
    }

    /** How much of a person's attention it asks for (freedesktop.org, Status Notifier Item). */
    public enum Status {
        /** Hosts may hide it. */
        PASSIVE("Passive"),
        ACTIVE("Active"),
        NEEDS_ATTENTION("NeedsAttention");

        private final String word;

        Status(String word) {
            this.word = word;
        }

        /** As hosts know it. */
        String word() {
            return word;
        }
    }

    /** A picture of the icon theme. */
    public enum Sign {
        HOST(""),
        VM("-vm"),
        ATTENTION("-attention");

        private final String suffix;

        Sign(String suffix) {
            this.suffix = suffix;
        }

        /** What its files' names end with, before what tells how they are drawn. */
        public String suffix() {
            return suffix;
        }
    }

    /** A row of the menu. */
    public sealed interface Row {
        /** Something to read. */
        record Said(String text) implements Row {}

        /** Something to choose. */
        record Choice(String text, Runnable action) implements Row {}

        /** A line between others. */
        record Line() implements Row {}
    }
}
