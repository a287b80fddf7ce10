package org.switchback.app;

import java.nio.file.Path;
import java.util.Map;
import org.switchback.app.state.Mark;
import org.switchback.app.state.StateFolder;

/** Remembers that the window has been opened before, in a file of the user's state folder. */
final class FirstStart {
    private final Mark mark;

    FirstStart(Path mark) {
        this.mark = new Mark(mark);
    }

    /** The mark of the user whose environment it is. */
    static FirstStart of(Map<String, String> environment) {
        return new FirstStart(StateFolder.of(environment).resolve("started"));
    }

    /** Whether the window is opened for the first time; true again and again where nothing can be remembered. */
    boolean claim() {
        if (mark.there()) {
            return false;
        }
        mark.put(true);
        return true;
    }
}
