package org.switchback.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.switchback.app.state.StateFolder;

/** Remembers that the window has been opened before, in a file of the user's state folder. */
final class FirstStart {
    private final Path mark;

    FirstStart(Path mark) {
        this.mark = mark;
    }

    /** The mark of the user whose environment it is. */
    static FirstStart of(Map<String, String> environment) {
        return new FirstStart(StateFolder.of(environment).resolve("started"));
    }

    /** Whether the window is opened for the first time; true again and again where nothing can be remembered. */
    boolean claim() {
        if (Files.exists(mark)) {
            return false;
        }
        try {
            Files.createDirectories(mark.getParent());
            Files.createFile(mark);
        } catch (IOException | RuntimeException unwritable) {
            System.getLogger(FirstStart.class.getName())
                    .log(System.Logger.Level.DEBUG, "The first start cannot be remembered", unwritable);
        }
        return true;
    }
}
