package org.switchback.cli;

import org.switchback.client.HelperConnection;
import org.switchback.hardware.MachineSnapshot;

/**
 * A snapshot of a machine with the connection to its helper.
 *
 * @param connection closed together with this session
 * @param snapshot the machine at the start of the session
 */
record MachineSession(HelperConnection connection, MachineSnapshot snapshot) implements AutoCloseable {
    @Override
    public void close() {
        connection.close();
    }
}
