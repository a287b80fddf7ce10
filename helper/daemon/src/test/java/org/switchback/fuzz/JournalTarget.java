package org.switchback.fuzz;

import org.switchback.transaction.JournalFuzzing;

/** The journal of an interrupted switch. */
public final class JournalTarget {
    private JournalTarget() {}

    public static void fuzzerTestOneInput(byte[] data) {
        JournalFuzzing.read(data);
    }
}
