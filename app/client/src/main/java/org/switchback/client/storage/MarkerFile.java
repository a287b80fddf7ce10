package org.switchback.client.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A persistent boolean: true while an empty file exists. */
public final class MarkerFile {
    private final Path file;

    private MarkerFile(Path file) {
        this.file = file;
    }

    /** A file in the state directory of the user with these environment variables. */
    public static MarkerFile of(Map<String, String> environment, String name) {
        return new MarkerFile(StateDirectory.of(environment).resolve(name));
    }

    public boolean exists() {
        return Files.exists(file);
    }

    /** Creates the file. Returns whether it did not exist before; always true if it cannot be created. */
    public boolean createOnce() {
        boolean missing = !exists();
        setExists(true);
        return missing;
    }

    /** Creates or deletes the file. I/O errors are only logged. */
    public void setExists(boolean exists) {
        try {
            if (!exists) {
                Files.deleteIfExists(file);
            } else if (!exists()) {
                Files.createDirectories(file.getParent());
                Files.createFile(file);
            }
        } catch (IOException | RuntimeException e) {
            System.getLogger(MarkerFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "The marker file cannot be changed", e);
        }
    }
}
