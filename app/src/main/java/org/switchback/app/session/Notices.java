package org.switchback.app.session;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.switchback.app.session.SessionViewModel.Notice;
import org.switchback.app.session.bus.Notifications;

/** Notifications of the desktop. The last one takes the place of the one before. */
final class Notices {
    private static final System.Logger LOG = System.getLogger(Notices.class.getName());
    private static final UInt32 NONE = new UInt32(0);
    private static final byte NORMAL = 1;
    private static final byte CRITICAL = 2;

    private final DBusConnection bus;
    private final Executor workers;
    private volatile UInt32 last = NONE;

    Notices(DBusConnection bus, Executor workers) {
        this.bus = bus;
        this.workers = workers;
    }

    /** @param chosen called on a thread of the bus when somebody clicks a notification of ours */
    void open(Runnable chosen) throws DBusException {
        bus.addSigHandler(Notifications.ActionInvoked.class, signal -> {
            if (signal.id.equals(last)) {
                chosen.run();
            }
        });
    }

    /** Says something; where nobody shows notifications it is not said. Returns at once. */
    void say(Notice notice, String actionLabel) {
        workers.execute(() -> tell(notice, actionLabel));
    }

    /** One after the other, for each takes the place of the one before. */
    private synchronized void tell(Notice notice, String actionLabel) {
        try {
            last = bus.getRemoteObject(Notifications.NAME, Notifications.PATH, Notifications.class)
                    .Notify(
                            "Switchback",
                            last,
                            DesktopSession.NAME,
                            notice.summary(),
                            escaped(notice.body()),
                            List.of("default", actionLabel),
                            Map.of(
                                    "desktop-entry", new Variant<>(DesktopSession.NAME),
                                    "urgency", new Variant<>(notice.urgent() ? CRITICAL : NORMAL)),
                            -1);
        } catch (DBusException | DBusExecutionException nobody) {
            LOG.log(System.Logger.Level.DEBUG, "Nobody shows notifications", nobody);
        }
    }

    /** Bodies may be marked up. */
    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
