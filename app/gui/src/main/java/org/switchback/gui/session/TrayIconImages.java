package org.switchback.gui.session;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.dbus.StatusNotifierItem.Pixmap;

/**
 * The images of the tray icon.
 *
 * @param themeDirectory directory of an icon theme with the icons; empty if only the desktop's own theme may have them
 * @param pixmapsByIcon the images of every icon in some sizes, for trays that do not find the theme
 */
public record TrayIconImages(Optional<String> themeDirectory, Map<TrayIcon, List<Pixmap>> pixmapsByIcon) {
    private static final String ICON_NAME = "org.switchback.Switchback";

    public TrayIconImages {
        pixmapsByIcon = Map.copyOf(pixmapsByIcon);
    }

    String themePath() {
        return themeDirectory.orElse("");
    }

    String iconName(TrayIcon icon) {
        return ICON_NAME + icon.nameSuffix() + "-symbolic";
    }

    List<Pixmap> pixmaps(TrayIcon icon) {
        return Objects.requireNonNull(pixmapsByIcon.get(icon));
    }
}
