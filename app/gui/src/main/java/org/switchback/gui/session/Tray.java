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

/** The icon in the tray, wherever the desktop has one and as long as it has. */
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
     * @param backgroundExecutor   for what blocks
     * @param screen    runs what is chosen from the menu
     * @param activated the icon was clicked
     * @param onAvailabilityChanged    told whether there is a tray that shows the icon, each time that changes
     */
    Tray(
            DBusConnection bus,
            Executor backgroundExecutor,
            Executor screen,
            TrayIcons pictures,
            TrayContent first,
            Runnable activated,
            Consumer<Boolean> onAvailabilityChanged) {
        this.bus = bus;
        this.backgroundExecutor = backgroundExecutor;
        this.onAvailabilityChanged = onAvailabilityChanged;
        this.item = new TrayItem(pictures, activated, first);
        this.menu = new TrayMenu(screen);
        menu.update(first.rows());
    }

    /** Looks for a tray now and waits for one from now on. Blocks. */
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
        if (bus.getRemoteObject(BUS_DRIVER, "/org/freedesktop/DBus", DBus.class).NameHasOwner(StatusNotifierWatcher.NAME)) {
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
        // Before the answer: a tray asks everything about the icon before it gives one, and somebody may close the window.
        setAvailable(true);
        try {
            bus.getRemoteObject(StatusNotifierWatcher.NAME, StatusNotifierWatcher.PATH, StatusNotifierWatcher.class)
                    .RegisterStatusNotifierItem(bus.getUniqueName());
        } catch (DBusException | DBusExecutionException refused) {
            LOG.log(System.Logger.Level.DEBUG, "The tray did not take the icon", refused);
            setAvailable(false);
        }
    }

    private synchronized void setAvailable(boolean now) {
        if (available != now) {
            available = now;
            onAvailabilityChanged.accept(now);
        }
    }

    /** Shows something else. Returns at once. */
    void update(TrayContent content) {
        item.update(content);
        UInt32 revision = menu.update(content.rows());
        backgroundExecutor.execute(() -> emitChangeSignals(revision));
    }

    /** Tells what is true now, which may be later than what this was called for. */
    private synchronized void emitChangeSignals(UInt32 revision) {
        try {
            bus.sendMessage(new StatusNotifierItem.NewStatus(TrayItem.PATH, item.statusName()));
            bus.sendMessage(new StatusNotifierItem.NewIcon(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewTitle(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewToolTip(TrayItem.PATH));
            bus.sendMessage(new DBusMenu.LayoutUpdated(TrayMenu.PATH, revision, 0));
        } catch (DBusException | DBusExecutionException gone) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus is gone", gone);
        }
    }
}
