package org.switchback.gui.session;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.types.Variant;
import org.switchback.gui.session.dbus.StatusNotifierItem;

/** The tray icon itself. */
final class TrayItem extends ReadOnlyProperties implements StatusNotifierItem {
    static final String PATH = "/StatusNotifierItem";
    private static final String ID = "org.switchback.Switchback";

    private final TrayIcons icons;
    private final Runnable onActivate;
    private volatile TrayContent content;

    /** @param onActivate called on a thread of the bus when the icon is clicked */
    TrayItem(TrayIcons icons, Runnable onActivate, TrayContent content) {
        this.icons = icons;
        this.onActivate = onActivate;
        this.content = content;
    }

    void update(TrayContent now) {
        content = now;
    }

    /** As hosts know it. */
    String statusName() {
        return content.status().dbusName();
    }

    @Override
    public String getObjectPath() {
        return PATH;
    }

    @Override
    public void Activate(int x, int y) {
        onActivate.run();
    }

    @Override
    public void SecondaryActivate(int x, int y) {
        onActivate.run();
    }

    @Override
    public void ContextMenu(int x, int y) {
        // The host has the menu.
    }

    @Override
    public void Scroll(int delta, String orientation) {
        // Nothing here goes up and down.
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        Map<String, Variant<?>> all = new LinkedHashMap<>();
        if (interfaceName.equals(NAME)) {
            TrayContent now = content;
            all.put("Category", new Variant<>("Hardware"));
            all.put("Id", new Variant<>(ID));
            all.put("Title", new Variant<>(now.title()));
            all.put("Status", new Variant<>(now.status().dbusName()));
            all.put("WindowId", new Variant<>(0));
            all.put("IconThemePath", new Variant<>(icons.themePath()));
            all.put("IconName", new Variant<>(icons.iconName(now.icon())));
            all.put("IconPixmap", pixmapsVariant(icons.pixmaps(now.icon())));
            // Always the same as the icon: Xfce's tray shows an icon for attention whenever there is one.
            all.put("AttentionIconName", new Variant<>(""));
            all.put("AttentionIconPixmap", pixmapsVariant(List.of()));
            all.put("OverlayIconName", new Variant<>(""));
            all.put("ToolTip", new Variant<>(new ToolTip("", List.of(), now.title(), ""), "(sa(iiay)ss)"));
            all.put("ItemIsMenu", new Variant<>(false));
            all.put("Menu", new Variant<>(new DBusPath(TrayMenu.PATH)));
        }
        return all;
    }

    private static Variant<?> pixmapsVariant(List<Pixmap> pixmaps) {
        return new Variant<>(pixmaps, "a(iiay)");
    }
}
