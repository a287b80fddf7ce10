package org.switchback.fuzz;

import java.nio.charset.StandardCharsets;
import org.switchback.hardware.MemoryMap;

/** The text of /proc/iomem, or a pasted one. */
public final class MemoryMapTarget {
    private MemoryMapTarget() {}

    public static void fuzzerTestOneInput(byte[] data) {
        MemoryMap.parse(new String(data, StandardCharsets.UTF_8));
    }
}
