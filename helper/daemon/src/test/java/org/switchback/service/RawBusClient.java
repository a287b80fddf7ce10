package org.switchback.service;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** A connection to a bus that sends any messages and ignores all replies. */
final class RawBusClient implements AutoCloseable {
    private static final String BUS = "org.freedesktop.DBus";
    private static final RawMessage HELLO = RawMessage.call(BUS, "/org/freedesktop/DBus", BUS, "Hello");

    private final SocketChannel channel;
    private int serial;

    /** @param address of the bus, {@code unix:path=...} */
    RawBusClient(String address) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(Path.of(address.replaceAll("^unix:path=|,.*$", ""))));
        Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        String hexUid = HexFormat.of().formatHex(uid.toString().getBytes(StandardCharsets.US_ASCII));
        write("\0AUTH EXTERNAL " + hexUid + "\r\n");
        read();
        write("BEGIN\r\n");
        send(HELLO);
        read();
        Thread.ofPlatform().daemon().start(this::discardReplies);
    }

    void send(RawMessage message) throws IOException {
        ByteBuffer bytes = message.encode(++serial);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private void write(String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private void read() throws IOException {
        if (channel.read(ByteBuffer.allocate(4096)) < 0) {
            throw new IOException("the bus has closed the connection");
        }
    }

    private void discardReplies() {
        try {
            while (true) {
                read();
            }
        } catch (IOException ignored) {
            // Closed by either side.
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
