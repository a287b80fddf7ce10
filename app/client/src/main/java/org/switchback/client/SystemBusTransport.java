package org.switchback.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.freedesktop.dbus.messages.DBusSignal;
import org.switchback.protocol.DBusNames;

/**
 * Transport to the system helper. The helper exits when it is idle for a while, and the next call starts it again; this
 * transport stays open.
 */
final class SystemBusTransport implements HelperTransport {
    private static final String BUS_DRIVER = "org.freedesktop.DBus";

    private final List<Runnable> disconnectListeners = new CopyOnWriteArrayList<>();
    private final DBusConnection bus;
    private final DBus busDriver;
    private volatile boolean disconnected;
    /** Unique bus name of the helper; empty while it is not running. */
    private volatile String helperUniqueName;

    /** Connects. Blocks until the bus answers, without a timeout. */
    SystemBusTransport(BusAddress address) throws DBusException {
        this.bus = address.connect(this::handleBusDisconnect);
        this.busDriver = bus.getRemoteObject(BUS_DRIVER, "/org/freedesktop/DBus", DBus.class);
        this.helperUniqueName = "";
        bus.addSigHandler(
                DBusMatchRuleBuilder.create()
                        .withType(DBus.NameOwnerChanged.class)
                        .withSender(BUS_DRIVER)
                        .withArg0123(0, DBusNames.BUS_NAME)
                        .build(),
                this::handleNameOwnerChanged);
        if (busDriver.NameHasOwner(DBusNames.BUS_NAME)) {
            try {
                helperUniqueName = busDriver.GetNameOwner(DBusNames.BUS_NAME);
            } catch (DBusExecutionException ignored) {
                // The helper has just stopped; NameOwnerChanged reports it.
            }
        }
    }

    private void handleNameOwnerChanged(DBus.NameOwnerChanged change) {
        if (change.name.equals(DBusNames.BUS_NAME)) {
            helperUniqueName = change.newOwner;
            if (!change.oldOwner.isEmpty()) {
                notifyDisconnectListeners();
            }
        }
    }

    private void handleBusDisconnect() {
        disconnected = true;
        notifyDisconnectListeners();
    }

    private void notifyDisconnectListeners() {
        disconnectListeners.forEach(Runnable::run);
    }

    /** Whether the helper is running, or a call would start it. */
    boolean isReachable() {
        return !helperUniqueName.isEmpty()
                || List.of(busDriver.ListActivatableNames()).contains(DBusNames.BUS_NAME);
    }

    @Override
    public AbstractConnection connection() {
        return bus;
    }

    @Override
    public <T extends DBusInterface> T remoteObject(String path, Class<T> type) throws DBusException {
        return bus.getRemoteObject(DBusNames.BUS_NAME, path, type, true);
    }

    @Override
    public boolean isFromHelper(DBusSignal signal) {
        return !helperUniqueName.isEmpty() && helperUniqueName.equals(signal.getSource());
    }

    @Override
    public void addDisconnectListener(Runnable action) {
        disconnectListeners.add(action);
    }

    @Override
    public boolean isDisconnected() {
        return disconnected;
    }

    @Override
    public void close() {
        bus.disconnect();
    }
}
