package org.switchback.app.helper;

import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;
import org.switchback.service.EmbeddedHelper;

/** The way to a helper inside this process. */
final class PrivateLine implements Line {
    private final EmbeddedHelper helper;
    private volatile boolean cut;

    /** @param helper closed together with the line */
    PrivateLine(EmbeddedHelper helper) {
        this.helper = helper;
        helper.whenLost(() -> cut = true);
    }

    @Override
    public AbstractConnection connection() {
        return helper.client();
    }

    @Override
    public <T extends DBusInterface> T object(String path, Class<T> type) throws DBusException {
        return helper.client().getRemoteObject(path, type);
    }

    @Override
    public boolean fromHelper(DBusSignal signal) {
        return true;
    }

    @Override
    public void whenLost(Runnable action) {
        helper.whenLost(action);
    }

    @Override
    public boolean cut() {
        return cut;
    }

    @Override
    public void close() {
        helper.close();
    }
}
