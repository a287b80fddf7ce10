package org.switchback.gui;

import java.nio.file.Path;
import java.util.Map;
import org.switchback.client.storage.MarkerFile;
import org.switchback.client.storage.StateDirectory;

/** Remembers in a file in the user's state directory that the window has been opened. */
final class FirstStartMarker {
    private final MarkerFile markerFile;

    FirstStartMarker(Path markerFile) {
        this.markerFile = new MarkerFile(markerFile);
    }

    /** The marker of the user with this environment. */
    static FirstStartMarker of(Map<String, String> environment) {
        return new FirstStartMarker(StateDirectory.of(environment).resolve("started"));
    }

    /** Whether this is the first call; always true if the file cannot be written. */
    boolean checkAndMark() {
        if (markerFile.exists()) {
            return false;
        }
        markerFile.setExists(true);
        return true;
    }
}
