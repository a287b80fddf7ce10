package org.switchback.app.session;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.switchback.app.session.TrayContent.Sign;
import org.switchback.app.session.bus.StatusNotifierItem.Pixmap;

/**
 * The pictures of the tray icon.
 *
 * @param folder  of an icon theme that has them; empty when only the theme of the desktop may
 * @param drawing the same as pixels, for hosts that don't find the theme
 */
public record TrayPictures(Optional<String> folder, Function<Sign, List<Pixmap>> drawing) {
    private static final String ICON = "org.switchback.Switchback";

    String theme() {
        return folder.orElse("");
    }

    String name(Sign sign) {
        return ICON + sign.suffix() + "-symbolic";
    }

    List<Pixmap> pixmaps(Sign sign) {
        return drawing.apply(sign);
    }
}
