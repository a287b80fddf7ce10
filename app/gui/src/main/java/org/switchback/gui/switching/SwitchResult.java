package org.switchback.gui.switching;

import java.util.List;

/**
 * What a switch came to, judged by what the kernel says afterwards.
 *
 * @param kind  in short
 * @param title one sentence
 * @param lines more sentences
 */
public record SwitchResult(SwitchResultKind kind, String title, List<String> lines) {
    /** What a switch came to, in short. */
    public enum SwitchResultKind {
        /** The GPU is where it should be. */
        SUCCEEDED,
        /** It is where it was. */
        UNCHANGED,
        /** Neither the one nor the other. */
        PARTIALLY_SWITCHED,
        /** Nobody can tell. */
        UNKNOWN
    }

    public SwitchResult {
        lines = List.copyOf(lines);
    }
}
