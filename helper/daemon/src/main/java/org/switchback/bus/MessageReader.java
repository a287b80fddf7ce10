package org.switchback.bus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;

/**
 * Reads messages from a bus. Memory for a message is allocated only within limits; what exceeds them is read and
 * discarded.
 */
final class MessageReader {
    /**
     * Limit of a header's length; the names in it have up to 255 bytes each. A message with a longer one is skipped.
     */
    static final int MAX_HEADER_BYTES = 4 << 10;

    /** Limit of the length of a call's body. The helper's methods accept 4 KiB of text. */
    static final int MAX_CALL_BODY_BYTES = 8 << 10;

    /** Limit of the length of any other body: replies and signals from the bus, and replies from polkit. */
    static final int MAX_BODY_BYTES = 16 << 10;

    private final ReadableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(MAX_BODY_BYTES).flip();

    MessageReader(ReadableByteChannel channel) {
        this.channel = channel;
    }

    /**
     * A message as it arrived.
     *
     * @param headerLength in bytes
     * @param body empty if the body is too long, and then discarded
     */
    record ReceivedMessage(MessageHeader header, int headerLength, Optional<byte[]> body) {
        /** Length of what is kept, in bytes. */
        int length() {
            return headerLength + body.map(bytes -> bytes.length).orElse(0);
        }
    }

    /**
     * Waits for the next message whose header can be read.
     *
     * @throws EOFException if the bus has closed the connection
     * @throws IOException if the connection fails, or the bytes received do not form messages
     */
    ReceivedMessage read() throws IOException {
        while (true) {
            require(MessageHeader.FIXED_BYTES);
            MessageHeader.Lengths lengths = MessageHeader.parseLengths(buffer)
                    .orElseThrow(() -> new IOException("the bus sent something else than a message"));
            if (MessageHeader.FIXED_BYTES + lengths.paddedFields() > MAX_HEADER_BYTES) {
                skip(MessageHeader.FIXED_BYTES + lengths.paddedFields() + lengths.body());
                continue;
            }
            int headerLength = (int) (MessageHeader.FIXED_BYTES + lengths.paddedFields());
            require(headerLength);
            byte[] headerBytes = new byte[headerLength];
            buffer.get(headerBytes);
            Optional<MessageHeader> header = MessageHeader.parse(headerBytes);
            if (header.isEmpty() || lengths.body() > limitOf(header.get())) {
                skip(lengths.body());
                if (header.isPresent()) {
                    return new ReceivedMessage(header.get(), headerLength, Optional.empty());
                }
                continue;
            }
            return new ReceivedMessage(header.get(), headerLength, Optional.of(readBody((int) lengths.body())));
        }
    }

    private static int limitOf(MessageHeader header) {
        return header.type() == MessageHeader.TYPE_METHOD_CALL ? MAX_CALL_BODY_BYTES : MAX_BODY_BYTES;
    }

    private byte[] readBody(int length) throws IOException {
        require(length);
        byte[] body = new byte[length];
        buffer.get(body);
        return body;
    }

    private void skip(long length) throws IOException {
        long remaining = length;
        while (remaining > buffer.remaining()) {
            remaining -= buffer.remaining();
            buffer.position(buffer.limit());
            require(1);
        }
        buffer.position(buffer.position() + (int) remaining);
    }

    /** Reads until the buffer holds at least that number of bytes, at most its capacity. */
    private void require(int length) throws IOException {
        if (buffer.remaining() >= length) {
            return;
        }
        buffer.compact();
        try {
            while (buffer.position() < length) {
                if (channel.read(buffer) < 0) {
                    throw new EOFException("the bus has closed the connection");
                }
            }
        } finally {
            buffer.flip();
        }
    }
}
