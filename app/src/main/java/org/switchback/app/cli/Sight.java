package org.switchback.app.cli;

import org.switchback.app.helper.HelperConnection;
import org.switchback.hardware.Capture;

/**
 * A machine that has been looked at, and the helper that can be asked more about it.
 *
 * @param connection closed together with this
 * @param capture    what there was to see
 */
record Sight(HelperConnection connection, Capture capture) implements AutoCloseable {
    @Override
    public void close() {
        connection.close();
    }
}
