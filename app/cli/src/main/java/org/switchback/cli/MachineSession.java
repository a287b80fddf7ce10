package org.switchback.cli;

import org.switchback.client.HelperConnection;
import org.switchback.hardware.MachineSnapshot;

/**
 * A machine that has been looked at, and the helper that can be asked more about it.
 *
 * @param connection closed together with this
 * @param snapshot what there was to see
 */
record MachineSession(HelperConnection connection, MachineSnapshot snapshot) implements AutoCloseable {
    @Override
    public void close() {
        connection.close();
    }
}
