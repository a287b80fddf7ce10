package org.switchback.client;

import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** Transport to a helper inside this process. */
final class EmbeddedTransport implements HelperTransport {
    private final EmbeddedHelper helper;
    private volatile boolean disconnected;

    /** @param helper closed together with this transport */
    EmbeddedTransport(EmbeddedHelper helper) {
        this.helper = helper;
        helper.onConnectionLost(() -> disconnected = true);
    }

    @Override
    public AbstractConnection connection() {
        return helper.client();
    }

    @Override
    public <T extends DBusInterface> T remoteObject(String path, Class<T> type) throws DBusException {
        return helper.client().getRemoteObject(path, type);
    }

    @Override
    public boolean isFromHelper(DBusSignal signal) {
        return true;
    }

    @Override
    public void addDisconnectListener(Runnable action) {
        helper.onConnectionLost(action);
    }

    @Override
    public boolean isDisconnected() {
        return disconnected;
    }

    @Override
    public void close() {
        helper.close();
    }
}
