package org.switchback.gui.session;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.freedesktop.dbus.types.UInt32;
import org.switchback.gui.session.dbus.DBusMenu;
import org.switchback.gui.session.dbus.StatusNotifierItem;
import org.switchback.gui.session.dbus.StatusNotifierWatcher;

/** Registers the tray icon with the tray of the desktop whenever one appears. */
final class Tray {
    private static final System.Logger LOG = System.getLogger(Tray.class.getName());
    private static final String BUS_DRIVER = "org.freedesktop.DBus";

    private final DBusConnection bus;
    private final Executor backgroundExecutor;
    private final Consumer<Boolean> onAvailabilityChanged;
    private final TrayItem item;
    private final TrayMenu menu;
    private volatile boolean available;

    /**
     * @param backgroundExecutor runs blocking calls
     * @param fxExecutor runs the actions of the menu
     * @param onActivate called when the icon is clicked
     * @param onAvailabilityChanged called with whether there is a tray, each time that changes; on any thread
     */
    Tray(
            DBusConnection bus,
            Executor backgroundExecutor,
            Executor fxExecutor,
            TrayIconImages icons,
            TrayContent content,
            Runnable onActivate,
            Consumer<Boolean> onAvailabilityChanged) {
        this.bus = bus;
        this.backgroundExecutor = backgroundExecutor;
        this.onAvailabilityChanged = onAvailabilityChanged;
        this.item = new TrayItem(icons, onActivate, content);
        this.menu = new TrayMenu(fxExecutor);
        menu.update(content.rows());
    }

    /** Registers the icon with the current tray, and from now on with every new one. Blocks. */
    void open() throws DBusException {
        bus.exportObject(TrayMenu.PATH, menu);
        bus.exportObject(TrayItem.PATH, item);
        bus.addSigHandler(
                DBusMatchRuleBuilder.create()
                        .withType(DBus.NameOwnerChanged.class)
                        .withSender(BUS_DRIVER)
                        .withArg0123(0, StatusNotifierWatcher.NAME)
                        .build(),
                this::watcherChanged);
        if (bus.getRemoteObject(BUS_DRIVER, "/org/freedesktop/DBus", DBus.class)
                .NameHasOwner(StatusNotifierWatcher.NAME)) {
            register();
        }
    }

    private void watcherChanged(DBus.NameOwnerChanged change) {
        if (change.name.equals(StatusNotifierWatcher.NAME)) {
            if (change.newOwner.isEmpty()) {
                setAvailable(false);
            } else {
                backgroundExecutor.execute(this::register);
            }
        }
    }

    private void register() {
        // Before the reply: a tray reads all properties before it replies, and meanwhile the user may close the window.
        setAvailable(true);
        try {
            bus.getRemoteObject(StatusNotifierWatcher.NAME, StatusNotifierWatcher.PATH, StatusNotifierWatcher.class)
                    .RegisterStatusNotifierItem(bus.getUniqueName());
        } catch (DBusException | DBusExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "The tray did not register the icon", e);
            setAvailable(false);
        }
    }

    private synchronized void setAvailable(boolean newValue) {
        if (available != newValue) {
            available = newValue;
            onAvailabilityChanged.accept(newValue);
        }
    }

    /** Updates icon and menu. Returns at once. */
    void update(TrayContent content) {
        item.update(content);
        UInt32 revision = menu.update(content.rows());
        backgroundExecutor.execute(() -> emitChangeSignals(revision));
    }

    /** Sends the current status, which may be newer than the update that caused the call. */
    private synchronized void emitChangeSignals(UInt32 revision) {
        try {
            bus.sendMessage(new StatusNotifierItem.NewStatus(TrayItem.PATH, item.statusName()));
            bus.sendMessage(new StatusNotifierItem.NewIcon(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewTitle(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewToolTip(TrayItem.PATH));
            bus.sendMessage(new DBusMenu.LayoutUpdated(TrayMenu.PATH, revision, 0));
        } catch (DBusException | DBusExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus is disconnected", e);
        }
    }
}
