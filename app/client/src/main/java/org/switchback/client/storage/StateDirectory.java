package org.switchback.client.storage;

import java.nio.file.Path;
import java.util.Map;

/** Where a user's programs remember things from one run to the next (XDG Base Directory Specification). */
public final class StateDirectory {
    private StateDirectory() {}

    /**
     * Ours, of the user whose environment it is; it need not be there yet.
     *
     * @param environment a service's has no HOME: then it is what the system has for its user
     */
    public static Path of(Map<String, String> environment) {
        String state = environment.getOrDefault("XDG_STATE_HOME", "");
        // The specification wants relative paths to be ignored.
        Path folder = state.startsWith("/")
                ? Path.of(state)
                : Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")), ".local", "state");
        return folder.resolve("switchback");
    }
}
