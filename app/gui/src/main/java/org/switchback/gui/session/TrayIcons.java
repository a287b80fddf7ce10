package org.switchback.gui.session;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.dbus.StatusNotifierItem.Pixmap;

/**
 * The pictures of the tray icon.
 *
 * @param themeDirectory of an icon theme that has them; empty when only the theme of the desktop may
 * @param pixmapsByIcon  the same as pixels in some sizes, for hosts that don't find the theme; each sign has its own
 */
public record TrayIcons(Optional<String> themeDirectory, Map<TrayIcon, List<Pixmap>> pixmapsByIcon) {
    private static final String ICON_NAME = "org.switchback.Switchback";

    public TrayIcons {
        pixmapsByIcon = Map.copyOf(pixmapsByIcon);
    }

    String themePath() {
        return themeDirectory.orElse("");
    }

    String iconName(TrayIcon sign) {
        return ICON_NAME + sign.nameSuffix() + "-symbolic";
    }

    List<Pixmap> pixmaps(TrayIcon sign) {
        return Objects.requireNonNull(pixmapsByIcon.get(sign));
    }
}
