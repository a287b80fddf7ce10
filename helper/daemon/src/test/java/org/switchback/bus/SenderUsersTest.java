package org.switchback.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.switchback.bus.SenderUsers.HoldResult;

class SenderUsersTest {
    private final SenderUsers users = new SenderUsers();

    private static MessageReader.ReceivedMessage call(String sender, int bodyLength) {
        MessageHeader header = MessageQueueTest.header(sender, 1, true);
        return new MessageReader.ReceivedMessage(header, 100, Optional.of(new byte[bodyLength]));
    }

    @Test
    void callsAreHeldUntilTheUserIsKnown() {
        assertThat(users.hold(call(":1.1", 4))).isEqualTo(HoldResult.LOOKUP_NEEDED);
        assertThat(users.hold(call(":1.1", 5))).isEqualTo(HoldResult.HELD);
        assertThat(users.find(":1.1")).isEmpty();

        assertThat(users.release(":1.1", OptionalLong.of(1000)))
                .extracting(MessageReader.ReceivedMessage::length)
                .containsExactly(104, 105);
        assertThat(users.find(":1.1")).hasValue(1000);
        assertThat(users.release(":1.1", OptionalLong.of(1000))).isEmpty();
    }

    @Test
    void senderThatHasLeftStaysUnknown() {
        users.hold(call(":1.1", 4));

        assertThat(users.release(":1.1", OptionalLong.empty())).hasSize(1);
        assertThat(users.find(":1.1")).isEmpty();
    }

    @Test
    void heldCallsOfASenderAreLimited() {
        for (int i = 0; i < SenderUsers.MAX_HELD_CALLS_PER_SENDER; i++) {
            assertThat(users.hold(call(":1.1", 4))).isNotEqualTo(HoldResult.REJECTED);
        }

        assertThat(users.hold(call(":1.1", 4))).isEqualTo(HoldResult.REJECTED);
        assertThat(users.hold(call(":1.2", 4))).isEqualTo(HoldResult.LOOKUP_NEEDED);
    }

    @Test
    void largeCallsOfManySendersDoNotKeepOutSmallOnes() {
        int held = 0;
        while (users.hold(call(":2." + held, 8000)) == HoldResult.LOOKUP_NEEDED) {
            held++;
        }

        assertThat(held * 8100).isBetween(SenderUsers.MAX_HELD_BYTES - 8100, SenderUsers.MAX_HELD_BYTES);
        assertThat(users.hold(call(":1.1", 40))).isEqualTo(HoldResult.LOOKUP_NEEDED);
        users.release(":2.0", OptionalLong.of(1000));
        assertThat(users.hold(call(":3.0", 8000))).isEqualTo(HoldResult.LOOKUP_NEEDED);
    }

    @Test
    void senderUsedLeastRecentlyIsForgotten() {
        for (int i = 0; i <= SenderUsers.MAX_KNOWN_SENDERS; i++) {
            users.release(":1." + i, OptionalLong.of(i));
            assertThat(users.find(":1.0")).hasValue(0);
        }

        assertThat(users.find(":1.1")).isEmpty();
        assertThat(users.find(":1." + SenderUsers.MAX_KNOWN_SENDERS)).isPresent();
    }
}
