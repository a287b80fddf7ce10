package org.switchback.app.helper;

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
import org.switchback.app.bus.BusAddress;
import org.switchback.protocol.Names;

/**
 * The way to the helper of the system. The helper may come and go: it ends when nobody has called for a while, and the
 * next call starts it again.
 */
final class BusLine implements Line {
    private static final String DRIVER = "org.freedesktop.DBus";

    private final List<Runnable> whenLost = new CopyOnWriteArrayList<>();
    private final DBusConnection bus;
    private final DBus driver;
    private volatile boolean cut;
    /** Unique name of the helper; empty while it is not there. */
    private volatile String owner;

    /** Connects. May take as long as the bus takes. */
    BusLine(BusAddress address) throws DBusException {
        this.bus = address.connect(this::cutOff);
        this.driver = bus.getRemoteObject(DRIVER, "/org/freedesktop/DBus", DBus.class);
        this.owner = "";
        bus.addSigHandler(
                DBusMatchRuleBuilder.create()
                        .withType(DBus.NameOwnerChanged.class)
                        .withSender(DRIVER)
                        .withArg0123(0, Names.BUS)
                        .build(),
                this::ownerChanged);
        if (driver.NameHasOwner(Names.BUS)) {
            try {
                owner = driver.GetNameOwner(Names.BUS);
            } catch (DBusExecutionException justGone) {
                // The signal about that comes, or has come.
            }
        }
    }

    private void ownerChanged(DBus.NameOwnerChanged change) {
        if (change.name.equals(Names.BUS)) {
            owner = change.newOwner;
            if (!change.oldOwner.isEmpty()) {
                lost();
            }
        }
    }

    private void cutOff() {
        cut = true;
        lost();
    }

    private void lost() {
        whenLost.forEach(Runnable::run);
    }

    /** Whether the helper runs, or would be started by a call. */
    boolean reachable() {
        return !owner.isEmpty() || List.of(driver.ListActivatableNames()).contains(Names.BUS);
    }

    @Override
    public AbstractConnection connection() {
        return bus;
    }

    @Override
    public <T extends DBusInterface> T object(String path, Class<T> type) throws DBusException {
        return bus.getRemoteObject(Names.BUS, path, type, true);
    }

    @Override
    public boolean fromHelper(DBusSignal signal) {
        return !owner.isEmpty() && owner.equals(signal.getSource());
    }

    @Override
    public void whenLost(Runnable action) {
        whenLost.add(action);
    }

    @Override
    public boolean cut() {
        return cut;
    }

    @Override
    public void close() {
        bus.disconnect();
    }
}
