package org.switchback.client.storage;

import java.nio.file.Path;
import java.util.Map;

/** The directory for a user's persistent program state (XDG Base Directory Specification). */
public final class StateDirectory {
    private StateDirectory() {}

    /**
     * Returns Switchback's state directory. It may not exist yet.
     *
     * @param environment environment variables of the user. Services have no HOME: then the JVM's {@code user.home} is
     *     used
     */
    public static Path of(Map<String, String> environment) {
        String stateHome = environment.getOrDefault("XDG_STATE_HOME", "");
        // The specification says to ignore relative paths.
        Path directory = stateHome.startsWith("/")
                ? Path.of(stateHome)
                : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".local", "state");
        return directory.resolve("switchback");
    }
}
