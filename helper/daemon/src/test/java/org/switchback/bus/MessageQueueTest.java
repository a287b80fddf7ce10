package org.switchback.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MessageQueueTest {
    private static final long ROOT = 0;
    private static final long ANN = 1000;
    private static final long BOB = 1001;

    private final MessageQueue queue = new MessageQueue(new CallLimits(10, 20, 2, 3, ROOT));

    static MessageHeader header(String sender, long serial, boolean expectsReply) {
        return new MessageHeader(
                ByteOrder.LITTLE_ENDIAN,
                MessageHeader.TYPE_METHOD_CALL,
                (byte) (expectsReply ? 0 : 1),
                serial,
                "/path",
                "",
                "Call",
                "",
                0,
                "",
                sender,
                "");
    }

    private static Message message(MessageHeader header) {
        try {
            return MessageFactory.createMessage(
                    header.type(), header.encodeStart(0), header.encodeFields(), new byte[0], null);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private boolean add(long uid, long serial) {
        MessageHeader header = header(":1." + uid, serial, true);
        return queue.addCall(uid, header, message(header));
    }

    private String take() throws Exception {
        Message message = queue.take();
        return message.getSource() + "/" + message.getSerial();
    }

    @Test
    void urgentMessagesAndRootComeFirst() throws Exception {
        add(ANN, 1);
        add(ROOT, 2);
        queue.addUrgent(message(header(":1.5", 3, true)));

        assertThat(take()).isEqualTo(":1.5/3");
        assertThat(take()).isEqualTo(":1.0/2");
        assertThat(take()).isEqualTo(":1.1000/1");
    }

    @Test
    void usersTakeTurns() throws Exception {
        add(ANN, 1);
        add(ANN, 2);
        add(BOB, 3);

        assertThat(take()).isEqualTo(":1.1000/1");
        assertThat(take()).isEqualTo(":1.1001/3");
        assertThat(take()).isEqualTo(":1.1000/2");
    }

    @Test
    void callBeyondTheLimitWaitsUntilOneEnds() throws Exception {
        for (int serial = 1; serial <= 3; serial++) {
            add(ANN, serial);
        }
        take();
        take();
        CompletableFuture<String> third = CompletableFuture.supplyAsync(() -> {
            try {
                return take();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });

        Thread.sleep(Duration.ofMillis(200));
        assertThat(third).isNotDone();
        assertThat(queue.complete(":1.1000", 1)).isTrue();
        assertThat(third.get(10, TimeUnit.SECONDS)).isEqualTo(":1.1000/3");
    }

    @Test
    void rootIsServedWhileOthersOccupyAllTheirPlaces() throws Exception {
        add(ANN, 1);
        add(ANN, 2);
        add(BOB, 3);
        add(BOB, 4);
        take();
        take();
        take();
        for (int serial = 5; serial < 15; serial++) {
            add(ROOT, serial);
        }

        for (int serial = 5; serial < 15; serial++) {
            assertThat(take()).isEqualTo(":1.0/" + serial);
        }
    }

    @Test
    void waitingCallsOfAUserAreLimited() {
        for (int serial = 0; serial < MessageQueue.MAX_WAITING_CALLS_PER_USER; serial++) {
            assertThat(add(ANN, serial)).isTrue();
        }

        assertThat(add(ANN, 1000)).isFalse();
        assertThat(add(BOB, 1)).isTrue();
    }

    @Test
    void onlyAHandledCallThatExpectsAReplyGetsOne() throws Exception {
        MessageHeader header = header(":1.1000", 7, false);
        queue.addCall(ANN, header, message(header));
        assertThat(queue.complete(":1.1000", 7)).as("before it is handled").isFalse();
        take();

        assertThat(queue.complete(":1.1000", 8)).as("another serial").isFalse();
        assertThat(queue.complete(":1.1000", 7)).as("no reply expected").isFalse();
        add(ANN, 9);
        take();
        assertThat(queue.complete(":1.1000", 9)).isTrue();
        assertThat(queue.complete(":1.1000", 9)).as("a second reply").isFalse();
    }

    @Test
    void reusedSerialWaitsForTheFirstCall() throws Exception {
        add(ANN, 1);
        add(ANN, 1);
        add(BOB, 2);

        assertThat(take()).isEqualTo(":1.1000/1");
        assertThat(take()).isEqualTo(":1.1001/2");
        queue.complete(":1.1000", 1);
        assertThat(take()).isEqualTo(":1.1000/1");
    }

    @Test
    void failureEndsTheWait() {
        add(ANN, 1);
        queue.fail(new IOException("closed"));

        assertThatExceptionOfType(IOException.class).isThrownBy(queue::take).withMessage("closed");
    }
}
