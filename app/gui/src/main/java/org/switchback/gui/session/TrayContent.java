package org.switchback.gui.session;

import java.util.List;

/**
 * What the tray shows.
 *
 * @param status how much of a person's attention it asks for
 * @param icon   the picture
 * @param title  state in short
 * @param rows   the menu; its first row is the state as text, for the picture alone says nothing to everybody
 */
public record TrayContent(TrayStatus status, TrayIcon icon, String title, List<MenuRow> rows) {
    public TrayContent {
        rows = List.copyOf(rows);
    }

    /** How much of a person's attention it asks for (freedesktop.org, Status Notifier Item). */
    public enum TrayStatus {
        /** Hosts may hide it. */
        PASSIVE("Passive"),
        ACTIVE("Active"),
        NEEDS_ATTENTION("NeedsAttention");

        private final String dbusName;

        TrayStatus(String dbusName) {
            this.dbusName = dbusName;
        }

        /** As hosts know it. */
        String dbusName() {
            return dbusName;
        }
    }

    /** A picture of the icon theme. */
    public enum TrayIcon {
        HOST(""),
        VM("-vm"),
        ATTENTION("-attention");

        private final String nameSuffix;

        TrayIcon(String nameSuffix) {
            this.nameSuffix = nameSuffix;
        }

        /** What its files' names end with, before what tells how they are drawn. */
        public String nameSuffix() {
            return nameSuffix;
        }
    }

    /** A row of the menu. */
    public sealed interface MenuRow {
        /** Something to read. */
        record TextRow(String text) implements MenuRow {}

        /** Something to choose. */
        record ActionRow(String text, Runnable action) implements MenuRow {}

        /** A line between others. */
        record SeparatorRow() implements MenuRow {}
    }
}
