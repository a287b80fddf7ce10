package org.switchback.gui.session.dbus;

import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;

/** The registry of tray icons of a session (freedesktop.org, Status Notifier Item). */
@DBusInterfaceName(StatusNotifierWatcher.NAME)
public interface StatusNotifierWatcher extends DBusInterface {
    String NAME = "org.kde.StatusNotifierWatcher";
    String PATH = "/StatusNotifierWatcher";

    /** @param service bus name of the item, or an object path of the caller */
    void RegisterStatusNotifierItem(String service);
}
