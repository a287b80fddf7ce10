package org.switchback.app.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.app.session.TrayContent.Row;
import org.switchback.app.session.bus.DBusMenu;

/** The menu of the tray icon, drawn by whoever hosts the tray. Its entries' numbers never mean something else later. */
final class TrayMenu extends ReadOnlyProperties implements DBusMenu {
    static final String PATH = "/MenuBar";
    private static final int ROOT = 0;
    private static final UInt32 VERSION = new UInt32(3);

    /**
     * The menu at a time.
     *
     * @param revision counts the menus
     * @param first    number of the first row
     */
    private record Shown(long revision, int first, List<Row> rows) {
        @Nullable Row row(int id) {
            int place = id - first;
            return place >= 0 && place < rows.size() ? rows.get(place) : null;
        }
    }

    private final Executor screen;
    private volatile Shown shown = new Shown(0, 1, List.of());

    /** @param screen runs what is chosen */
    TrayMenu(Executor screen) {
        this.screen = screen;
    }

    /** @return the number of the menu that is shown now */
    synchronized UInt32 show(List<Row> rows) {
        Shown old = shown;
        shown = new Shown(old.revision() + 1, old.first() + old.rows().size(), rows);
        return new UInt32(shown.revision());
    }

    @Override
    public String getObjectPath() {
        return PATH;
    }

    @Override
    public Two<UInt32, Node> GetLayout(int parent, int depth, List<String> names) {
        Shown now = shown;
        List<Variant<?>> children = new ArrayList<>();
        if (parent == ROOT && depth != 0) {
            for (int i = 0; i < now.rows().size(); i++) {
                Node child = new Node(
                        now.first() + i, chosen(properties(now.rows().get(i)), names), List.of());
                children.add(new Variant<>(child, "(ia{sv}av)"));
            }
        }
        Map<String, Variant<?>> own = parent == ROOT
                ? Map.of("children-display", new Variant<>("submenu"))
                : chosen(properties(now.row(parent)), names);
        return new Two<>(new UInt32(now.revision()), new Node(parent, own, children));
    }

    @Override
    public List<DBusMenu.Properties> GetGroupProperties(List<Integer> ids, List<String> names) {
        Shown now = shown;
        List<Integer> wanted = new ArrayList<>(ids);
        if (wanted.isEmpty()) {
            for (int i = 0; i < now.rows().size(); i++) {
                wanted.add(now.first() + i);
            }
        }
        return wanted.stream()
                .filter(id -> now.row(id) != null)
                .map(id -> new DBusMenu.Properties(id, chosen(properties(now.row(id)), names)))
                .toList();
    }

    @Override
    public Variant<?> GetProperty(int id, String name) {
        Variant<?> value = properties(shown.row(id)).get(name);
        return value == null ? new Variant<>("") : value;
    }

    private static Map<String, Variant<?>> properties(@Nullable Row row) {
        Map<String, Variant<?>> properties = new LinkedHashMap<>();
        switch (row) {
            case null -> {}
            case Row.Said(String text) -> {
                properties.put("label", label(text));
                properties.put("enabled", new Variant<>(false));
            }
            case Row.Choice(String text, Runnable _) -> properties.put("label", label(text));
            case Row.Line() -> properties.put("type", new Variant<>("separator"));
        }
        return properties;
    }

    /** An underline marks a key in labels. */
    private static Variant<String> label(String text) {
        return new Variant<>(text.replace("_", "__"));
    }

    private static Map<String, Variant<?>> chosen(Map<String, Variant<?>> properties, List<String> names) {
        if (!names.isEmpty()) {
            properties.keySet().retainAll(names);
        }
        return properties;
    }

    @Override
    public void Event(int id, String event, Variant<?> data, UInt32 timestamp) {
        if (event.equals("clicked") && shown.row(id) instanceof Row.Choice choice) {
            screen.execute(choice.action());
        }
    }

    @Override
    public List<Integer> EventGroup(List<Happening> events) {
        events.forEach(event -> Event(event.id, event.event, event.data, event.timestamp));
        return unknown(events.stream().map(event -> event.id).toList());
    }

    @Override
    public boolean AboutToShow(int id) {
        return false;
    }

    @Override
    public Two<List<Integer>, List<Integer>> AboutToShowGroup(List<Integer> ids) {
        return new Two<>(List.of(), unknown(ids));
    }

    private List<Integer> unknown(List<Integer> ids) {
        Shown now = shown;
        return ids.stream().filter(id -> id != ROOT && now.row(id) == null).toList();
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        if (!interfaceName.equals(NAME)) {
            return Map.of();
        }
        return Map.of(
                "Version", new Variant<>(VERSION),
                "Status", new Variant<>("normal"),
                "TextDirection", new Variant<>("ltr"),
                "IconThemePath", new Variant<>(List.of(), "as"));
    }
}
