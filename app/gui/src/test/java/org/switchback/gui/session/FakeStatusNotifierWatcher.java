package org.switchback.gui.session;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.interfaces.Properties;
import org.switchback.gui.session.dbus.DBusMenu;
import org.switchback.gui.session.dbus.StatusNotifierItem;
import org.switchback.gui.session.dbus.StatusNotifierWatcher;

/** A tray that records its items and shows nothing. */
public final class FakeStatusNotifierWatcher implements StatusNotifierWatcher, AutoCloseable {
    private final DBusConnection bus;
    private final BlockingQueue<String> registeredItems = new LinkedBlockingQueue<>();

    /** @param bus closed together with the tray */
    public FakeStatusNotifierWatcher(DBusConnection bus) throws DBusException {
        this.bus = bus;
        bus.exportObject(PATH, this);
        bus.requestBusName(NAME);
    }

    @Override
    public String getObjectPath() {
        return PATH;
    }

    @Override
    public void RegisterStatusNotifierItem(String service) {
        registeredItems.add(AbstractConnection.getCallInfo().getSource());
    }

    /** Bus names of the registered items, in order. */
    public BlockingQueue<String> registeredItems() {
        return registeredItems;
    }

    StatusNotifierItem item(String owner) throws DBusException {
        return bus.getRemoteObject(owner, TrayItem.PATH, StatusNotifierItem.class);
    }

    Object property(String owner, String name) throws DBusException {
        return bus.getRemoteObject(owner, TrayItem.PATH, Properties.class)
                .GetAll(StatusNotifierItem.NAME)
                .get(name)
                .getValue();
    }

    DBusMenu menu(String owner) throws DBusException {
        return bus.getRemoteObject(owner, TrayMenu.PATH, DBusMenu.class);
    }

    List<Integer> rowIds(String owner) throws DBusException {
        return menu(owner).GetGroupProperties(List.of(), List.of()).stream()
                .map(row -> row.id)
                .toList();
    }

    @Override
    public void close() throws DBusException {
        if (!bus.isConnected()) {
            return;
        }
        // A call of its own, so that the reply to the last registration is sent before the connection is closed.
        bus.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class)
                .ListNames();
        bus.disconnect();
    }
}
