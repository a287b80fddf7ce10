package org.switchback.gui.session;

import java.util.List;

/**
 * The content of the tray icon and its menu.
 *
 * @param title the state in short
 * @param rows the menu; its first row is the state as text, which makes it accessible without the icon
 */
public record TrayContent(TrayStatus status, TrayIcon icon, String title, List<MenuRow> rows) {
    public TrayContent {
        rows = List.copyOf(rows);
    }

    /** Status of the icon (freedesktop.org, Status Notifier Item). */
    public enum TrayStatus {
        /** Trays may hide the icon. */
        PASSIVE("Passive"),
        ACTIVE("Active"),
        NEEDS_ATTENTION("NeedsAttention");

        private final String dbusName;

        TrayStatus(String dbusName) {
            this.dbusName = dbusName;
        }

        /** Spelling on D-Bus. */
        String dbusName() {
            return dbusName;
        }
    }

    /** An icon of the icon theme. */
    public enum TrayIcon {
        HOST(""),
        VM("-vm"),
        ATTENTION("-attention");

        private final String nameSuffix;

        TrayIcon(String nameSuffix) {
            this.nameSuffix = nameSuffix;
        }

        /** Suffix of the icon name, before {@code -symbolic}. */
        public String nameSuffix() {
            return nameSuffix;
        }
    }

    /** A row of the menu. */
    public sealed interface MenuRow {
        /** Disabled text. */
        record TextRow(String text) implements MenuRow {}

        record ActionRow(String text, Runnable action) implements MenuRow {}

        record SeparatorRow() implements MenuRow {}
    }
}
