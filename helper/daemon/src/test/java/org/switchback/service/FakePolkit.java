package org.switchback.service;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.types.UInt32;
import org.switchback.service.PolkitInterface.AuthorizationResult;
import org.switchback.service.PolkitInterface.Subject;

/** Stands in for polkit on a private bus and decides as the test says. */
final class FakePolkit implements FakePolkitInterface, AutoCloseable {
    /** What it was asked. */
    record CheckCall(
            String kind,
            String sender,
            String action,
            Map<String, String> details,
            boolean canPrompt,
            String cancellationId) {}

    static final AuthorizationResult GRANTED = new AuthorizationResult(true, false, Map.of());
    static final AuthorizationResult DENIED = new AuthorizationResult(false, false, Map.of());
    static final AuthorizationResult CHALLENGE = new AuthorizationResult(false, true, Map.of());
    static final AuthorizationResult DISMISSED =
            new AuthorizationResult(false, false, Map.of("polkit.dismissed", "true"));

    private final DBusConnection bus;
    private final List<CheckCall> checkCalls = new CopyOnWriteArrayList<>();
    private final List<String> cancelledIds = new CopyOnWriteArrayList<>();
    private final Map<String, AuthorizationResult> results = new ConcurrentHashMap<>();
    private final Map<String, CountDownLatch> prompts = new ConcurrentHashMap<>();

    FakePolkit(PrivateBus bus) throws DBusException {
        this.bus = bus.connect();
        this.bus.exportObject(getObjectPath(), this);
        this.bus.requestBusName("org.freedesktop.PolicyKit1");
    }

    /** From now on that action is answered so. Without an answer it is yes. */
    void setResult(String action, AuthorizationResult result) {
        results.put("org.switchback.helper." + action, result);
    }

    /** From now on that action has a prompt, which stays until the latch is down. */
    void blockUntil(String action, CountDownLatch until) {
        prompts.put("org.switchback.helper." + action, until);
    }

    List<CheckCall> checkCalls() {
        return new ArrayList<>(checkCalls);
    }

    List<String> cancelledIds() {
        return new ArrayList<>(cancelledIds);
    }

    @Override
    public FakePolkitInterface.SingleValue<AuthorizationResult> CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellation) {
        checkCalls.add(new CheckCall(
                subject.kind,
                String.valueOf(subject.details.get("name").getValue()),
                action,
                new HashMap<>(details),
                flags.intValue() == 1,
                cancellation));
        CountDownLatch prompt = prompts.get(action);
        if (prompt != null) {
            try {
                if (!prompt.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the prompt was never closed");
                }
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        }
        return new FakePolkitInterface.SingleValue<>(results.getOrDefault(action, GRANTED));
    }

    @Override
    public void CancelCheckAuthorization(String cancellation) {
        cancelledIds.add(cancellation);
    }

    @Override
    public String getObjectPath() {
        return "/org/freedesktop/PolicyKit1/Authority";
    }

    @Override
    public void close() {
        bus.disconnect();
    }
}
