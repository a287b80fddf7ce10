package org.switchback.gui;

import java.nio.file.Path;
import java.util.Map;
import org.switchback.client.storage.MarkerFile;
import org.switchback.client.storage.StateDirectory;

/** Remembers that the window has been opened before, in a file of the user's state folder. */
final class FirstStartMarker {
    private final MarkerFile markerFile;

    FirstStartMarker(Path markerFile) {
        this.markerFile = new MarkerFile(markerFile);
    }

    /** The mark of the user whose environment it is. */
    static FirstStartMarker of(Map<String, String> environment) {
        return new FirstStartMarker(StateDirectory.of(environment).resolve("started"));
    }

    /** Whether the window is opened for the first time; true again and again where nothing can be remembered. */
    boolean checkAndMark() {
        if (markerFile.exists()) {
            return false;
        }
        markerFile.setExists(true);
        return true;
    }
}
