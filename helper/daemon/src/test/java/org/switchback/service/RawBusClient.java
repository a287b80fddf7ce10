package org.switchback.service;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Sends one message with any signature, which no D-Bus library would send (D-Bus Specification, "Message Protocol").
 */
final class RawBusClient {
    private static final int BODY_BYTES = 4;

    private RawBusClient() {}

    /**
     * Calls a method with a body of four zero bytes, and waits until the bus has read it.
     *
     * @param address of the bus, {@code unix:path=...}
     * @param signature what the body claims to be
     */
    static void send(
            String address, String destination, String path, String interfaceName, String member, String signature)
            throws IOException {
        Path socket = Path.of(address.replaceAll("^unix:path=|,.*$", ""));
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String hexUid = HexFormat.of().formatHex(uid.toString().getBytes(StandardCharsets.US_ASCII));
            write(channel, "\0AUTH EXTERNAL " + hexUid + "\r\n");
            read(channel);
            write(channel, "BEGIN\r\n");
            String bus = "org.freedesktop.DBus";
            channel.write(message(1, bus, "/org/freedesktop/DBus", bus, "Hello", ""));
            read(channel);
            channel.write(message(2, destination, path, interfaceName, member, signature));
            // The answer to this one says that the bus has passed on the one before.
            channel.write(message(3, bus, "/org/freedesktop/DBus", bus, "GetId", ""));
            read(channel);
        }
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void read(SocketChannel channel) throws IOException {
        if (channel.read(ByteBuffer.allocate(4096)) < 0) {
            throw new IOException("the bus has closed the connection");
        }
    }

    private static ByteBuffer message(
            int serial, String destination, String path, String interfaceName, String member, String signature) {
        ByteBuffer fields = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        addString(fields, 1, 'o', path);
        addString(fields, 2, 's', interfaceName);
        addString(fields, 3, 's', member);
        addString(fields, 6, 's', destination);
        if (!signature.isEmpty()) {
            align(fields, 8);
            fields.put((byte) 8).put((byte) 1).put((byte) 'g').put((byte) 0);
            fields.put((byte) signature.length())
                    .put(signature.getBytes(StandardCharsets.US_ASCII))
                    .put((byte) 0);
        }
        fields.flip();
        ByteBuffer message = ByteBuffer.allocate(2048).order(ByteOrder.LITTLE_ENDIAN);
        message.put((byte) 'l').put((byte) 1).put((byte) 0).put((byte) 1);
        message.putInt(signature.isEmpty() ? 0 : BODY_BYTES).putInt(serial).putInt(fields.limit());
        message.put(fields);
        align(message, 8);
        if (!signature.isEmpty()) {
            message.put(new byte[BODY_BYTES]);
        }
        return message.flip();
    }

    /** A header field: its code and a variant that holds a string. */
    private static void addString(ByteBuffer fields, int code, char type, String value) {
        align(fields, 8);
        fields.put((byte) code).put((byte) 1).put((byte) type).put((byte) 0);
        byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
        fields.putInt(bytes.length).put(bytes).put((byte) 0);
    }

    private static void align(ByteBuffer buffer, int boundary) {
        while (buffer.position() % boundary != 0) {
            buffer.put((byte) 0);
        }
    }
}
