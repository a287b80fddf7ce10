package org.switchback.service;

import java.util.concurrent.atomic.AtomicBoolean;
import org.freedesktop.dbus.DBusCallInfo;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.interfaces.DBusSigHandler;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.bus.BusTransport;

/** Identifies callers on a message bus by what the bus reports, never by what the callers claim about themselves. */
final class BusCallerResolver implements CallerResolver {
    private final DBusConnection bus;
    private final DBus busDriver;
    private final BusTransport transport;

    BusCallerResolver(DBusConnection bus, BusTransport transport) throws DBusException {
        this.bus = bus;
        this.transport = transport;
        this.busDriver = bus.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
    }

    @Override
    public Caller current() {
        @Nullable DBusCallInfo call = AbstractConnection.getCallInfo();
        @Nullable String sender = call == null ? null : call.getSource();
        if (sender == null) {
            throw new NotAuthorized();
        }
        return new Caller(sender, transport.findUser(sender).orElseThrow(NotAuthorized::new));
    }

    @Override
    public boolean isConnected(String sender) {
        try {
            return busDriver.NameHasOwner(sender);
        } catch (DBusExecutionException ignored) {
            // The bus did not reply.
            return false;
        }
    }

    @Override
    public DisconnectWatch onDisconnect(Caller caller, Runnable action) {
        AtomicBoolean notified = new AtomicBoolean();
        Runnable notifyOnce = () -> {
            if (notified.compareAndSet(false, true)) {
                action.run();
            }
        };
        DBusSigHandler<DBus.NameOwnerChanged> handler = change -> {
            if (change.name.equals(caller.sender()) && change.newOwner.isEmpty()) {
                notifyOnce.run();
            }
        };
        try {
            AutoCloseable subscription = bus.addSigHandler(
                    DBusMatchRuleBuilder.create()
                            .withType(DBus.NameOwnerChanged.class)
                            .withSender("org.freedesktop.DBus")
                            .withArg0123(0, caller.sender())
                            .build(),
                    handler);
            if (!isConnected(caller.sender())) {
                notifyOnce.run();
            }
            return () -> {
                notified.set(true);
                try {
                    subscription.close();
                } catch (Exception ignored) {
                    // Without a connection there is no subscription either.
                }
            };
        } catch (DBusException | DBusExecutionException ignored) {
            // If the bus cannot report disconnects, treat the caller as disconnected.
            notifyOnce.run();
            return () -> {};
        }
    }
}
