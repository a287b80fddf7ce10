package org.switchback.gui.session;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.switchback.gui.session.SessionViewModel.Notification;
import org.switchback.gui.session.dbus.Notifications;

/** Notifications of the desktop. The last one takes the place of the one before. */
final class DesktopNotifications {
    private static final System.Logger LOG = System.getLogger(DesktopNotifications.class.getName());
    private static final UInt32 NO_NOTIFICATION = new UInt32(0);
    private static final byte URGENCY_NORMAL = 1;
    private static final byte URGENCY_CRITICAL = 2;

    private final DBusConnection bus;
    private final Executor backgroundExecutor;
    private volatile UInt32 lastId = NO_NOTIFICATION;

    DesktopNotifications(DBusConnection bus, Executor backgroundExecutor) {
        this.bus = bus;
        this.backgroundExecutor = backgroundExecutor;
    }

    /** @param chosen called on a thread of the bus when somebody clicks a notification of ours */
    void subscribe(Runnable chosen) throws DBusException {
        bus.addSigHandler(Notifications.ActionInvoked.class, signal -> {
            if (signal.id.equals(lastId)) {
                chosen.run();
            }
        });
    }

    /** Says something; where nobody shows notifications it is not said. Returns at once. */
    void show(Notification notice, String actionLabel) {
        backgroundExecutor.execute(() -> send(notice, actionLabel));
    }

    /** One after the other, for each takes the place of the one before. */
    private synchronized void send(Notification notice, String actionLabel) {
        try {
            lastId = bus.getRemoteObject(Notifications.NAME, Notifications.PATH, Notifications.class)
                    .Notify(
                            "Switchback",
                            lastId,
                            DesktopSession.BUS_NAME,
                            notice.summary(),
                            escapeMarkup(notice.body()),
                            List.of("default", actionLabel),
                            Map.of(
                                    "desktop-entry", new Variant<>(DesktopSession.BUS_NAME),
                                    "urgency", new Variant<>(notice.urgent() ? URGENCY_CRITICAL : URGENCY_NORMAL)),
                            -1);
        } catch (DBusException | DBusExecutionException nobody) {
            LOG.log(System.Logger.Level.DEBUG, "Nobody shows notifications", nobody);
        }
    }

    /** Bodies may be marked up. */
    private static String escapeMarkup(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
