package org.switchback.gui.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.dbus.DBusMenu;

/** The D-Bus object of the tray menu, which the tray draws. IDs of menu items are never reused. */
final class TrayMenu extends ReadOnlyProperties implements DBusMenu {
    static final String PATH = "/MenuBar";
    private static final int ROOT_ID = 0;
    private static final UInt32 PROTOCOL_VERSION = new UInt32(3);

    /**
     * One revision of the menu. Row IDs are consecutive.
     *
     * @param revision counts the updates
     */
    private record MenuState(long revision, int firstId, List<MenuRow> rows) {
        @Nullable
        MenuRow row(int id) {
            int index = id - firstId;
            return index >= 0 && index < rows.size() ? rows.get(index) : null;
        }
    }

    private final Executor fxExecutor;
    private volatile MenuState menuState = new MenuState(0, 1, List.of());

    /** @param fxExecutor runs the actions */
    TrayMenu(Executor fxExecutor) {
        this.fxExecutor = fxExecutor;
    }

    /** @return the new revision */
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
        MenuState current = menuState;
        List<Variant<?>> children = new ArrayList<>();
        if (parent == ROOT_ID && depth != 0) {
            for (int i = 0; i < current.rows().size(); i++) {
                LayoutItem child = new LayoutItem(
                        current.firstId() + i,
                        retainProperties(rowProperties(current.rows().get(i)), names),
                        List.of());
                children.add(new Variant<>(child, "(ia{sv}av)"));
            }
        }
        Map<String, Variant<?>> properties = parent == ROOT_ID
                ? Map.of("children-display", new Variant<>("submenu"))
                : retainProperties(rowProperties(current.row(parent)), names);
        return new Pair<>(new UInt32(current.revision()), new LayoutItem(parent, properties, children));
    }

    @Override
    public List<DBusMenu.ItemProperties> GetGroupProperties(List<Integer> ids, List<String> names) {
        MenuState current = menuState;
        List<Integer> requested = new ArrayList<>(ids);
        if (requested.isEmpty()) {
            for (int i = 0; i < current.rows().size(); i++) {
                requested.add(current.firstId() + i);
            }
        }
        return requested.stream()
                .filter(id -> current.row(id) != null)
                .map(id -> new DBusMenu.ItemProperties(id, retainProperties(rowProperties(current.row(id)), names)))
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

    /** Escapes underscores, which mark access keys in labels. */
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
        if (event.equals("clicked") && menuState.row(id) instanceof MenuRow.ActionRow row) {
            fxExecutor.execute(row.action());
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
        MenuState current = menuState;
        return ids.stream()
                .filter(id -> id != ROOT_ID && current.row(id) == null)
                .toList();
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
