package org.switchback.bus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The users of senders, as the bus reports them. A call of a sender whose user has yet to be looked up is held. A user
 * is never stale: the bus does not reuse unique names.
 */
final class SenderUsers {
    static final int MAX_KNOWN_SENDERS = 4096;

    static final int MAX_HELD_CALLS_PER_SENDER = 4;

    /** Limit of the length of all held calls together, in bytes. It does not apply to small calls. */
    static final int MAX_HELD_BYTES = 4 << 20;

    /** A call of that length, in bytes, is small. Those that the helper's clients make are. */
    static final int SMALL_CALL_BYTES = 512;

    private final Map<String, Long> known = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MAX_KNOWN_SENDERS;
        }
    };

    private final Map<String, List<MessageReader.ReceivedMessage>> held = new HashMap<>();
    private int heldBytes;

    /** What to do with a call of a sender whose user is not known. */
    enum HoldResult {
        /** Held; the user must be looked up. */
        LOOKUP_NEEDED,
        /** Held until a lookup that is under way ends. */
        HELD,
        /** Not held, because too many calls are. */
        REJECTED
    }

    /** The user of a sender; empty if it is not known yet. */
    synchronized OptionalLong find(String sender) {
        @Nullable Long uid = known.get(sender);
        return uid == null ? OptionalLong.empty() : OptionalLong.of(uid);
    }

    synchronized HoldResult hold(MessageReader.ReceivedMessage call) {
        List<MessageReader.ReceivedMessage> calls =
                held.getOrDefault(call.header().sender(), List.of());
        boolean fits = call.length() <= SMALL_CALL_BYTES || heldBytes + call.length() <= MAX_HELD_BYTES;
        if (!fits || calls.size() >= MAX_HELD_CALLS_PER_SENDER) {
            return HoldResult.REJECTED;
        }
        boolean isFirst = calls.isEmpty();
        heldBytes += call.length();
        held.computeIfAbsent(call.header().sender(), ignored -> new ArrayList<>())
                .add(call);
        return isFirst ? HoldResult.LOOKUP_NEEDED : HoldResult.HELD;
    }

    /** Ends a lookup and returns the calls held for it. An empty user means that the sender has disconnected. */
    synchronized List<MessageReader.ReceivedMessage> release(String sender, OptionalLong uid) {
        uid.ifPresent(user -> known.put(sender, user));
        @Nullable List<MessageReader.ReceivedMessage> calls = held.remove(sender);
        if (calls == null) {
            return List.of();
        }
        heldBytes -=
                calls.stream().mapToInt(MessageReader.ReceivedMessage::length).sum();
        return calls;
    }
}
