package org.switchback.app.bus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.freedesktop.dbus.connections.IDisconnectCallback;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;

/**
 * Where a message bus is to be found.
 *
 * @param text in D-Bus's own form: {@code unix:path=/run/dbus/system_bus_socket}
 */
public record BusAddress(String text) {
    private static final String SOCKET = "unix:path=";
    /** One attempt: dbus-java makes one for every half second of this. */
    private static final int CONNECT_MILLIS = 500;

    /** The system bus of an environment. */
    public static BusAddress system(Map<String, String> environment) {
        return new BusAddress(
                environment.getOrDefault("DBUS_SYSTEM_BUS_ADDRESS", SOCKET + "/run/dbus/system_bus_socket"));
    }

    /** The session bus of an environment; empty outside a session. Never starts one. */
    public static Optional<BusAddress> session(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("DBUS_SESSION_BUS_ADDRESS"))
                .or(() -> Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
                        .map(folder -> SOCKET + folder + "/bus"))
                .map(BusAddress::new)
                .filter(BusAddress::socketIsThere);
    }

    /** Whether somebody could listen there: dbus-java would wait for a socket to appear. */
    public boolean socketIsThere() {
        if (!text.startsWith(SOCKET)) {
            return true;
        }
        int comma = text.indexOf(',');
        return Files.exists(Path.of(text.substring(SOCKET.length(), comma < 0 ? text.length() : comma)));
    }

    /**
     * Connects. May take as long as the bus takes.
     *
     * @param lost called when the bus goes away, on a thread of the connection
     */
    public DBusConnection connect(Runnable lost) throws DBusException {
        return DBusConnectionBuilder.forAddress(text)
                .withShared(false)
                .withDisconnectCallback(new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(IOException cause) {
                        lost.run();
                    }
                })
                .transportConfig()
                .withTimeout(CONNECT_MILLIS)
                .back()
                .build();
    }
}
