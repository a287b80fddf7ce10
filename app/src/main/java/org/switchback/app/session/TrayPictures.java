package org.switchback.app.session;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.switchback.app.session.TrayContent.Sign;
import org.switchback.app.session.bus.StatusNotifierItem.Pixmap;

/**
 * The pictures of the tray icon.
 *
 * @param folder of an icon theme that has them; empty when only the theme of the desktop may
 * @param drawn  the same as pixels in some sizes, for hosts that don't find the theme; each sign has its own
 */
public record TrayPictures(Optional<String> folder, Map<Sign, List<Pixmap>> drawn) {
    private static final String ICON = "org.switchback.Switchback";

    public TrayPictures {
        drawn = Map.copyOf(drawn);
    }

    String theme() {
        return folder.orElse("");
    }

    String name(Sign sign) {
        return ICON + sign.suffix() + "-symbolic";
    }

    List<Pixmap> pixmaps(Sign sign) {
        return Objects.requireNonNull(drawn.get(sign));
    }
}
