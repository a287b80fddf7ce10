package org.switchback.client;

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
 * @param address in D-Bus's own form: {@code unix:path=/run/dbus/system_bus_socket}
 */
public record BusAddress(String address) {
    private static final String UNIX_PATH_PREFIX = "unix:path=";
    /** One attempt: dbus-java makes one for every half second of this. */
    private static final int CONNECT_TIMEOUT_MILLIS = 500;

    /** The system bus of an environment. */
    public static BusAddress ofSystemBus(Map<String, String> environment) {
        return new BusAddress(
                environment.getOrDefault("DBUS_SYSTEM_BUS_ADDRESS", UNIX_PATH_PREFIX + "/run/dbus/system_bus_socket"));
    }

    /** The session bus of an environment; empty outside a session. Never starts one. */
    public static Optional<BusAddress> ofSessionBus(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("DBUS_SESSION_BUS_ADDRESS"))
                .or(() -> Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
                        .map(folder -> UNIX_PATH_PREFIX + folder + "/bus"))
                .map(BusAddress::new)
                .filter(BusAddress::isSocketPresent);
    }

    /** Whether somebody could listen there: dbus-java would wait for a socket to appear. */
    public boolean isSocketPresent() {
        if (!address.startsWith(UNIX_PATH_PREFIX)) {
            return true;
        }
        int comma = address.indexOf(',');
        return Files.exists(
                Path.of(address.substring(UNIX_PATH_PREFIX.length(), comma < 0 ? address.length() : comma)));
    }

    /**
     * Connects. May take as long as the bus takes.
     *
     * @param lost called when the bus goes away, on a thread of the connection
     */
    public DBusConnection connect(Runnable lost) throws DBusException {
        return DBusConnectionBuilder.forAddress(address)
                .withShared(false)
                .withDisconnectCallback(new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(IOException cause) {
                        lost.run();
                    }
                })
                .transportConfig()
                .withTimeout(CONNECT_TIMEOUT_MILLIS)
                .back()
                .build();
    }
}
