package org.switchback.app.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Something that is true or not, remembered by an empty file that is there or not. */
public final class Mark {
    private final Path file;

    public Mark(Path file) {
        this.file = file;
    }

    public boolean there() {
        return Files.exists(file);
    }

    /** Sets it or takes it away. Where nothing can be remembered nothing happens. */
    public void put(boolean there) {
        try {
            if (!there) {
                Files.deleteIfExists(file);
            } else if (!there()) {
                Files.createDirectories(file.getParent());
                Files.createFile(file);
            }
        } catch (IOException | RuntimeException unwritable) {
            System.getLogger(Mark.class.getName())
                    .log(System.Logger.Level.DEBUG, "It cannot be remembered", unwritable);
        }
    }
}
