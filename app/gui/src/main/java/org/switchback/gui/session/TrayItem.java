package org.switchback.gui.session;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.types.Variant;
import org.switchback.gui.session.dbus.StatusNotifierItem;

/** The D-Bus object of the tray icon. */
final class TrayItem extends ReadOnlyProperties implements StatusNotifierItem {
    static final String PATH = "/StatusNotifierItem";
    private static final String ID = "org.switchback.Switchback";

    private final TrayIconImages icons;
    private final Runnable onActivate;
    private volatile TrayContent content;

    /** @param onActivate called on a thread of the bus when the icon is clicked */
    TrayItem(TrayIconImages icons, Runnable onActivate, TrayContent content) {
        this.icons = icons;
        this.onActivate = onActivate;
        this.content = content;
    }

    void update(TrayContent newContent) {
        content = newContent;
    }

    /** Spelling on D-Bus. */
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
        // The tray shows the menu itself.
    }

    @Override
    public void Scroll(int delta, String orientation) {
        // Nothing to scroll.
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        Map<String, Variant<?>> properties = new LinkedHashMap<>();
        if (interfaceName.equals(NAME)) {
            TrayContent current = content;
            properties.put("Category", new Variant<>("Hardware"));
            properties.put("Id", new Variant<>(ID));
            properties.put("Title", new Variant<>(current.title()));
            properties.put("Status", new Variant<>(current.status().dbusName()));
            properties.put("WindowId", new Variant<>(0));
            properties.put("IconThemePath", new Variant<>(icons.themePath()));
            properties.put("IconName", new Variant<>(icons.iconName(current.icon())));
            properties.put("IconPixmap", pixmapsVariant(icons.pixmaps(current.icon())));
            // None, since the icon itself changes: the tray of Xfce shows an attention icon whenever there is one.
            properties.put("AttentionIconName", new Variant<>(""));
            properties.put("AttentionIconPixmap", pixmapsVariant(List.of()));
            properties.put("OverlayIconName", new Variant<>(""));
            properties.put("ToolTip", new Variant<>(new ToolTip("", List.of(), current.title(), ""), "(sa(iiay)ss)"));
            properties.put("ItemIsMenu", new Variant<>(false));
            properties.put("Menu", new Variant<>(new DBusPath(TrayMenu.PATH)));
        }
        return properties;
    }

    private static Variant<?> pixmapsVariant(List<Pixmap> pixmaps) {
        return new Variant<>(pixmaps, "a(iiay)");
    }
}
