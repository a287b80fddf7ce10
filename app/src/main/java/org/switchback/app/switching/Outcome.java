package org.switchback.app.switching;

import java.util.List;

/**
 * What a switch came to, judged by what the kernel says afterwards.
 *
 * @param kind  in short
 * @param title one sentence
 * @param lines more sentences
 */
public record Outcome(Kind kind, String title, List<String> lines) {
    /** What a switch came to, in short. */
    public enum Kind {
        /** The GPU is where it should be. */
        REACHED,
        /** It is where it was. */
        UNCHANGED,
        /** Neither the one nor the other. */
        HALF,
        /** Nobody can tell. */
        UNKNOWN
    }

    public Outcome {
        lines = List.copyOf(lines);
    }
}
