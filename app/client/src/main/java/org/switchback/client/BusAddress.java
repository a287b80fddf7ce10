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
 * The address of a message bus.
 *
 * @param address in the format of the D-Bus specification: {@code unix:path=/run/dbus/system_bus_socket}
 */
public record BusAddress(String address) {
    private static final String UNIX_PATH_PREFIX = "unix:path=";
    /** Allows exactly one attempt: dbus-java makes one per 500 ms of timeout. */
    private static final int CONNECT_TIMEOUT_MILLIS = 500;

    /** The system bus that the environment variables select; the standard socket by default. */
    public static BusAddress ofSystemBus(Map<String, String> environment) {
        return new BusAddress(
                environment.getOrDefault("DBUS_SYSTEM_BUS_ADDRESS", UNIX_PATH_PREFIX + "/run/dbus/system_bus_socket"));
    }

    /** The session bus that the environment variables select; empty outside a session. Never starts a bus. */
    public static Optional<BusAddress> ofSessionBus(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("DBUS_SESSION_BUS_ADDRESS"))
                .or(() -> Optional.ofNullable(environment.get("XDG_RUNTIME_DIR"))
                        .map(directory -> UNIX_PATH_PREFIX + directory + "/bus"))
                .map(BusAddress::new)
                .filter(BusAddress::isSocketPresent);
    }

    /** Whether the socket file exists. Check it before connecting: dbus-java would wait for it to appear. */
    public boolean isSocketPresent() {
        if (!address.startsWith(UNIX_PATH_PREFIX)) {
            return true;
        }
        int comma = address.indexOf(',');
        return Files.exists(
                Path.of(address.substring(UNIX_PATH_PREFIX.length(), comma < 0 ? address.length() : comma)));
    }

    /**
     * Connects. Blocks until the bus answers, without a timeout.
     *
     * @param onDisconnect called when the bus disconnects, on a thread of the connection
     */
    public DBusConnection connect(Runnable onDisconnect) throws DBusException {
        return DBusConnectionBuilder.forAddress(address)
                .withShared(false)
                .withDisconnectCallback(new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(IOException cause) {
                        onDisconnect.run();
                    }
                })
                .transportConfig()
                .withTimeout(CONNECT_TIMEOUT_MILLIS)
                .back()
                .build();
    }
}
