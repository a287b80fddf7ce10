package org.switchback.client;

import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** The way to a helper: over a message bus, or private. */
interface HelperTransport {
    /** The connection that calls and signals go over. */
    AbstractConnection connection();

    /** An object of the helper, called as one of its interfaces. */
    <T extends DBusInterface> T remoteObject(String path, Class<T> type) throws DBusException;

    /** Whether the helper itself sent it: on a message bus anybody can send anything. */
    boolean isFromHelper(DBusSignal signal);

    /**
     * @param action done each time the helper has gone away, and when the connection has; on a thread of the
     *     connection, so it must not wait for an answer
     */
    void addDisconnectListener(Runnable action);

    /** Whether the connection has been cut, so that no answer will come to what is asked now. */
    boolean isDisconnected();

    /** Ends the connection. */
    void close();
}
