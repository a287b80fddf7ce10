package org.switchback.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.freedesktop.dbus.messages.MethodCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageHeaderTest {
    /** A call as dbus-java writes it, in the byte order {@code l} or {@code B}. */
    static byte[] call(char order, String signature, Object... arguments) throws Exception {
        MethodCall call = new MessageFactory((byte) order)
                .createMethodCall(":1.7", "org.example.Name", "/path", "a.b", "Call", (byte) 1, signature, arguments);
        byte[] bytes = new byte[0];
        for (byte[] part : call.getWireData()) {
            if (part != null) {
                int length = bytes.length;
                bytes = Arrays.copyOf(bytes, length + part.length);
                System.arraycopy(part, 0, bytes, length, part.length);
            }
        }
        return bytes;
    }

    private static byte[] headerOf(byte[] message) {
        MessageHeader.Lengths lengths =
                MessageHeader.parseLengths(ByteBuffer.wrap(message)).orElseThrow();
        return Arrays.copyOf(message, (int) (MessageHeader.FIXED_BYTES + lengths.paddedFields()));
    }

    @ParameterizedTest
    @ValueSource(chars = {'l', 'B'})
    void fieldsAreReadInBothByteOrders(char order) throws Exception {
        MessageHeader header =
                MessageHeader.parse(headerOf(call(order, "s", "text"))).orElseThrow();

        assertThat(header.order()).isEqualTo(order == 'l' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        assertThat(header.type()).isEqualTo(MessageHeader.TYPE_METHOD_CALL);
        assertThat(header.expectsReply()).isFalse();
        assertThat(header.path()).isEqualTo("/path");
        assertThat(header.interfaceName()).isEqualTo("a.b");
        assertThat(header.member()).isEqualTo("Call");
        assertThat(header.sender()).isEqualTo(":1.7");
        assertThat(header.destination()).isEqualTo("org.example.Name");
        assertThat(header.signature()).isEqualTo("s");
        assertThat(header.replySerial()).isZero();
    }

    @ParameterizedTest
    @ValueSource(chars = {'l', 'B'})
    void dbusJavaReadsWhatIsEncoded(char order) throws Exception {
        byte[] message = call(order, "sb", "text", true);
        byte[] headerBytes = headerOf(message);
        MessageHeader header = MessageHeader.parse(headerBytes).orElseThrow();
        byte[] body = Arrays.copyOfRange(message, headerBytes.length, message.length);

        Message decoded = MessageFactory.createMessage(
                header.type(), header.expectingReply().encodeStart(body.length), header.encodeFields(), body, null);

        assertThat(decoded).isInstanceOf(MethodCall.class);
        assertThat(decoded.getFlags()).isZero();
        assertThat(decoded.getSerial()).isEqualTo(header.serial());
        assertThat(decoded.getPath()).isEqualTo("/path");
        assertThat(decoded.getInterface()).isEqualTo("a.b");
        assertThat(decoded.getName()).isEqualTo("Call");
        assertThat(decoded.getSource()).isEqualTo(":1.7");
        assertThat(decoded.getDestination()).isEqualTo("org.example.Name");
        assertThat(decoded.getParameters()).containsExactly("text", true);
    }

    @Test
    void everyPrefixOfAHeaderIsMalformed() throws Exception {
        byte[] header = headerOf(call('l', "s", "text"));
        for (int length = 1; length < header.length - MessageHeader.ALIGNMENT; length++) {
            assertThat(MessageHeader.parse(Arrays.copyOf(header, length)))
                    .as("%d bytes", length)
                    .isEmpty();
        }
    }

    /** Whatever is parsed can be encoded again without a loss. */
    @Test
    void changedBytesAreReadOrRejected() throws Exception {
        byte[] original = headerOf(call('l', "s", "text"));
        Random random = new Random(1);
        int readCount = 0;
        for (int round = 0; round < 200_000; round++) {
            byte[] changed = original.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            MessageHeader header = MessageHeader.parse(changed).orElse(null);
            if (header != null) {
                readCount++;
                byte[] fields = header.encodeFields();
                assertThat(fields.length % MessageHeader.ALIGNMENT).isZero();
            }
        }
        assertThat(readCount).isGreaterThan(1000);
    }
}
