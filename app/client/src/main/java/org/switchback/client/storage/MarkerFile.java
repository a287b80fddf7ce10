package org.switchback.client.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Something that is true or not, remembered by an empty file that is there or not. */
public final class MarkerFile {
    private final Path file;

    public MarkerFile(Path file) {
        this.file = file;
    }

    public boolean exists() {
        return Files.exists(file);
    }

    /** Sets it or takes it away. Where nothing can be remembered nothing happens. */
    public void setExists(boolean there) {
        try {
            if (!there) {
                Files.deleteIfExists(file);
            } else if (!exists()) {
                Files.createDirectories(file.getParent());
                Files.createFile(file);
            }
        } catch (IOException | RuntimeException unwritable) {
            System.getLogger(MarkerFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "It cannot be remembered", unwritable);
        }
    }
}
