package org.switchback.bus;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.freedesktop.dbus.connections.BusAddress;
import org.freedesktop.dbus.connections.SASL;
import org.freedesktop.dbus.connections.config.TransportConfig;
import org.freedesktop.dbus.connections.transports.AbstractTransport;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.MessageTypeException;
import org.freedesktop.dbus.messages.Error;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.freedesktop.dbus.messages.MethodCall;
import org.freedesktop.dbus.messages.MethodReturn;
import org.freedesktop.dbus.messages.constants.Flags;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.LimitReached;

/**
 * The helper's connection to a message bus, for dbus-java. Nothing that a user sends can end it, exhaust its memory or
 * delay the calls of others: messages are read within limits, decoded where a failure is caught, and counted before
 * they are queued. dbus-java receives only messages that it can handle.
 *
 * <ul>
 *   <li>All: only with the types that the helper's methods accept, or that the bus and polkit reply with.
 *   <li>Calls: others are answered with an error here.
 *   <li>Replies: only to calls that were sent.
 *   <li>Signals: only those of the bus itself; nothing else is subscribed to.
 * </ul>
 */
public final class BusTransport extends AbstractTransport {
    /** Name of the thread that reads from the bus. Without it the helper would be deaf. */
    public static final String READER_THREAD_NAME = "bus-reader";

    private static final String BUS = "org.freedesktop.DBus";
    private static final String BUS_PATH = "/org/freedesktop/DBus";

    /**
     * Signatures of the bodies that are decoded: arguments of the helper's methods, and replies of the bus and of
     * polkit. dbus-java does not check signatures; an array of empty structs, for example, would never end.
     */
    private static final Pattern ACCEPTED_SIGNATURE = Pattern.compile("(?:[bosiu]|as|\\(bba\\{ss\\}\\))*");

    /**
     * Limits of the replies to rejected calls. The bus stops reading from a service when a client leaves too many of
     * its replies unread (max_incoming_bytes, dbus-daemon(1)).
     */
    private static final double REJECTIONS_PER_SECOND = 20;

    private static final double REJECTION_BURST = 500;

    private static final String ERROR_PREFIX = "org.freedesktop.DBus.Error.";
    /** Package of dbus-java's own errors, which stand for those of the specification. */
    private static final String LIBRARY_ERROR_PREFIX = "org.freedesktop.dbus.errors.";

    private final Object writeLock = new Object();
    private final SenderUsers users = new SenderUsers();
    private final RateLimiter rejections = new RateLimiter(REJECTIONS_PER_SECOND, REJECTION_BURST, System::nanoTime);
    /** Senders whose users are being looked up, by the serial of the call to the bus. */
    private final Map<Long, String> lookups = new ConcurrentHashMap<>();
    /** Serials of dbus-java's calls that have not been answered. */
    private final Set<Long> awaitedReplies = ConcurrentHashMap.newKeySet();

    private CallLimits limits = CallLimits.NONE;
    private RateLimiter rateLimiter = new RateLimiter(0, Double.POSITIVE_INFINITY, System::nanoTime);
    private MessageQueue queue = new MessageQueue(limits);
    private @Nullable SocketChannel socket;
    private boolean isReading;

    BusTransport(BusAddress address, TransportConfig config) {
        super(address, config);
        getSaslConfig().setAuthMode(SASL.AUTH_EXTERNAL);
    }

    /** Sets the limits of calls. Must be called before the transport is connected. */
    public void setLimits(CallLimits callLimits) {
        limits = callLimits;
        rateLimiter = new RateLimiter(limits.perSecond(), limits.burst(), System::nanoTime);
        queue = new MessageQueue(limits);
    }

    /** User ID of a sender whose call is being handled; empty if the sender has made no call. */
    public OptionalLong findUser(String sender) {
        return users.find(sender);
    }

