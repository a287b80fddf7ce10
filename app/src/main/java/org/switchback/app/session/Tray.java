package org.switchback.app.session;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.matchrules.DBusMatchRuleBuilder;
import org.freedesktop.dbus.types.UInt32;
import org.switchback.app.session.bus.DBusMenu;
import org.switchback.app.session.bus.StatusNotifierItem;
import org.switchback.app.session.bus.StatusNotifierWatcher;

/** The icon in the tray, wherever the desktop has one and as long as it has. */
final class Tray {
    private static final System.Logger LOG = System.getLogger(Tray.class.getName());
    private static final String DRIVER = "org.freedesktop.DBus";

    private final DBusConnection bus;
    private final Executor workers;
    private final Consumer<Boolean> hosted;
    private final TrayItem item;
    private final TrayMenu menu;
    private volatile boolean there;

    /**
     * @param workers   for what blocks
     * @param screen    runs what is chosen from the menu
     * @param activated the icon was clicked
     * @param hosted    told whether there is a tray that shows the icon, each time that changes
     */
    Tray(
            DBusConnection bus,
            Executor workers,
            Executor screen,
            TrayPictures pictures,
            TrayContent first,
            Runnable activated,
            Consumer<Boolean> hosted) {
        this.bus = bus;
        this.workers = workers;
        this.hosted = hosted;
        this.item = new TrayItem(pictures, activated, first);
        this.menu = new TrayMenu(screen);
        menu.show(first.rows());
    }

    /** Looks for a tray now and waits for one from now on. Blocks. */
    void open() throws DBusException {
        bus.exportObject(TrayMenu.PATH, menu);
        bus.exportObject(TrayItem.PATH, item);
        bus.addSigHandler(
                DBusMatchRuleBuilder.create()
                        .withType(DBus.NameOwnerChanged.class)
                        .withSender(DRIVER)
                        .withArg0123(0, StatusNotifierWatcher.NAME)
                        .build(),
                this::watcherChanged);
        if (bus.getRemoteObject(DRIVER, "/org/freedesktop/DBus", DBus.class).NameHasOwner(StatusNotifierWatcher.NAME)) {
            register();
        }
    }

    private void watcherChanged(DBus.NameOwnerChanged change) {
        if (change.name.equals(StatusNotifierWatcher.NAME)) {
            if (change.newOwner.isEmpty()) {
                tell(false);
            } else {
                workers.execute(this::register);
            }
        }
    }

    private void register() {
        // Before the answer: a tray asks everything about the icon before it gives one, and somebody may close the window.
        tell(true);
        try {
            bus.getRemoteObject(StatusNotifierWatcher.NAME, StatusNotifierWatcher.PATH, StatusNotifierWatcher.class)
                    .RegisterStatusNotifierItem(bus.getUniqueName());
        } catch (DBusException | DBusExecutionException refused) {
            LOG.log(System.Logger.Level.DEBUG, "The tray did not take the icon", refused);
            tell(false);
        }
    }

    private synchronized void tell(boolean now) {
        if (there != now) {
            there = now;
            hosted.accept(now);
        }
    }

    /** Shows something else. Returns at once. */
    void show(TrayContent content) {
        item.show(content);
        UInt32 revision = menu.show(content.rows());
        workers.execute(() -> signal(revision));
    }

    /** Tells what is true now, which may be later than what this was called for. */
    private synchronized void signal(UInt32 revision) {
        try {
            bus.sendMessage(new StatusNotifierItem.NewStatus(TrayItem.PATH, item.status()));
            bus.sendMessage(new StatusNotifierItem.NewIcon(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewTitle(TrayItem.PATH));
            bus.sendMessage(new StatusNotifierItem.NewToolTip(TrayItem.PATH));
            bus.sendMessage(new DBusMenu.LayoutUpdated(TrayMenu.PATH, revision, 0));
        } catch (DBusException | DBusExecutionException gone) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus is gone", gone);
        }
    }
}
