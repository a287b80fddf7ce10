package org.switchback.client.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A persistent boolean: true while an empty file exists. */
public final class MarkerFile {
    private final Path file;

    public MarkerFile(Path file) {
        this.file = file;
    }

    public boolean exists() {
        return Files.exists(file);
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
