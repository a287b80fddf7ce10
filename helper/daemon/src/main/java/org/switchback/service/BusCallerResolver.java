package org.switchback.service;

import java.util.LinkedHashMap;
import java.util.Map;
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

/** Callers on a message bus. The bus itself says who they are; nothing they say about themselves is asked. */
final class BusCallerResolver implements CallerResolver {
    private static final int UID_CACHE_SIZE = 256;

    private final DBusConnection bus;
    private final DBus busDriver;
    /** A unique name is never given to another process, so what is remembered stays true. */
    private final Map<String, Long> uidsBySender = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > UID_CACHE_SIZE;
        }
    };

    BusCallerResolver(DBusConnection bus) throws DBusException {
        this.bus = bus;
        this.busDriver = bus.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class);
    }

    @Override
    public Caller current() {
        @Nullable DBusCallInfo call = AbstractConnection.getCallInfo();
        @Nullable String sender = call == null ? null : call.getSource();
        if (sender == null) {
            throw new NotAuthorized();
        }
        return new Caller(sender, lookUpUid(sender));
    }

    private long lookUpUid(String sender) {
        synchronized (uidsBySender) {
            @Nullable Long known = uidsBySender.get(sender);
            if (known != null) {
                return known;
            }
        }
        try {
            long uid = busDriver.GetConnectionUnixUser(sender).longValue();
            synchronized (uidsBySender) {
                uidsBySender.put(sender, uid);
            }
            return uid;
        } catch (DBusExecutionException gone) {
            throw new NotAuthorized();
        }
    }

    @Override
    public boolean isConnected(String sender) {
        try {
            return busDriver.NameHasOwner(sender);
        } catch (DBusExecutionException failed) {
            return false;
        }
    }

    @Override
    public DisconnectWatch onDisconnect(Caller caller, Runnable action) {
        AtomicBoolean told = new AtomicBoolean();
        Runnable once = () -> {
            if (told.compareAndSet(false, true)) {
                action.run();
            }
        };
        DBusSigHandler<DBus.NameOwnerChanged> handler = change -> {
            if (change.name.equals(caller.sender()) && change.newOwner.isEmpty()) {
                once.run();
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
                once.run();
            }
            return () -> {
                told.set(true);
                try {
                    subscription.close();
                } catch (Exception disconnected) {
                    // Then there is no subscription either.
                }
            };
        } catch (DBusException | DBusExecutionException failed) {
            // A bus that can't say whether the caller is still there is treated as one where it is not.
            once.run();
            return () -> {};
        }
    }
}
