package org.switchback.service;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.switchback.protocol.DBusNames;

/**
 * Sends calls as fast as the bus accepts them, as a process because it runs as another user. Arguments: the address of
 * the bus, the interface and the method, {@code no-reply} or {@code reply}, the number of calls and that of
 * connections.
 */
final class FloodMain {
    private FloodMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        RawMessage call = RawMessage.call(DBusNames.BUS_NAME, DBusNames.HELPER_PATH, args[1], args[2]);
        RawMessage message = args[3].equals("no-reply") ? call.withoutReply() : call;
        List<RawBusClient> clients = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[5]); i++) {
            clients.add(new RawBusClient(args[0]));
        }
        for (int i = 0; i < Integer.parseInt(args[4]); i++) {
            clients.get(i % clients.size()).send(message);
        }
        // Closing a connection would discard what the bus has not delivered.
        Thread.sleep(2000);
    }
}
