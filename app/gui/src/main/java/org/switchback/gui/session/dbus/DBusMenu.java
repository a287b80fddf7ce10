package org.switchback.gui.session.dbus;

import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.Tuple;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/** A menu that another process draws (com.canonical.dbusmenu, version 3). */
@DBusInterfaceName(DBusMenu.NAME)
public interface DBusMenu extends DBusInterface {
    String NAME = "com.canonical.dbusmenu";

    /**
     * Returns the revision of the menu, and an item with its children.
     *
     * @param parent ID of the item; 0 for the root
     * @param depth levels below the item; -1 for all
     * @param names requested properties; empty for all
     */
    Pair<UInt32, LayoutItem> GetLayout(int parent, int depth, List<String> names);

    /** @param ids empty for all items */
    List<ItemProperties> GetGroupProperties(List<Integer> ids, List<String> names);

    Variant<?> GetProperty(int id, String name);

    /** @param event {@code clicked}, {@code hovered}, {@code opened} or {@code closed} */
    void Event(int id, String event, Variant<?> data, UInt32 timestamp);

    /** @return IDs of no item */
    List<Integer> EventGroup(List<MenuEvent> events);

    /** @return whether the layout of the item has to be read again */
    boolean AboutToShow(int id);

    /** @return IDs of items whose layout has to be read again, and IDs of no item */
    Pair<List<Integer>, List<Integer>> AboutToShowGroup(List<Integer> ids);

    /** Two return values of a method. */
    final class Pair<A, B> extends Tuple {
        @Position(0)
        public final A first;

        @Position(1)
        public final B second;

        public Pair(A first, B second) {
            this.first = first;
            this.second = second;
        }
    }

    /** A menu item with its children. */
    final class LayoutItem extends Struct {
        @Position(0)
        public final int id;

        @Position(1)
        public final Map<String, Variant<?>> properties;

        /** Each is a {@link LayoutItem}. */
        @Position(2)
        public final List<Variant<?>> children;

        public LayoutItem(int id, Map<String, Variant<?>> properties, List<Variant<?>> children) {
            this.id = id;
            this.properties = properties;
            this.children = children;
        }
    }

    /** The properties of a menu item. */
    final class ItemProperties extends Struct {
        @Position(0)
        public final int id;

        @Position(1)
        public final Map<String, Variant<?>> values;

        public ItemProperties(int id, Map<String, Variant<?>> values) {
            this.id = id;
            this.values = values;
        }
    }

    /** An event of a menu item. */
    final class MenuEvent extends Struct {
        @Position(0)
        public final int id;

        @Position(1)
        public final String event;

        @Position(2)
        public final Variant<?> data;

        @Position(3)
        public final UInt32 timestamp;

        public MenuEvent(int id, String event, Variant<?> data, UInt32 timestamp) {
            this.id = id;
            this.event = event;
            this.data = data;
            this.timestamp = timestamp;
        }
    }

    /** The layout has changed. */
    class LayoutUpdated extends DBusSignal {
        public final UInt32 revision;
        public final int parent;

        public LayoutUpdated(String path, UInt32 revision, int parent) throws DBusException {
            super(path, revision, parent);
            this.revision = revision;
            this.parent = parent;
        }
    }
}
