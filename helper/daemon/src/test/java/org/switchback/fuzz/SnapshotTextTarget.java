package org.switchback.fuzz;

import java.nio.charset.StandardCharsets;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;

/** A saved snapshot. */
public final class SnapshotTextTarget {
    private SnapshotTextTarget() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try {
            SnapshotParser.parse(MachineSnapshot.parse(new String(data, StandardCharsets.UTF_8)));
        } catch (MachineSnapshot.MalformedSnapshotException ignored) {
            // Rejected with a message.
        }
    }
}
