package org.switchback.service;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.CallbackHandler;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/**
 * Checks authorization with polkit. The subject is always the sender's unique bus name, because a process ID may have
 * been reused by another process (CVE-2013-4288). If polkit is not running, fails or does not reply, nothing is
 * authorized.
 */
final class PolkitAuthorizer implements Authorizer {
    private static final int ALLOW_USER_INTERACTION = 1;
    /** A prompt that is not answered within this time is closed. */
    private static final long PROMPT_TIMEOUT_SECONDS = 300;

    /**
     * Timeout of a decision without a prompt. It usually takes milliseconds, but over five seconds if polkit has to be
     * started on a busy computer. The helper's caller waits for 25 seconds.
     */
    private static final long DECISION_TIMEOUT_SECONDS = 12;

    private final DBusConnection bus;
    private final PolkitInterface polkit;
    private final ScheduledExecutorService timer;
    private final AtomicLong checkCount = new AtomicLong();

    PolkitAuthorizer(DBusConnection bus, ScheduledExecutorService timer) throws DBusException {
        this.bus = bus;
        this.timer = timer;
        // Starts polkit if it is not running: it is a bus-activated service.
        this.polkit = bus.getRemoteObject(
                "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", PolkitInterface.class, true);
    }

    @Override
    public AuthorizationCheck checkAuthorization(
            Caller caller, PolkitAction action, Map<String, String> details, Consumer<AuthorizationDecision> callback) {
        String id = "switchback-" + checkCount.incrementAndGet();
        Map<String, Variant<?>> subject = new LinkedHashMap<>();
        subject.put("name", new Variant<>(caller.sender()));
        AtomicBoolean completed = new AtomicBoolean();
        Consumer<AuthorizationDecision> completeOnce = decision -> {
            if (completed.compareAndSet(false, true)) {
                callback.accept(decision);
            }
        };
        ScheduledFuture<?> timeout = timer.schedule(
                () -> {
                    completeOnce.accept(
                            action.canPrompt() ? AuthorizationDecision.DISMISSED : AuthorizationDecision.UNDECIDED);
                    cancelCheck(id);
                },
                action.canPrompt() ? PROMPT_TIMEOUT_SECONDS : DECISION_TIMEOUT_SECONDS,
                TimeUnit.SECONDS);
        CallbackHandler<PolkitInterface.AuthorizationResult> replyHandler = new CallbackHandler<>() {
            @Override
            public void handle(PolkitInterface.AuthorizationResult result) {
                timeout.cancel(false);
                completeOnce.accept(toDecision(result));
            }

            @Override
            public void handleError(DBusExecutionException e) {
                timeout.cancel(false);
                completeOnce.accept(AuthorizationDecision.UNDECIDED);
            }
        };
        try {
            bus.callWithCallback(
                    polkit,
                    "CheckAuthorization",
                    replyHandler,
                    new PolkitInterface.Subject("system-bus-name", subject),
                    action.id(),
                    details,
                    new UInt32(action.canPrompt() ? ALLOW_USER_INTERACTION : 0),
                    id);
        } catch (DBusExecutionException ignored) {
            // The call could not be sent.
            timeout.cancel(false);
            completeOnce.accept(AuthorizationDecision.UNDECIDED);
        }
        return () -> {
            timeout.cancel(false);
            if (completed.compareAndSet(false, true)) {
                cancelCheck(id);
            }
        };
    }

    private static AuthorizationDecision toDecision(PolkitInterface.AuthorizationResult result) {
        if (result.authorized) {
            return AuthorizationDecision.GRANTED;
        }
        if (result.details.containsKey("polkit.dismissed")) {
            return AuthorizationDecision.DISMISSED;
        }
        // If a prompt was allowed, "challenge" means that no authentication agent is running.
        return result.challenge ? AuthorizationDecision.NO_AGENT : AuthorizationDecision.DENIED;
    }

    private void cancelCheck(String id) {
        try {
            bus.callWithCallback(polkit, "CancelCheckAuthorization", IGNORE_REPLY, id);
        } catch (DBusExecutionException ignored) {
            // Without polkit there is no open prompt.
        }
    }

    private static final CallbackHandler<List<Object>> IGNORE_REPLY = new CallbackHandler<>() {
        @Override
        public void handle(List<Object> reply) {}

        @Override
        public void handleError(DBusExecutionException e) {}
    };
}
