package org.switchback.service;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A message of any content, which no D-Bus library would send (D-Bus Specification, "Message Protocol").
 *
 * @param type of the message
 * @param flags 1 if no reply is expected
 * @param replySerial 0 for none
 */
record RawMessage(
        int type,
        int flags,
        int replySerial,
        String destination,
        String path,
        String interfaceName,
        String member,
        String signature,
        byte[] body) {
    private static final int METHOD_CALL = 1;
    private static final int METHOD_RETURN = 2;
    private static final int SIGNAL = 4;

    static RawMessage call(String destination, String path, String interfaceName, String member) {
        return new RawMessage(METHOD_CALL, 0, 0, destination, path, interfaceName, member, "", new byte[0]);
    }

    static RawMessage signal(String destination, String path, String interfaceName, String member) {
        return new RawMessage(SIGNAL, 1, 0, destination, path, interfaceName, member, "", new byte[0]);
    }

    static RawMessage reply(String destination, int replySerial) {
        return new RawMessage(METHOD_RETURN, 1, replySerial, destination, "", "", "", "", new byte[0]);
    }

    RawMessage withBody(String newSignature, byte[] newBody) {
        return new RawMessage(
                type, flags, replySerial, destination, path, interfaceName, member, newSignature, newBody);
    }

    RawMessage withoutReply() {
        return new RawMessage(type, 1, replySerial, destination, path, interfaceName, member, signature, body);
    }

    /** Body of type {@code s}. */
    static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return buffer(bytes.length + 5).putInt(bytes.length).put(bytes).array();
    }

    /** Body of type {@code v}: variants within each other, the innermost with a byte. */
    static byte[] nestedVariants(int depth) {
        ByteBuffer body = buffer(3 * depth + 1);
        for (int i = 0; i < depth; i++) {
            body.put((byte) 1).put((byte) (i == depth - 1 ? 'y' : 'v')).put((byte) 0);
        }
        return body.array();
    }

    /** Body of type {@code av}: that many variants with a byte each. */
    static byte[] variants(int count) {
        ByteBuffer body = buffer(4 + 4 * count).putInt(4 * count);
        for (int i = 0; i < count; i++) {
            body.put((byte) 1).put((byte) 'y').put((byte) 0).put((byte) 7);
        }
        return body.array();
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    ByteBuffer encode(int serial) {
        ByteBuffer fields = buffer(2048 + path.length());
        addText(fields, 1, 'o', path);
        addText(fields, 2, 's', interfaceName);
        addText(fields, 3, 's', member);
        addText(fields, 6, 's', destination);
        if (replySerial != 0) {
            align(fields);
            fields.put((byte) 5).put((byte) 1).put((byte) 'u').put((byte) 0).putInt(replySerial);
        }
        if (!signature.isEmpty()) {
            align(fields);
            fields.put((byte) 8).put((byte) 1).put((byte) 'g').put((byte) 0);
            fields.put((byte) signature.length())
                    .put(signature.getBytes(StandardCharsets.US_ASCII))
                    .put((byte) 0);
        }
        fields.flip();
        ByteBuffer message = buffer(fields.limit() + 32 + body.length);
        message.put((byte) 'l').put((byte) type).put((byte) flags).put((byte) 1);
        message.putInt(body.length).putInt(serial).putInt(fields.limit());
        message.put(fields);
        align(message);
        return message.put(body).flip();
    }

    /** A header field: its code and a variant that holds a text. */
    private static void addText(ByteBuffer fields, int code, char type, String value) {
        if (!value.isEmpty()) {
            align(fields);
            fields.put((byte) code).put((byte) 1).put((byte) type).put((byte) 0);
            byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
            fields.putInt(bytes.length).put(bytes).put((byte) 0);
        }
    }

    private static void align(ByteBuffer buffer) {
        while (buffer.position() % 8 != 0) {
            buffer.put((byte) 0);
        }
    }
}
