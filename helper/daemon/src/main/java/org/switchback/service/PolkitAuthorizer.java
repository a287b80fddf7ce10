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
 * Asks polkit. The subject is always the unique name of the sender: a process id could by now be another process's
 * (CVE-2013-4288). A polkit that is not there, or goes wrong, or does not answer, has allowed nothing.
 */
final class PolkitAuthorizer implements Authorizer {
    private static final int ALLOW_USER_INTERACTION = 1;
    /** A prompt that nobody answers in this time is closed. */
    private static final long PROMPT_TIMEOUT_SECONDS = 300;

    /**
     * A decision without a prompt takes milliseconds, but over five seconds where polkit is only being started by a
     * computer with much to do. Whoever has called the helper waits for 25.
     */
    private static final long DECISION_TIMEOUT_SECONDS = 12;

    private final DBusConnection bus;
    private final PolkitInterface polkit;
    private final ScheduledExecutorService timer;
    private final AtomicLong checkCount = new AtomicLong();

    PolkitAuthorizer(DBusConnection bus, ScheduledExecutorService timer) throws DBusException {
        this.bus = bus;
        this.timer = timer;
        // Started when it is not running: it is one of the services that a bus activates.
        this.polkit = bus.getRemoteObject(
                "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority", PolkitInterface.class, true);
    }

    @Override
    public AuthorizationCheck checkAuthorization(
            Caller caller, PolkitAction action, Map<String, String> details, Consumer<AuthorizationDecision> answer) {
        String id = "switchback-" + checkCount.incrementAndGet();
        Map<String, Variant<?>> subject = new LinkedHashMap<>();
        subject.put("name", new Variant<>(caller.sender()));
        AtomicBoolean told = new AtomicBoolean();
        Consumer<AuthorizationDecision> once = verdict -> {
            if (told.compareAndSet(false, true)) {
                answer.accept(verdict);
            }
        };
        ScheduledFuture<?> deadline = timer.schedule(
                () -> {
                    once.accept(action.canPrompt() ? AuthorizationDecision.DISMISSED : AuthorizationDecision.UNDECIDED);
                    cancelCheck(id);
                },
                action.canPrompt() ? PROMPT_TIMEOUT_SECONDS : DECISION_TIMEOUT_SECONDS,
                TimeUnit.SECONDS);
        CallbackHandler<PolkitInterface.AuthorizationResult> callback = new CallbackHandler<>() {
            @Override
            public void handle(PolkitInterface.AuthorizationResult result) {
                deadline.cancel(false);
                once.accept(toDecision(result));
            }

            @Override
            public void handleError(DBusExecutionException error) {
                deadline.cancel(false);
                once.accept(AuthorizationDecision.UNDECIDED);
            }
        };
        try {
            bus.callWithCallback(
                    polkit,
                    "CheckAuthorization",
                    callback,
                    new PolkitInterface.Subject("system-bus-name", subject),
                    action.id(),
                    details,
                    new UInt32(action.canPrompt() ? ALLOW_USER_INTERACTION : 0),
                    id);
        } catch (DBusExecutionException unreachable) {
            deadline.cancel(false);
            once.accept(AuthorizationDecision.UNDECIDED);
        }
        return () -> {
            deadline.cancel(false);
            if (told.compareAndSet(false, true)) {
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
        // With a prompt allowed, "challenge" means that there was nobody to show it.
        return result.challenge ? AuthorizationDecision.NO_AGENT : AuthorizationDecision.DENIED;
    }

    private void cancelCheck(String id) {
        try {
            bus.callWithCallback(polkit, "CancelCheckAuthorization", IGNORE_REPLY, id);
        } catch (DBusExecutionException unreachable) {
            // Then nobody is being asked either.
        }
    }

    private static final CallbackHandler<List<Object>> IGNORE_REPLY = new CallbackHandler<>() {
        @Override
        public void handle(List<Object> nothing) {}

        @Override
        public void handleError(DBusExecutionException error) {}
    };
}
