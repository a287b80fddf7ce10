package org.switchback.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MessageReaderTest {
    private static MessageReader readerOf(byte[]... messages) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            bytes.write(message);
        }
        return new MessageReader(Channels.newChannel(new ByteArrayInputStream(bytes.toByteArray())));
    }

    private static byte[] call(String text) throws Exception {
        return MessageHeaderTest.call('l', "s", text);
    }

    @Test
    void messagesAreReadOneAfterTheOther() throws Exception {
        MessageReader reader = readerOf(call("a"), call("longer"), MessageHeaderTest.call('B', "", new Object[0]));

        assertThat(reader.read().body().orElseThrow()).hasSize(6);
        assertThat(reader.read().body().orElseThrow()).hasSize(11);
        assertThat(reader.read().body().orElseThrow()).isEmpty();
        assertThatExceptionOfType(EOFException.class).isThrownBy(reader::read);
    }

    @Test
    void longBodyIsDiscardedAndTheNextMessageIsRead() throws Exception {
        MessageReader reader = readerOf(call("x".repeat(20 << 20)), call("a"));

        MessageReader.ReceivedMessage longMessage = reader.read();
        assertThat(longMessage.body()).isEmpty();
        assertThat(longMessage.header().member()).isEqualTo("Call");
        assertThat(reader.read().body().orElseThrow()).hasSize(6);
    }

    @Test
    void bodyOfTheLargestSizeIsRead() throws Exception {
        String largest = "x".repeat(MessageReader.MAX_CALL_BODY_BYTES - 5);
        MessageReader reader = readerOf(call(largest), call(largest + "x"));

        assertThat(reader.read().body().orElseThrow()).hasSize(MessageReader.MAX_CALL_BODY_BYTES);
        assertThat(reader.read().body()).isEmpty();
    }

    @Test
    void messageWithALongHeaderIsSkipped() throws Exception {
        byte[] message = call("a");
        // The length of the fields and the body; the fields follow.
        int fieldsLength = 100_000;
        byte[] longMessage = new byte[16 + fieldsLength + 6];
        System.arraycopy(message, 0, longMessage, 0, 12);
        ByteBuffer.wrap(longMessage).order(ByteOrder.LITTLE_ENDIAN).putInt(12, fieldsLength);
        MessageReader reader = readerOf(longMessage, call("longer"));

        assertThat(reader.read().body().orElseThrow()).hasSize(11);
    }

    @Test
    void lengthsBeyondTheEndAllocateNothing() throws Exception {
        byte[] message = call("a");
        ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).putInt(4, -1).putInt(12, -1);

        assertThatExceptionOfType(EOFException.class).isThrownBy(readerOf(message)::read);
    }

    @Test
    void otherBytesThanMessagesEndTheConnection() throws Exception {
        byte[] text = "HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.US_ASCII);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(readerOf(text)::read)
                .isNotInstanceOf(EOFException.class);
    }

    @Test
    void messageMayArriveByteByByte() throws Exception {
        ByteArrayInputStream bytes = new ByteArrayInputStream(call("text"));
        ReadableByteChannel oneByteAtATime = new ReadableByteChannel() {
            @Override
            public int read(ByteBuffer target) {
                int next = bytes.read();
                if (next < 0) {
                    return -1;
                }
                target.put((byte) next);
                return 1;
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };

        assertThat(new MessageReader(oneByteAtATime).read().body().orElseThrow())
                .hasSize(9);
    }
}
