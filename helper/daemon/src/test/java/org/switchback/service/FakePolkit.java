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

/** A fake polkit on a private bus that returns the results set by a test. */
final class FakePolkit implements FakePolkitInterface, AutoCloseable {
    /** Arguments of a {@code CheckAuthorization} call. */
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

    /** Sets the result for an action; the default is {@link #GRANTED}. */
    void setResult(String action, AuthorizationResult result) {
        results.put("org.switchback.helper." + action, result);
    }

    /** Makes checks of an action block, like an open prompt, until the latch is released. */
    void blockUntil(String action, CountDownLatch latch) {
        prompts.put("org.switchback.helper." + action, latch);
    }

    List<CheckCall> checkCalls() {
        return new ArrayList<>(checkCalls);
    }

    List<String> cancelledIds() {
        return new ArrayList<>(cancelledIds);
    }

    @Override
    public FakePolkitInterface.SingleValue<AuthorizationResult> CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellationId) {
        checkCalls.add(new CheckCall(
                subject.kind,
                String.valueOf(subject.details.get("name").getValue()),
                action,
                new HashMap<>(details),
                flags.intValue() == 1,
                cancellationId));
        CountDownLatch prompt = prompts.get(action);
        if (prompt != null) {
            try {
                if (!prompt.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the prompt was never closed");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return new FakePolkitInterface.SingleValue<>(results.getOrDefault(action, GRANTED));
    }

    @Override
    public void CancelCheckAuthorization(String cancellationId) {
        cancelledIds.add(cancellationId);
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
