package org.switchback.fuzz;

import org.switchback.bus.BusFuzzing;

/** Bytes from the message bus: headers, bodies and what is passed on to dbus-java. */
public final class BusTarget {
    private BusTarget() {}

    public static void fuzzerTestOneInput(byte[] data) {
        BusFuzzing.receive(data);
    }
}
