package org.switchback.bus;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;

/** Receives bytes as a {@link BusTransport} does. */
public final class BusFuzzing {
    private BusFuzzing() {}

    public static void receive(byte[] data) {
        MessageReader reader = new MessageReader(Channels.newChannel(new ByteArrayInputStream(data)));
        try {
            while (true) {
                MessageReader.ReceivedMessage message = reader.read();
                BusTransport.decode(message, message.header().expectingReply());
            }
        } catch (IOException ignored) {
            // The end of the input, or no message.
        }
    }
}
