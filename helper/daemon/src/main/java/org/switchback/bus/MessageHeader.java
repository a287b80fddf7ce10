package org.switchback.bus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The header of a D-Bus message (D-Bus Specification, "Message Format"). Absent texts are empty, since no field may be
 * empty except the signature, for which absent and empty are the same.
 *
 * @param order byte order of the message
 * @param type one of the {@code TYPE} constants; other types must be ignored
 * @param flags see {@link #expectsReply}
 * @param serial chosen by the sender, for replies
 * @param replySerial serial of the call that this message answers; 0 if absent
 * @param signature types of the body
 */
record MessageHeader(
        ByteOrder order,
        byte type,
        byte flags,
        long serial,
        String path,
        String interfaceName,
        String member,
        String errorName,
        long replySerial,
        String destination,
        String sender,
        String signature) {
    static final byte TYPE_METHOD_CALL = 1;
    static final byte TYPE_METHOD_RETURN = 2;
    static final byte TYPE_ERROR = 3;
    static final byte TYPE_SIGNAL = 4;

    /** Length of the part before the fields, in bytes. */
    static final int FIXED_BYTES = 16;

    /** Fields and the body are aligned to this number of bytes. */
    static final int ALIGNMENT = 8;

    private static final byte FLAG_NO_REPLY_EXPECTED = 0x1;
    private static final byte PROTOCOL_VERSION = 1;

    private static final int FIELD_PATH = 1;
    private static final int FIELD_INTERFACE = 2;
    private static final int FIELD_MEMBER = 3;
    private static final int FIELD_ERROR_NAME = 4;
    private static final int FIELD_REPLY_SERIAL = 5;
    private static final int FIELD_DESTINATION = 6;
    private static final int FIELD_SENDER = 7;
    private static final int FIELD_SIGNATURE = 8;
    private static final int FIELD_UNIX_FDS = 9;

    /** Indexes of the lengths in the fixed part. */
    private static final int BODY_LENGTH_INDEX = 4;

    private static final int SERIAL_INDEX = 8;
    private static final int FIELDS_LENGTH_INDEX = 12;

    boolean expectsReply() {
        return (flags & FLAG_NO_REPLY_EXPECTED) == 0;
    }

    /** A header with the same fields that expects a reply. */
    MessageHeader expectingReply() {
        return new MessageHeader(
                order,
                type,
                (byte) (flags & ~FLAG_NO_REPLY_EXPECTED),
                serial,
                path,
                interfaceName,
                member,
                errorName,
                replySerial,
                destination,
                sender,
                signature);
    }

    /** Lengths that the fixed part of a header announces, in bytes, without padding; unsigned 32-bit values. */
    record Lengths(long fields, long body) {
        /** Length of the fields and the padding after them. */
        long paddedFields() {
            return (fields + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
    }

    /**
     * Reads the lengths from the fixed part of a header.
     *
     * @param fixed at least {@link #FIXED_BYTES} bytes from its position; the position is not changed
     * @return empty if these bytes do not begin a message of a known protocol version
     */
    static Optional<Lengths> parseLengths(ByteBuffer fixed) {
        int start = fixed.position();
        Optional<ByteOrder> order = byteOrder(fixed.get(start));
        if (order.isEmpty() || fixed.get(start + 3) != PROTOCOL_VERSION) {
            return Optional.empty();
        }
        ByteBuffer ordered = fixed.duplicate().order(order.get());
        return Optional.of(new Lengths(
                Integer.toUnsignedLong(ordered.getInt(start + FIELDS_LENGTH_INDEX)),
                Integer.toUnsignedLong(ordered.getInt(start + BODY_LENGTH_INDEX))));
    }

    private static Optional<ByteOrder> byteOrder(byte mark) {
        return switch (mark) {
            case 'l' -> Optional.of(ByteOrder.LITTLE_ENDIAN);
            case 'B' -> Optional.of(ByteOrder.BIG_ENDIAN);
            default -> Optional.empty();
        };
    }

    /**
     * Parses a header.
     *
     * @param bytes the fixed part and the fields, with or without padding after them
     * @return empty if the header is malformed, or has a field of a type that this version of the protocol lacks
     */
    static Optional<MessageHeader> parse(byte[] bytes) {
        try {
            return byteOrder(bytes[0])
                    .flatMap(order -> parse(ByteBuffer.wrap(bytes).order(order)));
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            // A length reaches beyond the end.
            return Optional.empty();
        }
    }

    private static Optional<MessageHeader> parse(ByteBuffer buffer) {
        String[] texts = new String[FIELD_UNIX_FDS + 1];
        Arrays.fill(texts, "");
        long replySerial = 0;
        int end = Math.addExact(FIXED_BYTES, buffer.getInt(FIELDS_LENGTH_INDEX));
        buffer.limit(end);
        buffer.position(FIXED_BYTES);
        while (buffer.hasRemaining()) {
            buffer.position(align(buffer.position(), ALIGNMENT));
            int field = Byte.toUnsignedInt(buffer.get());
            String type = readSignature(buffer);
            switch (type) {
                case "s", "o" -> {
                    String text = readString(buffer);
                    if (isTextField(field, type)) {
                        texts[field] = text;
                    }
                }
                case "g" -> {
                    String signature = readSignature(buffer);
                    if (field == FIELD_SIGNATURE) {
                        texts[field] = signature;
                    }
                }
                case "u" -> {
                    buffer.position(align(buffer.position(), Integer.BYTES));
                    long number = Integer.toUnsignedLong(buffer.getInt());
                    if (field == FIELD_REPLY_SERIAL) {
                        replySerial = number;
                    }
                }
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(new MessageHeader(
                buffer.order(),
                buffer.get(1),
                buffer.get(2),
                Integer.toUnsignedLong(buffer.getInt(SERIAL_INDEX)),
                texts[FIELD_PATH],
                texts[FIELD_INTERFACE],
                texts[FIELD_MEMBER],
                texts[FIELD_ERROR_NAME],
                replySerial,
                texts[FIELD_DESTINATION],
                texts[FIELD_SENDER],
                texts[FIELD_SIGNATURE]));
    }

    private static boolean isTextField(int field, String type) {
        return switch (field) {
            case FIELD_PATH -> type.equals("o");
            case FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR_NAME, FIELD_DESTINATION, FIELD_SENDER -> type.equals("s");
            default -> false;
        };
    }

    private static int align(int position, int boundary) {
        return (position + boundary - 1) / boundary * boundary;
    }

    private static String readString(ByteBuffer buffer) {
        buffer.position(align(buffer.position(), Integer.BYTES));
        return readText(buffer, buffer.getInt());
    }

    private static String readSignature(ByteBuffer buffer) {
        return readText(buffer, Byte.toUnsignedInt(buffer.get()));
    }

    private static String readText(ByteBuffer buffer, int length) {
        if (length < 0 || length >= buffer.remaining()) {
            throw new BufferUnderflowException();
        }
        String text = new String(buffer.array(), buffer.position(), length, StandardCharsets.UTF_8);
        // A NUL follows.
        buffer.position(buffer.position() + length + 1);
        return text;
    }

    /** The first 12 bytes of the header, as dbus-java's message factory takes them. */
    byte[] encodeStart(int bodyLength) {
        return ByteBuffer.allocate(FIELDS_LENGTH_INDEX)
                .order(order)
                .put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 'l' : 'B'))
                .put(type)
                .put(flags)
                .put(PROTOCOL_VERSION)
                .putInt(bodyLength)
                .putInt((int) serial)
                .array();
    }

    /**
     * The known fields as dbus-java's message factory takes them: the length of the array, and the array and its end
     * padded to multiples of 8 bytes.
     */
    byte[] encodeFields() {
        int capacity = 128;
        for (String text : new String[] {path, interfaceName, member, errorName, destination, sender, signature}) {
            capacity += 4 * text.length() + 2 * ALIGNMENT;
        }
        ByteBuffer fields = ByteBuffer.allocate(capacity).order(order).position(ALIGNMENT);
        putText(fields, FIELD_PATH, 'o', path);
        putText(fields, FIELD_INTERFACE, 's', interfaceName);
        putText(fields, FIELD_MEMBER, 's', member);
        putText(fields, FIELD_ERROR_NAME, 's', errorName);
        putText(fields, FIELD_DESTINATION, 's', destination);
        putText(fields, FIELD_SENDER, 's', sender);
        if (replySerial != 0) {
            beginField(fields, FIELD_REPLY_SERIAL, 'u').putInt((int) replySerial);
        }
        if (!signature.isEmpty()) {
            byte[] bytes = signature.getBytes(StandardCharsets.UTF_8);
            beginField(fields, FIELD_SIGNATURE, 'g')
                    .put((byte) bytes.length)
                    .put(bytes)
                    .put((byte) 0);
        }
        fields.putInt(0, fields.position() - ALIGNMENT);
        byte[] encoded = new byte[align(fields.position(), ALIGNMENT)];
        fields.flip().get(encoded, 0, fields.limit());
        return encoded;
    }

    private static void putText(ByteBuffer fields, int field, char type, String text) {
        if (!text.isEmpty()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            beginField(fields, field, type).putInt(bytes.length).put(bytes).put((byte) 0);
        }
    }

    /** Writes the code and the type of a field. The value then begins at a multiple of 4 bytes. */
    private static ByteBuffer beginField(ByteBuffer fields, int field, char type) {
        fields.position(align(fields.position(), ALIGNMENT));
        return fields.put((byte) field).put((byte) 1).put((byte) type).put((byte) 0);
    }
}
