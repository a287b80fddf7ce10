package org.switchback.gui.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.dbus.DBusMenu;

/** The menu of the tray icon, drawn by whoever hosts the tray. Its entries' numbers never mean something else later. */
final class TrayMenu extends ReadOnlyProperties implements DBusMenu {
    static final String PATH = "/MenuBar";
    private static final int ROOT_ID = 0;
    private static final UInt32 PROTOCOL_VERSION = new UInt32(3);

    /**
     * The menu at a time.
     *
     * @param revision counts the menus
     * @param firstId    number of the first row
     */
    private record MenuState(long revision, int firstId, List<MenuRow> rows) {
        @Nullable MenuRow row(int id) {
            int place = id - firstId;
            return place >= 0 && place < rows.size() ? rows.get(place) : null;
        }
    }

    private final Executor fxExecutor;
    private volatile MenuState menuState = new MenuState(0, 1, List.of());

    /** @param fxExecutor runs what is chosen */
    TrayMenu(Executor fxExecutor) {
        this.fxExecutor = fxExecutor;
    }

    /** @return the number of the menu that is shown now */
    synchronized UInt32 update(List<MenuRow> rows) {
        MenuState old = menuState;
        menuState = new MenuState(old.revision() + 1, old.firstId() + old.rows().size(), rows);
        return new UInt32(menuState.revision());
    }

    @Override
    public String getObjectPath() {
        return PATH;
    }

    @Override
    public Pair<UInt32, LayoutItem> GetLayout(int parent, int depth, List<String> names) {
        MenuState now = menuState;
        List<Variant<?>> children = new ArrayList<>();
        if (parent == ROOT_ID && depth != 0) {
            for (int i = 0; i < now.rows().size(); i++) {
                LayoutItem child = new LayoutItem(
                        now.firstId() + i, retainProperties(rowProperties(now.rows().get(i)), names), List.of());
                children.add(new Variant<>(child, "(ia{sv}av)"));
            }
        }
        Map<String, Variant<?>> own = parent == ROOT_ID
                ? Map.of("children-display", new Variant<>("submenu"))
                : retainProperties(rowProperties(now.row(parent)), names);
        return new Pair<>(new UInt32(now.revision()), new LayoutItem(parent, own, children));
    }

    @Override
    public List<DBusMenu.ItemProperties> GetGroupProperties(List<Integer> ids, List<String> names) {
        MenuState now = menuState;
        List<Integer> wanted = new ArrayList<>(ids);
        if (wanted.isEmpty()) {
            for (int i = 0; i < now.rows().size(); i++) {
                wanted.add(now.firstId() + i);
            }
        }
        return wanted.stream()
                .filter(id -> now.row(id) != null)
                .map(id -> new DBusMenu.ItemProperties(id, retainProperties(rowProperties(now.row(id)), names)))
                .toList();
    }

    @Override
    public Variant<?> GetProperty(int id, String name) {
        Variant<?> value = rowProperties(menuState.row(id)).get(name);
        return value == null ? new Variant<>("") : value;
    }

    private static Map<String, Variant<?>> rowProperties(@Nullable MenuRow row) {
        Map<String, Variant<?>> properties = new LinkedHashMap<>();
        switch (row) {
            case null -> {}
            case MenuRow.TextRow(String text) -> {
                properties.put("label", escapeLabel(text));
                properties.put("enabled", new Variant<>(false));
            }
            case MenuRow.ActionRow(String text, Runnable _) -> properties.put("label", escapeLabel(text));
            case MenuRow.SeparatorRow() -> properties.put("type", new Variant<>("separator"));
        }
        return properties;
    }

    /** An underline marks a key in labels. */
    private static Variant<String> escapeLabel(String text) {
        return new Variant<>(text.replace("_", "__"));
    }

    private static Map<String, Variant<?>> retainProperties(Map<String, Variant<?>> properties, List<String> names) {
        if (!names.isEmpty()) {
            properties.keySet().retainAll(names);
        }
        return properties;
    }

    @Override
    public void Event(int id, String event, Variant<?> data, UInt32 timestamp) {
        if (event.equals("clicked") && menuState.row(id) instanceof MenuRow.ActionRow choice) {
            fxExecutor.execute(choice.action());
        }
    }

    @Override
    public List<Integer> EventGroup(List<MenuEvent> events) {
        events.forEach(event -> Event(event.id, event.event, event.data, event.timestamp));
        return unknownIds(events.stream().map(event -> event.id).toList());
    }

    @Override
    public boolean AboutToShow(int id) {
        return false;
    }

    @Override
    public Pair<List<Integer>, List<Integer>> AboutToShowGroup(List<Integer> ids) {
        return new Pair<>(List.of(), unknownIds(ids));
    }

    private List<Integer> unknownIds(List<Integer> ids) {
        MenuState now = menuState;
        return ids.stream().filter(id -> id != ROOT_ID && now.row(id) == null).toList();
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        if (!interfaceName.equals(NAME)) {
            return Map.of();
        }
        return Map.of(
                "Version", new Variant<>(PROTOCOL_VERSION),
                "Status", new Variant<>("normal"),
                "TextDirection", new Variant<>("ltr"),
                "IconThemePath", new Variant<>(List.of(), "as"));
    }
}
