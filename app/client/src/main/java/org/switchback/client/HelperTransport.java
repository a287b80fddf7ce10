package org.switchback.client;

import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** Transport to a helper: over a message bus, or over a private connection. */
interface HelperTransport {
    /** The connection for calls and signals. */
    AbstractConnection connection();

    /** A proxy for an object of the helper, with one of its interfaces. */
    <T extends DBusInterface> T remoteObject(String path, Class<T> type) throws DBusException;

    /** Whether the helper itself sent the signal: on a message bus any client can send any signal. */
    boolean isFromHelper(DBusSignal signal);

    /**
     * @param action run each time the helper stops, and when the connection is lost; on a thread of the connection, so
     *     it must not wait for a reply
     */
    void addDisconnectListener(Runnable action);

    /** Whether the connection is lost, so that new calls will get no reply. */
    boolean isDisconnected();

    /** Closes the connection. */
    void close();
}
