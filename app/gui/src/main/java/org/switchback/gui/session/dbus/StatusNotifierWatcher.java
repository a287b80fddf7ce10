package org.switchback.gui.session.dbus;

import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;

/** Who knows the trays of a session (freedesktop.org, Status Notifier Item). */
@DBusInterfaceName(StatusNotifierWatcher.NAME)
public interface StatusNotifierWatcher extends DBusInterface {
    String NAME = "org.kde.StatusNotifierWatcher";
    String PATH = "/StatusNotifierWatcher";

    /** @param service name on the bus, or a path of the caller's */
    void RegisterStatusNotifierItem(String service);
}
