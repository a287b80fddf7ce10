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

/** Sends desktop notifications. Each replaces the previous one. */
final class DesktopNotifications {
    private static final System.Logger LOG = System.getLogger(DesktopNotifications.class.getName());
    private static final UInt32 NO_ID = new UInt32(0);
    private static final byte URGENCY_NORMAL = 1;
    private static final byte URGENCY_CRITICAL = 2;

    private final DBusConnection bus;
    private final Executor backgroundExecutor;
    private volatile UInt32 lastId = NO_ID;

    DesktopNotifications(DBusConnection bus, Executor backgroundExecutor) {
        this.bus = bus;
        this.backgroundExecutor = backgroundExecutor;
    }

    /** @param onClicked called on a thread of the bus when the user clicks the last notification */
    void subscribe(Runnable onClicked) throws DBusException {
        bus.addSigHandler(Notifications.ActionInvoked.class, signal -> {
            if (signal.id.equals(lastId)) {
                onClicked.run();
            }
        });
    }

    /** Shows a notification if the desktop has a notification server. Returns at once. */
    void show(Notification notification, String actionLabel) {
        backgroundExecutor.execute(() -> send(notification, actionLabel));
    }

    /** Synchronized, since each notification replaces the one before. */
    private synchronized void send(Notification notification, String actionLabel) {
        try {
            lastId = bus.getRemoteObject(Notifications.NAME, Notifications.PATH, Notifications.class)
                    .Notify(
                            "Switchback",
                            lastId,
                            DesktopSession.BUS_NAME,
                            notification.summary(),
                            escapeMarkup(notification.body()),
                            List.of("default", actionLabel),
                            Map.of(
                                    "desktop-entry", new Variant<>(DesktopSession.BUS_NAME),
                                    "urgency",
                                            new Variant<>(notification.urgent() ? URGENCY_CRITICAL : URGENCY_NORMAL)),
                            -1);
        } catch (DBusException | DBusExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "No notification server", e);
        }
    }

    /** The body of a notification may contain markup. */
    private static String escapeMarkup(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