    /** Waits for the next message that dbus-java is to handle. */
    @Override
    public Message readMessage() throws IOException {
        startReading();
        try {
            return queue.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
    }

    private synchronized void startReading() throws IOException {
        SocketChannel channel = socket;
        if (channel == null) {
            throw new IOException("not connected");
        }
        if (!isReading) {
            isReading = true;
            Thread.ofPlatform().name(READER_THREAD_NAME).daemon().start(() -> receiveAll(new MessageReader(channel)));
        }
    }

    private void receiveAll(MessageReader reader) {
        try {
            while (true) {
                receive(reader.read());
            }
        } catch (IOException e) {
            queue.fail(e);
        }
    }

    private void receive(MessageReader.ReceivedMessage message) throws IOException {
        MessageHeader header = message.header();
        switch (header.type()) {
            case MessageHeader.TYPE_METHOD_CALL -> receiveCall(message);
            case MessageHeader.TYPE_METHOD_RETURN, MessageHeader.TYPE_ERROR -> receiveReply(message);
            case MessageHeader.TYPE_SIGNAL -> {
                @Nullable Message signal = header.sender().equals(BUS) ? decode(message, header) : null;
                if (signal != null) {
                    queue.addUrgent(signal);
                }
            }
            default -> {}
        }
    }

    private void receiveReply(MessageReader.ReceivedMessage message) throws IOException {
        MessageHeader header = message.header();
        // Only the bus knows users: on a bus that passes on any reply, another sender could claim to be root.
        @Nullable String lookedUp = header.sender().equals(BUS) ? lookups.remove(header.replySerial()) : null;
        if (lookedUp != null) {
            OptionalLong uid =
                    decode(message, header) instanceof MethodReturn reply ? firstNumber(reply) : OptionalLong.empty();
            for (MessageReader.ReceivedMessage call : users.release(lookedUp, uid)) {
                if (uid.isPresent()) {
                    admit(uid.getAsLong(), call);
                }
            }
        } else if (awaitedReplies.remove(header.replySerial())) {
            @Nullable Message reply = decode(message, header);
            queue.addUrgent(
                    reply == null
                            ? createError(
                                    "",
                                    ERROR_PREFIX + "InconsistentMessage",
                                    header.replySerial(),
                                    "The reply can't be read.")
                            : reply);
        }
    }

    private static OptionalLong firstNumber(MethodReturn reply) {
        try {
            Object @Nullable [] values = reply.getParameters();
            return values != null && values.length > 0 && values[0] instanceof Number number
                    ? OptionalLong.of(number.longValue())
                    : OptionalLong.empty();
        } catch (DBusException e) {
            throw new IllegalStateException("the parameters have been decoded", e);
        }
    }

    private void receiveCall(MessageReader.ReceivedMessage call) throws IOException {
        MessageHeader header = call.header();
        if (header.sender().isEmpty()
                || header.path().isEmpty()
                || header.member().isEmpty()) {
            return;
        }
        OptionalLong uid = users.find(header.sender());
        if (uid.isPresent()) {
            admit(uid.getAsLong(), call);
            return;
        }
        switch (users.hold(call)) {
            case HELD -> {}
            case LOOKUP_NEEDED -> lookUpUser(header.sender());
            case REJECTED -> rejectTooMany(-1, header);
        }
    }

    private void lookUpUser(String sender) throws IOException {
        try {
            MethodCall call = getMessageFactory()
                    .createMethodCall(BUS, BUS_PATH, BUS, "GetConnectionUnixUser", (byte) 0, "s", sender);
            lookups.put(call.getSerial(), sender);
            write(call);
        } catch (DBusException e) {
            throw new IllegalStateException("the call is valid", e);
        }
    }

    private void admit(long uid, MessageReader.ReceivedMessage call) throws IOException {
        MessageHeader header = call.header();
        if (uid != limits.privilegedUid() && !rateLimiter.tryAcquire(uid)) {
            rejectTooMany(uid, header);
        } else if (call.body().isEmpty()) {
            reject(uid, header, ERROR_PREFIX + "LimitsExceeded", "The arguments are too long.");
        } else {
            // With a reply, so that the end of the call is seen.
            @Nullable Message message = decode(call, header.expectingReply());
            if (message == null) {
                reject(uid, header, ERROR_PREFIX + "InvalidArgs", "No method accepts these arguments.");
            } else if (!queue.addCall(uid, header, message)) {
                rejectTooMany(uid, header);
            }
        }
    }

    private void rejectTooMany(long uid, MessageHeader header) throws IOException {
        reject(uid, header, LimitReached.class.getName(), LimitReached.TEXT);
    }

    private void reject(long uid, MessageHeader header, String error, String text) throws IOException {
        if (header.expectsReply() && rejections.tryAcquire(uid)) {
            write(createError(header.sender(), error, header.serial(), text));
        }
    }

    private Error createError(String destination, String name, long replySerial, String text) {
        try {
            return getMessageFactory()
                    .createError(destination.isEmpty() ? null : destination, name, replySerial, "s", text);
        } catch (DBusException e) {
            throw new IllegalStateException("the error is valid", e);
        }
    }

    /** Decodes a message with its arguments; null if it has other ones than the helper receives. */
    static @Nullable Message decode(MessageReader.ReceivedMessage message, MessageHeader header) {
        if (message.body().isEmpty()
                || !ACCEPTED_SIGNATURE.matcher(header.signature()).matches()) {
            return null;
        }
        byte[] body = message.body().get();
        try {
            Message decoded = MessageFactory.createMessage(
                    header.type(), header.encodeStart(body.length), header.encodeFields(), body, null);
            decoded.getParameters();
            return decoded;
        } catch (DBusException | MessageTypeException | RuntimeException | StackOverflowError e) {
            return null;
        }
    }

    @Override
    public void writeMessage(Message message) throws IOException {
        switch (message) {
            case MethodCall call -> {
                if ((call.getFlags() & Flags.NO_REPLY_EXPECTED) == 0) {
                    awaitedReplies.add(call.getSerial());
                }
                write(call);
            }
            case MethodReturn reply -> {
                if (queue.complete(reply.getDestination(), reply.getReplySerial())) {
                    write(reply);
                }
            }
            case Error error -> {
                if (queue.complete(error.getDestination(), error.getReplySerial())) {
                    write(withFixedText(error));
                }
            }
            default -> write(message);
        }
    }

    /** Replaces the text of an error that is not the helper's own, because it may be that of any exception. */
    private Error withFixedText(Error error) {
        String name = error.getName();
        if (name.startsWith(LimitReached.class.getPackageName())) {
            return error;
        }
        return createError(
                error.getDestination(),
                name.startsWith(LIBRARY_ERROR_PREFIX)
                        ? ERROR_PREFIX + name.substring(LIBRARY_ERROR_PREFIX.length())
                        : ERROR_PREFIX + "Failed",
                error.getReplySerial(),
                "The helper can't handle this call.");
    }

    private void write(Message message) throws IOException {
        synchronized (writeLock) {
            super.writeMessage(message);
        }
    }

    @Override
    protected SocketChannel connectImpl() throws IOException {
        SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of(getAddress().getParameterValue("path")));
        synchronized (this) {
            socket = channel;
        }
        return channel;
    }

    @Override
    protected boolean hasFileDescriptorSupport() {
        return false;
    }

    @Override
    protected boolean isBound() {
        return false;
    }

    @Override
    protected void bindImpl() throws IOException {
        throw new IOException("the helper only connects");
    }

    @Override
    protected SocketChannel acceptImpl() throws IOException {
        throw new IOException("the helper only connects");
    }

    @Override
    protected synchronized void closeTransport() throws IOException {
        if (socket != null) {
            socket.close();
        }
    }
}
