package org.switchback.bus;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.freedesktop.dbus.messages.Message;
import org.jspecify.annotations.Nullable;

/**
 * Received messages, in the order in which they are handled: replies and signals, then calls of the privileged user,
 * then calls of the other users in turn. Limits how many calls are handled at the same time, so that slow calls of one
 * user do not occupy all threads.
 */
final class MessageQueue {
    /** Limits the memory that waiting calls of a user take. */
    static final int MAX_WAITING_CALLS_PER_USER = 256;

    private final CallLimits limits;
    private final Deque<Message> urgent = new ArrayDeque<>();
    /** Users with waiting or running calls. The first one is the next to be served. */
    private final Map<Long, UserCalls> users = new LinkedHashMap<>();

    private final Map<CallId, RunningCall> running = new HashMap<>();
    private int runningOfOthers;
    private @Nullable IOException failure;

    /** A call waiting for its turn. */
    private record WaitingCall(CallId id, Message message, boolean expectsReply) {}

    private record RunningCall(long uid, UserCalls calls, boolean expectsReply) {}

    /** Identifies a call: its sender's unique name and the serial that the sender has chosen. */
    private record CallId(String sender, long serial) {}

    private static final class UserCalls {
        private final Deque<WaitingCall> waiting = new ArrayDeque<>();
        private int runningCount;
    }

    MessageQueue(CallLimits limits) {
        this.limits = limits;
    }

    /** Adds a reply or a signal. */
    synchronized void addUrgent(Message message) {
        urgent.add(message);
        notifyAll();
    }

    /**
     * Adds a call.
     *
     * @param expectsReply whether {@link #complete} is to return true for the call
     * @return false if too many calls of the user are waiting
     */
    synchronized boolean addCall(long uid, MessageHeader header, Message message) {
        UserCalls calls = users.computeIfAbsent(uid, ignored -> new UserCalls());
        if (calls.waiting.size() >= MAX_WAITING_CALLS_PER_USER) {
            return false;
        }
        calls.waiting.add(
                new WaitingCall(new CallId(header.sender(), header.serial()), message, header.expectsReply()));
        notifyAll();
        return true;
    }

    /**
     * Waits for the next message to handle.
     *
     * @throws IOException the failure passed to {@link #fail}
     */
    synchronized Message take() throws IOException, InterruptedException {
        while (true) {
            if (failure != null) {
                throw failure;
            }
            @Nullable Message message = urgent.poll();
            if (message == null) {
                message = nextCall();
            }
            if (message != null) {
                return message;
            }
            wait();
        }
    }

    private @Nullable Message nextCall() {
        @Nullable UserCalls privileged = users.get(limits.privilegedUid());
        if (privileged != null && canRun(limits.privilegedUid(), privileged)) {
            return start(limits.privilegedUid(), privileged);
        }
        for (Map.Entry<Long, UserCalls> user : users.entrySet()) {
            if (canRun(user.getKey(), user.getValue())) {
                return start(user.getKey(), user.getValue());
            }
        }
        return null;
    }

    private boolean canRun(long uid, UserCalls calls) {
        return !calls.waiting.isEmpty()
                // A sender that reuses a serial has to wait, because its replies could not be told apart.
                && !running.containsKey(calls.waiting.getFirst().id())
                && (uid == limits.privilegedUid()
                        || (calls.runningCount < limits.concurrentPerUser()
                                && runningOfOthers < limits.concurrentOfOthers()));
    }

    private Message start(long uid, UserCalls calls) {
        WaitingCall call = calls.waiting.remove();
        calls.runningCount++;
        runningOfOthers += uid == limits.privilegedUid() ? 0 : 1;
        running.put(call.id(), new RunningCall(uid, calls, call.expectsReply()));
        // Moves the user behind all others, so that each gets its turn.
        users.remove(uid);
        users.put(uid, calls);
        return call.message();
    }

    /**
     * Ends a call that {@link #take} has returned.
     *
     * @param sender unique name of the caller
     * @param serial serial of the call
     * @return whether the caller expects a reply; false if no such call is being handled
     */
    synchronized boolean complete(String sender, long serial) {
        @Nullable RunningCall call = running.remove(new CallId(sender, serial));
        if (call == null) {
            return false;
        }
        runningOfOthers -= call.uid() == limits.privilegedUid() ? 0 : 1;
        call.calls().runningCount--;
        if (call.calls().runningCount == 0 && call.calls().waiting.isEmpty()) {
            users.remove(call.uid());
        }
        notifyAll();
        return call.expectsReply();
    }

    /** Makes this and every later {@link #take} throw. */
    synchronized void fail(IOException cause) {
        failure = cause;
        notifyAll();
    }
}
